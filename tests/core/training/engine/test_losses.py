"""The losses against numbers worked out by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rostfine_core.training.config import LossKind
from rostfine_core.training.engine.losses import (
    LEAST_UNCERTAINTY,
    crps_loss,
    diversity_loss,
    emd_loss,
    grade_loss,
    js_loss,
    js_loss_official,
    mse_loss,
    smooth_labels,
    threshold_uncertainty,
    total_loss,
)

HALF = torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.0]])
FIRST = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]])
LAST = torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0]])
GRADES = torch.eye(5)
ALL_KINDS: tuple[LossKind, ...] = ("mse", "js", "js_official", "emd", "crps")

votes = st.lists(st.integers(0, 7), min_size=5, max_size=5).filter(any)


def shares_of(counts: list[int]) -> Tensor:
    """Votes as one row of shares (1, 5)."""
    row = torch.tensor([counts], dtype=torch.float64)
    return row / row.sum()


def test_mse_is_the_mean_over_grades() -> None:
    assert mse_loss(HALF, FIRST).item() == pytest.approx((0.25 + 0.25) / 5)


def test_js_by_hand() -> None:
    # m = (3/4, 1/4): KL(half||m) = ln2/... = 1/2 ln(2/3) + 1/2 ln 2, KL(first||m) = ln(4/3)
    kl_p = 0.5 * math.log(2 / 3) + 0.5 * math.log(2)
    kl_q = math.log(4 / 3)
    assert js_loss(HALF, FIRST).item() == pytest.approx((kl_p + kl_q) / 2, rel=1e-5)


def test_js_is_symmetric_zero_at_equality_and_ln2_at_most() -> None:
    assert js_loss(HALF, HALF).item() == pytest.approx(0, abs=1e-7)
    assert js_loss(FIRST, LAST).item() == pytest.approx(math.log(2), rel=1e-5)
    assert js_loss(HALF, FIRST).item() == pytest.approx(js_loss(FIRST, HALF).item())


def test_official_js_counts_the_first_divergence_whole() -> None:
    kl_p = 0.5 * math.log(2 / 3 + 1e-5) + 0.5 * math.log(2 + 1e-5)
    kl_q = math.log(4 / 3 + 1e-5)
    official = js_loss_official(HALF, FIRST).item()
    assert official == pytest.approx(kl_p + kl_q / 2, rel=1e-5)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_shares_of_0_and_1_leave_gradients_finite(kind: LossKind) -> None:
    shares = FIRST.clone().requires_grad_()
    loss = grade_loss({kind: 1.0}, labels=torch.cat((FIRST, LAST)))
    (gradient,) = torch.autograd.grad(loss(shares, LAST), shares)
    assert torch.isfinite(gradient).all()


def test_emd_by_hand() -> None:
    # cumulative: half .5 1 1 1 1, first 1 1 1 1 1, last 0 0 0 0 1
    assert emd_loss(HALF, FIRST).item() == pytest.approx(0.5**2 / 5)
    assert emd_loss(FIRST, LAST).item() == pytest.approx(4 / 5)
    both = emd_loss(torch.cat((HALF, FIRST)), torch.cat((FIRST, LAST)))
    assert both.item() == pytest.approx((0.05 + 0.8) / 2)


@given(ours=votes, theirs=votes)
def test_emd_is_zero_for_equal_shares_alone(ours: list[int], theirs: list[int]) -> None:
    a, b = shares_of(ours), shares_of(theirs)
    assert (emd_loss(a, b).item() < 1e-12) is torch.allclose(a, b)
    assert emd_loss(a, b).item() == pytest.approx(emd_loss(b, a).item())


def test_the_further_a_grade_the_larger_emd_and_crps_while_mse_sees_no_order() -> None:
    uncertainty = threshold_uncertainty(GRADES)
    for loss in (emd_loss, lambda p, q: crps_loss(p, q, uncertainty=uncertainty)):
        from_a = [loss(GRADES[:1], GRADES[g : g + 1]).item() for g in range(5)]
        assert from_a == sorted(set(from_a))
    assert len({mse_loss(GRADES[:1], GRADES[g : g + 1]).item() for g in range(1, 5)}) == 1


@given(predicted=votes, counts=votes)
def test_crps_is_that_of_each_vote_and_emd_without_the_panels_own_part(
    predicted: list[int], counts: list[int]
) -> None:
    """Against the definition: sum over thresholds of (P - [vote at it or better])^2, by vote."""
    p, q = shares_of(predicted), shares_of(counts)
    steps = GRADES.double().cumsum(-1)  # a vote for grade g is 0 before it and 1 from it on
    of_vote = [(p.cumsum(-1) - steps[g]).square().sum().item() for g in range(5)]
    by_vote = sum(c * of for c, of in zip(counts, of_vote, strict=True)) / sum(counts)
    equal = torch.ones(4, dtype=torch.float64)
    assert 4 * crps_loss(p, q, uncertainty=equal).item() == pytest.approx(by_vote)
    disagreement = (q.cumsum(-1) * (1 - q.cumsum(-1))).sum().item()
    assert by_vote == pytest.approx(5 * emd_loss(p, q).item() + disagreement)


def test_crps_of_the_mean_label_is_1_and_rare_grades_count_as_much() -> None:
    labels = torch.cat([GRADES[:1]] * 2 + [GRADES[2:3]] * 16 + [GRADES[4:]] * 2)
    loss = grade_loss({"crps": 1.0}, labels=labels)
    assert loss(labels.mean(0).expand(20, 5), labels).item() == pytest.approx(1)
    assert threshold_uncertainty(labels).tolist() == pytest.approx([0.09] * 4)
    unanimous = threshold_uncertainty(FIRST)
    assert unanimous.tolist() == pytest.approx([LEAST_UNCERTAINTY] * 4)


def test_a_mixture_is_the_weighted_sum() -> None:
    mixed = grade_loss({"mse": 1.0, "emd": 0.3}, labels=FIRST)(HALF, FIRST).item()
    assert mixed == pytest.approx(0.1 + 0.3 * 0.05)


def test_diversity_is_the_mean_absolute_cosine_of_the_pairs() -> None:
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    c = torch.tensor([[-3.0, 0.0]])
    # pairs: a b 0, a c |-1|, b c 0
    assert diversity_loss(a, b, c).item() == pytest.approx(1 / 3)
    assert diversity_loss(a).item() == 0


def test_total_adds_alpha_times_diversity_to_the_mean_over_heads() -> None:
    features = (torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    terms = total_loss((HALF, FIRST), features, FIRST, distance=mse_loss, alpha=0.5)
    assert terms.grade.item() == pytest.approx((0.1 + 0.0) / 2)
    assert terms.diversity.item() == pytest.approx(math.sqrt(0.5))
    assert terms.total.item() == pytest.approx(0.05 + 0.5 * math.sqrt(0.5))
    alone = total_loss((HALF, FIRST), features, FIRST, distance=mse_loss, alpha=0)
    assert alone.total.item() == pytest.approx(0.05)


def test_smoothed_labels_stay_distributions() -> None:
    smooth = smooth_labels(FIRST, per_grade=0.001)
    assert smooth.sum().item() == pytest.approx(1)
    assert smooth[0, 4].item() == pytest.approx(0.001 / 1.005)
