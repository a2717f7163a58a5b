"""Which optimiser trains what, and at which rate."""

from typing import Any, Literal

import pytest
import torch
from torch import nn

from rostfine_core.training.config import OptimiserSection
from rostfine_core.training.engine.optimiser import (
    build_optimiser,
    learning_rate,
    optimiser_in_words,
    set_learning_rate,
)


def network() -> nn.Sequential:
    """A hidden matrix (32, 32), a convolution, norms and a head of five grades."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 32, 4), nn.Flatten(), nn.Linear(32, 32), nn.LayerNorm(32), nn.Linear(32, 5)
    )


def step(section: OptimiserSection, *, scale: float = 1.0) -> tuple[nn.Sequential, dict[str, Any]]:
    """One step on a fixed loss; also what each parameter moved by."""
    trained = network()
    optimiser = build_optimiser(trained, section)
    set_learning_rate(optimiser, section.lr)
    loss = (trained(torch.randn(256, 3, 4, 4)) - torch.randn(256, 5)).pow(3).sum() * scale
    torch.autograd.backward(loss)
    before = {name: p.detach().clone() for name, p in trained.named_parameters()}
    optimiser.step()
    return trained, {n: p.detach() - before[n] for n, p in trained.named_parameters()}


Kind = Literal["sgd", "adamw", "muon"]
MUON = OptimiserSection(kind="muon", lr=0.02, weight_decay=0.0)


def test_muon_moves_a_hidden_matrix_along_an_orthogonal_one() -> None:
    _, moved = step(MUON)
    stretch = torch.linalg.svdvals(moved["2.weight"] / MUON.lr)
    assert stretch.max() < 1.3
    assert stretch.median() > 0.7


def test_the_optimiser_is_named_with_what_it_trains() -> None:
    # Of 32*3*16 + 32 + 32*32 + 32 + 64 + 5*32 + 5 = 2853 weights Muon trains the 1024 of a matrix.
    assert optimiser_in_words(network(), MUON) == (
        "Muon for 36% of the weights, learning rate 0.02, AdamW for the others, 0.0005"
    )
    assert optimiser_in_words(network(), OptimiserSection(lr=0.1)) == "SGD, learning rate 0.1"


def test_muon_leaves_head_convolution_and_vectors_to_adamw() -> None:
    trained, moved = step(MUON)
    for name, parameter in trained.named_parameters():
        if name != "2.weight":
            # AdamW's first step is the rate itself wherever there is a gradient.
            assert parameter.grad is not None
            steps = moved[name].abs()[parameter.grad.abs() > 1e-4]
            torch.testing.assert_close(
                steps, torch.full_like(steps, MUON.lr * MUON.adamw_lr_share), rtol=1e-2, atol=1e-6
            )


def test_muon_does_not_care_how_large_the_loss_is() -> None:
    _, small = step(MUON)
    _, large = step(MUON, scale=64.0)
    torch.testing.assert_close(small["2.weight"], large["2.weight"])


@pytest.mark.parametrize("kind", ["sgd", "adamw", "muon"])
def test_frozen_parameters_stay(kind: Kind) -> None:
    trained = network()
    for parameter in trained[0].parameters():
        parameter.requires_grad_(False)
    optimiser = build_optimiser(trained, OptimiserSection(kind=kind))
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert held == {id(p) for p in trained.parameters() if p.requires_grad}


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_adamw_and_muon_decay_matrices_only(kind: Kind) -> None:
    optimiser = build_optimiser(network(), OptimiserSection(kind=kind, weight_decay=0.1))
    for group in optimiser.param_groups:
        assert all((p.ndim > 1) == (group["weight_decay"] > 0) for p in group["params"])


def test_the_rate_warms_up_then_follows_the_cosine_to_its_last_share() -> None:
    section = OptimiserSection(
        kind="muon", lr=0.02, schedule="cosine", warmup_epochs=1, min_lr_ratio=0.1
    )
    rates = [
        learning_rate(s, section=section, steps_per_epoch=10, total_steps=110) for s in range(111)
    ]
    assert rates[0] == pytest.approx(0.002)
    assert max(rates) == rates[10] == pytest.approx(0.02)
    assert rates[60] == pytest.approx(0.011)
    assert rates[110] == pytest.approx(0.002)


def test_muon_groups_get_their_share_of_the_rate() -> None:
    optimiser = build_optimiser(network(), MUON)
    set_learning_rate(optimiser, 0.5)
    assert [group["lr"] for group in optimiser.param_groups] == [0.5, 0.0125, 0.0125]


def test_a_saved_muon_goes_on_exactly() -> None:
    def run(trained: nn.Sequential, optimiser: torch.optim.Optimizer, steps: range) -> None:
        for number in steps:
            torch.manual_seed(number)
            loss = (trained(torch.randn(8, 3, 4, 4)) - torch.randn(8, 5)).pow(2).sum()
            torch.autograd.backward(loss)
            optimiser.step()
            optimiser.zero_grad()

    through, stopped, resumed = network(), network(), network()
    run(through, build_optimiser(through, MUON), range(6))
    first = build_optimiser(stopped, MUON)
    run(stopped, first, range(3))
    resumed.load_state_dict(stopped.state_dict())
    second = build_optimiser(resumed, MUON)
    second.load_state_dict(first.state_dict())
    run(resumed, second, range(3, 6))
    for one, other in zip(through.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_muon_lets_a_small_network_learn() -> None:
    trained = network()
    optimiser = build_optimiser(trained, MUON)
    set_learning_rate(optimiser, MUON.lr)
    pictures, answers = torch.randn(64, 3, 4, 4), torch.randn(64, 5)
    losses = []
    for _ in range(60):
        loss = nn.functional.mse_loss(trained(pictures), answers)
        torch.autograd.backward(loss)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
