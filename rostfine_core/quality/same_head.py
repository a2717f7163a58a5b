"""One sperm under two names: tracks that follow the same head."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import QualityFlag, Track, TrackStatus
from rostfine_core.flag_titles import FlagCode
from rostfine_core.messages import Message

SAME_HEAD: FlagCode = "same_head"
SAME_HEAD_PX = 5.0  # two sperm cannot lie nearer to each other most of the time
FEWEST_FRAMES = 10  # seen together in fewer, two sperm may just have met
MOST_FRAMES = 128  # in which two are compared; a window asks for it between two pictures
Pair = tuple[str, str]
"""Two names of one sperm."""
Places = NDArray[np.float64]
"""(F, 2) where a sperm was seen, in pixels by frame from 0; NaN where it was not."""


def same_head_flags(tracks: Sequence[Track]) -> dict[str, QualityFlag]:
    """A warning, by target, for tracks that follow the same head as another.

    The warning calls both by their targets, which are their names on the command line.
    """
    same = find_same_heads({track.target: places_of(track) for track in tracks})
    return {target: same_head_flag(pair) for target, pair in same.items()}


def same_head_flag(pair: Pair) -> QualityFlag:
    """The warning for two sperm, by their names, that are the same; both get the same one."""
    return QualityFlag.warning(SAME_HEAD, same_head_reason(pair))


def same_head_reason(pair: Pair) -> Message:
    """What is said of two names for one sperm."""
    return Message(
        "Sperm {one} and {other} are the same one: count it once.", one=pair[0], other=pair[1]
    )


def places_of(track: Track) -> Places:
    """Where a track was not lost."""
    places = np.full((track.points[-1].frame + 1, 2), np.nan)
    for point in track.points:
        if point.status is not TrackStatus.LOST:
            places[point.frame] = point.x_px, point.y_px
    return places


def find_same_heads(places: Mapping[str, Places]) -> dict[str, Pair]:
    """For each sperm that is the same as another, both keys in the order of ``places``.

    The other is the first such one: it lies nearer than ``SAME_HEAD_PX`` in most of the frames
    where both were seen, of which there are at least ``FEWEST_FRAMES``.
    """
    same: dict[str, Pair] = {}
    for (one, there), (other, elsewhere) in combinations(places.items(), 2):
        if _is_same(there, elsewhere):
            same.setdefault(one, (one, other))
            same.setdefault(other, (one, other))
    return same


def _is_same(one: Places, other: Places) -> bool:
    end = min(len(one), len(other))
    both = np.flatnonzero(np.isfinite(one[:end, 0]) & np.isfinite(other[:end, 0]))
    if len(both) < FEWEST_FRAMES:
        return False
    looked_at = both[:: -(-len(both) // MOST_FRAMES)]
    apart_px = np.hypot(*(one[looked_at] - other[looked_at]).T)
    return bool(np.count_nonzero(apart_px < SAME_HEAD_PX) > len(looked_at) / 2)
