"""The heads that are followed and their neighbours, moved on from frame to frame.

Each head looks through a window of its own, in which its neighbours are followed for it alone: so
its path is the same whoever else was clicked.

Legend: T heads (clicked), N motions (the T heads first, then the distractors), C things in windows.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import DoubtKind
from rostfine_core.tracking.appearance import Appearance
from rostfine_core.tracking.assignment import assign
from rostfine_core.tracking.centres import Centres
from rostfine_core.tracking.head_measure import find_outline
from rostfine_core.tracking.head_shape import measure_head
from rostfine_core.tracking.meetings import Confusion, Meetings, Moment
from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.search import Windows, find_candidates
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.windows import draw_windows, magnification

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Image = NDArray[np.uint8]
Float32 = NDArray[np.float32]

CONFUSING, MARGIN = 6.0, 20.0
"""Cost by which another way of telling the heads apart may be dearer and still be possible, and by
which one head may fare worse in it."""
WEAKEST_SEEN = 0.05
CROWDED_CLICK = 1.2
"""A click with another thing this near (in heads) may mean that one."""
SHARED, APART, SHARED_EVERY = 0.3, 1.0, 5
"""Two heads this near (in heads) are one, which is looked for every few frames; so far apart they
were two."""
OUTSIDE, NEAR_BORDER, LEFT_MISSES, LEFT_S = 0.25, 1.0, 3, 0.1
"""A head that goes outwards unseen has left the picture once it is this far out (in heads), or was
last seen this near the border and is not seen in so many frames, for so long."""
TAIL = 8.0
"""Degrees of freedom of the motion error: heads jump more often than a Gaussian allows."""
UNSEEN_HEAD, UNSEEN_DISTRACTOR, UNSEEN_IF_GONE = 14.0, 6.0, 4.0
"""Cost of believing that a head, a distractor, or a head that may have left, is not seen at all."""
SCORE_DEVIATION, LOOK_CAP = 0.12, 8.0
STRENGTH_DEVIATION, STRENGTH_CAP = 0.4, 4.0
HIDDEN, HIDDEN_NEW = 1.0, 0.7
"""A head, or one hardly known yet, predicted this near a blob is hidden by it (in heads)."""
PULL = 0.2
"""How far a hidden head goes from its prediction towards the blob that hides it."""
CROWDED = 1.6
"""A template is not renewed while another blob is nearer than this many heads."""
GOOD_SCORE = 0.5
"""Correlation from which a look is good enough to learn from: a change of focus costs half."""
DISTRACTOR_MISSES, HIDDEN_MISSES = 4, 15
"""Frames after which a distractor that is not seen, or that is hidden, is forgotten."""
USUAL_MEMORY, FIRST_SCORE = 0.05, 0.9


@dataclass(frozen=True)
class HeadState:
    """One head: its middle, its last correlation, and for how long it was not seen.

    ``is_measured`` says that the head has an outline, whose middle it is.
    """

    place: complex
    is_measured: bool
    score: float
    unseen_s: float
    is_lost: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """The C things in the windows, as the head of each window sees them with its template."""

    rows: Rows
    places: Complex
    scores: Real
    strengths: Real
    patches: Float32


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Which of N motions can be which of C things (P,), and what each costs."""

    motions: Rows
    things: Rows
    costs: Real


@dataclass(frozen=True)
class _Confused:
    """The head in row ``head`` could be what holds ``thing``, or ``rival`` (a number; -1: none)."""

    head: int
    thing: int
    rival: int
    is_merged: bool


class Heads:
    """All heads under way; rows may be read after each ``advance``.

    Attributes:
        ids: (T,) a number for each head that never changes.
        diameters: (T,) in video pixels.
        scores: (T,) correlation where the head was last seen.
        unseen_s: (T,) seconds since it was seen.
        is_lost: (T,) whether it counts as lost.
        has_left: (T,) whether it swam out of the picture.
    """

    def __init__(self, settings: TrackerSettings) -> None:
        """Start with no head."""
        self._settings = settings
        self._motion = MotionBank()
        self._appearance = Appearance(size=settings.template_size, spread=settings.template_spread)
        self._centres = Centres()
        self._born = 0
        self.meetings = Meetings()
        self.ids = np.empty(0, np.intp)
        self.diameters = np.empty(0)
        self.scores = np.empty(0)
        self.unseen_s = np.empty(0)
        self.is_lost = np.empty(0, bool)
        self.has_left = np.empty(0, bool)
        self._frame = 0
        self._together: set[tuple[int, int]] = set()
        self._scales = np.empty(0, np.intp)
        self._usual_scores = np.empty(0)

    @property
    def positions(self) -> Complex:
        """(T,) where the templates of the heads lie."""
        return self._motion.position[: len(self.ids)]

    @property
    def middles(self) -> Complex:
        """(T,) middles of the heads."""
        return np.asarray(self.positions + self._centres.lead)

    def at(self, image: Image, *, x_px: float, y_px: float) -> int:
        """Follow the head under a click; returns its id."""
        outline = find_outline(image, x_px=x_px, y_px=y_px)
        if outline is None:
            shape = measure_head(image, x_px=x_px, y_px=y_px)
        else:
            middle = complex(outline.middles[0])
            size_px = 2 * math.sqrt(outline.half_lengths[0].prod())
            shape = measure_head(image, x_px=middle.real, y_px=middle.imag, size_px=size_px)
        place = complex(shape.x_px, shape.y_px)
        # Looked at more coarsely, the parts of a mixed head would even out to its surroundings.
        scale = magnification(shape.detail_px, head_size=self._settings.head_size)
        size = self._settings.template_size
        seen = self._windows(image, np.array([place]), np.array([scale]), size=size + 2)
        rows, offsets = np.zeros(1, np.intp), (place - seen.centres) / scale
        self._appearance.add(seen.patches(rows, offsets, size=size)[0])
        self._born += 1
        self._promote(place, scale=scale)
        self._centres.add(outline, image, place=place)
        self.ids = np.append(self.ids, self._born)
        self.diameters = np.append(self.diameters, shape.diameter_px)
        self.scores = np.append(self.scores, 1.0)
        self.unseen_s = np.append(self.unseen_s, 0.0)
        self.is_lost = np.append(self.is_lost, False)
        self.has_left = np.append(self.has_left, False)
        self._scales = np.append(self._scales, scale)
        self._usual_scores = np.append(self._usual_scores, FIRST_SCORE)
        return self._born

    def states(self) -> dict[int, HeadState]:
        """The state of every head by its id."""
        columns = (
            self.middles,
            self._centres.is_measured,
            self.scores,
            self.unseen_s,
            self.is_lost,
        )
        rows = zip(self.ids.tolist(), *(column.tolist() for column in columns), strict=True)
        return {number: HeadState(*state) for number, *state in rows}

    def release(self, ids: set[int]) -> None:
        """Go on without these heads and their neighbours."""
        if not ids:
            return
        is_kept = np.array([number not in ids for number in self.ids.tolist()], bool)
        keep = np.flatnonzero(is_kept)
        self._motion.take(np.flatnonzero(~np.isin(self._motion.owners, self.ids[~is_kept])))
        self._appearance.take(keep)
        self._centres.take(keep)
        self.meetings.forget(ids)
        for name in (
            "ids", "diameters", "scores", "unseen_s", "is_lost", "has_left", "_scales",
            "_usual_scores",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[keep])

    def survey(self, image: Image, *, frame: int) -> None:
        """Meet the neighbours of all heads without moving on: those not known yet are added."""
        self._frame = frame
        if len(self.ids):
            seen = self._look(image, self.positions)
            pairs = self._pairs(seen, self._motion.position)
            units = self._scales[seen.rows[pairs.things]]
            known = pairs.costs < np.square(HIDDEN_NEW * self._head * units)
            is_new = np.ones(len(seen.rows), bool)
            is_new[pairs.things[known]] = False
            self._meet(seen, is_new)
            self._doubt_crowded_clicks()

    def _doubt_crowded_clicks(self) -> None:
        """Where two heads are one blob under a click, which of them was meant shows later."""
        motion, count = self._motion, len(self.ids)
        row_of = np.searchsorted(self.ids, motion.owners)
        away = abs(motion.position - motion.position[row_of]) / self.diameters[row_of]
        is_near = (away < CROWDED_CLICK) & (np.arange(len(motion)) >= count)
        is_fresh = np.isnan(motion.looks[:, 0])[row_of]
        confusions = [
            Confusion(int(row_of[row]), int(motion.numbers[row]), is_merged=False)
            for row in np.flatnonzero(is_near & is_fresh)
        ]
        if confusions:
            self.meetings.observe(self._moment(np.full((len(motion), 2), np.nan), 0.0), confusions)

    def advance(self, image: Image, *, frame: int, elapsed_s: float) -> None:
        """Find every head in the next picture, that of ``frame``, ``elapsed_s`` seconds later."""
        count = len(self.ids)
        if not count:
            return
        self._frame = frame
        predicted = self._motion.predict(elapsed_s)
        seen = self._look(image, predicted[:count])
        pairs = self._priced(seen)
        unseen = np.full(len(self._motion), UNSEEN_DISTRACTOR)
        may_be_gone = self.is_lost | (_beyond(predicted[:count], image.shape) > -self.diameters / 2)
        unseen[:count] = np.where(may_be_gone, UNSEEN_IF_GONE, UNSEEN_HEAD)
        chosen = assign(pairs.motions, pairs.things, pairs.costs, unassigned=unseen)
        self._confirm(image, chosen, seen)
        hidden_by = self._hidden_by(chosen, seen)
        self._learn(chosen, hidden_by, seen, elapsed_s=elapsed_s)
        self._renew(chosen, seen)
        found = np.flatnonzero(chosen[:count] >= 0)
        self._centres.follow(image, found, self.positions[found])
        self._count_unseen(chosen[:count] >= 0, image.shape, elapsed_s)
        confused = self._confused(pairs, chosen, hidden_by)
        chosen = self._turn_over(chosen, hidden_by, seen)
        self._judge(chosen, seen, confused, elapsed_s=elapsed_s)
        self._doubt_shared()

    def _turn_over(self, chosen: Rows, hidden_by: Rows, seen: _Seen) -> Rows:
        """Forget distractors that are gone and meet new ones; returns the things of all motions."""
        free = np.ones(len(seen.rows), bool)
        free[chosen[chosen >= 0]] = False
        is_hidden = (hidden_by >= 0) & self._motion.is_established
        patience = np.where(is_hidden, HIDDEN_MISSES, DISTRACTOR_MISSES)
        known = self._motion.missed < patience
        known[: len(self.ids)] = True
        if not known.all():
            self._motion.take(np.flatnonzero(known))
            chosen = chosen[known]
        self._meet(seen, free)
        return np.concatenate([chosen, np.flatnonzero(free)])

    def _confused(self, pairs: _Pairs, chosen: Rows, hidden_by: Rows) -> list[_Confused]:
        """Which heads could be taken for what in this frame."""
        motion, count = self._motion, len(self.ids)
        holder = {thing: row for row, thing in enumerate(chosen.tolist()) if thing >= 0}
        found = [
            _Confused(row, thing, -1, is_merged=True)
            for row, thing in enumerate(hidden_by[:count].tolist())
            if thing in holder
        ]
        hidden = np.flatnonzero((hidden_by >= 0) & motion.is_established)
        for row in hidden[hidden >= count].tolist():
            head = holder.get(int(hidden_by[row]), count)
            if head < count:
                number = int(motion.numbers[row])
                found.append(_Confused(head, -1, number, is_merged=True))
        return found + self._exchangeable(pairs, chosen, holder)

    def _exchangeable(self, pairs: _Pairs, chosen: Rows, holder: dict[int, int]) -> list[_Confused]:
        """Heads that might as well have gone to another thing, its holder going to theirs."""
        count = len(self.ids)
        own = np.full(len(chosen), -np.inf)
        is_own = chosen[pairs.motions] == pairs.things
        own[pairs.motions[is_own]] = pairs.costs[is_own]
        worse = pairs.costs - own[pairs.motions]
        begins = np.searchsorted(pairs.motions, np.arange(len(chosen) + 1)).tolist()
        found = []
        for pair in np.flatnonzero((pairs.motions < count) & ~is_own & (worse < MARGIN)).tolist():
            head, thing = int(pairs.motions[pair]), int(pairs.things[pair])
            difference = float(worse[pair])
            other = holder.get(thing)
            if other is not None:
                others = slice(begins[other], begins[other + 1])  # pairs come by motion
                back = pairs.costs[others][pairs.things[others] == chosen[head]]
                cost = float(back.min(initial=UNSEEN_DISTRACTOR))
                difference += cost - float(own[other])
            if difference < CONFUSING:
                found.append(_Confused(head, thing, -1, is_merged=False))
        return found

    def _judge(
        self,
        chosen: Rows,
        seen: _Seen,
        confused: list[_Confused],
        *,
        elapsed_s: float,
    ) -> None:
        """Let the meetings take in this frame; heads that were exchanged change back."""
        motion = self._motion
        looks = np.full((len(motion), 2), np.nan)
        is_seen = chosen >= 0
        things = chosen[is_seen]
        looks[is_seen, 0] = seen.scores[things]
        looks[is_seen, 1] = np.log(np.maximum(seen.strengths[things], WEAKEST_SEEN))
        alone = np.flatnonzero(is_seen & np.isfinite(motion.trail[:, 0]))
        motion.look_at(alone, looks[alone])
        number_of = dict(zip(chosen.tolist(), motion.numbers.tolist(), strict=True))
        alive = set(motion.numbers.tolist())
        rivals = [
            Confusion(c.head, c.rival if c.thing < 0 else number_of[c.thing], c.is_merged)
            for c in confused
        ]
        now = self._moment(looks, elapsed_s)
        for row, other in self.meetings.observe(now, [c for c in rivals if c.rival in alive]):
            motion.swap(row, other)

    def _doubt_shared(self) -> None:
        """Doubt two heads that came from apart and stay on one blob."""
        count = len(self.ids)
        if count < 2 or self._frame % SHARED_EVERY:
            return
        here = np.where(self.unseen_s > 0, np.nan, self.middles)
        near = abs(here[:, None] - here) < SHARED * self.diameters
        trail = self._motion.trail[:count]
        pairs = {(one, other) for one, other in np.argwhere(np.triu(near, 1)).tolist()}
        numbered = {(int(self.ids[a]), int(self.ids[b])): (a, b) for a, b in pairs}
        stay = [rows for ids, rows in numbered.items() if ids in self._together]
        self._together = set(numbered)
        for one, other in stay:
            apart = abs(trail[one] - trail[other]) > APART * self.diameters[one]
            if apart.any():
                frame = max(self._frame - int(np.flatnonzero(apart)[0]) + 1, 0)
                for row in (one, other):
                    self.meetings.doubt(int(self.ids[row]), frame, DoubtKind.SHARED)

    def _moment(self, looks: Real, elapsed_s: float) -> Moment:
        """This frame, in which the motions look like ``looks`` (N, 2), NaN where not seen."""
        motion, count = self._motion, len(self.ids)
        is_seen = np.isfinite(looks[:, 0])
        away = abs(motion.position[:count] - motion.predicted[:count]) / motion.units[:count]
        return Moment(
            frame=self._frame,
            elapsed_s=elapsed_s,
            heads=self.ids,
            motion=motion,
            is_seen=is_seen,
            looks=looks,
            surprise=np.where(is_seen[:count], away, 0.0),
        )

    @property
    def _head(self) -> float:
        return self._settings.head_size

    def _promote(self, place: complex, *, scale: int) -> None:
        """Give the new head a motion of its own, in row T."""
        count, last = len(self.ids), len(self._motion)
        self._motion.add(
            np.array([place]), owners=np.array([self._born]), units=np.array([float(scale)])
        )
        self._motion.take(np.r_[:count, last, count:last])

    def _windows(
        self, image: Image, centres: Complex, scales: NDArray[np.intp], *, size: int
    ) -> Windows:
        pixels, centres = draw_windows(image, centres=centres, scales=scales, size=size)
        return Windows(pixels=pixels, centres=centres, scales=scales)

    def _look(self, image: Image, centres: Complex) -> _Seen:
        """Search the windows around ``centres`` (T,)."""
        settings = self._settings
        windows = self._windows(image, centres, self._scales, size=settings.window_size)
        candidates = find_candidates(
            windows,
            self._appearance.filters,
            usual=self._appearance.usual_strength,
            min_strength=settings.min_strength,
            frame_shape=image.shape,
        )
        rows = candidates.rows
        patches = windows.patches(rows, candidates.offsets, size=settings.template_size)
        scores, strengths = self._appearance.compare(rows, patches)
        return _Seen(
            rows=rows,
            places=candidates.places,
            scores=scores,
            strengths=strengths,
            patches=patches,
        )

    def _confirm(self, image: Image, chosen: Rows, seen: _Seen) -> None:
        """Take no head that was out of sight for found again where its outline is not."""
        rows = np.flatnonzero((chosen[: len(self.ids)] >= 0) & (self.unseen_s > 0))
        if rows.size:
            there = self._centres.fits(image, rows, seen.places[chosen[rows]])
            chosen[rows[~there]] = -1

    def _pairs(self, seen: _Seen, places: Complex) -> _Pairs:
        """All things in the window of each motion's owner, at the squared distance from ``places``.

        A head's window is its own: what is seen in it does not depend on who else is followed.
        """
        counts = np.bincount(seen.rows, minlength=len(self.ids))
        begins = np.cumsum(counts) - counts
        row_of = np.searchsorted(self.ids, self._motion.owners)
        each = counts[row_of]
        motions = np.repeat(np.arange(len(self._motion)), each)
        things = np.arange(motions.size) - np.repeat(np.cumsum(each) - each - begins[row_of], each)
        way = places[motions] - seen.places[things]
        return _Pairs(
            motions=motions, things=things, costs=np.square(way.real) + np.square(way.imag)
        )

    def _priced(self, seen: _Seen) -> _Pairs:
        """How unlikely each thing is as the next place of each motion (and look of each head)."""
        motion = self._motion
        pairs = self._pairs(seen, motion.predicted)
        away2 = pairs.costs / np.square(motion.units[pairs.motions])
        spread = motion.spread[pairs.motions]
        cost = (TAIL + 1) / 2 * np.log1p(away2 / (TAIL * spread)) + np.log(spread) / 2
        count = len(self.ids)
        looks = self._looks(seen)[pairs.things]
        cost = np.where(pairs.motions < count, cost + looks, cost)
        can_be = (away2 <= self._settings.search_radius**2) & np.isfinite(cost)
        return _Pairs(
            motions=pairs.motions[can_be], things=pairs.things[can_be], costs=cost[can_be]
        )

    def _looks(self, seen: _Seen) -> Real:
        """(C,) how unlike its head each thing looks; infinite where it cannot be the head."""
        rows = seen.rows
        worse = np.maximum(self._usual_scores[rows] - seen.scores, 0) / SCORE_DEVIATION
        weaker = np.log(np.maximum(seen.strengths, 0.05)) / STRENGTH_DEVIATION
        look = np.minimum(worse**2 / 2, LOOK_CAP) + np.minimum(weaker**2 / 2, STRENGTH_CAP)
        settings = self._settings
        least = np.where(self.is_lost[rows], settings.min_score_again, settings.min_score)
        return np.where(seen.scores < least, np.inf, look)

    def _learn(self, chosen: Rows, hidden_by: Rows, seen: _Seen, *, elapsed_s: float) -> None:
        """Move every motion on: to what was chosen for it, or by itself where nothing was."""
        count, motion = len(self.ids), self._motion
        heads = np.flatnonzero(chosen[:count] >= 0)
        self.scores[heads] = seen.scores[chosen[heads]]
        self._usual_scores[heads] += USUAL_MEMORY * (self.scores[heads] - self._usual_scores[heads])
        self._appearance.get_used(heads, seen.strengths[chosen[heads]], share=USUAL_MEMORY)
        found = np.flatnonzero(chosen >= 0)
        hidden = np.flatnonzero(hidden_by >= 0)
        established = motion.is_established
        shared = np.isin(chosen[found], hidden_by[hidden[established[hidden]]])
        motion.measure(found, seen.places[chosen[found]], is_merged=shared & established[found])
        if hidden.size:
            pull = PULL * (seen.places[hidden_by[hidden]] - motion.predicted[hidden])
            motion.coast(hidden, elapsed_s=elapsed_s, towards=motion.predicted[hidden] + pull)
        alone = np.flatnonzero((chosen < 0) & (hidden_by < 0))
        if alone.size:
            motion.coast(alone, elapsed_s=elapsed_s)

    def _hidden_by(self, chosen: Rows, seen: _Seen) -> Rows:
        """(N,) the thing that hides each motion for which none was chosen, -1 for none."""
        motion = self._motion
        hidden_by = np.full(len(motion), -1)
        if (chosen >= 0).all():
            return hidden_by
        pairs = self._pairs(seen, motion.predicted)
        reach = np.where(motion.is_established, HIDDEN, HIDDEN_NEW) * self._head * motion.units
        near = (chosen[pairs.motions] < 0) & (pairs.costs < np.square(reach[pairs.motions]))
        order = np.flatnonzero(near)
        order = order[np.argsort(-pairs.costs[order], kind="stable")]
        hidden_by[pairs.motions[order]] = pairs.things[order]  # the nearest comes last
        return hidden_by

    def _renew(self, chosen: Rows, seen: _Seen) -> None:
        """Renew the templates of heads that are well seen and stand alone."""
        heads = np.flatnonzero(chosen[: len(self.ids)] >= 0)
        pairs = self._pairs(seen, self._motion.position)
        others = (pairs.motions < len(self.ids)) & (chosen[pairs.motions] != pairs.things)
        crowded = pairs.costs < np.square(CROWDED * self.diameters[seen.rows[pairs.things]])
        alone = np.ones(len(self.ids), bool)
        alone[pairs.motions[others & crowded]] = False
        heads = heads[alone[heads] & (self.scores[heads] > GOOD_SCORE)]
        self._appearance.renew(heads, seen.patches[chosen[heads]], share=self._settings.renewal)

    def _count_unseen(
        self, seen: NDArray[np.bool_], shape: tuple[int, ...], elapsed_s: float
    ) -> None:
        """Call heads lost that were not seen for long, and gone those that left the field."""
        count = len(self.ids)
        self.unseen_s = np.where(seen, 0.0, self.unseen_s + elapsed_s)
        now = _beyond(self.positions, shape)
        last = _beyond(self._motion.anchor[:count], shape)
        waited = (self._motion.missed[:count] >= LEFT_MISSES) & (self.unseen_s >= LEFT_S)
        is_out = (now > OUTSIDE * self.diameters) | (
            waited & (last > -NEAR_BORDER * self.diameters)
        )
        self.has_left = ~seen & (now > last) & is_out
        late = self.unseen_s > self._settings.predict_s
        found_again = self.is_lost & seen
        for head in self.ids[found_again].tolist():
            self.meetings.doubt(head, self._frame, DoubtKind.FOUND_AGAIN)
        self.is_lost = ~seen & (self.is_lost | late)

    def _meet(self, seen: _Seen, new: NDArray[np.bool_]) -> None:
        """Add distractors for the things marked ``new`` (C,)."""
        if new.any():
            rows = seen.rows[new]
            self._motion.add(
                seen.places[new], owners=self.ids[rows], units=self._scales[rows].astype(float)
            )


def _beyond(places: Complex, shape: tuple[int, ...]) -> Real:
    """(T,) how far ``places`` lie outside the frame; inside it is below zero."""
    height, width = shape
    beyond_x = np.maximum(-0.5 - places.real, places.real - width + 0.5)
    beyond_y = np.maximum(-0.5 - places.imag, places.imag - height + 0.5)
    return np.maximum(beyond_x, beyond_y)
