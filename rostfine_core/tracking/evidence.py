"""What a meeting's paths and looks say: is this still the head, or is the rival the head now?

Both answers are logistic regressions on what is known of the stretches before and after; their
weights were fitted to simulated scenes (``tests/benchmarks/fit_meetings.py``), never to real ones.

Legend: M meetings, judged at once, each as if it were the only one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.paths import Stretches, compare_paths

Flags = NDArray[np.bool_]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Evidence = dict[str, Real]

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
HEAD, RIVAL = 0, 1
LATEST, WHOLE = 0, 1
FROM, TO = [HEAD, RIVAL, HEAD, RIVAL], [HEAD, RIVAL, RIVAL, HEAD]
"""Both go on as they came, or as the other came."""

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
class Encounters:
    """Heads and their rivals before and after they met.

    Attributes:
        befores: (M, 2, 2) the places of head and rival before, the last ``RECENT`` and all; none
            where the rival was not there.
        afters: (M, 2) their places afterwards.
        looks_before: (M, 2, 2) how head and rival looked: score and log strength.
        looks_after: (M, 2, 2) how they look now.
        speed: (M,) of the head before, in head units a second.
        frames: (M,) in how many frames the two could be taken for each other.
        is_merged: (M,) whether they were one blob.
        distance: (M,) between the two in those frames, on average in head units.
        spread: (M,) variance of the head's predictions after the meeting, in squared head units.
        rivals: (M,) how many the head had at the time.
        form: (M, 2) by how much the head's outline is now larger and longer than it was, as
            logarithms; NaN without an outline.
        frame_s: the time between frames.
        crowding: (M,) how likely the click on the head meant another (see
            ``head_measure.FoundHead``).
        off: (M,) how far from the head's middle the click was.
    """

    befores: Stretches
    afters: Stretches
    looks_before: Real
    looks_after: Real
    speed: Real
    frames: Real
    is_merged: Flags
    distance: Real
    spread: Real
    rivals: Rows
    form: Real
    frame_s: float
    crowding: Real
    off: Real


def weigh(met: Encounters) -> Evidence:
    """The evidence (M,) by name; positive where it speaks against the head."""
    excess = compare_paths(met.befores, met.afters, of=FROM, to=[[who, who] for who in TO])
    is_there = met.afters.number >= LEAST_SEEN
    is_known = met.befores.number[..., WHOLE] > 0
    are_two = is_known[:, FROM] & is_there[:, TO]
    bend, kink = excess.bend[..., LATEST], excess.kink[..., WHOLE]
    bends = np.where(are_two, _tempered(bend / BEND_FLOOR), 0.0)
    kinks = _tempered(kink / (excess.about_lines[..., WHOLE] + KINK_FLOOR))
    kinks = np.where(are_two & np.isfinite(kinks), kinks, 0.0)
    looks = np.where(are_two, _unlike(met.looks_before[:, FROM], met.looks_after[:, TO]), 0.0)
    score, strength = met.looks_after[:, HEAD].T
    usual = met.looks_before[:, HEAD, 1]
    is_new = met.befores.number[:, HEAD, LATEST] < FEW
    is_formless = ~np.isfinite(met.form[:, 0] + met.form[:, 1])
    size, shape = np.where(is_formless[:, None], 0.0, met.form).T
    crowding = np.log(np.maximum(met.crowding, LEAST_CROWDING) / LEAST_CROWDING)
    change = np.where(np.isfinite(usual), np.minimum(abs(strength - usual), STRENGTH_CAP), 0.0)
    alike = _unlike(met.looks_before[:, HEAD], met.looks_before[:, RIVAL])
    return {
        "bend": _for_swap(bends),
        "kink": _for_swap(kinks),
        "look": _for_swap(looks),
        "own_bend": np.minimum(np.log1p(bend[:, HEAD] / BEND_FLOOR), BEND_CAP),
        "own_kink": kinks[:, HEAD],
        "alike": np.where(is_known[:, RIVAL], alike, 0.0),
        "rival_gone": 1.0 - is_there[:, RIVAL],
        "is_merged": met.is_merged.astype(float),
        "spread": np.log(met.spread),
        "frames": np.log1p(met.frames),
        "apart": met.afters.number[:, HEAD],
        "distance": met.distance,
        "rivals": np.minimum(met.rivals, RIVALS_CAP).astype(float),
        "step": met.speed * met.frame_s,
        "little_known": is_new.astype(float),
        "newcomer": 1.0 - is_known[:, RIVAL],
        "score": score,
        "strength": np.minimum(abs(strength), STRENGTH_CAP),
        "strength_change": change,
        "crowded_click": is_new * crowding,
        "click_off": is_new * np.minimum(met.off, FARTHEST_OFF),
        "formless": is_formless.astype(float),
        "size": np.minimum(np.maximum(size, -FORM_CAP), FORM_CAP),
        "size_change": np.minimum(abs(size), FORM_CAP),
        "shape_change": np.minimum(abs(shape), FORM_CAP),
    }


def doubt_of(evidence: Evidence, *, is_click: Flags) -> Real:
    """Log odds (M,) that what is followed after the meeting is not the head.

    ``is_click`` (M,): the head did not meet anything; it is asked whether it is what was clicked.
    """
    met = DOUBT_START + _weighed(evidence, DOUBT)
    return np.where(is_click, CLICK_START + _weighed(evidence, CLICK), met)


def swap_of(evidence: Evidence) -> Real:
    """Log odds (M,) that the rival is the head; minus infinity where no rival is left."""
    odds = SWAP_START + _weighed(evidence, SWAP)
    return np.where(evidence["rival_gone"] > 0, -np.inf, odds)


def _weighed(evidence: Evidence, weights: dict[str, float]) -> Real:
    """The weighted sum (M,), for each meeting in the same order."""
    table = np.stack([evidence[name] for name in weights], axis=-1)
    return np.asarray((table * list(weights.values())).sum(axis=-1))


def _for_swap(costs: Real) -> Real:
    """By how much ``costs`` (M, 4) of both going on exceed those of a swap."""
    return np.asarray(costs[:, 0] + costs[:, 1] - costs[:, 2] - costs[:, 3])


def _tempered(excess: Real) -> Real:
    """Paths bend more often than a Gaussian allows."""
    return np.asarray(4 * np.log1p(excess / 8))


def _unlike(one: Real, other: Real) -> Real:
    """Half the squared difference of looks (..., 2) in deviations; 0 where one is not known."""
    away = np.square((one - other) / LOOK_DEVIATION)
    away = (away[..., 0] + away[..., 1]) / 2
    return np.where(np.isfinite(away), np.minimum(away, LOOK_CAP), 0.0)
