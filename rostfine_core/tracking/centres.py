"""Where the heads' centres are in each frame: outlines that are carried along and fitted anew.

The template that finds a head says roughly where it is, at the coarse magnification of the search.
From there the outline of the frame before is drawn to the edges of this frame, at the video's own.
Where that fails (blur, a crossing), the centre keeps its usual lead on the template's place.

Legend: T heads.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.outlines import SHORTEST_PX, Outlines, circles, concatenate
from rostfine_core.tracking.rays import Rays

Complex = NDArray[np.complex128]
Image = NDArray[np.uint8]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]

REACHES = (0.3, 0.15)
LEAST_STRENGTH = 0.4
"""Share of the usual strength below which an outline is blurred or belongs to something else."""
FURTHEST, RESIZED = 0.6, 1.35
"""The largest shift (in half widths) and change of size (as a factor) from what was expected with
which a fitted outline is still believed."""
FORMLESS = 1.15
"""A head whose half width is within this factor of the least cannot be drawn smaller."""
MEMORY = 0.1
"""Share by which each frame updates the usual size and strength."""
_RAYS = Rays(32)


class Centres:
    """The outlines of T heads, one row each; heads that were not measured keep a polarity of 0.

    Attributes:
        forms: (T, 2) by how much each outline was larger and longer than usual in the latest frame,
            as logarithms, believed or not; NaN where none was drawn.
    """

    def __init__(self) -> None:
        """Start with no head."""
        self._outlines = circles(np.empty(0, complex), np.empty(0), np.empty(0))
        self._half_lengths: Real = np.empty((0, 2))
        self._strength: Real = np.empty(0)
        self._lead: Complex = np.empty(0, complex)
        self.forms: Real = np.empty((0, 2))

    @property
    def lead(self) -> Complex:
        """(T,) how far each head's middle lies from where its template is found."""
        return self._lead

    @property
    def is_measured(self) -> NDArray[np.bool_]:
        """(T,) whether each head has an outline."""
        return np.asarray(self._outlines.polarity != 0)

    def add(self, outlines: Sequence[Outlines | None], image: Image, places: Complex) -> None:
        """Append heads (B,), each with its outline (one row), if it has any.

        Their templates are cut around ``places`` (B,).
        """
        unknown = circles(places, np.ones(len(places)), np.zeros(len(places)))
        new = concatenate(
            [outline or unknown.take(np.array([row])) for row, outline in enumerate(outlines)]
        )
        self._outlines = concatenate([self._outlines, new])
        self._half_lengths = np.concatenate([self._half_lengths, new.half_lengths])
        self._strength = np.append(self._strength, _RAYS.strength(image, new))
        self._lead = np.append(self._lead, new.middles - places)
        self.forms = np.concatenate([self.forms, np.full((len(places), 2), np.nan)])

    def take(self, rows: Rows) -> None:
        """Keep only ``rows``, in this order."""
        self._outlines = self._outlines.take(rows)
        self._half_lengths, self._strength = self._half_lengths[rows], self._strength[rows]
        self._lead, self.forms = self._lead[rows], self.forms[rows]

    def turn(self, angle_rad: float) -> None:
        """Expect all heads turned by an angle, in a frame that is far from the last one."""
        self._outlines = self._outlines.turned(angle_rad)

    def fits(self, image: Image, heads: Rows, places: Complex) -> NDArray[np.bool_]:
        """(M,) whether ``heads`` (M,) have their outlines around ``places`` (M,), if ever any."""
        fits = ~self.is_measured[heads]
        measured = np.flatnonzero(self.is_measured[heads])
        if measured.size:
            fits[measured] = self._fit(image, heads[measured], places[measured])[2]
        return fits

    def follow(self, image: Image, heads: Rows, places: Complex) -> None:
        """Measure ``heads`` (M,) anew, whose templates were found at ``places`` (M,)."""
        self.forms[:] = np.nan
        measured = self.is_measured[heads]
        rows, places = heads[measured], places[measured]
        if not rows.size:
            return
        fitted, strength, good = self._fit(image, rows, places)
        change = np.log(fitted.half_lengths / self._half_lengths[rows])
        self.forms[rows] = np.stack([change.mean(axis=1), change[:, 0] - change[:, 1]], axis=1)
        self.forms[rows[self._half_lengths[rows, 1] < FORMLESS * SHORTEST_PX]] = np.nan
        rows, fitted = rows[good], fitted.take(np.flatnonzero(good))
        self._half_lengths[rows] += MEMORY * (fitted.half_lengths - self._half_lengths[rows])
        self._strength[rows] += MEMORY * (strength[good] - self._strength[rows])
        self._outlines.put(rows, fitted.resized(self._half_lengths[rows]))
        self._lead[rows] = fitted.middles - places[good]

    def _fit(
        self, image: Image, rows: Rows, places: Complex
    ) -> tuple[Outlines, Real, NDArray[np.bool_]]:
        """The outlines of ``rows`` around ``places``, their strength, and which to believe."""
        old, sought = self._outlines.take(rows), places + self._lead[rows]
        fitted = _RAYS.fit(image, old.at(sought - (old.middles - old.centres)), reaches=REACHES)
        strength, usual = _RAYS.strength(image, fitted), self._half_lengths[rows]
        resized = np.maximum(fitted.half_lengths / usual, usual / fitted.half_lengths).max(axis=1)
        good = (strength > LEAST_STRENGTH * self._strength[rows]) & (resized < RESIZED)
        good &= abs(fitted.middles - sought) < FURTHEST * usual[:, 1]
        return fitted, strength, good
