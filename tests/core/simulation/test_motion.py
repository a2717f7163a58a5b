"""Speeds and circles are as requested, and tails keep their length and carry a wave."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.simulation.morphology import SpermShape, TailForm
from rostfine_core.simulation.motion import (
    TAIL_POINTS,
    Swimming,
    SwimmingKind,
    Trajectory,
    centreline,
    sample_swimming,
    swim,
)

SHAPE = SpermShape(head_length_um=5.0, head_width_um=3.0)
STRAIGHT = Swimming(
    kind=SwimmingKind.PROGRESSIVE,
    speed_um_s=20.0,
    beat_hz=10.0,
    beat_angle_rad=0.8,
    wavelength_um=28.0,
    lateral_um=0.4,
    yaw_rad=0.1,
    wander=0.0,
)


def path_of(swimming: Swimming, *, seconds: float = 5.0, fps: float = 30.0) -> Trajectory:
    times = np.arange(0, seconds, 1 / fps)
    rng = np.random.default_rng(0)
    return swim(swimming, times_s=times, start_um=(10.0, 20.0), heading_rad=0.3, rng=rng)


@given(gaps=st.lists(st.floats(0.005, 0.2), min_size=5, max_size=60))
def test_a_straight_swimmer_covers_its_speed_over_any_timestamps(gaps: list[float]) -> None:
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    rng = np.random.default_rng(1)
    path = swim(STRAIGHT, times_s=times, start_um=(0.0, 0.0), heading_rad=0.0, rng=rng)
    assert path.xy_um[-1, 0] == pytest.approx(20.0 * times[-1], abs=0.3)
    assert abs(path.xy_um[-1, 1]) < 0.8


def test_the_head_swings_sideways_in_time_with_the_beat() -> None:
    path = path_of(STRAIGHT, fps=200.0)
    across = (path.xy_um - path.xy_um[0]) @ [-math.sin(0.3), math.cos(0.3)]
    across -= np.polyval(np.polyfit(path.times_s, across, 1), path.times_s)
    spectrum = np.abs(np.fft.rfft(across))
    assert np.fft.rfftfreq(len(across), 1 / 200)[spectrum.argmax()] == pytest.approx(10.0, abs=0.3)
    assert np.ptp(across) == pytest.approx(0.8, abs=0.25)


def test_a_circling_sperm_keeps_to_its_radius() -> None:
    circle = replace(
        STRAIGHT,
        kind=SwimmingKind.CIRCLING,
        path_curvature_per_um=1 / 12,
        lateral_um=0.0,
        yaw_rad=0.0,
    )
    xy = path_of(circle, seconds=2 * math.pi * 12 / 20, fps=60.0).xy_um
    assert np.hypot(*(xy - xy.mean(axis=0)).T) == pytest.approx(12.0, abs=0.4)


@pytest.mark.parametrize("kind", [SwimmingKind.IMMOTILE, SwimmingKind.TWITCHING])
def test_sperm_without_progress_stay_in_place(kind: SwimmingKind) -> None:
    for seed in range(10):
        swimming = sample_swimming(np.random.default_rng(seed), kind=kind)
        path = path_of(swimming)
        assert np.abs(path.xy_um - path.xy_um[0]).max() < 2.5
        beats = path.phase_rad[-1] > path.phase_rad[0]
        assert beats == (kind is SwimmingKind.TWITCHING)


@pytest.mark.parametrize("form", list(TailForm))
@pytest.mark.parametrize("phase", [0.0, 2.0])
def test_neck_and_tail_keep_their_length(form: TailForm, phase: float) -> None:
    shape = replace(SHAPE, tail_form=form, tail_bend_rad=1.5, neck_bend_rad=0.4)
    line, neck_end = centreline(shape, STRAIGHT, phase_rad=phase)
    pieces = np.hypot(*np.diff(line, axis=0).T)
    assert pieces.sum() == pytest.approx(shape.neck_length_um + shape.tail_length_um)
    assert pieces[:neck_end].sum() == pytest.approx(shape.neck_length_um, abs=pieces[0])
    assert line[0, 0] < 0
    assert line[neck_end, 0] < line[0, 0]


def test_the_wave_travels_from_head_to_tip() -> None:
    def tangent(phase: float) -> NDArray[np.float64]:
        line, _ = centreline(SHAPE, STRAIGHT, phase_rad=phase)
        along, across = np.diff(line, axis=0).T
        return np.asarray(np.arctan2(across, along) % (2 * math.pi))

    step_um = (SHAPE.neck_length_um + SHAPE.tail_length_um) / (TAIL_POINTS - 1)
    later = 2 * math.pi * 5 * step_um / STRAIGHT.wavelength_um
    # The tail 5 points further down now has the shape that it had here a little earlier.
    assert tangent(0.7 + later)[25:] == pytest.approx(tangent(0.7)[20:-5], abs=1e-6)
    assert np.ptp(tangent(0.7)[20:]) > 1.2


def test_a_coiled_tail_stays_near_the_head_and_a_bent_one_bends() -> None:
    straight, _ = centreline(SHAPE, replace(STRAIGHT, beat_angle_rad=0.0), phase_rad=0)
    still = replace(STRAIGHT, beat_angle_rad=0.0)
    coiled = replace(SHAPE, tail_form=TailForm.COILED, tail_bend_at=0.05)
    bent = replace(SHAPE, tail_form=TailForm.BENT, tail_bend_at=0.1, tail_bend_rad=1.5)
    assert np.hypot(*centreline(coiled, still, phase_rad=0)[0].T).max() < 18
    assert np.abs(centreline(bent, still, phase_rad=0)[0][:, 1]).max() > 30
    assert np.abs(straight[:, 1]).max() < 0.1


def test_vigour_makes_sperm_progressive() -> None:
    def share(vigour: float) -> float:
        rng = np.random.default_rng(2)
        kinds = [sample_swimming(rng, vigour=vigour).kind for _ in range(400)]
        return kinds.count(SwimmingKind.PROGRESSIVE) / len(kinds)

    assert share(1.0) > share(0.0) + 0.1
