"""How wide ranges of shares are, and how often votes lie in them."""

import numpy as np
from numpy.typing import NDArray

from rostfine_core.training.metrics.metrics import Shares

ROUNDING = 1e-9


def width_of(ranges: Shares) -> Shares:
    """(N, 5) widths of ranges (N, 5, 2)."""
    widths: Shares = ranges[..., 1] - ranges[..., 0]
    return widths


def is_inside(votes: Shares, ranges: Shares) -> NDArray[np.bool_]:
    """(N, 5): whether shares of votes lie in ranges (N, 5, 2)."""
    low, high = ranges[..., 0] - ROUNDING, ranges[..., 1] + ROUNDING
    inside: NDArray[np.bool_] = (low <= votes) & (votes <= high)
    return inside
