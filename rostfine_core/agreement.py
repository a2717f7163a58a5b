"""How far the experts of a panel agree: Fleiss' kappa and Krippendorff's alpha."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Votes = NDArray[np.int64]
"""Counts of votes: (clips, grades)."""


def fleiss_kappa(votes: Votes) -> float:
    """Fleiss' kappa (1971) of counts (clips, grades) by panels of equal size; NaN if undefined.

    Raises:
        ValueError: the panels differ in size, which only Krippendorff's alpha allows.
    """
    raters = votes.sum(axis=1)
    if len(set(raters.tolist())) != 1:
        raise ValueError("Fleiss' kappa needs the same number of votes for every clip")
    size = raters[0]
    agreement = ((votes**2).sum(axis=1) - size) / (size * (size - 1)) if size > 1 else np.nan
    by_chance = float(((votes.sum(axis=0) / votes.sum()) ** 2).sum())
    return float((np.mean(agreement) - by_chance) / (1 - by_chance)) if by_chance < 1 else np.nan


def krippendorff_alpha(votes: Votes, *, level: Literal["nominal", "ordinal"]) -> float:
    """Krippendorff's alpha of counts (clips, grades); clips with a single vote are ignored.

    ``ordinal`` weights a disagreement by the number of votes between the two grades.
    """
    paired = votes[votes.sum(axis=1) > 1].astype(np.float64)
    sizes = paired.sum(axis=1)
    # Coincidences o_ck: ordered pairs of votes within a clip, weighted 1 / (size - 1).
    weighted = paired / (sizes - 1)[:, None]
    observed = weighted.T @ paired - np.diag(weighted.sum(axis=0))
    totals = observed.sum(axis=1)
    expected = (np.outer(totals, totals) - np.diag(totals)) / (totals.sum() - 1)
    distance = _distance(totals, level)
    worst = float((expected * distance).sum())
    return 1 - float((observed * distance).sum()) / worst if worst else float("nan")


def _distance(totals: NDArray[np.float64], level: str) -> NDArray[np.float64]:
    """Squared differences between grades: 0 or 1, or by the votes between them (ordinal)."""
    count = len(totals)
    if level == "nominal":
        return 1 - np.eye(count)
    # Sum of the totals from c to k, less half of both ends.
    middle = np.cumsum(totals) - totals / 2
    squared: NDArray[np.float64] = (middle[:, None] - middle[None, :]) ** 2
    return squared
