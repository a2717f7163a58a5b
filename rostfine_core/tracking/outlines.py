"""Outlines of heads: ellipses with a middle of their own, and how a fit changes them.

In the frame of an ellipse its outline is the unit circle. A place w there (complex, the long axis
real) lies at ``axis * (long * w.real + 1j * short * w.imag)`` from the centre, which is a sum
p w + q conj(w): turning, stretching and joining such maps takes few operations.

Legend: N ellipses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]

SHORTEST_PX, LONGEST_PX, SLIMMEST = 2.0, 26.0, 2.6
"""Bounds of the half axes, and the longest in shares of the shortest."""
LARGEST_STEP = 0.4
PEAR = 0.9, 0.6
"""A pear-shaped head has its mass off the middle of its length: how far the middle lies from the
ellipse's centre along either axis, in shares of the third wave round the outline."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlines:
    """Ellipses round N heads.

    ``centres`` (N,) in pixels; ``axis`` (N,) the direction of the long half axis, of length 1;
    ``half_lengths`` (N, 2) the long and the short half axis in pixels; ``polarity`` (N,) is 1 where
    the picture gets brighter outwards, -1 where it gets darker; ``pear`` (N,) is the third wave of
    the outline, in half axes.
    """

    centres: Complex
    axis: Complex
    half_lengths: Real
    polarity: Real
    pear: Complex

    @property
    def middles(self) -> Complex:
        """(N,) the middles of the heads, off the ellipses' centres where those are pear-shaped."""
        along, across = self.half_lengths.T * PEAR_SHARES * (self.pear.real, self.pear.imag)
        return np.asarray(self.centres + self.axis * (along + 1j * across))

    @cached_property
    def spread(self) -> tuple[Complex, Complex]:
        """The p and q (N,) by which a place w on the unit circle lies at p w + q conj(w)."""
        long, short = self.half_lengths.T
        return (long + short) / 2 * self.axis, (long - short) / 2 * self.axis

    def take(self, rows: Rows) -> "Outlines":
        """Only these rows, in this order."""
        return Outlines(**{name: getattr(self, name)[rows] for name in COLUMNS})

    def put(self, rows: Rows, other: "Outlines") -> None:
        """Replace ``rows`` by those of another."""
        for name in COLUMNS:
            getattr(self, name)[rows] = getattr(other, name)
        vars(self).pop("spread", None)

    def at(self, centres: Complex) -> "Outlines":
        """The same ellipses elsewhere."""
        return replace(self, centres=centres)

    def turned(self, angle_rad: float) -> "Outlines":
        """The same ellipses turned about their centres."""
        return replace(self, axis=self.axis * np.exp(1j * angle_rad))

    def resized(self, half_lengths: Real) -> "Outlines":
        """The same ellipses with other half axes (N, 2)."""
        return replace(self, half_lengths=half_lengths)

    def distance(self, places: Complex | complex) -> Real:
        """(N,) how far ``places`` (N,) lie from the centres, in radii of the ellipse."""
        away = (places - self.centres) * self.axis.conj()
        return np.hypot(away.real / self.half_lengths[:, 0], away.imag / self.half_lengths[:, 1])

    def stepped(self, waves: Real) -> "Outlines":
        """Moved, stretched and turned by the waves (7, N) that are left round them, in half axes.

        The waves are the mean, and cosine and sine of one, two and three turns.
        """
        waves = np.minimum(np.maximum(waves, -LARGEST_STEP), LARGEST_STEP)
        grow, stretch = 1 + waves[0], waves[3] + 1j * waves[4]
        old, mirrored = self.spread
        p = old * grow + mirrored * stretch.conj()
        q = old * stretch + mirrored * grow
        shift = waves[1] + 1j * waves[2]
        mean, half = abs(p), abs(q)
        # A unit vector half way between two directions, and half the turn from one to the other.
        p_way, q_way = np.arctan2(p.imag, p.real), np.arctan2(q.imag, q.real)
        turn = (q_way - p_way) / 2
        return Outlines(
            centres=self.centres + old * shift + mirrored * shift.conj(),
            axis=np.exp(0.5j * (p_way + q_way)),
            half_lengths=_bounded(mean + half, abs(mean - half)),
            polarity=self.polarity,
            pear=(waves[5] + 1j * waves[6]) * np.exp(-3j * turn),
        )


def circles(centres: Complex, radii: Real, polarity: Real) -> Outlines:
    """Round outlines (N,) to start from."""
    return Outlines(
        centres=centres,
        axis=np.ones(len(centres), complex),
        half_lengths=np.stack([radii, radii], axis=1),
        polarity=polarity,
        pear=np.zeros(len(centres), complex),
    )


def concatenate(parts: Sequence[Outlines]) -> Outlines:
    """All outlines of ``parts``, one after the other."""
    return Outlines(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in COLUMNS})


def _bounded(long: Real, short: Real) -> Real:
    """Half axes (N, 2) within bounds."""
    bounded = np.empty((len(long), 2))
    bounded[:, 0] = long = np.minimum(np.maximum(long, SHORTEST_PX), LONGEST_PX)
    least = np.maximum(SHORTEST_PX, long / SLIMMEST)
    bounded[:, 1] = np.minimum(np.maximum(short, least), LONGEST_PX)
    return bounded


PEAR_SHARES = np.array(PEAR)[:, None]
COLUMNS = tuple(field.name for field in fields(Outlines))
