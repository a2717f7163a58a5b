"""What is seen in the windows of the heads, and which of the motions there each thing can be.

Each head looks through a window of its own: what is seen in it does not depend on who else is
followed.

Legend: T heads, N motions (the T heads first, then the distractors), C things in windows (head by
head), P pairs of a motion and a thing (motion by motion).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.appearance import Appearance
from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.search import Windows, find_candidates
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.windows import draw_windows

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Image = NDArray[np.uint8]
Float32 = NDArray[np.float32]

TAIL = 8.0
"""Degrees of freedom of the motion error: heads jump more often than a Gaussian allows."""
SCORE_DEVIATION, LOOK_CAP = 0.12, 8.0
STRENGTH_DEVIATION, STRENGTH_CAP = 0.4, 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """The C things in the windows, as the head of each window sees them with its template."""

    rows: Rows
    places: Complex
    scores: Real
    strengths: Real
    patches: Float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Which of N motions can be which of C things (P,), and what each costs."""

    motions: Rows
    things: Rows
    costs: Real

    def take(self, kept: NDArray[np.bool_], costs: Real) -> "Pairs":
        """Only those marked ``kept`` (P,), at other ``costs`` (P,)."""
        return Pairs(motions=self.motions[kept], things=self.things[kept], costs=costs[kept])


def windows_of(image: Image, centres: Complex, scales: NDArray[np.intp], *, size: int) -> Windows:
    """The windows of ``size`` working pixels around ``centres`` (T,)."""
    pixels, centres = draw_windows(image, centres=centres, scales=scales, size=size)
    return Windows(pixels=pixels, centres=centres, scales=scales)


def look(
    image: Image,
    centres: Complex,
    scales: NDArray[np.intp],
    *,
    appearance: Appearance,
    settings: TrackerSettings,
) -> Seen:
    """Search the windows around ``centres`` (T,) for what looks like their heads."""
    windows = windows_of(image, centres, scales, size=settings.window_size)
    candidates = find_candidates(
        windows,
        appearance.filters,
        usual=appearance.usual_strength,
        min_strength=settings.min_strength,
        frame_shape=image.shape,
    )
    rows = candidates.rows
    patches = windows.patches(rows, candidates.offsets, size=settings.template_size)
    scores, strengths = appearance.compare(rows, patches)
    return Seen(
        rows=rows,
        places=candidates.places,
        scores=scores,
        strengths=strengths,
        patches=patches,
    )


def pair_up(seen: Seen, places: Complex, row_of: Rows, *, heads: int) -> Pairs:
    """All things in the window of each motion's owner, at the squared distance from ``places``.

    Args:
        seen: the things.
        places: (N,) places of the motions.
        row_of: (N,) the row of the head that owns each.
        heads: T.
    """
    counts = np.bincount(seen.rows, minlength=heads)
    begins = np.cumsum(counts) - counts
    each = counts[row_of]
    motions = np.repeat(np.arange(len(row_of)), each)
    things = np.arange(motions.size) - np.repeat(np.cumsum(each) - each - begins[row_of], each)
    way = places[motions] - seen.places[things]
    return Pairs(motions=motions, things=things, costs=np.square(way.real) + np.square(way.imag))


def price(distances: Pairs, motion: MotionBank, looks: Real, *, heads: int, reach: float) -> Pairs:
    """How unlikely each thing is as the next place of each motion (and look of each head).

    Args:
        distances: the pairs, at squared distances from where the motions are predicted.
        motion: the N motions.
        looks: (C,) how unlike its head each thing looks, infinite where it cannot be the head.
        heads: T.
        reach: how far from its prediction a motion can be, in working pixels.
    """
    motions, things = distances.motions, distances.things
    away2 = distances.costs / np.square(motion.units[motions])
    spread = motion.spread
    half_log = np.log(spread) / 2
    cost = (TAIL + 1) / 2 * np.log1p(away2 / (TAIL * spread[motions])) + half_log[motions]
    of_heads = int(np.searchsorted(motions, heads))
    cost[:of_heads] += looks[things[:of_heads]]
    return distances.take((away2 <= reach**2) & np.isfinite(cost), cost)


def unlike(
    seen: Seen, *, usual_scores: Real, is_lost: NDArray[np.bool_], settings: TrackerSettings
) -> Real:
    """(C,) how unlike its head each thing looks; infinite where it cannot be the head."""
    rows = seen.rows
    worse = np.maximum(usual_scores[rows] - seen.scores, 0) / SCORE_DEVIATION
    weaker = np.log(np.maximum(seen.strengths, 0.05)) / STRENGTH_DEVIATION
    how_unlike = np.minimum(worse**2 / 2, LOOK_CAP) + np.minimum(weaker**2 / 2, STRENGTH_CAP)
    least = np.where(is_lost[rows], settings.min_score_again, settings.min_score)
    return np.where(seen.scores < least, np.inf, how_unlike)
