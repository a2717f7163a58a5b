"""The metrics against numbers worked out by hand, and against the losses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rostfine_core.training.engine import losses
from rostfine_core.training.metrics.metrics import (
    any_tied_balanced_accuracy,
    calibration_error,
    compute_metrics,
    confusion,
    earth_movers_distance,
    ensemble_spread,
    entropy_bits,
    first_balanced_accuracy,
    jensen_shannon,
    jensen_shannon_official,
    mse,
    nth_balanced_accuracy,
    nth_balanced_accuracy_official,
    rank_correlation,
    reliability,
    tied_shares,
)

LABEL = np.array(
    [
        [0.5, 0.3, 0.1, 0.06, 0.04],
        [0.1, 0.5, 0.3, 0.06, 0.04],
        [0.1, 0.5, 0.3, 0.06, 0.04],
        [0.1, 0.3, 0.5, 0.06, 0.04],
    ]
)


def shares(rows: int) -> st.SearchStrategy[np.ndarray]:
    counts = arrays(np.int64, (rows, 5), elements=st.integers(0, 40))
    return counts.map(lambda c: (c + (c.sum(1, keepdims=True) == 0)).astype(float)).map(
        lambda c: c / c.sum(1, keepdims=True)
    )


def test_a_perfect_prediction() -> None:
    metrics = compute_metrics(LABEL, LABEL)
    assert [metrics.mse, metrics.js, metrics.earth_movers_distance] == [0, 0, 0]
    assert list(metrics.balanced_accuracy) == [1] * 5
    assert metrics.rank_correlation == pytest.approx(1)
    assert metrics.ece_p_a_or_b == 0


def test_balanced_accuracy_weighs_classes_and_not_clips() -> None:
    always_b = np.tile(LABEL[1], (4, 1))
    # first choices A B B C: only B is found, so recall 0, 1, 0 over the three classes
    assert nth_balanced_accuracy(always_b, LABEL)[0] == pytest.approx(1 / 3)


def test_the_official_order_starts_at_the_least_selected_grade() -> None:
    always_b = np.tile(LABEL[1], (4, 1))
    # least selected is E in all four clips: found always; the paper's first is its last
    assert nth_balanced_accuracy_official(always_b, LABEL)[0] == 1
    assert (
        nth_balanced_accuracy_official(always_b, LABEL)
        == nth_balanced_accuracy(always_b, LABEL)[::-1]
    )


# Most to least selected: A (BC) (DE), B C D A E, and E (CD) (AB); in brackets tied.
TIED = np.array([[20, 10, 10, 0, 0], [4, 20, 10, 5, 1], [0, 0, 10, 10, 20]]) / 40
# A C B E D, B C D A E, and E D A C B.
ANSWERS = np.array(
    [[0.5, 0.15, 0.2, 0.05, 0.1], [0.1, 0.5, 0.25, 0.125, 0.025], [0.2, 0.05, 0.1, 0.25, 0.4]]
)


def test_ties_are_counted_and_any_of_the_tied_grades_is_right() -> None:
    assert tied_shares(TIED) == pytest.approx([0, 2 / 3, 2 / 3, 2 / 3, 2 / 3])
    # 2nd: all right.
    # 3rd: A in place of (CD) is wrong; recalls 1 of B, 0.5 / 1 of C, 1 / 1.5 of D.
    # 4th: C in place of (AB) is wrong; recalls 1 / 1.5 of A, 0 of B, 1 of D, 1 of E.
    # 5th: all right.
    by_hand = [1, 1, (1 + 1 / 2 + 2 / 3) / 3, (2 / 3 + 0 + 1 + 1) / 4, 1]
    assert any_tied_balanced_accuracy(ANSWERS, TIED) == pytest.approx(by_hand)
    # The rule that the better grade counts makes them B C C: recall 0 of B, 1 of 2 of C.
    assert nth_balanced_accuracy(ANSWERS, TIED)[1] == pytest.approx(0.25)
    measured = compute_metrics(ANSWERS, TIED)
    assert measured.balanced_accuracy_any_tied_mean == pytest.approx(79 / 90)
    assert measured.scalars()["tied_2"] == pytest.approx(2 / 3)
    assert first_balanced_accuracy(ANSWERS, TIED) == measured.balanced_accuracy[0] == 1


def test_without_ties_the_two_accuracies_are_one() -> None:
    rng = np.random.default_rng(0)
    label, prediction = rng.dirichlet(np.ones(5), 50), rng.dirichlet(np.ones(5), 50)
    assert tied_shares(label) == (0, 0, 0, 0, 0)
    strict = nth_balanced_accuracy(prediction, label)
    assert any_tied_balanced_accuracy(prediction, label) == pytest.approx(strict)


def test_earth_movers_distance_counts_grades() -> None:
    a_to_e = earth_movers_distance(np.eye(5)[[0]], np.eye(5)[[4]])
    a_to_b = earth_movers_distance(np.eye(5)[[0]], np.eye(5)[[1]])
    assert (a_to_e, a_to_b) == (4, 1)


def test_calibration_error_by_hand() -> None:
    predicted, observed = np.array([0.12, 0.14, 0.95]), np.array([0.22, 0.24, 0.75])
    # bins 0.1-0.2 (two clips, both 0.1 too low) and 0.9-1.0 (one clip, 0.2 too high)
    assert calibration_error(predicted, observed) == pytest.approx((0.2 + 0.2) / 3)


def test_opposite_ranking_and_a_constant_answer() -> None:
    assert rank_correlation(LABEL[[3, 1, 0]], LABEL[[0, 1, 3]]) == pytest.approx(-1)
    assert rank_correlation(np.tile(LABEL[0], (4, 1)), LABEL) == 0


@settings(max_examples=40, deadline=None)
@given(shares(3), shares(3))
def test_metrics_agree_with_the_losses(p: np.ndarray, q: np.ndarray) -> None:
    ours, theirs = torch.from_numpy(p), torch.from_numpy(q)
    assert mse(p, q) == pytest.approx(losses.mse_loss(ours, theirs).item())
    assert jensen_shannon(p, q) == pytest.approx(losses.js_loss(ours, theirs).item(), abs=1e-9)
    assert jensen_shannon_official(p, q) == pytest.approx(
        losses.js_loss_official(ours, theirs).item(), abs=1e-9
    )
    assert 0 <= jensen_shannon(p, q) <= math.log(2) + 1e-9


def test_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="equal, non-empty shapes"):
        compute_metrics(LABEL, LABEL[:2])


def test_reliability_and_confusion_by_hand() -> None:
    predicted = np.array([0.15, 0.19, 0.71])
    low, high = reliability(predicted, np.array([0.1, 0.4, 0.7]))
    assert (low.clips, high.clips) == (2, 1)
    assert [low.predicted, low.observed, high.observed] == pytest.approx([0.17, 0.25, 0.7])
    prediction = np.array([[0.6, 0.4, 0, 0, 0], [0.1, 0.2, 0.7, 0, 0]])
    label = np.array([[0.2, 0.8, 0, 0, 0], [0, 0, 1, 0, 0]])
    counts = confusion(prediction, label)
    assert counts[1, 0] == counts[2, 2] == 1
    assert counts.sum() == 2


def test_doubt_by_hand() -> None:
    one = np.array([[1.0, 0, 0, 0, 0], [0.2, 0.2, 0.2, 0.2, 0.2]])
    assert entropy_bits(one) == pytest.approx([0, np.log2(5)])
    other = np.array([[0, 1.0, 0, 0, 0], [0.2, 0.2, 0.2, 0.2, 0.2]])
    assert ensemble_spread(one[None]) is None
    assert ensemble_spread(np.stack([one, other])) == pytest.approx([np.sqrt(0.5), 0])
