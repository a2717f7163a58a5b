"""What networks other than RoSTFine answer."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class ResearchOutput:
    """``grade`` (B, 5): rows sum to 1; ``heads`` are trained; ``features`` (B, D) kept apart."""

    grade: Tensor
    heads: tuple[Tensor, ...]
    features: tuple[Tensor, ...] = ()
