"""What is known of each meeting under way: the two before it, and since they are apart again.

Legend: T heads, N motions, M meetings under way, B confusions or meetings that begin, K places of a
trail; ``who`` is the head or its rival.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import DoubtKind
from rostfine_core.tracking.evidence import HEAD, RECENT
from rostfine_core.tracking.motion import TRAIL, MotionBank
from rostfine_core.tracking.paths import Stretches, empty_stretches, join_stretches, stretches

Complex = NDArray[np.complex128]
Flags = NDArray[np.bool_]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
HELD_BEFORE = 3
"""What is new beside a head may have been part of its blob for this many frames."""
NOTHING = -1
"""The rival of a click on heads that may be one blob."""
MOST_NUMBERS = 2**32
KINDS = tuple(DoubtKind)


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusions:
    """In a frame the heads in rows ``heads`` (B,) could be the motions ``rivals`` (numbers)."""

    heads: Rows
    rivals: Rows
    is_merged: Flags
    kind: DoubtKind = DoubtKind.MEETING


class MeetingTable:
    """M meetings, one row each, in the order in which they began.

    Attributes:
        heads: (M,) the heads' numbers.
        rivals: (M,) the rivals' numbers.
        kinds: (M,) the place of each doubt's kind among ``KINDS``.
        begun: (M,) the first frame of the doubt.
        last: (M,) the last frame in which they could be taken for each other.
        frames: (M,) how often they could.
        is_merged: (M,) whether they were one blob.
        distance: (M,) sum of the distances between the two, in head units.
        befores: (M, 2, 2) by who: the latest places and all.
        looks_before: (M, 2, 2) by who: score and log strength.
        speed: (M,) of the head before, in head units a second.
        counts: (M,) in how many frames the head was seen since.
        afters: (M, 2) by who: the places since.
        forms: (M, memory, 2) by how much the head's outline was larger and longer, since.
    """

    def __init__(self, *, memory: int) -> None:
        """Start with none; ``memory`` is the most frames that are kept of two that are apart."""
        self.heads: Rows = np.empty(0, np.intp)
        self.rivals: Rows = np.empty(0, np.intp)
        self.kinds: Rows = np.empty(0, np.intp)
        self.begun: Rows = np.empty(0, np.intp)
        self.last: Rows = np.empty(0, np.intp)
        self.frames: Rows = np.empty(0, np.intp)
        self.is_merged: Flags = np.empty(0, bool)
        self.distance: Real = np.empty(0)
        self.befores = empty_stretches((0, 2, 2))
        self.looks_before: Real = np.empty((0, 2, 2))
        self.speed: Real = np.empty(0)
        self.counts: Rows = np.empty(0, np.intp)
        self.afters = empty_stretches((0, 2))
        self.forms: Real = np.empty((0, memory, 2))
        self._look_sums: Real = np.empty((0, 2, 2))

    def __len__(self) -> int:
        """How many are under way."""
        return len(self.heads)

    def take(self, rows: Rows) -> None:
        """Keep only ``rows``, in this order."""
        if len(rows) < len(self):
            for name, column in vars(self).items():
                setattr(self, name, column[rows])

    def meet(self, found: Confusions, *, frame: int, heads: Rows, motion: MotionBank) -> Rows:
        """Take in a frame's confusions; returns the numbers of heads that meet something new.

        Args:
            found: the confusions.
            frame: the frame's number.
            heads: (T,) the heads' numbers; their motions are the first T.
            motion: the N motions.
        """
        keys = _keys(heads[found.heads], found.rivals)
        rows = rows_of(keys, _keys(self.heads, self.rivals))
        new = np.flatnonzero(rows < 0)
        if new.size:
            order = new[np.argsort(keys[new], kind="stable")]
            new = np.sort(order[np.append(True, keys[order[1:]] != keys[order[:-1]])])
            self._begin(found, new, frame=frame, heads=heads, motion=motion)
            rows = rows_of(keys, _keys(self.heads, self.rivals))
        self.last[rows] = frame
        self.counts[rows] = 0
        self.afters.put(rows, empty_stretches((len(rows), 2)))
        self._look_sums[rows] = 0
        np.add.at(self.frames, rows, 1)
        others = rows_of(found.rivals, motion.numbers)
        way = abs(motion.position[found.heads] - motion.position[others])
        way /= motion.units[found.heads]
        np.add.at(self.distance, rows, np.where(others >= 0, way, 0.0))
        self.is_merged[rows[found.is_merged]] = True
        return heads[found.heads[new]]

    def see(
        self, rows: Rows, motions: Rows, who: int, *, motion: MotionBank, looks: Real, units: Real
    ) -> None:
        """Add where the heads or rivals of ``rows`` (J,) are, and how they look.

        Args:
            rows: the meetings.
            motions: (J,) the motion of each.
            who: the heads or the rivals.
            motion: the N motions.
            looks: (N, 2) how each motion looks.
            units: (J,) the heads' units.
        """
        time_s, places = motion.times_s[0], motion.position[motions] / units
        first = self.afters.number[rows, who] == 0
        self.afters.time_s[rows[first], who] = time_s
        self.afters.place[rows[first], who] = places[first]
        self.afters.add((rows, who), time_s, places)
        self._look_sums[rows, who] += looks[motions]
        if who == HEAD:
            self.counts[rows] += 1

    def looks_after(self, rows: Rows) -> Real:
        """(J, 2, 2) the mean looks of the heads and rivals of ``rows`` since they are apart."""
        number = np.maximum(self.afters.number[rows], 1)
        return np.asarray(self._look_sums[rows] / number[..., None])

    def rivals_of(self, rows: Rows) -> Rows:
        """(J,) in how many meetings the heads of ``rows`` are."""
        heads, sought = np.sort(self.heads), self.heads[rows]
        return heads.searchsorted(sought, side="right") - heads.searchsorted(sought)

    def _begin(
        self, found: Confusions, new: Rows, *, frame: int, heads: Rows, motion: MotionBank
    ) -> None:
        """Add meetings that begin now; what was never seen apart may have been there before."""
        own, rivals = found.heads[new], rows_of(found.rivals[new], motion.numbers)
        was_seen = np.isfinite(motion.trail[own])
        is_new = (rivals >= 0) & ~np.isfinite(motion.trail[rivals, 1:]).any(axis=1)
        oldest = np.where(was_seen, np.arange(TRAIL), 0).max(axis=1)
        both = np.stack([own, rivals], axis=1)
        is_there = np.stack([np.ones(len(new), bool), (rivals >= 0) & ~is_new], axis=1)
        befores, speed = _before(motion, both, is_there)
        count = len(new)
        fresh = {
            "heads": heads[own],
            "rivals": found.rivals[new],
            "kinds": np.full(count, KINDS.index(found.kind)),
            "begun": frame - np.where(is_new, np.minimum(HELD_BEFORE, oldest), 0),
            "last": np.full(count, frame),
            "frames": np.zeros(count, np.intp),
            "is_merged": np.zeros(count, bool),
            "distance": np.zeros(count),
            "looks_before": np.where(is_there[..., None], motion.looks[both], np.nan),
            "speed": speed[:, HEAD],
            "counts": np.zeros(count, np.intp),
            "forms": np.full((count, *self.forms.shape[1:]), np.nan),
            "_look_sums": np.zeros((count, 2, 2)),
        }
        for name, column in fresh.items():
            setattr(self, name, np.concatenate([getattr(self, name), column]))
        self.befores = join_stretches((self.befores, befores))
        self.afters = join_stretches((self.afters, empty_stretches((count, 2))))


def rows_of(sought: Rows, numbers: Rows) -> Rows:
    """The places of ``sought`` (B,) among ``numbers`` (N,), all different; -1 for none."""
    if not numbers.size:
        return np.full(len(sought), -1, np.intp)
    order = np.argsort(numbers)
    at = order[np.minimum(np.searchsorted(numbers, sought, sorter=order), len(numbers) - 1)]
    return np.where(numbers[at] == sought, at, -1)


def _keys(heads: Rows, rivals: Rows) -> Rows:
    """One number for each pair."""
    return heads * MOST_NUMBERS + rivals


def _before(motion: MotionBank, rows: Rows, is_there: Flags) -> tuple[Stretches, Real]:
    """Where motions (B, 2) were seen alone before this frame, or were clicked in it, if there.

    Returns:
        The latest places and all (B, 2, 2), and the speed (B, 2) over the latest.
    """
    times_s = np.zeros(TRAIL)
    times_s[: len(motion.times_s)] = motion.times_s
    places = motion.trail[rows] / motion.units[rows][..., None]
    is_known = np.isfinite(places) & is_there[..., None]
    is_known[..., 0] &= ~is_known[..., 1:].any(axis=-1)
    is_latest = is_known & (is_known.cumsum(axis=-1) <= RECENT)
    befores = stretches(
        times_s,
        np.broadcast_to(places[:, :, None], (*rows.shape, 2, TRAIL)),
        np.stack([is_latest, is_known], axis=2),
    )
    first, last = is_latest.argmax(axis=-1), TRAIL - 1 - is_latest[..., ::-1].argmax(axis=-1)
    is_way = is_latest.sum(axis=-1) > 1
    each = np.indices(rows.shape)
    way = abs(places[*each, first] - places[*each, last])
    took_s = np.where(is_way, times_s[first] - times_s[last], 1.0)
    return befores, np.where(is_way, way / took_s, 0.0)
