"""What a meeting's paths and looks say: is this still the head, or is the rival the head now?

Both answers are logistic regressions on what is known of the stretches before and after; their
weights were fitted to simulated scenes (``tests/benchmarks/fit_meetings.py``), never to real ones.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.paths import Stretch, bend, kink

BEND_FLOOR, KINK_FLOOR = 0.05, 0.1
"""Mean squares, in head units, against which a misfit is measured."""
LOOK_DEVIATION = (0.12, 0.3)
"""Standard deviations of a head's score and log strength from frame to frame."""
LOOK_CAP, RIVALS_CAP = 8.0, 4
BEND_CAP, STRENGTH_CAP, FORM_CAP = 8.0, 1.5, 0.4
LEAST_CROWDING, FARTHEST_OFF = 0.05, 3.0
FEW = 4
RECENT = 10
"""Places before the meeting that a parabola is fitted to."""
LEAST_SEEN = 3

DOUBT = {
    "bend": 0.04,
    "kink": 0.02,
    "look": 0.11,
    "own_bend": 0.1,
    "own_kink": 0.07,
    "alike": 0.04,
    "rival_gone": -0.46,
    "spread": 0.5,
    "frames": 0.47,
    "apart": 0.03,
    "distance": 0.02,
    "rivals": 0.04,
    "step": 0.02,
    "little_known": 0.39,
    "newcomer": -0.09,
    "score": -1.34,
    "strength": 3.26,
    "strength_change": 2.63,
    "crowded_click": 0.02,
    "click_off": 0.59,
    "formless": 0.16,
    "size": 9.03,
    "size_change": 14.4,
    "shape_change": 5.63,
}
DOUBT_START = -3.71
CLICK = {
    "own_bend": 0.26,
    "apart": 0.01,
    "rivals": 0.14,
    "score": -5.03,
    "strength": 2.75,
    "crowded_click": 1.06,
    "click_off": 2.11,
    "formless": -0.23,
    "size": 11.32,
    "size_change": 16.76,
    "shape_change": 3.41,
}
CLICK_START = -3.22
SWAP = {"bend": 0.15, "kink": 0.14, "look": 0.35, "is_merged": -0.74}
SWAP_START = -1.29


@dataclass(frozen=True, kw_only=True, eq=False)
class Encounter:
    """A head (``own``) and its rival, before and after they met; None where one was not seen.

    Attributes:
        frames: in how many frames the two could be taken for each other.
        is_merged: whether they were one blob.
        distance: between the two in those frames, on average in head units.
        spread: variance of the head's predictions after the meeting, in squared head units.
        rivals: how many the head had at the time.
        form: (2,) by how much the head's outline is now larger and longer than it was, as
            logarithms; NaN without an outline.
        frame_s: the time between frames.
        crowding: how likely the click on the head meant another (see ``head_measure.FoundHead``).
        off: how far from the head's middle the click was.
    """

    own_before: Stretch
    own_after: Stretch
    rival_before: Stretch | None
    rival_after: Stretch | None
    frames: int
    is_merged: bool
    distance: float
    spread: float
    rivals: int
    form: NDArray[np.float64]
    frame_s: float
    crowding: float
    off: float


def weigh(met: Encounter) -> dict[str, float]:
    """The evidence by name; positive where it speaks against the head."""
    own = met.own_before.latest(RECENT)
    rival = met.rival_before.latest(RECENT) if met.rival_before else None
    afters = met.own_after, met.rival_after, met.rival_after, met.own_after
    befores = met.own_before, met.rival_before, met.own_before, met.rival_before
    bends = [_bend(*pair) for pair in zip((own, rival, own, rival), afters, strict=True)]
    kinks = [_kink(*pair) for pair in zip(befores, afters, strict=True)]
    looks = [_unlike(*pair) for pair in zip(befores, afters, strict=True)]
    score, strength = met.own_after.look
    usual = met.own_before.look[1]
    is_new = len(own.places) < FEW
    is_formless = not np.isfinite(met.form).all()
    size, shape = np.nan_to_num(met.form)
    return {
        "bend": bends[0] + bends[1] - bends[2] - bends[3],
        "kink": kinks[0] + kinks[1] - kinks[2] - kinks[3],
        "look": looks[0] + looks[1] - looks[2] - looks[3],
        "own_bend": min(math.log1p(bend(own, met.own_after) / BEND_FLOOR), BEND_CAP),
        "own_kink": kinks[0],
        "alike": _unlike(met.own_before, met.rival_before),
        "rival_gone": float(met.rival_after is None),
        "is_merged": float(met.is_merged),
        "spread": math.log(met.spread),
        "frames": math.log1p(met.frames),
        "apart": float(len(met.own_after.places)),
        "distance": met.distance,
        "rivals": min(met.rivals, RIVALS_CAP),
        "step": _speed(own) * met.frame_s,
        "little_known": float(is_new),
        "newcomer": float(met.rival_before is None),
        "score": float(score),
        "strength": min(abs(strength), STRENGTH_CAP),
        "strength_change": min(abs(strength - usual), STRENGTH_CAP) if np.isfinite(usual) else 0.0,
        "crowded_click": is_new * math.log(max(met.crowding, LEAST_CROWDING) / LEAST_CROWDING),
        "click_off": is_new * min(met.off, FARTHEST_OFF),
        "formless": float(is_formless),
        "size": float(np.clip(size, -FORM_CAP, FORM_CAP)),
        "size_change": min(abs(size), FORM_CAP),
        "shape_change": min(abs(shape), FORM_CAP),
    }


def doubt_of(evidence: dict[str, float], *, is_click: bool) -> float:
    """Log odds that what is followed after the meeting is not the head.

    ``is_click``: the head did not meet anything; it is asked whether it is what was clicked.
    """
    weights, start = (CLICK, CLICK_START) if is_click else (DOUBT, DOUBT_START)
    return start + sum(weight * evidence[name] for name, weight in weights.items())


def swap_of(evidence: dict[str, float]) -> float:
    """Log odds that the rival is the head; minus infinity where there is no rival any more."""
    if evidence["rival_gone"]:
        return -math.inf
    return SWAP_START + sum(weight * evidence[name] for name, weight in SWAP.items())


def _speed(path: Stretch) -> float:
    """Head units a second, between the first and the last place."""
    if len(path.places) < 2:
        return 0.0
    return float(abs(path.places[0] - path.places[-1]) / (path.times_s[0] - path.times_s[-1]))


def _tempered(excess: float) -> float:
    """Paths bend more often than a Gaussian allows."""
    return 4 * math.log1p(excess / 8)


def _bend(before: Stretch | None, after: Stretch | None) -> float:
    if before is None or after is None:
        return 0.0
    return _tempered(bend(before, after) / BEND_FLOOR)


def _kink(before: Stretch | None, after: Stretch | None) -> float:
    found = kink(before, after) if before and after else None
    return _tempered(found[0] / (found[1] + KINK_FLOOR)) if found else 0.0


def _unlike(one: Stretch | None, other: Stretch | None) -> float:
    """Half the squared difference of two looks in deviations; 0 where one is not known."""
    if one is None or other is None:
        return 0.0
    away = np.square((one.look - other.look) / LOOK_DEVIATION).sum() / 2
    return float(min(away, LOOK_CAP)) if np.isfinite(away) else 0.0
