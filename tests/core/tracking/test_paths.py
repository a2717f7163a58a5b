"""How well polynomials fit stretches of a path, against numpy's own fit."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.tracking.paths import Stretch, bend, kink


def stretch(times_s: NDArray[np.float64], *, seed: int) -> Stretch:
    """Places that wander, far from the origin of places and of times."""
    steps = np.random.default_rng(seed).normal(0, 1, (2, len(times_s)))
    places = 300 - 200j + np.cumsum(steps[0] + 1j * steps[1])
    return Stretch(times_s=times_s, places=places, look=np.zeros(2))


def squares(*parts: Stretch, degree: int) -> float:
    """The sum of squares about the best polynomial, by numpy."""
    times_s = np.concatenate([part.times_s for part in parts])
    places = np.concatenate([part.places for part in parts])
    line = (times_s - times_s.mean()) / np.ptp(times_s)
    misfits = [
        axis - np.polyval(np.polyfit(line, axis, degree), line)
        for axis in (places.real, places.imag)
    ]
    return float(np.square(misfits).sum())


@pytest.mark.parametrize("gap_s", [0.1, 3.0])
@pytest.mark.parametrize("counts", [(10, 6), (31, 24), (7, 9)])
def test_the_excess_of_one_curve_is_that_of_a_full_fit(
    counts: tuple[int, int], gap_s: float
) -> None:
    before = stretch(600 - np.arange(counts[0]) / 15, seed=1)
    after = stretch(600 + gap_s + np.arange(counts[1]) / 15, seed=2)
    apart = squares(before, degree=2) + squares(after, degree=2)
    assert bend(before, after) == pytest.approx(squares(before, after, degree=2) - apart, rel=1e-6)
    apart = squares(before, degree=1) + squares(after, degree=1)
    found = kink(before, after)
    assert found is not None
    assert found[0] == pytest.approx(squares(before, after, degree=1) - apart, rel=1e-6)
    assert found[1] == pytest.approx(apart / (sum(counts) - 4), rel=1e-6)


def test_times_that_coincide_leave_the_middle_only() -> None:
    still = stretch(np.full(8, 5.0), seed=3)
    spread = float(np.square(abs(still.places - still.places.mean())).sum())
    assert still.sums.misfit(2) == pytest.approx(spread)


def test_short_stretches_have_no_line() -> None:
    assert kink(stretch(np.arange(3.0), seed=1), stretch(np.arange(9.0, 20), seed=2)) is None
