"""Meetings of a head with something that could be taken for it, and what is believed afterwards.

Where two heads come together, the next place of each is anyone's guess for some frames. From the
first such frame on the head is doubtful. Once the two are apart again, the paths and looks before
are held against those after: the doubt is lifted, or the two change places, or the doubt stays.

Legend: T heads, N motions, M meetings under way, J of them that are judged, B confusions.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import DoubtKind
from rostfine_core.tracking.evidence import Encounters, doubt_of, swap_of, weigh
from rostfine_core.tracking.meeting_table import KINDS, NOTHING, Confusions, MeetingTable, rows_of
from rostfine_core.tracking.motion import MotionBank

Real = NDArray[np.float64]
Rows = NDArray[np.intp]
SWAP_FIRST, APART_LAST = 6, 40
JUDGED = (3, 4, SWAP_FIRST, 9, 12, 18, 24, 32, APART_LAST)
"""Frames apart after which a meeting is judged; after the last it is judged no more."""
BELIEVED = -3.0
"""Log odds against the head below which the doubt is lifted."""
SWAPPED, SURELY_SWAPPED = 0.7, 3.0
"""Log odds for the rival from which the two change places, and from which this is no doubt."""


@dataclass(frozen=True)
class Span:
    """Frames in which a head is doubtful: from ``begin`` on, until before ``end`` if it ended."""

    begin: int
    end: int | None
    kind: DoubtKind

    def __contains__(self, frame: int) -> bool:
        return self.begin <= frame and (self.end is None or frame < self.end)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """All that is known of one frame.

    Attributes:
        frame: its number.
        elapsed_s: the time since the frame before.
        heads: (T,) the heads' numbers; their motions are the first T.
        motion: the N motions.
        is_seen: (N,) which were seen.
        looks: (N, 2) how each looked to its head: score and log strength.
        clicks: (T, 2) of the click on each head its crowding and how far off it was, as in
            ``head_measure.FoundHead``.
        forms: (T, 2) by how much its outline is larger and longer than usual (logarithms).
    """

    frame: int
    elapsed_s: float
    heads: Rows
    motion: MotionBank
    is_seen: NDArray[np.bool_]
    looks: Real
    forms: Real
    clicks: Real


class Meetings:
    """All meetings under way, by head and rival, and the spans of doubt that they left."""

    def __init__(self) -> None:
        """Start with none."""
        self._open = MeetingTable(memory=APART_LAST)
        self._left: dict[int, list[Span]] = defaultdict(list)
        self._changed: set[int] = set()

    def news(self) -> dict[int, tuple[Span, ...]]:
        """In which frames heads are doubtful: those heads for which it changed since last asked."""
        if not self._changed:
            return {}
        found = {head: list(self._left.get(head, ())) for head in self._changed}
        self._changed.clear()
        table = self._open
        columns = table.heads.tolist(), table.begun.tolist(), table.kinds.tolist()
        for head, begun, kind in zip(*columns, strict=True):
            if head in found:
                found[head].append(Span(begun, None, KINDS[kind]))
        return {head: tuple(spans) for head, spans in found.items()}

    def is_doubtful(self, head: int, frame: int) -> bool:
        """Whether ``head`` is doubtful in ``frame`` as far as is known."""
        table = self._open
        is_open = bool(((table.heads == head) & (table.begun <= frame)).any())
        return is_open or any(frame in span for span in self._left.get(head, ()))

    def doubt(self, head: int, frame: int, kind: DoubtKind) -> None:
        """Doubt ``head`` from ``frame`` on, for good."""
        if not any(frame in span for span in self._left[head]):
            self._left[head].append(Span(frame, None, kind))
            self._changed.add(head)

    def forget(self, heads: Collection[int]) -> None:
        """Let go of everything about these heads."""
        self._open.take(np.flatnonzero(~np.isin(self._open.heads, list(heads))))
        for head in heads:
            self._left.pop(head, None)
            self._changed.discard(head)

    def observe(self, now: Moment, confusions: Confusions | None) -> list[tuple[int, int]]:
        """Take in a frame; returns the heads and rivals that change places, as rows of motions."""
        table = self._open
        if confusions is not None:
            new = table.meet(confusions, frame=now.frame, heads=now.heads, motion=now.motion)
            self._changed.update(new.tolist())
        if not len(table):
            return []
        own = np.searchsorted(now.heads, table.heads)
        apart = np.flatnonzero((table.last != now.frame) & now.is_seen[own])
        own = own[apart]
        rivals = rows_of(table.rivals[apart], now.motion.numbers)
        table.forms[apart, table.counts[apart]] = now.forms[own]
        table.see(apart, own, 0, motion=now.motion, looks=now.looks, units=now.motion.units[own])
        is_there = (rivals >= 0) & now.is_seen[rivals]
        table.see(
            apart[is_there],
            rivals[is_there],
            1,
            motion=now.motion,
            looks=now.looks,
            units=now.motion.units[own[is_there]],
        )
        is_due = IS_JUDGED[table.counts[apart]]
        return self._judge(now, apart[is_due], own[is_due], rivals[is_due]) if is_due.any() else []

    def encounters(self, now: Moment, rows: Rows, own: Rows) -> Encounters:
        """What is known so far of the meetings ``rows`` (J,), whose heads are in rows ``own``."""
        table = self._open
        return Encounters(
            befores=table.befores[rows],
            afters=table.afters[rows],
            looks_before=table.looks_before[rows],
            looks_after=table.looks_after(rows),
            speed=table.speed[rows],
            frames=table.frames[rows].astype(float),
            is_merged=table.is_merged[rows],
            distance=table.distance[rows] / table.frames[rows],
            spread=now.motion.spread[own],
            rivals=table.rivals_of(rows),
            form=_median(table.forms[rows], table.counts[rows]),
            frame_s=now.elapsed_s,
            crowding=now.clicks[own, 0],
            off=now.clicks[own, 1],
        )

    def _judge(self, now: Moment, rows: Rows, own: Rows, rivals: Rows) -> list[tuple[int, int]]:
        """Lift doubts, keep them for good or wait; returns which of (J,) change places."""
        table = self._open
        evidence = weigh(self.encounters(now, rows, own))
        counts, heads = table.counts[rows], table.heads[rows].tolist()
        is_known = table.befores.number[rows, 0, 1] > 0
        swap = np.where(is_known & (counts >= SWAP_FIRST), swap_of(evidence), -np.inf)
        odds = doubt_of(evidence, is_click=table.rivals[rows] == NOTHING)
        is_swap = swap > SWAPPED
        is_over = is_swap | (is_known & (odds < BELIEVED))
        is_kept = ~is_over & (counts >= APART_LAST)
        for place in np.flatnonzero(is_swap | is_kept).tolist():
            head, row = heads[place], rows[place]
            begun, kind = int(table.begun[row]), KINDS[table.kinds[row]]
            if is_kept[place]:
                self.doubt(head, begun, kind)
            else:
                end = now.frame if swap[place] > SURELY_SWAPPED else None
                self._left[head].append(Span(begun, end, kind))
        ended = rows[is_over | is_kept]
        self._changed.update(table.heads[ended].tolist())
        table.take(np.delete(np.arange(len(table)), ended))
        is_swap &= rivals >= 0
        return list(zip(own[is_swap].tolist(), rivals[is_swap].tolist(), strict=True))


def _median(forms: Real, counts: Rows) -> Real:
    """(J, 2) the median form of those known of (J, K, 2), NaN where none is."""
    is_known = np.isfinite(forms).all(axis=2) & (np.arange(forms.shape[1]) < counts[:, None])
    ordered = np.sort(np.where(is_known[:, :, None], forms, np.inf), axis=1)
    number = is_known.sum(axis=1)
    each = np.arange(len(forms))
    lower, upper = ordered[each, (number - 1) // 2], ordered[each, number // 2]
    return np.where(number[:, None] > 0, (lower + upper) / 2, np.nan)


IS_JUDGED = np.isin(np.arange(APART_LAST + 2), JUDGED)
