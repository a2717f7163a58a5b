"""Meetings of a head with something that could be taken for it, and what is believed afterwards.

Where two heads come together, the next place of each is anyone's guess for some frames. From the
first such frame on the head is doubtful. Once the two are apart again, the paths and looks before
are held against those after: the doubt is lifted, or the two change places, or the doubt stays.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import DoubtKind
from rostfine_core.tracking.evidence import LEAST_SEEN, Encounter, doubt_of, swap_of, weigh
from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.paths import Stretch

Real = NDArray[np.float64]
Rows = NDArray[np.intp]
APART_FIRST, APART_LAST = 6, 24
JUDGED = (APART_FIRST, 9, 12, 18, APART_LAST)
"""Frames apart after which a meeting is judged; after the last it is judged no more."""
HELD_BEFORE = 3
"""What is new beside a head may have been part of its blob for this many frames."""
BELIEVED = -3.5
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
        surprise: (T,) how far each head was from its prediction, in head units.
    """

    frame: int
    elapsed_s: float
    heads: Rows
    motion: MotionBank
    is_seen: NDArray[np.bool_]
    looks: Real
    surprise: Real


@dataclass(frozen=True)
class Confusion:
    """In this frame the head in row ``head`` could be the motion ``rival`` (a number)."""

    head: int
    rival: int
    is_merged: bool


@dataclass(kw_only=True, eq=False)
class _Meeting:
    """One under way; ``apart`` holds (time, place, look) of both in each frame since the last."""

    begun: int
    last: int
    own_before: Stretch | None
    rival_before: Stretch | None
    frames: int = 0
    is_merged: bool = False
    surprise: float = 0.0
    own_apart: list[tuple[float, complex, Real]] = field(default_factory=list)
    rival_apart: list[tuple[float, complex, Real]] = field(default_factory=list)


class Meetings:
    """All meetings under way, by head and rival, and the spans of doubt that they left."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[tuple[int, int], _Meeting] = {}
        self._rivals: Counter[int] = Counter()
        self._left: dict[int, list[Span]] = defaultdict(list)
        self._changed: set[int] = set()

    def news(self) -> dict[int, tuple[Span, ...]]:
        """In which frames heads are doubtful: those heads for which it changed since last asked."""
        found = {head: list(self._left.get(head, ())) for head in self._changed}
        self._changed.clear()
        for (head, _), meeting in self._open.items() if found else ():
            if head in found:
                found[head].append(Span(meeting.begun, None, DoubtKind.MEETING))
        return {head: tuple(spans) for head, spans in found.items()}

    def doubt(self, head: int, frame: int, kind: DoubtKind) -> None:
        """Doubt ``head`` from ``frame`` on, for good."""
        if not any(frame in span for span in self._left[head]):
            self._left[head].append(Span(frame, None, kind))
            self._changed.add(head)

    def forget(self, heads: Collection[int]) -> None:
        """Let go of everything about these heads."""
        self._open = {pair: m for pair, m in self._open.items() if pair[0] not in heads}
        for head in heads:
            self._left.pop(head, None)
            self._rivals.pop(head, None)
            self._changed.discard(head)

    def observe(self, now: Moment, confusions: Iterable[Confusion]) -> list[tuple[int, int]]:
        """Take in a frame; returns the heads and rivals that change places, as rows of motions."""
        for confusion in confusions:
            self._meet(now, confusion)
        if not self._open:
            return []
        row_of = {number: row for row, number in enumerate(now.motion.numbers.tolist())}
        head_row = {number: row for row, number in enumerate(now.heads.tolist())}
        swaps = []
        for (head, rival), meeting in list(self._open.items()):
            row = head_row[head]
            if meeting.last == now.frame or not now.is_seen[row]:
                continue
            other = row_of.get(rival)
            meeting.own_apart.append(_sight(now, row, unit=now.motion.units[row]))
            if other is not None and now.is_seen[other]:
                meeting.rival_apart.append(_sight(now, other, unit=now.motion.units[row]))
            if len(meeting.own_apart) in JUDGED and self._judge(now, head, rival):
                if other is None:  # pragma: no cover - a swap needs a rival that is seen
                    continue
                swaps.append((row, other))
        return swaps

    def encounter(self, now: Moment, head: int, rival: int) -> Encounter | None:
        """What is known of a meeting so far; None where the head was not known before it."""
        meeting = self._open[head, rival]
        if meeting.own_before is None:
            return None
        is_there = len(meeting.rival_apart) >= LEAST_SEEN
        return Encounter(
            own_before=meeting.own_before,
            own_after=_stretch(meeting.own_apart),
            rival_before=meeting.rival_before,
            rival_after=_stretch(meeting.rival_apart) if is_there else None,
            frames=meeting.frames,
            duration=meeting.last - meeting.begun,
            is_merged=meeting.is_merged,
            surprise=meeting.surprise,
            rivals=self._rivals[head],
            frame_s=now.elapsed_s,
        )

    def _meet(self, now: Moment, confusion: Confusion) -> None:
        head = int(now.heads[confusion.head])
        key = (head, confusion.rival)
        meeting = self._open.get(key)
        if meeting is None:
            rival_row = int(np.flatnonzero(now.motion.numbers == confusion.rival)[0])
            self._rivals[head] += 1
            self._changed.add(head)
            is_known = bool(np.isfinite(now.motion.trail[rival_row, 1:]).any())
            meeting = self._open[key] = _Meeting(
                begun=now.frame if is_known else max(now.frame - HELD_BEFORE, 0),
                last=now.frame,
                own_before=_before(now.motion, confusion.head),
                rival_before=_before(now.motion, rival_row) if is_known else None,
            )
        meeting.last = now.frame
        meeting.own_apart.clear()
        meeting.rival_apart.clear()
        meeting.frames += 1
        meeting.is_merged |= confusion.is_merged
        meeting.surprise = max(meeting.surprise, float(now.surprise[confusion.head]))

    def _judge(self, now: Moment, head: int, rival: int) -> bool:
        """Lift the doubt, keep it for good or wait; returns whether the two change places."""
        meeting = self._open[head, rival]
        known = self.encounter(now, head, rival)
        evidence = weigh(known) if known else None
        swap = swap_of(evidence) if evidence else -np.inf
        if swap > SWAPPED:
            end = now.frame if swap > SURELY_SWAPPED else None
            self._left[head].append(Span(meeting.begun, end, DoubtKind.MEETING))
        elif evidence is None or doubt_of(evidence) >= BELIEVED:
            if len(meeting.own_apart) < APART_LAST:
                return False
            self.doubt(head, meeting.begun, DoubtKind.MEETING)
        del self._open[head, rival]
        self._rivals[head] -= 1
        self._changed.add(head)
        return swap > SWAPPED


def _sight(now: Moment, row: int, *, unit: float) -> tuple[float, complex, Real]:
    return now.motion.times_s[0], complex(now.motion.position[row]) / unit, now.looks[row]


def _stretch(sights: list[tuple[float, complex, Real]]) -> Stretch:
    """Sights as a stretch, the newest first."""
    times, places, looks = zip(*reversed(sights), strict=True)
    return Stretch(times_s=np.array(times), places=np.array(places), look=np.mean(looks, axis=0))


def _before(motion: MotionBank, row: int) -> Stretch | None:
    """Where a motion was seen alone before this frame, or was clicked in it; None where new."""
    trail = motion.trail[row, : len(motion.times_s)] / motion.units[row]
    known = np.flatnonzero(np.isfinite(trail))
    known = known[known > 0] if (known > 0).any() else known[:1]
    if not known.size:
        return None
    times_s = np.array(motion.times_s)
    return Stretch(times_s=times_s[known], places=trail[known], look=motion.looks[row].copy())
