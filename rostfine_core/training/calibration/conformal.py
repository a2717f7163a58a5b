"""Conformal ranges: how far votes of further patients lie from the answer, measured on some.

The samples, not their clips, are exchangeable: hierarchical conformal prediction (Lee, Barber and
Willett 2023, "Distribution-free inference with hierarchical data", section 3) gives each sample the
same weight, shared by its clips. Letters: N clips, V views, 5 grades.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from rostfine_core.errors import DatasetError
from rostfine_core.model import Ranges
from rostfine_core.model.answering import Floats, Scale, deviations_of, scales
from rostfine_core.training.metrics.ranges import ROUNDING, width_of

CAUTIOUS_SAMPLES = 30
"""Below this many samples the coverage that was measured says little of that on others."""


def fewest_samples(coverage: float) -> int:
    """How many samples a range of this coverage needs: a further one has the weight 1/(K + 1)."""
    return math.ceil(coverage / (1 - coverage) - ROUNDING)


def check_samples(count: int, *, coverage: float) -> None:
    """Refuse so few samples that only the range from 0 to 1 would have the coverage.

    Raises:
        DatasetError: there are too few.
    """
    fewest = fewest_samples(coverage)
    if count < fewest:
        raise DatasetError(
            f"Ranges that cover {coverage:.0%} need votes on at least {fewest} samples, and there "
            f"are {count}: add samples, or give a lower --coverage."
        )


def conformal_radius(scores: Floats, samples: Sequence[str], *, coverage: float) -> float:
    """The distance within which a clip of a further sample lies with this probability or more.

    Args:
        scores: (N,) distances.
        samples: the sample of each.
        coverage: the probability, for which ``check_samples`` finds enough samples.
    """
    _, group, counts = np.unique(
        np.asarray(samples, dtype=str), return_inverse=True, return_counts=True
    )
    weights = 1 / counts[group] / (len(counts) + 1)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, coverage - ROUNDING))
    return float(scores[order[min(place, len(order) - 1)]])


@dataclass(frozen=True, kw_only=True, eq=False)
class RangeFit:
    """Ranges and the mean width that each scale would have given, the narrowest being taken."""

    ranges: Ranges
    widths: dict[Scale, float]


def fit_ranges(
    shares: Floats, views: Floats, votes: Floats, *, samples: Sequence[str], coverage: float
) -> RangeFit:
    """Measure ranges on answers that were not fitted to these votes.

    Args:
        shares: (N, 5) calibrated answers.
        views: (N, V, 5) calibrated answers for each view.
        votes: (N, 5) the panel's shares.
        samples: the sample of each clip.
        coverage: how often a panel's share is to lie inside.
    """
    deviations = deviations_of(views)
    fits = {
        scale: _fit(scale, shares, deviations, votes, samples=samples, coverage=coverage)
        for scale in get_args(Scale)
        if scale != "views" or views.shape[1] > 1
    }
    widths = {s: float(width_of(r.around(shares, deviations)).mean()) for s, r in fits.items()}
    narrowest = min(widths, key=lambda scale: widths[scale])
    return RangeFit(ranges=fits[narrowest], widths=widths)


def _fit(
    scale: Scale,
    shares: Floats,
    deviations: Floats,
    votes: Floats,
    *,
    samples: Sequence[str],
    coverage: float,
) -> Ranges:
    floors = scales(scale, shares, deviations, np.zeros(shares.shape[1])).mean(axis=0)
    floors = np.zeros_like(floors) if scale == "none" else np.maximum(floors, ROUNDING)
    scores = np.abs(votes - shares) / scales(scale, shares, deviations, floors)
    radii = [conformal_radius(one, samples, coverage=coverage) for one in scores.T]
    return Ranges(
        coverage=coverage,
        scale=scale,
        radii=tuple(radii),
        floors=tuple(floors.tolist()),
        clips=len(shares),
        samples=len(set(samples)),
    )
