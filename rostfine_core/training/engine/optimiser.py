"""The optimiser, its learning-rate schedule, and the moving average of the weights."""

import math
from collections.abc import Callable, Sequence
from typing import Any, overload

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rostfine_core.training.config import OptimiserSection

SMALLEST_MUON_SIDE = 16
"""Smaller matrices are output heads (a row per grade), which AdamW trains."""

MOMENTUM = 0.95
COEFFICIENTS = [(3.4445, -4.7750, 2.0315)] * 5
"""The polynomial a x + b x^3 + c x^5, applied five times, as in the original."""

LR_SHARE = "lr_share"
"""Key of a parameter group: the factor by which its learning rate is scaled."""

Tensors = tuple[Tensor, ...] | list[Tensor]


class Muon(torch.optim.AdamW):
    """Muon for the matrices of groups marked ``orthogonal``, AdamW for all other groups.

    The Newton-Schulz iteration is timm's, in float32: torch's and timm's own optimisers use
    bfloat16, which is several times slower on a processor that emulates it.
    """

    def __init__(self, groups: list[dict[str, Any]], *, lr: float) -> None:
        # Not fused: a fused AdamW would get scaled gradients from the gradient scaler.
        super().__init__([{"orthogonal": False, **group} for group in groups], lr=lr, fused=False)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Step every parameter that has a gradient.

        Raises:
            ValueError: ``closure`` is not None.
        """
        if closure is not None:
            raise ValueError("Muon needs its gradients before the step: closure must be None.")
        for group in self.param_groups:
            if group["orthogonal"]:
                for matrix in group["params"]:
                    self._step_along_orthogonal(matrix, group)
        super().step()  # the matrices' gradients are gone, so AdamW skips them
        return None

    def _step_along_orthogonal(self, matrix: Tensor, group: dict[str, Any]) -> None:
        from timm.optim.muon import zeropower_via_newtonschulz  # slow to import

        gradient, matrix.grad = matrix.grad, None
        if gradient is None:
            return
        state = self.state[matrix]
        if not state:
            # AdamW expects a step count in every state that it loads.
            state["step"], state["momentum"] = torch.zeros(()), torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)  # Nesterov
        direction = zeropower_via_newtonschulz(
            ahead, steps=len(COEFFICIENTS), coefficients=COEFFICIENTS, dtype=torch.float32
        )
        rows, columns = matrix.shape
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(direction, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


def build_optimiser(network: nn.Module, section: OptimiserSection) -> torch.optim.Optimizer:
    """Build the optimiser of the parameters that are not frozen.

    AdamW does not decay biases, norms and other vectors; SGD decays everything, as in the paper.
    Muon (Jordan et al. 2024) steps along the nearest orthogonal matrix of the momentum.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    if section.kind == "muon":
        return _build_muon(trained, section)
    if section.kind == "sgd":
        return torch.optim.SGD(
            trained, lr=section.lr, momentum=section.momentum, weight_decay=section.weight_decay
        )
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": section.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=section.lr, fused=True)


def _build_muon(trained: list[nn.Parameter], section: OptimiserSection) -> torch.optim.Optimizer:
    """Muon for the hidden layers' matrices, AdamW for heads, embeddings and vectors."""
    matrices, others = _by_muon(trained)
    decay = {"weight_decay": section.weight_decay}
    by_adamw = {LR_SHARE: section.adamw_lr_share}
    groups = [
        {"params": matrices, "orthogonal": True, **decay},
        {"params": [p for p in others if p.ndim > 1], **by_adamw, **decay},
        {"params": [p for p in others if p.ndim <= 1], **by_adamw, "weight_decay": 0.0},
    ]
    return Muon(groups, lr=section.lr)


def optimiser_in_words(network: nn.Module, section: OptimiserSection) -> str:
    """Which optimiser trains how much of the network, and its learning rate."""
    names = {"sgd": "SGD", "adamw": "AdamW"}
    if section.kind != "muon":
        return f"{names[section.kind]}, learning rate {section.lr:g}"
    trained = [p for p in network.parameters() if p.requires_grad]
    matrices, _ = _by_muon(trained)
    share = sum(p.numel() for p in matrices) / sum(p.numel() for p in trained)
    return (
        f"Muon for {100 * share:.0f}% of the weights, learning rate {section.lr:g}, AdamW for the "
        f"others, {section.lr * section.adamw_lr_share:g}"
    )


def _by_muon(
    trained: Sequence[nn.Parameter],
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The hidden layers' matrices, which Muon trains, and all others."""
    is_matrix = [p.ndim == 2 and min(p.shape) >= SMALLEST_MUON_SIDE for p in trained]
    pairs = list(zip(trained, is_matrix, strict=True))
    return [p for p, fits in pairs if fits], [p for p, fits in pairs if not fits]


def learning_rate(
    step: int, *, section: OptimiserSection, steps_per_epoch: int, total_steps: int
) -> float:
    """The learning rate of step ``step`` (from 0): linear warm-up, then constant or cosine."""
    warmup = round(section.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return section.lr * (step + 1) / warmup
    if section.schedule == "constant":
        return section.lr
    done = (step - warmup) / max(total_steps - warmup, 1)
    lowest = section.lr * section.min_lr_ratio
    return lowest + (section.lr - lowest) * (1 + math.cos(math.pi * done)) / 2


def set_learning_rate(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of every parameter group, scaled by its own factor."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group.get(LR_SHARE, 1.0)


def build_average(network: nn.Module, *, decay: float) -> AveragedModel | None:
    """An exponential moving average of the weights with warm-up; None if ``decay`` is 0.

    The decay rises to ``decay`` as (1 + n) / (10 + n), so that a short run forgets its random
    start.
    """
    if not decay:
        return None

    def average(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        seen = float(count)
        kept = min(decay, (1 + seen) / (10 + seen))
        for old, new in zip(averaged, current, strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - kept)
            else:
                old.copy_(new)

    return AveragedModel(network, multi_avg_fn=torch.no_grad()(average), use_buffers=True)
