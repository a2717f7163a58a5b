"""One sperm under two names: tracks that follow the same head."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import QualityFlag, Severity, Track, TrackStatus

SAME_HEAD = "same_head"
SAME_HEAD_PX = 5.0  # two sperm cannot lie nearer to each other most of the time
MOST_FRAMES = 128  # in which tracks are compared; a window asks for it between two pictures


def same_head_flags(tracks: Sequence[Track]) -> dict[str, QualityFlag]:
    """A warning, by target, for tracks that follow the same head as another.

    That is one that lies nearer than ``SAME_HEAD_PX`` in most frames where both were seen.
    """
    if len(tracks) < 2:
        return {}
    places = _places(tracks)
    flags = {}
    for number, track in enumerate(tracks):
        apart_px = np.hypot(*(places - places[number]).transpose(2, 0, 1))  # (tracks, frames)
        near, both = (apart_px < SAME_HEAD_PX).sum(axis=1), np.isfinite(apart_px).sum(axis=1)
        twins = [i for i in np.flatnonzero(near > both / 2).tolist() if i != number]
        if twins:
            flags[track.target] = QualityFlag(
                code=SAME_HEAD,
                severity=Severity.WARNING,
                reason=f"Sperm {tracks[twins[0]].target} is the same one: count it once.",
            )
    return flags


def _places(tracks: Sequence[Track]) -> NDArray[np.float64]:
    """Where each was seen, (tracks, frames, 2) in pixels, NaN where it was not."""
    end = max(track.points[-1].frame for track in tracks) + 1
    frames = range(0, end, -(-end // MOST_FRAMES))
    places = np.full((len(tracks), len(frames), 2), np.nan)
    for row, track in zip(places, tracks, strict=True):
        for place, frame in zip(row, frames, strict=True):
            point = track.at(frame)
            if point is not None and point.status is not TrackStatus.LOST:
                place[:] = point.x_px, point.y_px
    return places
