"""How well polynomials fit stretches of a path, against numpy's own fit."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.tracking.paths import Stretches, compare_paths, empty_stretches, stretches

Path = tuple[NDArray[np.float64], NDArray[np.complex128]]
"""Times and places."""


def path(times_s: NDArray[np.float64], *, seed: int) -> Path:
    """Places that wander, far from the origin of places and of times."""
    steps = np.random.default_rng(seed).normal(0, 1, (2, len(times_s)))
    return times_s, 300 - 200j + np.cumsum(steps[0] + 1j * steps[1])


def summed(one: Path) -> Stretches:
    """The path as a stretch."""
    return stretches(one[0], one[1][None, None], np.ones((1, 1, len(one[0])), bool))


def squares(*parts: Path, degree: int) -> float:
    """The sum of squares about the best polynomial, by numpy."""
    times_s, places = (np.concatenate(column) for column in zip(*parts, strict=True))
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
    before = path(600 - np.arange(counts[0]) / 15, seed=1)
    after = path(600 + gap_s + np.arange(counts[1]) / 15, seed=2)
    found = compare_paths(summed(before), summed(after), of=[0], to=[0])
    apart = squares(before, degree=2) + squares(after, degree=2)
    assert found.bend[0] == pytest.approx(squares(before, after, degree=2) - apart, rel=1e-6)
    apart = squares(before, degree=1) + squares(after, degree=1)
    assert found.kink[0] == pytest.approx(squares(before, after, degree=1) - apart, rel=1e-6)
    assert found.about_lines[0] == pytest.approx(apart / (sum(counts) - 4), rel=1e-6)


def test_places_added_one_by_one_are_those_given_at_once() -> None:
    times_s, places = path(600 + np.arange(9) / 15, seed=4)
    grown = empty_stretches((1, 1))
    grown.time_s[:], grown.place[:] = times_s[0], places[0]
    for time_s, place in zip(times_s, places, strict=True):
        grown.add((np.array([0]), 0), float(time_s), np.array([place]))
    for found, expected in zip(grown.misfits(), summed((times_s, places)).misfits(), strict=True):
        assert found == pytest.approx(expected)


def test_times_that_coincide_leave_the_middle_only() -> None:
    times_s, places = path(np.full(8, 5.0), seed=3)
    spread = float(np.square(abs(places - places.mean())).sum())
    for misfit in summed((times_s, places)).misfits():
        assert misfit[0] == pytest.approx(spread)


def test_short_stretches_have_no_line() -> None:
    short, long = path(np.arange(3.0), seed=1), path(np.arange(9.0, 20), seed=2)
    assert np.isnan(compare_paths(summed(short), summed(long), of=[0], to=[0]).kink[0])
