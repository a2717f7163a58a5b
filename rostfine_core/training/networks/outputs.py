"""The output of networks other than RoSTFine."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class ResearchOutput:
    """``grade`` (B, 5) with rows that sum to 1, the trained ``heads`` and ``features`` (B, D)."""

    grade: Tensor
    heads: tuple[Tensor, ...]
    features: tuple[Tensor, ...] = ()
