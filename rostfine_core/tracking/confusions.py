"""Which heads could be taken for something else in a frame: what hides them, what they might be.

Legend: T heads, N motions (the T heads first, then the distractors), C things in windows, P pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.sightings import Pairs

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]

CONFUSING, MARGIN = 6.0, 20.0
"""How much dearer a still possible assignment may be, in all and for a single head."""
HIDDEN, HIDDEN_NEW = 1.0, 0.7
"""A head, or one hardly known yet, predicted this near a blob is hidden by it (in heads)."""
SHARED = 0.3
"""Two heads closer than this (in heads) count as one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Confused:
    """Heads (B, by row) that could be what holds ``things``, or ``rivals`` (numbers); -1: none."""

    heads: Rows
    things: Rows
    rivals: Rows
    is_merged: NDArray[np.bool_]


def hiding(distances: Pairs, chosen: Rows, motion: MotionBank, *, head_size: float) -> Rows:
    """(N,) the thing that hides each motion for which none was chosen, -1 for none.

    Args:
        distances: pairs at squared distances.
        chosen: (N,) the thing of each motion, -1 for none.
        motion: the N motions.
        head_size: in working pixels.
    """
    hidden_by = np.full(len(chosen), -1)
    if chosen.min(initial=0) >= 0:
        return hidden_by
    motions = distances.motions
    reach = np.where(motion.is_established, HIDDEN, HIDDEN_NEW) * head_size * motion.units
    reach2 = np.square(reach)
    order = np.flatnonzero((chosen[motions] < 0) & (distances.costs < reach2[motions]))
    order = order[np.argsort(-distances.costs[order], kind="stable")]
    hidden_by[motions[order]] = distances.things[order]  # the nearest comes last
    return hidden_by


def find_confused(
    pairs: Pairs, chosen: Rows, hidden_by: Rows, motion: MotionBank, *, heads: int, absent: float
) -> Confused | None:
    """Which heads could be taken for what in this frame; None where none could.

    Args:
        pairs: what each motion could have been, priced.
        chosen: (N,) what it was, -1 for nothing.
        hidden_by: (N,) what hides it, -1 for nothing.
        motion: the N motions.
        heads: T.
        absent: the cost of a motion that is not seen.
    """
    highest = max(int(chosen.max()), int(hidden_by.max()), int(pairs.things.max(initial=-1)))
    holder = np.full(highest + 1, -1)
    held = np.flatnonzero(chosen >= 0)
    holder[chosen[held]] = held
    hidden = np.flatnonzero(hidden_by >= 0)
    hidden = hidden[holder[hidden_by[hidden]] >= 0]
    others, things = _exchangeable(pairs, chosen, holder, heads=heads, absent=absent)
    if not hidden.size + others.size:
        return None
    is_head = hidden < heads
    by_heads = holder[hidden_by[hidden]]
    is_rival = ~is_head & motion.is_established[hidden] & (by_heads < heads)
    rivals = hidden[is_rival]
    hidden_heads = hidden[is_head]
    merged = len(hidden_heads) + len(rivals)
    return Confused(
        heads=np.concatenate([hidden_heads, by_heads[is_rival], others]),
        things=np.concatenate([hidden_by[hidden_heads], np.full(len(rivals), -1), things]),
        rivals=np.concatenate(
            [np.full(len(hidden_heads), -1), motion.numbers[rivals], np.full(len(others), -1)]
        ),
        is_merged=np.arange(merged + len(others)) < merged,
    )


def _exchangeable(
    pairs: Pairs, chosen: Rows, holder: Rows, *, heads: int, absent: float
) -> tuple[Rows, Rows]:
    """Heads that might as well have gone to other things, whose holders would go to theirs."""
    motions, things, costs = pairs.motions, pairs.things, pairs.costs
    own = np.full(len(chosen), -np.inf)
    is_own = chosen[motions] == things
    own[motions[is_own]] = costs[is_own]
    of_heads = int(np.searchsorted(motions, heads))
    worse = costs[:of_heads] - own[motions[:of_heads]]
    near = np.flatnonzero((worse < MARGIN) & ~is_own[:of_heads])
    if not near.size:
        return near, near
    head, thing, difference = motions[near], things[near], worse[near]
    other = holder[thing]
    is_held = other >= 0
    back = _cost_of(pairs, other[is_held], chosen[head[is_held]], absent=absent)
    difference[is_held] += back - own[other[is_held]]
    is_likely = difference < CONFUSING
    return head[is_likely], thing[is_likely]


def _cost_of(pairs: Pairs, motions: Rows, things: Rows, *, absent: float) -> Real:
    """(M,) what ``things`` (M,) cost as ``motions`` (M,): at most ``absent``."""
    base = int(pairs.things.max()) + 1
    keys, sought = pairs.motions * base + pairs.things, motions * base + things
    at = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)  # pairs come in order
    return np.where(keys[at] == sought, np.minimum(pairs.costs[at], absent), absent)


def on_one_blob(places: Complex, diameters: Real) -> list[tuple[int, int]]:
    """Rows of two heads each that are as good as one, the lower row first.

    ``places`` (T,) are NaN where a head is not seen.
    """
    order = np.argsort(places.real)  # NaN comes last
    across = places.real[order]
    across = across[: np.count_nonzero(np.isfinite(across))]
    reach = SHARED * float(diameters.max(initial=0.0))
    ends = np.searchsorted(across, across + reach, side="right")
    each = ends - np.arange(len(across)) - 1
    first = np.repeat(np.arange(len(across)), each)
    second = np.arange(len(first)) - np.repeat(np.cumsum(each) - each, each) + first + 1
    one, other = order[first], order[second]
    one, other = np.minimum(one, other), np.maximum(one, other)
    near = abs(places[one] - places[other]) < SHARED * diameters[other]
    return sorted(zip(one[near].tolist(), other[near].tolist(), strict=True))
