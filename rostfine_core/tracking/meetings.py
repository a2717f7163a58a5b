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
SWAP_FIRST, APART_LAST = 6, 40
JUDGED = (3, 4, SWAP_FIRST, 9, 12, 18, 24, 32, APART_LAST)
"""Frames apart after which a meeting is judged; after the last it is judged no more."""
HELD_BEFORE = 3
"""What is new beside a head may have been part of its blob for this many frames."""
NOTHING = -1
"""The rival of a click on heads that may be one blob."""
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


@dataclass(frozen=True)
class Confusion:
    """In this frame the head in row ``head`` could be the motion ``rival`` (a number)."""

    head: int
    rival: int
    is_merged: bool
    kind: DoubtKind = DoubtKind.MEETING


@dataclass(kw_only=True, eq=False)
class _Meeting:
    """One under way; ``apart`` holds (time, place, look) of both in each frame since the last.

    ``distance`` is a sum over the frames.
    """

    begun: int
    last: int
    kind: DoubtKind
    own_before: Stretch | None
    rival_before: Stretch | None
    frames: int = 0
    is_merged: bool = False
    distance: float = 0.0
    forms: list[Real] = field(default_factory=list)
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
                found[head].append(Span(meeting.begun, None, meeting.kind))
        return {head: tuple(spans) for head, spans in found.items()}

    def is_doubtful(self, head: int, frame: int) -> bool:
        """Whether ``head`` is doubtful in ``frame`` as far as is known."""
        return any(frame in span for span in self._left.get(head, ())) or any(
            met == head and meeting.begun <= frame for (met, _), meeting in self._open.items()
        )

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
            meeting.forms.append(now.forms[row].copy())
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
        row = int(np.searchsorted(now.heads, head))
        return Encounter(
            own_before=meeting.own_before,
            own_after=_stretch(meeting.own_apart),
            rival_before=meeting.rival_before,
            rival_after=_stretch(meeting.rival_apart) if is_there else None,
            frames=meeting.frames,
            is_merged=meeting.is_merged,
            distance=meeting.distance / meeting.frames,
            spread=float(now.motion.spread[row]),
            rivals=self._rivals[head],
            form=_median(meeting.forms),
            frame_s=now.elapsed_s,
            crowding=float(now.clicks[row, 0]),
            off=float(now.clicks[row, 1]),
        )

    def _meet(self, now: Moment, confusion: Confusion) -> None:
        head = int(now.heads[confusion.head])
        key = (head, confusion.rival)
        meeting = self._open.get(key)
        rivals = np.flatnonzero(now.motion.numbers == confusion.rival)
        rival = int(rivals[0]) if rivals.size else None
        if meeting is None:
            meeting = self._open[key] = self._begun(now, confusion, rival)
            self._rivals[head] += 1
            self._changed.add(head)
        meeting.last = now.frame
        meeting.own_apart.clear()
        meeting.rival_apart.clear()
        meeting.forms.clear()
        meeting.frames += 1
        if rival is not None:
            way = now.motion.position[confusion.head] - now.motion.position[rival]
            meeting.distance += float(abs(way) / now.motion.units[confusion.head])
        meeting.is_merged |= confusion.is_merged

    def _begun(self, now: Moment, confusion: Confusion, rival: int | None) -> _Meeting:
        """A meeting that begins now; what was never seen apart may have been there before."""
        motion, begun = now.motion, now.frame
        is_known = rival is None or bool(np.isfinite(motion.trail[rival, 1:]).any())
        if not is_known:
            seen = np.flatnonzero(np.isfinite(motion.trail[confusion.head]))
            begun -= min(HELD_BEFORE, int(seen.max(initial=0)))
        return _Meeting(
            begun=begun,
            last=now.frame,
            kind=confusion.kind,
            own_before=_before(motion, confusion.head),
            rival_before=_before(motion, rival) if is_known and rival is not None else None,
        )

    def _judge(self, now: Moment, head: int, rival: int) -> bool:
        """Lift the doubt, keep it for good or wait; returns whether the two change places."""
        meeting = self._open[head, rival]
        known = self.encounter(now, head, rival)
        evidence = weigh(known) if known else None
        may_swap = evidence is not None and len(meeting.own_apart) >= SWAP_FIRST
        swap = swap_of(evidence) if evidence and may_swap else -np.inf
        if swap > SWAPPED:
            end = now.frame if swap > SURELY_SWAPPED else None
            self._left[head].append(Span(meeting.begun, end, meeting.kind))
        elif evidence is None or doubt_of(evidence, is_click=rival == NOTHING) >= BELIEVED:
            if len(meeting.own_apart) < APART_LAST:
                return False
            self.doubt(head, meeting.begun, meeting.kind)
        del self._open[head, rival]
        self._rivals[head] -= 1
        self._changed.add(head)
        return swap > SWAPPED


def _sight(now: Moment, row: int, *, unit: float) -> tuple[float, complex, Real]:
    return now.motion.times_s[0], complex(now.motion.position[row]) / unit, now.looks[row]


def _median(forms: list[Real]) -> Real:
    """The median form (2,) of those known, NaN where none is."""
    known = [form for form in forms if np.isfinite(form).all()]
    return np.median(known, axis=0) if known else np.full(2, np.nan)


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
