"""Outlines have the stated sizes, and severity makes sperm worse."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.simulation.morphology import (
    SpermShape,
    TailForm,
    Vacuole,
    acrosome_outline,
    head_outline,
    sample_shape,
)
from rostfine_core.simulation.motion import Swimming, SwimmingKind
from rostfine_core.simulation.panel import find_faults

GOOD_SWIMMER = Swimming(
    kind=SwimmingKind.PROGRESSIVE,
    speed_um_s=25.0,
    beat_hz=10.0,
    beat_angle_rad=0.8,
    wavelength_um=28.0,
)


def polygon_area(points: NDArray[np.float64]) -> float:
    x, y = points.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def test_an_oval_head_has_the_stated_length_width_and_area() -> None:
    shape = SpermShape(head_length_um=5.0, head_width_um=3.0)
    outline = head_outline(shape)
    assert np.ptp(outline, axis=0) == pytest.approx([5.0, 3.0], rel=0.01)
    assert shape.head_area_um2 == pytest.approx(math.pi * 2.5 * 1.5, rel=0.01)
    assert shape.aspect == pytest.approx(0.6)


@given(share=st.floats(0.1, 0.9))
def test_the_acrosome_covers_its_share_of_the_head_and_sits_in_front(share: float) -> None:
    shape = SpermShape(head_length_um=5.0, head_width_um=3.0, acrosome_share=share)
    cap = acrosome_outline(shape)
    assert polygon_area(cap) / shape.head_area_um2 == pytest.approx(share, abs=0.02)
    assert cap[:, 0].mean() > head_outline(shape)[:, 0].mean()


def test_vacuoles_count_by_their_area() -> None:
    hole = Vacuole(along=0.0, across=0.0, radius_um=0.5)
    shape = SpermShape(head_length_um=5.0, head_width_um=3.0, vacuoles=(hole, hole))
    assert shape.vacuole_share == pytest.approx(2 * math.pi * 0.25 / shape.head_area_um2)


def test_a_pyriform_head_is_wide_in_front_and_narrow_behind() -> None:
    x, y = head_outline(SpermShape(head_length_um=5.0, head_width_um=3.0, pyriform=0.3)).T
    front, rear = np.interp(1.5, x[:36], y[:36]), np.interp(-1.5, x[:36], y[:36])
    assert abs(front) > 1.3 * abs(rear)


def test_severity_makes_every_visible_fault_more_common() -> None:
    means = []
    for severity in (0.0, 0.5, 1.0):
        rng = np.random.default_rng(3)
        shapes = [sample_shape(rng, severity=severity) for _ in range(250)]
        faults = [vars(find_faults(shape, GOOD_SWIMMER)) for shape in shapes]
        form = faults[0].keys() - {"motion", "tail"}
        means.append({k: np.mean([f[k] for f in faults]) for k in form})
    for milder, worse in pairwise(means):
        assert all(milder[k] < worse[k] for k in milder)


def test_a_fault_that_occurs_can_be_seen() -> None:
    """No traces of faults: each is nothing to the panel, or at least a third of a plain one."""
    rng = np.random.default_rng(7)
    small = []
    for _ in range(400):
        faults = vars(find_faults(sample_shape(rng), GOOD_SWIMMER))
        small += [0 < v < 0.3 for k, v in faults.items() if k != "motion"]
    assert np.mean(small) < 0.05


def test_malformed_tails_show_near_the_head() -> None:
    rng = np.random.default_rng(5)
    for form in (TailForm.SHORT, TailForm.BENT, TailForm.COILED):
        shapes = [sample_shape(rng, tail_form=form) for _ in range(150)]
        seen = [find_faults(shape, GOOD_SWIMMER).tail > 0.5 for shape in shapes]
        assert np.mean(seen) > 0.9


def test_the_same_seed_draws_the_same_sperm() -> None:
    first, second = (sample_shape(np.random.default_rng(8)) for _ in range(2))
    assert first == second
    assert first != sample_shape(np.random.default_rng(9))
