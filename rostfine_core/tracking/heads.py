"""The heads that are followed and their neighbours, moved on from frame to frame.

Each head looks through a window of its own, in which its neighbours are followed for it alone: so
its path is the same whoever else was clicked.

Legend: T heads (clicked), N motions (the T heads first, then the distractors), C things in windows.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import DoubtKind, GreyFrame
from rostfine_core.tracking.appearance import Appearance
from rostfine_core.tracking.assignment import assign
from rostfine_core.tracking.centres import Centres
from rostfine_core.tracking.confusions import (
    HIDDEN_NEW,
    Confused,
    find_confused,
    hiding,
    on_one_blob,
)
from rostfine_core.tracking.departures import beyond, have_left
from rostfine_core.tracking.head_measure import FoundHead, find_outlines
from rostfine_core.tracking.head_shape import HeadShape, measure_head
from rostfine_core.tracking.meeting_table import NOTHING, Confusions, rows_of
from rostfine_core.tracking.meetings import Meetings, Moment
from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.sightings import Pairs, Seen, look, pair_up, price, unlike, windows_of
from rostfine_core.tracking.windows import magnification

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Image = NDArray[np.uint8]

WEAKEST_SEEN = 0.05
CROWDED_CLICK = 1.2
CROWDING = 0.2
"""A click this close to another thing (in heads), or with another outline that is so likely to be
meant (as a share), may mean that one."""
APART, SHARED_EVERY = 1.0, 5
"""How far apart (in heads) two heads on one blob must have been, and after how many frames such
pairs are looked for again."""
UNSEEN_HEAD, UNSEEN_DISTRACTOR, UNSEEN_IF_GONE = 14.0, 6.0, 4.0
"""Cost of believing that a head, a distractor, or a head that may have left, is not seen at all."""
PULL = 0.2
"""Share of the way from its prediction to the blob that hides it which a hidden head is moved."""
CROWDED = 1.6
"""A template is not renewed while another blob is closer than this (in heads)."""
GOOD_SCORE = 0.5
"""Correlation from which a look is good enough to learn from: a change of focus costs half."""
DISTRACTOR_MISSES, HIDDEN_MISSES = 4, 15
"""Frames after which a distractor that is not seen, or that is hidden, is forgotten."""
USUAL_MEMORY, FIRST_SCORE = 0.05, 0.9


class HeadState(NamedTuple):
    """One head: its middle, its last correlation, and for how long it was not seen.

    ``is_measured`` says that the head has an outline, whose middle it is.
    """

    place: complex
    is_measured: bool
    score: float
    unseen_s: float
    is_lost: bool


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
        self._clicks = np.empty((0, 2))

    @property
    def positions(self) -> Complex:
        """(T,) where the templates of the heads lie."""
        return self._motion.position[: len(self.ids)]

    @property
    def middles(self) -> Complex:
        """(T,) middles of the heads."""
        return np.asarray(self.positions + self._centres.lead)

    def add(self, frame: GreyFrame, clicks: Sequence[complex]) -> list[int]:
        """Follow the heads under clicks (B,); returns their ids."""
        found = find_outlines(frame.instant, clicks)
        outlines = [head.outline if head else None for head in found]
        whole = found if frame.one_field is None else find_outlines(frame.image, clicks)
        shapes = [
            _shape_of(frame.image, click, head) for click, head in zip(clicks, whole, strict=True)
        ]
        places = np.array([complex(shape.x_px, shape.y_px) for shape in shapes])
        # Looked at more coarsely, the parts of a mixed head would even out to its surroundings.
        head_size, size = self._settings.head_size, self._settings.template_size
        scales = np.array([magnification(s.detail_px, head_size=head_size) for s in shapes])
        windows = windows_of(frame.image, places, scales, size=size + 2)
        rows, offsets = np.arange(len(places)), (places - windows.centres) / scales
        self._appearance.add(windows.patches(rows, offsets, size=size))
        self._centres.add(outlines, frame.instant, places)
        born = self._born + 1 + rows
        self._born += len(rows)
        self._promote(places, born, scales.astype(float))
        fresh = {
            "ids": born,
            "diameters": np.array([shape.diameter_px for shape in shapes]),
            "scores": np.ones(len(rows)),
            "unseen_s": np.zeros(len(rows)),
            "is_lost": np.zeros(len(rows), bool),
            "has_left": np.zeros(len(rows), bool),
            "_scales": scales,
            "_usual_scores": np.full(len(rows), FIRST_SCORE),
            "_clicks": np.array([(h.crowding, h.off) if h else (0.0, 0.0) for h in found]),
        }
        for name, values in fresh.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))
        return born.tolist()

    def states(self) -> dict[int, HeadState]:
        """The state of every head by its id."""
        is_measured = self._centres.is_measured
        columns = (self.middles, is_measured, self.scores, self.unseen_s, self.is_lost)
        states = map(HeadState, *(column.tolist() for column in columns))
        return dict(zip(self.ids.tolist(), states, strict=True))

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
            "_usual_scores", "_clicks",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[keep])

    def survey(self, frame: GreyFrame) -> None:
        """Meet the neighbours of all heads without moving on: those not known yet are added."""
        self._frame = frame.index
        if len(self.ids):
            seen = self._look(frame.image, self.positions)
            pairs = self._pairs(seen, self._motion.position)
            units = self._scales[seen.rows[pairs.things]]
            known = pairs.costs < np.square(HIDDEN_NEW * self._settings.head_size * units)
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
        near = np.flatnonzero(is_near & is_fresh)
        crowded = np.flatnonzero(is_fresh[:count] & (self._clicks[:, 0] > CROWDING))
        if near.size + crowded.size:
            confusions = Confusions(
                heads=np.concatenate([row_of[near], crowded]),
                rivals=np.concatenate([motion.numbers[near], np.full(len(crowded), NOTHING)]),
                is_merged=np.zeros(near.size + crowded.size, bool),
                kind=DoubtKind.CLICK,
            )
            self.meetings.observe(self._moment(np.full((len(motion), 2), np.nan), 0.0), confusions)

    def advance(self, frame: GreyFrame, *, elapsed_s: float) -> None:
        """Find every head in the next frame, ``elapsed_s`` seconds later."""
        count = len(self.ids)
        if not count:
            return
        self._frame = frame.index
        predicted = self._motion.predict(elapsed_s)
        seen = self._look(frame.image, predicted[:count])
        distances = self._pairs(seen, predicted)
        pairs = self._priced(distances, seen)
        unseen = np.full(len(self._motion), UNSEEN_DISTRACTOR)
        may_be_gone = self.is_lost | (
            beyond(predicted[:count], frame.image.shape) > -self.diameters / 2
        )
        unseen[:count] = np.where(may_be_gone, UNSEEN_IF_GONE, UNSEEN_HEAD)
        chosen = assign(pairs.motions, pairs.things, pairs.costs, unassigned=unseen)
        self._confirm(frame.instant, chosen, seen)
        hidden_by = hiding(distances, chosen, self._motion, head_size=self._settings.head_size)
        self._learn(chosen, hidden_by, seen, elapsed_s=elapsed_s)
        self._renew(chosen, seen)
        found = np.flatnonzero(chosen[:count] >= 0)
        self._centres.follow(frame.instant, found, self.positions[found])
        self._count_unseen(chosen[:count] >= 0, frame.image.shape, elapsed_s)
        confused = find_confused(
            pairs, chosen, hidden_by, self._motion, heads=count, absent=UNSEEN_DISTRACTOR
        )
        chosen = self._turn_over(chosen, hidden_by, seen)
        self._judge(chosen, seen, confused, elapsed_s=elapsed_s)
        self._doubt_shared()

    def _turn_over(self, chosen: Rows, hidden_by: Rows, seen: Seen) -> Rows:
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

    def _judge(
        self,
        chosen: Rows,
        seen: Seen,
        confused: Confused | None,
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
        now = self._moment(looks, elapsed_s)
        met = None
        if confused is not None:
            number_of = np.full(len(seen.rows), NOTHING)
            number_of[things] = motion.numbers[is_seen]
            met = _confusions(confused, number_of, motion.numbers)
        for row, other in self.meetings.observe(now, met):
            motion.swap(row, other)

    def _doubt_shared(self) -> None:
        """Doubt two heads that came from apart and stay on one blob, or the one doubted anyway."""
        count = len(self.ids)
        if count < 2 or self._frame % SHARED_EVERY:
            return
        here = np.where(self.unseen_s > 0, complex(np.nan, np.nan), self.middles)
        trail, ids = self._motion.trail, self.ids.tolist()
        pairs = on_one_blob(here, self.diameters)
        numbered = {(ids[one], ids[other]): (one, other) for one, other in pairs}
        stay = [rows for pair, rows in numbered.items() if pair in self._together]
        self._together = set(numbered)
        for one, other in stay:
            apart = abs(trail[one] - trail[other]) > APART * self.diameters[one]
            if apart.any():
                frame = max(self._frame - int(np.flatnonzero(apart)[0]) + 1, 0)
                both = ids[one], ids[other]
                suspects = [h for h in both if self.meetings.is_doubtful(h, self._frame)]
                for head in suspects or both:
                    self.meetings.doubt(head, frame, DoubtKind.SHARED)

    def _moment(self, looks: Real, elapsed_s: float) -> Moment:
        """This frame, in which the motions look like ``looks`` (N, 2), NaN where not seen."""
        motion = self._motion
        is_seen = np.isfinite(looks[:, 0])
        return Moment(
            frame=self._frame,
            elapsed_s=elapsed_s,
            heads=self.ids,
            motion=motion,
            is_seen=is_seen,
            looks=looks,
            forms=self._centres.forms,
            clicks=self._clicks,
        )

    def _promote(self, places: Complex, born: Rows, units: Real) -> None:
        """Give new heads (B,) motions of their own, in the rows from T on."""
        count, last = len(self.ids), len(self._motion)
        self._motion.add(places, owners=born, units=units)
        self._motion.take(np.r_[:count, last : last + len(places), count:last])

    def _look(self, image: Image, centres: Complex) -> Seen:
        """Search the windows around ``centres`` (T,)."""
        return look(
            image, centres, self._scales, appearance=self._appearance, settings=self._settings
        )

    def _confirm(self, image: Image, chosen: Rows, seen: Seen) -> None:
        """Take no head that was out of sight for found again where its outline is not."""
        rows = np.flatnonzero((chosen[: len(self.ids)] >= 0) & (self.unseen_s > 0))
        if rows.size:
            there = self._centres.fits(image, rows, seen.places[chosen[rows]])
            chosen[rows[~there]] = -1

    def _pairs(self, seen: Seen, places: Complex) -> Pairs:
        """What each motion could be, at its squared distance from ``places`` (N,)."""
        row_of = np.searchsorted(self.ids, self._motion.owners)
        return pair_up(seen, places, row_of, heads=len(self.ids))

    def _priced(self, distances: Pairs, seen: Seen) -> Pairs:
        """What each motion could be, at the cost of believing so."""
        settings = self._settings
        looks = unlike(
            seen, usual_scores=self._usual_scores, is_lost=self.is_lost, settings=settings
        )
        return price(
            distances, self._motion, looks, heads=len(self.ids), reach=settings.search_radius
        )

    def _learn(self, chosen: Rows, hidden_by: Rows, seen: Seen, *, elapsed_s: float) -> None:
        """Move every motion on: to what was chosen for it, or by itself where nothing was."""
        count, motion = len(self.ids), self._motion
        heads = np.flatnonzero(chosen[:count] >= 0)
        self.scores[heads] = seen.scores[chosen[heads]]
        self._usual_scores[heads] += USUAL_MEMORY * (self.scores[heads] - self._usual_scores[heads])
        self._appearance.get_used(heads, seen.strengths[chosen[heads]], share=USUAL_MEMORY)
        found = np.flatnonzero(chosen >= 0)
        hidden = np.flatnonzero(hidden_by >= 0)
        established = motion.is_established
        hides = np.zeros(len(seen.rows), bool)
        hides[hidden_by[hidden[established[hidden]]]] = True
        things = chosen[found]
        motion.measure(found, seen.places[things], is_merged=hides[things] & established[found])
        if hidden.size:
            pull = PULL * (seen.places[hidden_by[hidden]] - motion.predicted[hidden])
            motion.coast(hidden, elapsed_s=elapsed_s, towards=motion.predicted[hidden] + pull)
        alone = np.flatnonzero((chosen < 0) & (hidden_by < 0))
        if alone.size:
            motion.coast(alone, elapsed_s=elapsed_s)

    def _renew(self, chosen: Rows, seen: Seen) -> None:
        """Renew the templates of heads that are well seen and stand alone."""
        count, rows = len(self.ids), seen.rows
        heads = np.flatnonzero(chosen[:count] >= 0)
        away = abs(self._motion.position[rows] - seen.places)
        is_other = chosen[rows] != np.arange(len(rows))
        alone = np.ones(count, bool)
        alone[rows[is_other & (away < CROWDED * self.diameters[rows])]] = False
        heads = heads[alone[heads] & (self.scores[heads] > GOOD_SCORE)]
        self._appearance.renew(heads, seen.patches[chosen[heads]], share=self._settings.renewal)

    def _count_unseen(
        self, seen: NDArray[np.bool_], shape: tuple[int, ...], elapsed_s: float
    ) -> None:
        """Call heads lost that were not seen for long, and gone those that left the field."""
        count = len(self.ids)
        self.unseen_s = np.where(seen, 0.0, self.unseen_s + elapsed_s)
        self.has_left = ~seen & have_left(
            self.positions,
            self._motion.anchor[:count],
            shape=shape,
            diameters=self.diameters,
            missed=self._motion.missed[:count],
            unseen_s=self.unseen_s,
        )
        late = self.unseen_s > self._settings.predict_s
        found_again = self.is_lost & seen
        for head in self.ids[found_again].tolist():
            self.meetings.doubt(head, self._frame, DoubtKind.FOUND_AGAIN)
        self.is_lost = ~seen & (self.is_lost | late)

    def _meet(self, seen: Seen, new: NDArray[np.bool_]) -> None:
        """Add distractors for the things marked ``new`` (C,)."""
        if new.any():
            rows = seen.rows[new]
            self._motion.add(
                seen.places[new], owners=self.ids[rows], units=self._scales[rows].astype(float)
            )


def _shape_of(image: Image, click: complex, head: FoundHead | None) -> HeadShape:
    """How the head under a click answers as a blob."""
    if head is None:
        return measure_head(image, x_px=click.real, y_px=click.imag)
    middle = complex(head.outline.middles[0])
    size_px = 2 * math.sqrt(head.outline.half_lengths[0].prod())
    return measure_head(image, x_px=middle.real, y_px=middle.imag, size_px=size_px)


def _confusions(confused: Confused, number_of: Rows, alive: Rows) -> Confusions:
    """The same by the numbers of motions, where those of the things are ``number_of`` (C,)."""
    by_thing = confused.things >= 0
    rivals = np.where(by_thing, number_of[confused.things], confused.rivals)
    is_alive = rows_of(rivals, alive) >= 0
    return Confusions(
        heads=confused.heads[is_alive],
        rivals=rivals[is_alive],
        is_merged=confused.is_merged[is_alive],
    )
