"""The heads that are followed and their neighbours, moved on from frame to frame.

Legend: T heads (clicked), N motions (the T heads first, then the bystanders), D detections.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.appearance import Appearance
from rostfine_core.tracking.assignment import FORBIDDEN, assign
from rostfine_core.tracking.head_shape import measure_head
from rostfine_core.tracking.motion import MotionBank
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

TAIL = 8.0
"""Degrees of freedom of the motion error: heads jump more often than a Gaussian allows."""
UNSEEN_HEAD, UNSEEN_BYSTANDER = 14.0, 6.0
"""Cost of believing that a head, or a bystander, is not seen at all."""
SCORE_DEVIATION, LOOK_CAP = 0.12, 8.0
STRENGTH_DEVIATION, STRENGTH_CAP = 0.4, 4.0
HIDDEN = 0.7
"""A head predicted within this share of a head of another's blob is hidden by it."""
CROWDED = 1.6
"""A template is not renewed while another blob is nearer than this many heads."""
GOOD_SCORE = 0.6
BYSTANDER_MISSES = 4
USUAL_MEMORY = 0.05


@dataclass(frozen=True, kw_only=True)
class HeadState:
    """One head: its centre and width, its last correlation, and for how long it was not seen."""

    place: complex
    width_px: float
    score: float
    unseen_s: float
    is_lost: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Views:
    """How T heads see D detections: where, how alike (correlation) and at what cost."""

    places: Complex
    offsets: Complex
    scores: Real
    strengths: Real
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
        self._born = 0
        self.ids = np.empty(0, np.intp)
        self.diameters = np.empty(0)
        self.scores = np.empty(0)
        self.unseen_s = np.empty(0)
        self.is_lost = np.empty(0, bool)
        self._scales = np.empty(0)
        self._usual_scores = np.empty(0)

    @property
    def positions(self) -> Complex:
        """(T,) centres of the heads."""
        return self._motion.position[: len(self.ids)]

    def near(self, place: complex) -> int | None:
        """The id of the head that is seen at ``place``, if there is one."""
        if not len(self.ids):
            return None
        away = np.where(self.is_lost, np.inf, abs(self.positions - place)) / self.diameters
        row = int(away.argmin())
        return int(self.ids[row]) if away[row] < 0.5 else None

    def add(self, image: Image, *, x_px: float, y_px: float) -> int:
        """Start a head at a click; if a bystander stood there, its motion is known already."""
        shape = measure_head(image, x_px=x_px, y_px=y_px)
        place = complex(shape.x_px, shape.y_px)
        scale = magnification(shape.diameter_px, head_size=self._settings.head_size)
        patch = draw_windows(
            image,
            centres=np.array([place]),
            scales=np.array([scale]),
            size=self._settings.template_size,
        )
        self._appearance.add(patch[0])
        self._promote(place, scale=scale, reach=shape.diameter_px / 2)
        self._born += 1
        self.ids = np.append(self.ids, self._born)
        self.diameters = np.append(self.diameters, shape.diameter_px)
        self.scores = np.append(self.scores, 1.0)
        self.unseen_s = np.append(self.unseen_s, 0.0)
        self.is_lost = np.append(self.is_lost, False)
        self._scales = np.append(self._scales, scale)
        self._usual_scores = np.append(self._usual_scores, 0.9)
        return self._born

    def state(self, number: int) -> HeadState:
        """The state of the head with this id."""
        row = int(np.flatnonzero(self.ids == number)[0])
        return HeadState(
            place=complex(self.positions[row]),
            width_px=float(self.diameters[row]),
            score=float(self.scores[row]),
            unseen_s=float(self.unseen_s[row]),
            is_lost=bool(self.is_lost[row]),
        )

    def release(self, ids: set[int]) -> None:
        """Go on without these heads: they become bystanders."""
        if not ids:
            return
        is_kept = np.array([number not in ids for number in self.ids.tolist()], bool)
        keep, dropped = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
        bystanders = np.arange(len(self.ids), len(self._motion))
        self._motion.take(np.concatenate([keep, dropped, bystanders]))
        self._appearance.take(keep)
        for name in (
            "ids", "diameters", "scores", "unseen_s", "is_lost", "_scales", "_usual_scores"
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[keep])

    def survey(self, image: Image) -> None:
        """Meet the neighbours of all heads without moving on: those not known yet are added."""
        if len(self.ids):
            _, _, detections = self._look(image, self.positions)
            units = self._scales[detections.viewers]
            away = abs(detections.places[:, None] - self._motion.position[None])
            self._meet(detections, (away / units[:, None]).min(axis=1) > HIDDEN * self._head)

    def advance(self, image: Image, *, elapsed_s: float) -> None:
        """Find every head in the next frame, ``elapsed_s`` seconds later."""
        count = len(self.ids)
        if not count:
            return
        predicted = self._motion.predict(elapsed_s)
        windows, candidates, detections = self._look(image, predicted[:count])
        cost = self._motion_cost(detections)
        views = self._compare(windows, candidates, detections, cost[:count])
        unseen = np.full(len(self._motion), UNSEEN_BYSTANDER)
        unseen[:count] = UNSEEN_HEAD
        chosen = assign(np.concatenate([views.cost, cost[count:]]), unassigned=unseen)
        self._learn(chosen, detections, views, elapsed_s=elapsed_s)
        self._renew(chosen, windows, detections, views)
        self._count_unseen(chosen[:count] >= 0, image.shape, elapsed_s)
        free = np.ones(len(detections.places), bool)
        free[chosen[chosen >= 0]] = False
        known = self._motion.missed < BYSTANDER_MISSES
        known[:count] = True
        self._motion.take(np.flatnonzero(known))
        self._meet(detections, free)

    @property
    def _head(self) -> float:
        return self._settings.head_size

    def _promote(self, place: complex, *, scale: float, reach: float) -> None:
        """Give the new head a motion in row T: that of the bystander at ``place`` or a new one."""
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

    def _look(self, image: Image, centres: Complex) -> tuple[Windows, Candidates, Detections]:
        """Search the windows around ``centres`` (T,)."""
        settings = self._settings
        windows = Windows(
            pixels=draw_windows(
                image, centres=centres, scales=self._scales, size=settings.window_size
            ),
            centres=centres,
            scales=self._scales,
        )
        candidates = find_candidates(
            windows,
            self._appearance.filters,
            usual=self._appearance.usual_strength,
            min_strength=settings.min_strength,
        ).inside(windows, image.shape)
        return windows, candidates, merge_candidates(candidates, windows, reach=self.diameters)

    def _motion_cost(self, detections: Detections) -> Real:
        """(N, D) how unlikely each detection is as the next place of each motion."""
        motion = self._motion
        away = abs(motion.predicted[:, None] - detections.places[None]) / motion.units[:, None]
        spread = motion.spread[:, None]
        cost = (TAIL + 1) / 2 * np.log1p(away**2 / (TAIL * spread)) + 0.5 * np.log(spread)
        return np.where(away <= self._settings.search_radius, cost, FORBIDDEN)

    def _compare(
        self, windows: Windows, candidates: Candidates, detections: Detections, cost: Real
    ) -> _Views:
        """Look at each detection that a head could be, with that head's own template."""
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
        full = [np.zeros(shape, complex) for _ in range(2)] + [np.zeros(shape) for _ in range(2)]
        for table, values in zip(
            full, (windows.in_video(rows, offsets), offsets, scores, strengths), strict=True
        ):
            table[rows, columns] = values
        cost = cost.copy()
        cost[rows, columns] += look
        return _Views(
            places=full[0], offsets=full[1], scores=full[2].real, strengths=full[3].real, cost=cost
        )

    def _learn(
        self, chosen: Rows, detections: Detections, views: _Views, *, elapsed_s: float
    ) -> None:
        """Move every motion on: to what was chosen for it, or by itself where nothing was.

        A head that is not seen but was expected where another blob is, is hidden by it: it goes
        halfway from its prediction towards the blob.
        """
        count, motion = len(self.ids), self._motion
        heads = np.flatnonzero(chosen[:count] >= 0)
        self.scores[heads] = views.scores[heads, chosen[heads]]
        self._usual_scores[heads] += USUAL_MEMORY * (self.scores[heads] - self._usual_scores[heads])
        self._appearance.get_used(heads, views.strengths[heads, chosen[heads]], share=USUAL_MEMORY)
        seen = np.flatnonzero(chosen >= 0)
        places = motion.predicted.copy()
        places[seen] = detections.places[chosen[seen]]
        places[heads] = views.places[heads, chosen[heads]]
        motion.measure(seen, places[seen])
        hidden_by = self._hidden_by(chosen, detections)
        hidden = np.flatnonzero(hidden_by >= 0)
        if hidden.size:
            towards = 0.5 * (motion.predicted[hidden] + detections.places[hidden_by[hidden]])
            motion.coast(hidden, elapsed_s=elapsed_s, towards=towards)
        motion.coast(np.flatnonzero((chosen < 0) & (hidden_by < 0)), elapsed_s=elapsed_s)

    def _hidden_by(self, chosen: Rows, detections: Detections) -> Rows:
        """(N,) the detection that hides each motion for which none was chosen, -1 for none."""
        motion = self._motion
        hidden_by = np.full(len(motion), -1)
        unseen = np.flatnonzero(chosen < 0)
        if unseen.size and len(detections.places):
            away = abs(motion.predicted[unseen, None] - detections.places[None])
            is_near = away.min(axis=1) < HIDDEN * self._head * motion.units[unseen]
            hidden_by[unseen] = np.where(is_near, away.argmin(axis=1), -1)
        return hidden_by

    def _renew(self, chosen: Rows, windows: Windows, detections: Detections, views: _Views) -> None:
        """Renew the templates of heads that are well seen and stand alone."""
        heads = np.flatnonzero(chosen[: len(self.ids)] >= 0)
        away = abs(self.positions[heads, None] - detections.places[None])
        away[np.arange(heads.size), chosen[heads]] = np.inf
        alone = away.min(axis=1, initial=np.inf) > CROWDED * self.diameters[heads]
        heads = heads[alone & (self.scores[heads] > GOOD_SCORE)]
        patches = windows.patches(
            heads, views.offsets[heads, chosen[heads]], size=self._settings.template_size
        )
        self._appearance.renew(heads, patches, share=self._settings.renewal)

    def _count_unseen(
        self, seen: NDArray[np.bool_], shape: tuple[int, ...], elapsed_s: float
    ) -> None:
        """Call heads lost that left the field or were not seen for long."""
        height, width = shape
        place = self.positions
        beyond_x = np.maximum(-0.5 - place.real, place.real - width + 0.5)
        beyond_y = np.maximum(-0.5 - place.imag, place.imag - height + 0.5)
        outside = np.maximum(beyond_x, beyond_y) > self.diameters / 2
        self.unseen_s = np.where(seen, 0.0, self.unseen_s + elapsed_s)
        self.is_lost = ~seen & (self.is_lost | outside | (self.unseen_s > self._settings.predict_s))

    def _meet(self, detections: Detections, new: NDArray[np.bool_]) -> None:
        """Add bystanders for the detections marked ``new`` (D,)."""
        if new.any():
            self._motion.add(detections.places[new], units=self._scales[detections.viewers[new]])
