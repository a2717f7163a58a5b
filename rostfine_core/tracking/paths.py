"""Whether two stretches of a path can be one sperm's: how much worse one curve fits than two.

Legend: K places of a stretch; places are in head units, so that one set of numbers serves all.
"""

from dataclasses import dataclass
from functools import cached_property
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
FLAT = 1e-9
"""Share of itself below which a difference of sums is nothing but rounding."""
LEAST_FOR_LINE = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A part of a path: times (K,), places (K,) and the mean look (2,): score, log strength."""

    times_s: Real
    places: Complex
    look: Real

    def latest(self, count: int) -> "Stretch":
        """Its last ``count`` places; the newest come first."""
        if len(self.times_s) <= count:
            return self
        return Stretch(times_s=self.times_s[:count], places=self.places[:count], look=self.look)

    @cached_property
    def sums(self) -> "Sums":
        """All that a polynomial's misfit depends on."""
        count = len(self.times_s)
        time_s = float(np.add.reduce(self.times_s)) / count  # numpy's mean takes thrice as long
        place = complex(np.add.reduce(self.places)) / count
        line, rest = self.times_s - time_s, self.places - place
        square = line * line
        return Sums(
            number=count,
            time_s=time_s,
            place=place,
            squares=float(line @ line),
            cubes=float(square @ line),
            fourths=float(square @ square),
            along=complex(line @ rest),
            across=complex(square @ rest),
            extent=float(np.vdot(rest, rest).real),
        )


class Sums(NamedTuple):
    """Sums over places and times about their means, which can be joined without the places.

    Attributes:
        number: how many places.
        time_s: mean time t.
        place: mean place z.
        squares: sum of t**2; ``cubes`` and ``fourths`` likewise.
        cubes: see there.
        fourths: see there.
        along: sum of t z.
        across: sum of t**2 z.
        extent: sum of abs(z)**2.
    """

    number: int
    time_s: float
    place: complex
    squares: float
    cubes: float
    fourths: float
    along: complex
    across: complex
    extent: float

    def joined(self, other: "Sums") -> "Sums":
        """The sums over the places of both."""
        count = self.number + other.number
        time_s = (self.number * self.time_s + other.number * other.time_s) / count
        place = (self.number * self.place + other.number * other.place) / count
        one, two = self._about(time_s, place), other._about(time_s, place)
        return Sums(count, time_s, place, *map(add, one, two))

    def _about(
        self, time_s: float, place: complex
    ) -> tuple[float, float, float, complex, complex, float]:
        """The sums about another time and place, in order."""
        later, away, count = self.time_s - time_s, self.place - place, self.number
        return (
            self.squares + count * later**2,
            self.cubes + 3 * later * self.squares + count * later**3,
            self.fourths + 4 * later * self.cubes + 6 * later**2 * self.squares + count * later**4,
            self.along + count * later * away,
            self.across + away * self.squares + 2 * later * self.along + count * later**2 * away,
            self.extent + count * abs(away) ** 2,
        )

    def misfit(self, degree: int) -> float:
        """The sum of squared distances from the best polynomial in time, of degree 0 to 2."""
        if not degree or not self.squares:
            return self.extent
        slant = self.cubes / self.squares
        left = self.extent - abs(self.along) ** 2 / self.squares
        power = self.fourths - self.squares**2 / self.number - slant * self.cubes
        if degree > 1 and power > FLAT * self.fourths:
            left -= abs(self.across - slant * self.along) ** 2 / power
        return max(left, 0.0)


def bend(before: Stretch, after: Stretch) -> float:
    """By how much the squares grow when one parabola must fit both stretches (Chow 1960)."""
    joint = before.sums.joined(after.sums)
    excess = _least(joint) - _least(before.sums) - _least(after.sums)
    return max(excess, 0.0)


def kink(before: Stretch, after: Stretch) -> tuple[float, float] | None:
    """The same with straight lines, and the mean square about them; None for short stretches.

    A head that yaws strays from its course with every beat: over many beats a line tells more.
    """
    if len(before.places) < LEAST_FOR_LINE or len(after.places) < LEAST_FOR_LINE:
        return None
    joint = before.sums.joined(after.sums)
    apart = before.sums.misfit(1) + after.sums.misfit(1)
    return max(joint.misfit(1) - apart, 0.0), apart / (joint.number - 4)


def _least(sums: Sums) -> float:
    """The misfit of as high a degree as so many places bear."""
    return sums.misfit(2 if sums.number >= 6 else 1 if sums.number >= 3 else 0)
