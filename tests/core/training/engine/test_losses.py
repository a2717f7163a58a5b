"""The losses against numbers worked out by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rostfine_core.training.engine.losses import (
    diversity_loss,
    js_loss,
    js_loss_official,
    mse_loss,
    smooth_labels,
    total_loss,
)

HALF = torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.0]])
FIRST = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]])
LAST = torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0]])


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


@pytest.mark.parametrize("loss", [js_loss, js_loss_official])
def test_zero_shares_leave_gradients_finite(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    shares = FIRST.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(shares, LAST), shares)
    assert torch.isfinite(gradient).all()


def test_diversity_is_the_mean_absolute_cosine_of_the_pairs() -> None:
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    c = torch.tensor([[-3.0, 0.0]])
    # pairs: a b 0, a c |-1|, b c 0
    assert diversity_loss(a, b, c).item() == pytest.approx(1 / 3)
    assert diversity_loss(a).item() == 0


def test_total_adds_alpha_times_diversity_to_the_mean_over_heads() -> None:
    features = (torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    terms = total_loss((HALF, FIRST), features, FIRST, kind="mse", alpha=0.5)
    assert terms.grade.item() == pytest.approx((0.1 + 0.0) / 2)
    assert terms.diversity.item() == pytest.approx(math.sqrt(0.5))
    assert terms.total.item() == pytest.approx(0.05 + 0.5 * math.sqrt(0.5))
    alone = total_loss((HALF, FIRST), features, FIRST, kind="mse", alpha=0)
    assert alone.total.item() == pytest.approx(0.05)


def test_smoothed_labels_stay_distributions() -> None:
    smooth = smooth_labels(FIRST, per_grade=0.001)
    assert smooth.sum().item() == pytest.approx(1)
    assert smooth[0, 4].item() == pytest.approx(0.001 / 1.005)
