"""The heads that are followed and their neighbours, moved on from frame to frame.

Legend: T heads (clicked), N motions (the T heads first, then the distractors), D detections.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.appearance import Appearance
from rostfine_core.tracking.assignment import FORBIDDEN, assign
from rostfine_core.tracking.centres import Centres
from rostfine_core.tracking.head_measure import find_outline
from rostfine_core.tracking.head_shape import HeadShape, measure_head
from rostfine_core.tracking.motion import MotionBank
from rostfine_core.tracking.outlines import Outlines
from rostfine_core.tracking.search import (
    Candidates,
    Detections,
    Windows,
    find_candidates,
    merge_candidates,
)
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.windows import draw_windows, magnification

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Image = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Values = TypeVar("Values", bound=np.generic)

TAIL = 8.0
"""Degrees of freedom of the motion error: heads jump more often than a Gaussian allows."""
UNSEEN_HEAD, UNSEEN_BYSTANDER, UNSEEN_IF_GONE = 14.0, 6.0, 4.0
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
BYSTANDER_MISSES, HIDDEN_MISSES = 4, 15
"""Frames after which a distractor that is not seen, or that is hidden, is forgotten."""
USUAL_MEMORY, FIRST_SCORE = 0.05, 0.9
SAME_HEAD = 0.5
"""A click this near a head that is followed (in heads) means that head."""


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
class _Views:
    """How T heads see D detections (T, D): where, how alike, in which patch and at what cost."""

    places: Complex
    scores: Real
    strengths: Real
    patches: Rows
    cost: Real


class Heads:
    """All heads under way; rows may be read after each ``advance``.

    Attributes:
        ids: (T,) a number for each head that never changes.
        diameters: (T,) in video pixels.
        scores: (T,) correlation where the head was last seen.
        unseen_s: (T,) seconds since it was seen.
        is_lost: (T,) whether it counts as lost.
    """

    def __init__(self, settings: TrackerSettings) -> None:
        """Start with no head."""
        self._settings = settings
        self._motion = MotionBank()
        self._appearance = Appearance(size=settings.template_size, spread=settings.template_spread)
        self._centres = Centres()
        self._born = 0
        self.ids = np.empty(0, np.intp)
        self.diameters = np.empty(0)
        self.scores = np.empty(0)
        self.unseen_s = np.empty(0)
        self.is_lost = np.empty(0, bool)
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
        """The id of the head under a click: one that is followed already, or a new one."""
        outline = find_outline(image, x_px=x_px, y_px=y_px)
        if outline is None:
            shape = measure_head(image, x_px=x_px, y_px=y_px)
            middle = complex(shape.x_px, shape.y_px)
        else:
            middle = complex(outline.middles[0])
            size_px = 2 * math.sqrt(outline.half_lengths[0].prod())
            shape = measure_head(image, x_px=middle.real, y_px=middle.imag, size_px=size_px)
        if len(self.ids):
            away = np.where(self.is_lost, np.inf, abs(self.middles - middle)) / self.diameters
            row = int(away.argmin())
            if away[row] < SAME_HEAD:
                return int(self.ids[row])
        return self._add(image, shape, outline)

    def _add(self, image: Image, shape: HeadShape, outline: Outlines | None) -> int:
        """Start a head; if a bystander stood there, its motion is known already."""
        place = complex(shape.x_px, shape.y_px)
        # Looked at more coarsely, the parts of a mixed head would even out to its surroundings.
        scale = magnification(shape.detail_px, head_size=self._settings.head_size)
        size = self._settings.template_size
        seen = self._windows(image, np.array([place]), np.array([scale]), size=size + 2)
        rows, offsets = np.zeros(1, np.intp), (place - seen.centres) / scale
        self._appearance.add(seen.patches(rows, offsets, size=size)[0])
        self._promote(place, scale=scale, reach=SAME_HEAD * shape.diameter_px)
        self._centres.add(outline, image, place=place)
        self._born += 1
        self.ids = np.append(self.ids, self._born)
        self.diameters = np.append(self.diameters, shape.diameter_px)
        self.scores = np.append(self.scores, 1.0)
        self.unseen_s = np.append(self.unseen_s, 0.0)
        self.is_lost = np.append(self.is_lost, False)
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
        """Go on without these heads: they become distractors."""
        if not ids:
            return
        is_kept = np.array([number not in ids for number in self.ids.tolist()], bool)
        keep, dropped = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
        distractors = np.arange(len(self.ids), len(self._motion))
        self._motion.take(np.concatenate([keep, dropped, distractors]))
        self._appearance.take(keep)
        self._centres.take(keep)
        for name in (
            "ids", "diameters", "scores", "unseen_s", "is_lost", "_scales", "_usual_scores"
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[keep])

    def survey(self, image: Image) -> None:
        """Meet the neighbours of all heads without moving on: those not known yet are added."""
        if len(self.ids):
            *_, detections = self._look(image, self.positions)
            units = self._scales[detections.viewers]
            away = abs(detections.places[:, None] - self._motion.position[None])
            self._meet(
                detections,
                (away / units[:, None]).min(axis=1) > HIDDEN_NEW * self._head,
            )

    def advance(self, image: Image, *, elapsed_s: float) -> None:
        """Find every head in the next frame, ``elapsed_s`` seconds later."""
        count = len(self.ids)
        if not count:
            return
        predicted = self._motion.predict(elapsed_s)
        windows, candidates, detections = self._look(image, predicted[:count])
        cost = self._motion_cost(detections)
        views, patches = self._compare(windows, candidates, detections, cost[:count])
        unseen = np.full(len(self._motion), UNSEEN_BYSTANDER)
        may_be_gone = self.is_lost | (_beyond(predicted[:count], image.shape) > -self.diameters / 2)
        unseen[:count] = np.where(may_be_gone, UNSEEN_IF_GONE, UNSEEN_HEAD)
        chosen = assign(np.concatenate([views.cost, cost[count:]]), unassigned=unseen)
        self._confirm(image, chosen, views)
        hidden_by = self._hidden_by(chosen, detections)
        self._learn(chosen, hidden_by, detections, views, elapsed_s=elapsed_s)
        self._renew(chosen, detections, views, patches)
        seen = np.flatnonzero(chosen[:count] >= 0)
        self._centres.follow(image, seen, self.positions[seen])
        self._count_unseen(chosen[:count] >= 0, image.shape, elapsed_s)
        free = np.ones(len(detections.places), bool)
        free[chosen[chosen >= 0]] = False
        is_hidden = (hidden_by >= 0) & self._motion.is_established
        patience = np.where(is_hidden, HIDDEN_MISSES, BYSTANDER_MISSES)
        known = self._motion.missed < patience
        known[:count] = True
        if not known.all():
            self._motion.take(np.flatnonzero(known))
        self._meet(detections, free)

    @property
    def _head(self) -> float:
        return self._settings.head_size

    def _promote(self, place: complex, *, scale: int, reach: float) -> None:
        """Give the new head a motion in row T: that of the distractor at ``place`` or a new one."""
        count = len(self.ids)
        away = abs(self._motion.position[count:] - place)
        if away.size and away.min() < reach:
            row = count + int(away.argmin())
            self._motion.move(row, place)
            self._motion.units[row] = scale
        else:
            row = len(self._motion)
            self._motion.add(np.array([place]), units=np.array([scale]))
        rest = np.arange(len(self._motion))
        order = np.concatenate([rest[:count], [row], rest[(rest >= count) & (rest != row)]])
        self._motion.take(order)

    def _windows(
        self, image: Image, centres: Complex, scales: NDArray[np.intp], *, size: int
    ) -> Windows:
        pixels, centres = draw_windows(image, centres=centres, scales=scales, size=size)
        return Windows(pixels=pixels, centres=centres, scales=scales)

    def _look(self, image: Image, centres: Complex) -> tuple[Windows, Candidates, Detections]:
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
        return windows, candidates, merge_candidates(candidates, reach=self.diameters)

    def _confirm(self, image: Image, chosen: Rows, views: _Views) -> None:
        """Take no head that was out of sight for found again where its outline is not."""
        rows = np.flatnonzero((chosen[: len(self.ids)] >= 0) & (self.unseen_s > 0))
        if rows.size:
            there = self._centres.fits(image, rows, views.places[rows, chosen[rows]])
            chosen[rows[~there]] = -1

    def _motion_cost(self, detections: Detections) -> Real:
        """(N, D) how unlikely each detection is as the next place of each motion."""
        motion = self._motion
        way = (motion.predicted[:, None] - detections.places) / motion.units[:, None]
        away2 = np.square(way.real) + np.square(way.imag)
        near = np.nonzero(away2 <= self._settings.search_radius**2)
        spread = motion.spread[near[0]]
        cost = np.full(way.shape, FORBIDDEN)
        cost[near] = (TAIL + 1) / 2 * np.log1p(away2[near] / (TAIL * spread)) + np.log(spread) / 2
        return cost

    def _compare(
        self,
        windows: Windows,
        candidates: Candidates,
        detections: Detections,
        cost: Real,
    ) -> tuple[_Views, Float32]:
        """Look at each detection that a head could be, with that head's own template.

        Returns the views and the patches (C, S, S) that ``_Views.patches`` counts.
        """
        shape = cost.shape
        rows, columns = np.nonzero(cost < FORBIDDEN)
        peak = detections.seen_as[rows, columns]
        offsets = (detections.places[columns] - windows.centres[rows]) / windows.scales[rows]
        offsets[peak >= 0] = candidates.offsets[peak[peak >= 0]]
        patches = windows.patches(rows, offsets, size=self._settings.template_size)
        scores, strengths = self._appearance.compare(rows, patches)
        worse = np.maximum(self._usual_scores[rows] - scores, 0) / SCORE_DEVIATION
        weaker = np.log(np.maximum(strengths, 0.05)) / STRENGTH_DEVIATION
        look = np.minimum(worse**2 / 2, LOOK_CAP) + np.minimum(weaker**2 / 2, STRENGTH_CAP)
        least = np.where(
            self.is_lost[rows], self._settings.min_score_again, self._settings.min_score
        )
        look[scores < least] = FORBIDDEN
        where = (rows, columns)
        views = _Views(
            places=_scatter(windows.in_video(rows, offsets), where, shape),
            scores=_scatter(scores, where, shape),
            strengths=_scatter(strengths, where, shape),
            patches=_scatter(np.arange(rows.size), where, shape),
            cost=cost + _scatter(look, where, shape),
        )
        return views, patches

    def _learn(
        self,
        chosen: Rows,
        hidden_by: Rows,
        detections: Detections,
        views: _Views,
        *,
        elapsed_s: float,
    ) -> None:
        """Move every motion on: to what was chosen for it, or by itself where nothing was."""
        count, motion = len(self.ids), self._motion
        heads = np.flatnonzero(chosen[:count] >= 0)
        self.scores[heads] = views.scores[heads, chosen[heads]]
        self._usual_scores[heads] += USUAL_MEMORY * (self.scores[heads] - self._usual_scores[heads])
        self._appearance.get_used(heads, views.strengths[heads, chosen[heads]], share=USUAL_MEMORY)
        seen = np.flatnonzero(chosen >= 0)
        places = motion.predicted.copy()
        places[seen] = detections.places[chosen[seen]]
        places[heads] = views.places[heads, chosen[heads]]
        hidden = np.flatnonzero(hidden_by >= 0)
        established = motion.is_established
        shared = np.isin(chosen[seen], hidden_by[hidden[established[hidden]]])
        motion.measure(seen, places[seen], is_merged=shared & established[seen])
        if hidden.size:
            pull = PULL * (detections.places[hidden_by[hidden]] - motion.predicted[hidden])
            motion.coast(hidden, elapsed_s=elapsed_s, towards=motion.predicted[hidden] + pull)
        alone = np.flatnonzero((chosen < 0) & (hidden_by < 0))
        if alone.size:
            motion.coast(alone, elapsed_s=elapsed_s)

    def _hidden_by(self, chosen: Rows, detections: Detections) -> Rows:
        """(N,) the detection that hides each motion for which none was chosen, -1 for none."""
        motion = self._motion
        hidden_by = np.full(len(motion), -1)
        unseen = np.flatnonzero(chosen < 0)
        if unseen.size and len(detections.places):
            away = abs(motion.predicted[unseen, None] - detections.places[None])
            reach = np.where(motion.is_established[unseen], HIDDEN, HIDDEN_NEW) * self._head
            is_near = away.min(axis=1) < reach * motion.units[unseen]
            hidden_by[unseen] = np.where(is_near, away.argmin(axis=1), -1)
        return hidden_by

    def _renew(self, chosen: Rows, detections: Detections, views: _Views, patches: Float32) -> None:
        """Renew the templates of heads that are well seen and stand alone."""
        heads = np.flatnonzero(chosen[: len(self.ids)] >= 0)
        away = abs(self.positions[heads, None] - detections.places[None])
        away[np.arange(heads.size), chosen[heads]] = np.inf
        alone = away.min(axis=1, initial=np.inf) > CROWDED * self.diameters[heads]
        heads = heads[alone & (self.scores[heads] > GOOD_SCORE)]
        seen_as = views.patches[heads, chosen[heads]]
        self._appearance.renew(heads, patches[seen_as], share=self._settings.renewal)

    def _count_unseen(
        self, seen: NDArray[np.bool_], shape: tuple[int, ...], elapsed_s: float
    ) -> None:
        """Call heads lost that left the field or were not seen for long."""
        outside = _beyond(self.positions, shape) > self.diameters / 2
        self.unseen_s = np.where(seen, 0.0, self.unseen_s + elapsed_s)
        self.is_lost = ~seen & (self.is_lost | outside | (self.unseen_s > self._settings.predict_s))

    def _meet(self, detections: Detections, new: NDArray[np.bool_]) -> None:
        """Add distractors for the detections marked ``new`` (D,)."""
        if new.any():
            units = self._scales[detections.viewers[new]].astype(float)
            self._motion.add(detections.places[new], units=units)


def _beyond(places: Complex, shape: tuple[int, ...]) -> Real:
    """(T,) how far ``places`` lie outside the frame; inside it is below zero."""
    height, width = shape
    beyond_x = np.maximum(-0.5 - places.real, places.real - width + 0.5)
    beyond_y = np.maximum(-0.5 - places.imag, places.imag - height + 0.5)
    return np.maximum(beyond_x, beyond_y)


def _scatter(
    values: NDArray[Values], where: tuple[Rows, Rows], shape: tuple[int, ...]
) -> NDArray[Values]:
    """A table of ``shape`` that holds ``values`` at ``where`` and zero elsewhere."""
    table = np.zeros(shape, values.dtype)
    table[where] = values
    return table
