"""The bank of predictors on paths that no single predictor can follow."""

import cmath
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostfine_core.tracking.motion import MotionBank

NOT_MERGED = np.array([False])
ROW = np.array([0])


def misses(path: Callable[[int], complex], *, count: int = 60, step_s: float = 0.04) -> list[float]:
    """How far each prediction is from the path."""
    bank = MotionBank()
    bank.add(np.array([path(0)]), owners=ROW, units=np.ones(1))
    result = []
    for frame in range(1, count):
        predicted = complex(bank.predict(step_s)[0])
        result.append(abs(predicted - path(frame)))
        bank.measure(ROW, np.array([path(frame)]), is_merged=NOT_MERGED)
    return result


def straight(frame: int) -> complex:
    return complex(3.0 * frame, 1.0 * frame)


def circle(frame: int) -> complex:
    return 12 * cmath.exp(0.4j * frame)


def zigzag(frame: int) -> complex:
    return complex(2.0 * frame, 4.0 * (frame % 2))


@pytest.mark.parametrize("path", [straight, circle, zigzag])
def test_regular_paths_are_learned(path: Callable[[int], complex]) -> None:
    step = abs(path(1) - path(0))
    assert max(misses(path)[30:]) < 0.25 * step


def test_a_jerking_head_is_expected_where_it_is_on_average() -> None:
    rng = np.random.default_rng(0)
    places = [complex(*rng.normal(0, 2, 2)) for _ in range(200)]
    found = misses(lambda frame: places[frame], count=200)
    still = [abs(a - b) for a, b in pairwise(places)]
    assert np.mean(found[20:]) < 1.1 * np.mean(still)


@settings(max_examples=25)
@given(st.floats(0, 2 * math.pi), st.complex_numbers(max_magnitude=500))
def test_directions_and_places_are_all_alike(angle: float, shift: complex) -> None:
    turned = misses(lambda frame: shift + cmath.exp(1j * angle) * circle(frame))
    assert turned == pytest.approx(misses(circle), abs=1e-3)


def test_real_time_stamps_count() -> None:
    """After a gap of three frame times a steady swimmer has gone three steps."""
    bank = MotionBank()
    bank.add(np.array([0j]), owners=ROW, units=np.ones(1))
    for frame in range(1, 20):
        bank.predict(0.04)
        bank.measure(ROW, np.array([complex(2.0 * frame, 0)]), is_merged=NOT_MERGED)
    assert complex(bank.predict(0.12)[0]) == pytest.approx(38 + 6, abs=0.5)


def test_not_being_seen_widens_the_search_and_seeing_narrows_it() -> None:
    bank = MotionBank()
    bank.add(np.array([0j]), owners=ROW, units=np.ones(1))
    for frame in range(1, 10):
        bank.predict(0.04)
        bank.measure(ROW, np.array([straight(frame)]), is_merged=NOT_MERGED)
    known = float(bank.spread[0])
    for _ in range(3):
        bank.predict(0.04)
        bank.coast(ROW, elapsed_s=0.04)
    assert float(bank.spread[0]) > 2 * known
    bank.predict(0.04)
    bank.measure(ROW, np.array([straight(13)]), is_merged=NOT_MERGED)
    assert bank.missed[0] == 0


def test_the_middle_of_a_merged_blob_does_not_bend_a_steady_path() -> None:
    bank = MotionBank()
    bank.add(np.array([0j]), owners=ROW, units=np.ones(1))
    for frame in range(1, 15):
        bank.predict(0.04)
        bank.measure(ROW, np.array([straight(frame)]), is_merged=NOT_MERGED)
    for frame in range(15, 20):
        bank.predict(0.04)
        off = straight(frame) + complex(-1, 3)
        bank.measure(ROW, np.array([off]), is_merged=np.array([True]))
    assert abs(complex(bank.position[0]) - straight(19)) < 1
