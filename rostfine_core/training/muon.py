"""Muon: steps along the orthogonal matrix nearest to the momentum (Jordan et al. 2024)."""

from collections.abc import Callable
from typing import Any, overload

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = [(3.4445, -4.7750, 2.0315)] * 5
"""Five times the same polynomial a x + b x^3 + c x^5, as in the original."""


class Muon(torch.optim.AdamW):
    """Muon for the matrices of groups that say ``orthogonal``, AdamW for all other groups.

    The Newton-Schulz iteration is timm's, run in float32: the optimisers of torch and timm run it
    in bfloat16, which takes several times as long on a processor that has to emulate it.
    """

    def __init__(self, groups: list[dict[str, Any]], *, lr: float) -> None:
        # Not fused: a fused AdamW would be handed the loss scale in place of true gradients.
        super().__init__([{"orthogonal": False, **group} for group in groups], lr=lr, fused=False)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Step every parameter that has a gradient; ``closure`` must be None."""
        if closure is not None:
            raise ValueError("Muon needs its gradients before the step: closure must be None.")
        for group in self.param_groups:
            if group["orthogonal"]:
                for matrix in group["params"]:
                    self._step_along_orthogonal(matrix, group)
        super().step()  # the matrices have no gradient any more, so AdamW leaves them alone
        return None

    def _step_along_orthogonal(self, matrix: Tensor, group: dict[str, Any]) -> None:
        from timm.optim.muon import zeropower_via_newtonschulz  # slow to import

        gradient, matrix.grad = matrix.grad, None
        if gradient is None:
            return
        state = self.state[matrix]
        if not state:
            # AdamW looks for a count of steps in every state that it loads.
            state["step"], state["momentum"] = torch.zeros(()), torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)  # Nesterov
        direction = zeropower_via_newtonschulz(
            ahead, steps=len(COEFFICIENTS), coefficients=COEFFICIENTS, dtype=torch.float32
        )
        rows, columns = matrix.shape
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(direction, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)
