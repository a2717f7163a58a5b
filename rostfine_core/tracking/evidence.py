"""What a meeting's paths and looks say: is this still the head, or is the rival the head now?

Both answers are logistic regressions on what is known of the stretches before and after; their
weights were fitted to simulated scenes (``tests/benchmarks/fit_meetings.py``), never to real ones.
"""

import math
from dataclasses import dataclass

import numpy as np

from rostfine_core.tracking.paths import Stretch, bend, kink

BEND_FLOOR, KINK_FLOOR = 0.05, 0.1
"""Mean squares, in head units, against which a misfit is measured."""
LOOK_DEVIATION = (0.12, 0.3)
"""Standard deviations of a head's score and log strength from frame to frame."""
LOOK_CAP, SURPRISE_CAP, RIVALS_CAP = 8.0, 8.0, 4
FEW = 4
RECENT = 10
"""Places before the meeting that a parabola is fitted to."""
LEAST_SEEN = 3

DOUBT = {
    "bend": 0.03,
    "kink": 0.07,
    "look": 0.39,
    "own_bend": 0.35,
    "own_kink": 0.21,
    "own_look": 0.42,
    "alike": 0.26,
    "rival_gone": -1.64,
    "is_merged": 0.67,
    "surprise": 0.29,
    "frames": -1.29,
    "duration": 0.6,
    "rivals": -0.04,
    "rate": 0.2,
    "little_known": 2.1,
}
DOUBT_START = -5.14
SWAP = {"bend": 0.13, "kink": 0.13, "look": 0.41, "is_merged": 0.32}
SWAP_START = -1.4


@dataclass(frozen=True, kw_only=True, eq=False)
class Encounter:
    """A head (``own``) and its rival, before and after they met; None where one was not seen.

    Attributes:
        frames: in how many frames the two could be taken for each other.
        duration: between the first and the last of those.
        is_merged: whether they were one blob.
        surprise: largest distance of the head from its prediction meanwhile, in head units.
        rivals: how many the head had at the time.
        frame_s: the time between frames.
    """

    own_before: Stretch
    own_after: Stretch
    rival_before: Stretch | None
    rival_after: Stretch | None
    frames: int
    duration: int
    is_merged: bool
    surprise: float
    rivals: int
    frame_s: float


def weigh(met: Encounter) -> dict[str, float]:
    """The evidence by name; positive where it speaks against the head."""
    own = met.own_before.latest(RECENT)
    rival = met.rival_before.latest(RECENT) if met.rival_before else None
    afters = met.own_after, met.rival_after, met.rival_after, met.own_after
    befores = met.own_before, met.rival_before, met.own_before, met.rival_before
    bends = [_bend(*pair) for pair in zip((own, rival, own, rival), afters, strict=True)]
    kinks = [_kink(*pair) for pair in zip(befores, afters, strict=True)]
    looks = [_unlike(*pair) for pair in zip(befores, afters, strict=True)]
    return {
        "bend": bends[0] + bends[1] - bends[2] - bends[3],
        "kink": kinks[0] + kinks[1] - kinks[2] - kinks[3],
        "look": looks[0] + looks[1] - looks[2] - looks[3],
        "own_bend": math.log1p(bend(own, met.own_after) / BEND_FLOOR),
        "own_kink": kinks[0],
        "own_look": looks[0],
        "alike": _unlike(met.own_before, met.rival_before),
        "rival_gone": float(met.rival_after is None),
        "is_merged": float(met.is_merged),
        "surprise": min(met.surprise, SURPRISE_CAP),
        "frames": math.log1p(met.frames),
        "duration": math.log1p(met.duration),
        "rivals": min(met.rivals, RIVALS_CAP),
        "rate": -math.log(max(met.frame_s, 1e-3)),
        "little_known": float(len(own.places) < FEW),
    }


def doubt_of(evidence: dict[str, float]) -> float:
    """Log odds that what is followed after the meeting is not the head."""
    return DOUBT_START + sum(weight * evidence[name] for name, weight in DOUBT.items())


def swap_of(evidence: dict[str, float]) -> float:
    """Log odds that the rival is the head; minus infinity where there is no rival any more."""
    if evidence["rival_gone"]:
        return -math.inf
    return SWAP_START + sum(weight * evidence[name] for name, weight in SWAP.items())


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
