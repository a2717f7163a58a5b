"""Whether two stretches of a path can be one sperm's: how much worse one curve fits than two.

Stretches are kept as sums, to which places are added as they come and which can be joined without
the places: all that the misfit of a polynomial depends on. Everything here is done for many at
once, each as if it were alone.

Legend: M any shape of stretches, K places of each; places are in head units, so that one set of
numbers serves all.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Flags = NDArray[np.bool_]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Pairing = list[int] | list[list[int]]
Index = Rows | tuple[Rows | Pairing | slice | int, ...]
FLAT = 1e-9
"""Share of itself below which a difference of sums is nothing but rounding."""
LEAST_FOR_LINE = 4
LEAST_FOR_BEND = 6
"""Places, from which on a parabola is fitted and not a line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Excess:
    """How much worse one curve fits two stretches (M,) than a curve for each.

    Attributes:
        bend: by how much the squares grow when one parabola must fit both.
        kink: the same with straight lines, NaN for short stretches: a head that yaws strays from
            its course with every beat, and over many beats a line tells more.
        about_lines: the mean square about the two lines.
    """

    bend: Real
    kink: Real
    about_lines: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretches:
    """Sums over the places z and times t of stretches, seen from an origin of their own each.

    Attributes:
        time_s: (M,) the origin in time.
        place: (M,) the origin in place.
        times: (M, 5) sums of the powers 0 to 4 of t; the first is the number of places.
        places: (M, 3) sums of z, t z and t**2 z.
        extent: (M,) sums of abs(z)**2.
    """

    time_s: Real
    place: Complex
    times: Real
    places: Complex
    extent: Real

    @property
    def number(self) -> Real:
        """(M,) how many places each has."""
        return self.times[..., 0]

    def __getitem__(self, rows: Index) -> "Stretches":
        """Some of the stretches."""
        return Stretches(**{name: getattr(self, name)[rows] for name in COLUMNS})

    def put(self, rows: Index, other: "Stretches") -> None:
        """Replace the stretches ``rows``."""
        for name in COLUMNS:
            getattr(self, name)[rows] = getattr(other, name)

    def add(self, rows: Index, time_s: float, places: Complex) -> None:
        """Add one place to each of the stretches ``rows``."""
        later, away = time_s - self.time_s[rows], places - self.place[rows]
        powers = _powers(later)
        self.times[rows] += powers
        self.places[rows] += powers[..., :3] * away[..., None]
        self.extent[rows] += _square(away)

    def joined(self, other: "Stretches") -> "Stretches":
        """The sums over the places of both, seen from the origins of these."""
        n, t, t2, t3, t4 = np.moveaxis(other.times, -1, 0)
        z, tz, t2z = np.moveaxis(other.places, -1, 0)
        later, away = other.time_s - self.time_s, other.place - self.place
        later2 = later * later
        times, places = self.times.copy(), self.places.copy()
        seen_t, seen_t2 = t + n * later, t2 + 2 * later * t + n * later2
        times[..., 0] += n
        times[..., 1] += seen_t
        times[..., 2] += seen_t2
        times[..., 3] += t3 + 3 * later * t2 + 3 * later2 * t + n * later * later2
        times[..., 4] += (
            t4 + 4 * later * t3 + 6 * later2 * t2 + 4 * later * later2 * t + n * later2 * later2
        )
        places[..., 0] += z + n * away
        places[..., 1] += tz + later * z + away * seen_t
        places[..., 2] += t2z + 2 * later * tz + later2 * z + away * seen_t2
        return Stretches(
            time_s=self.time_s,
            place=self.place,
            times=times,
            places=places,
            extent=self.extent + other.extent + 2 * (away.conj() * z).real + n * _square(away),
        )

    def misfits(self) -> tuple[Real, Real]:
        """(M,) sums of squared distances from the best lines in time, and from the best curves.

        A curve is a polynomial of as high a degree, up to 2, as so many places bear.
        """
        _, t, t2, t3, t4 = np.moveaxis(self.times, -1, 0)
        z, tz, t2z = np.moveaxis(self.places, -1, 0)
        number = np.maximum(self.number, 1)
        # About the middle of the places and times, where the first sums are 0.
        mean, place = t / number, z / number
        mean2 = mean * mean
        squares = t2 - mean * t
        cubes = t3 - 3 * mean * t2 + 2 * mean2 * t
        fourths = t4 - 4 * mean * t3 + 6 * mean2 * t2 - 3 * mean2 * mean * t
        along = tz - mean * z
        across = t2z - 2 * mean * tz + mean2 * z - place * squares
        extent = self.extent - _square(z) / number
        has_time = squares > 0
        squares = np.where(has_time, squares, 1.0)
        by_line = np.where(has_time, _square(along) / squares, 0.0)
        slant = cubes / squares
        power = fourths - np.square(squares) / number - slant * cubes
        is_bent = (number >= LEAST_FOR_BEND) & has_time & (power > FLAT * fourths)
        by_bend = _square(across - slant * along) / np.where(is_bent, power, 1.0)
        by_curve = np.where(number >= 3, by_line, 0.0) + np.where(is_bent, by_bend, 0.0)
        return np.maximum(extent - by_line, 0.0), np.maximum(extent - by_curve, 0.0)


def stretches(times_s: Real, places: Complex, is_known: Flags) -> Stretches:
    """Stretches (M,) through those of ``places`` (M, K) at ``times_s`` (K,) that are known (M, K).

    K is always the same in a program: what is summed is rounded by it.
    """
    first = is_known.argmax(axis=-1)[..., None]
    time_s = times_s[first][..., 0]
    place = np.take_along_axis(np.where(is_known, places, 0), first, axis=-1)[..., 0]
    later = np.where(is_known, times_s - time_s[..., None], 0.0)
    away = np.where(is_known, places - place[..., None], 0)
    powers = _powers(later) * is_known[..., None]
    return Stretches(
        time_s=time_s,
        place=place,
        times=powers.sum(axis=-2),
        places=(powers[..., :3] * away[..., None]).sum(axis=-2),
        extent=_square(away).sum(axis=-1),
    )


def empty_stretches(shape: tuple[int, ...]) -> Stretches:
    """Stretches of a shape without places."""
    return Stretches(
        time_s=np.zeros(shape),
        place=np.zeros(shape, complex),
        times=np.zeros((*shape, 5)),
        places=np.zeros((*shape, 3), complex),
        extent=np.zeros(shape),
    )


def join_stretches(parts: tuple[Stretches, ...]) -> Stretches:
    """All stretches of ``parts``, one after the other."""
    return Stretches(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in COLUMNS})


def compare_paths(befores: Stretches, afters: Stretches, *, of: Pairing, to: Pairing) -> Excess:
    """What one line, and one curve, through both of two stretches costs (Chow 1960).

    Args:
        befores: (M, ...) stretches.
        afters: (M, ...) later ones.
        of: which of each row's ``befores`` are held against
        to: which of its ``afters``.
    """
    before, after = befores[:, of], afters[:, to]
    joint_lines, joint_curves = before.joined(after).misfits()
    lines, curves = (
        one[:, of] + other[:, to]
        for one, other in zip(befores.misfits(), afters.misfits(), strict=True)
    )
    is_long = np.minimum(before.number, after.number) >= LEAST_FOR_LINE
    freedom = np.maximum(before.number + after.number - 4, 1)
    return Excess(
        bend=np.maximum(joint_curves - curves, 0.0),
        kink=np.where(is_long, np.maximum(joint_lines - lines, 0.0), np.nan),
        about_lines=np.where(is_long, lines / freedom, np.nan),
    )


def _powers(later: Real) -> Real:
    """The powers 0 to 4 of (...,), last."""
    powers = np.empty((*later.shape, 5))
    powers[..., 0] = 1
    powers[..., 1] = later
    square = np.multiply(later, later, out=powers[..., 2])
    np.multiply(square, later, out=powers[..., 3])
    np.multiply(square, square, out=powers[..., 4])
    return powers


def _square(away: Complex) -> Real:
    return np.square(away.real) + np.square(away.imag)


COLUMNS = tuple(field.name for field in fields(Stretches))
