"""What scores are set against: the mean answer, the truth, and draws of the samples."""

import numpy as np
import pytest

from rostfine_core.training.metrics.metrics import compute_metrics
from rostfine_core.training.metrics.reference_scores import (
    bootstrap_intervals,
    differences_from_mean_answer,
    knowable_share,
    mean_answer,
    score_references,
)

LABELS = np.array([[0.6, 0.4, 0, 0, 0], [0.2, 0.8, 0, 0, 0], [0, 0, 0.5, 0.5, 0]])


def test_the_mean_answer_and_the_truth_bracket_a_model() -> None:
    reference_scores = score_references(LABELS, mean_label=None, expected=LABELS)
    assert reference_scores.best_possible is not None
    assert reference_scores.best_possible.mse == 0
    by_hand = float(np.mean((LABELS - LABELS.mean(0)) ** 2))
    assert reference_scores.mean_answer.mse == pytest.approx(by_hand)
    assert knowable_share(reference_scores.mean_answer, reference_scores) == pytest.approx(0)
    assert knowable_share(reference_scores.best_possible, reference_scores) == pytest.approx(1)
    unknown = score_references(LABELS, mean_label=[0.2] * 5, expected=None)
    assert unknown.mean_is_of_training
    assert knowable_share(unknown.mean_answer, unknown) is None


@pytest.mark.requirement("R-51")
def test_intervals_come_from_drawing_samples_and_not_clips() -> None:
    labels = np.repeat(LABELS, 10, axis=0)
    prediction = np.tile(LABELS.mean(0), (30, 1))
    whole = [f"p{i // 10}" for i in range(30)]  # three patients of ten equal clips
    single = [f"p{i}" for i in range(30)]
    wide = bootstrap_intervals(prediction, labels, samples=whole, repeats=200)["mse"]
    narrow = bootstrap_intervals(prediction, labels, samples=single, repeats=200)["mse"]
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])
    assert wide[0] <= compute_metrics(prediction, labels).mse <= wide[1]
    assert bootstrap_intervals(prediction, labels, samples=["a"] * 30) == {}


@pytest.mark.requirement("R-51")
def test_a_model_is_set_against_the_mean_answer_metric_by_metric() -> None:
    rng = np.random.default_rng(0)
    labels = rng.dirichlet(np.ones(5), 60)
    samples = [f"p{i // 3}" for i in range(60)]
    mean = mean_answer(labels, mean_label=None)
    near = 0.5 * labels + 0.5 * mean
    found = differences_from_mean_answer(near, labels, mean=mean, samples=samples, repeats=200)
    assert found["mse"][1] < 0
    assert found["balanced_accuracy_1"][0] > 0
    assert found["ece_p_a_or_b"][0] > 0  # the mean answer, though it knows nothing, is calibrated
    same = differences_from_mean_answer(mean, labels, mean=mean, samples=samples, repeats=20)
    assert set(same.values()) == {(0.0, 0.0)}
    assert differences_from_mean_answer(near, labels, mean=mean, samples=["p"] * 60) == {}
