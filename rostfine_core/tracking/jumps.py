"""Which corrections of a track lie so far from it that something else was followed before them."""

import math
from itertools import pairwise
from statistics import median

from rostfine_core.domain import Track, TrackStatus

USUAL_STEPS = 3.0
"""How many times its usual way a sperm may swim before a click says where it is."""
RECENTRED_PX = 10.0
"""Over half the width of a head (14 to 19 px at the magnification of the demonstration model's
training), so that two clicks on one head are seldom further apart."""
HEAD_LENGTH_PX = 20.0
"""What is further away is not the same head: those of that training are 21 to 32 px long. The
crop is a fixed number of pixels wide, so another magnification has a flag of its own."""


def jumps(track: Track, *, beyond_px: float) -> tuple[int, ...]:
    """Find the frames of corrections that the sperm cannot have reached from where the track was.

    Args:
        track: points that were lost, or repeat the frame before, carry no position; a click does.
        beyond_px: how far off a click may be beyond ``USUAL_STEPS`` times the track's usual way
            since it was seen last.
    """
    manual, lost = TrackStatus.MANUAL, TrackStatus.LOST
    seen = [
        p for p in track.points if p.status is manual or not (p.status is lost or p.is_duplicate)
    ]
    ways = [(a, b, math.hypot(b.x_px - a.x_px, b.y_px - a.y_px)) for a, b in pairwise(seen)]
    own = [way / (b.frame - a.frame) for a, b, way in ways if b.status is not manual]
    usual_px = median(own) if own else 0.0
    return tuple(
        b.frame
        for a, b, way in ways
        if b.status is manual and way > beyond_px + USUAL_STEPS * usual_px * (b.frame - a.frame)
    )
