"""Whether two stretches of a path can be one sperm's: how much worse one curve fits than two.

Legend: K places of a stretch; places are in head units, so that one set of numbers serves all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
SHORTEST_SPAN_S = 1e-6
LEAST_FOR_LINE = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A part of a path: times (K,), places (K,) and the mean look (2,): score, log strength."""

    times_s: Real
    places: Complex
    look: Real

    def latest(self, count: int) -> "Stretch":
        """Its last ``count`` places; the newest come first."""
        return Stretch(times_s=self.times_s[:count], places=self.places[:count], look=self.look)


def bend(before: Stretch, after: Stretch) -> float:
    """By how much the squares grow when one parabola must fit both stretches (Chow 1960)."""
    apart = sum(_misfit(part, degree=_degree(len(part.places))) for part in (before, after))
    joint = _joined(before, after)
    return max(_misfit(joint, degree=_degree(len(joint.places))) - apart, 0.0)


def kink(before: Stretch, after: Stretch) -> tuple[float, float] | None:
    """The same with straight lines, and the mean square about them; None for short stretches.

    A head that yaws strays from its course with every beat: over many beats a line tells more.
    """
    count = len(before.places) + len(after.places)
    if len(before.places) < LEAST_FOR_LINE or len(after.places) < LEAST_FOR_LINE:
        return None
    apart = _misfit(before, degree=1) + _misfit(after, degree=1)
    return max(_misfit(_joined(before, after), degree=1) - apart, 0.0), apart / (count - 4)


def _joined(before: Stretch, after: Stretch) -> Stretch:
    return Stretch(
        times_s=np.concatenate([after.times_s, before.times_s]),
        places=np.concatenate([after.places, before.places]),
        look=before.look,
    )


def _degree(count: int) -> int:
    return 2 if count >= 6 else 1 if count >= 3 else 0


def _misfit(part: Stretch, *, degree: int) -> float:
    """The sum of squared distances from the best polynomial in time, of degree 0 to 2.

    Powers of time are made orthogonal by hand, as a solver's calls cost more than the sums.
    """
    rest = part.places - part.places.mean()
    if degree:
        line = part.times_s - part.times_s.mean()
        line /= max(float(abs(line).max()), SHORTEST_SPAN_S)
        square = line * line
        power = max(float(square.sum()), SHORTEST_SPAN_S)
        rest = rest - (line @ rest / power) * line
        if degree > 1:
            curve = square - square.mean() - float(square @ line) / power * line
            power = max(float(curve @ curve), SHORTEST_SPAN_S)
            rest = rest - (curve @ rest / power) * curve
    return float((rest.real**2 + rest.imag**2).sum())
