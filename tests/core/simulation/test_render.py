"""Sperm are drawn at the requested sub-pixel position and with matching masks."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.simulation.field import Field, draw_window
from rostfine_core.simulation.morphology import SpermShape, Vacuole
from rostfine_core.simulation.motion import Swimming, SwimmingKind
from rostfine_core.simulation.optics import Illumination, Look
from rostfine_core.simulation.render import (
    Pose,
    SimulatedSperm,
    Speck,
    Window,
    draw_masks,
    draw_speck,
    draw_sperm,
)

LOOK = Look(illumination=Illumination.BRIGHT_FIELD)
SHAPE = SpermShape(head_length_um=5.0, head_width_um=3.0)
STILL = Swimming(
    kind=SwimmingKind.IMMOTILE,
    speed_um_s=0.0,
    beat_hz=0.0,
    beat_angle_rad=0.2,
    wavelength_um=28.0,
)
SPERM = SimulatedSperm(shape=SHAPE, swimming=STILL)
WINDOW = Window(left_px=0, top_px=0, width_px=150, height_px=150)
UM_PER_PX = 0.19


def drawn(sperm: SimulatedSperm, pose: Pose, *, window: Window = WINDOW) -> NDArray[np.float32]:
    signal = np.zeros((window.height_px, window.width_px), dtype=np.float32)
    draw_sperm(signal, sperm, pose, window=window, um_per_px=UM_PER_PX, look=LOOK)
    return signal


def masks_of(sperm: SimulatedSperm, pose: Pose) -> NDArray[np.uint8]:
    masks = np.zeros((3, 150, 150), dtype=np.uint8)
    draw_masks(masks, sperm, pose, window=WINDOW, um_per_px=UM_PER_PX)
    return masks


def centroid(weights: NDArray[np.float32] | NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.indices(weights.shape)
    return (
        float((columns * weights).sum() / weights.sum()),
        float((rows * weights).sum() / weights.sum()),
    )


@settings(max_examples=25)
@given(x=st.floats(60, 90), y=st.floats(60, 90), heading=st.floats(0, 2 * math.pi))
def test_the_head_has_the_requested_position_and_size(x: float, y: float, heading: float) -> None:
    pose = Pose(x_px=x, y_px=y, heading_rad=heading, phase_rad=0.0)
    head = masks_of(SPERM, pose)[0]
    assert centroid(head) == pytest.approx((x, y), abs=0.3)
    # The filled outline counts its edge: about a sixth of a pixel more on each side.
    assert head.sum() * UM_PER_PX**2 == pytest.approx(SHAPE.head_area_um2, rel=0.07)
    angle = math.radians(cv2.fitEllipse(np.argwhere(head)[:, ::-1].astype(np.float32))[2] + 90)
    assert abs(math.sin(angle - heading)) < 0.15


@settings(max_examples=25)
@given(dx=st.floats(-1, 1), dy=st.floats(-1, 1))
def test_the_picture_moves_by_fractions_of_a_pixel(dx: float, dy: float) -> None:
    short = SimulatedSperm(
        shape=replace(SHAPE, neck_length_um=3.0, tail_length_um=2.0), swimming=STILL
    )
    pose = Pose(x_px=75.0, y_px=75.0, heading_rad=0.4, phase_rad=0.0)
    moved = replace(pose, x_px=75.0 + dx, y_px=75.0 + dy)
    before, after = (np.clip(-drawn(short, p), 0, None) for p in (pose, moved))
    shift = np.subtract(centroid(after), centroid(before))
    assert shift == pytest.approx((dx, dy), abs=0.06)


def test_neck_and_tail_follow_the_head_on_its_rear_side() -> None:
    pose = Pose(x_px=75, y_px=75, heading_rad=0.0, phase_rad=0.0)
    head, neck, tail = (centroid(mask)[0] for mask in masks_of(SPERM, pose))
    assert head > neck > tail


def test_the_masks_cover_exactly_the_drawn_sperm() -> None:
    pose = Pose(x_px=80.3, y_px=70.6, heading_rad=0.7, phase_rad=1.0)
    dark = drawn(SPERM, pose) < -0.08
    masks = masks_of(SPERM, pose)
    near = cv2.dilate(masks.max(axis=0), np.ones((3, 3), np.uint8)) > 0
    assert (dark & near).sum() > 0.98 * dark.sum()
    head = cv2.erode(masks[0], np.ones((3, 3), np.uint8)) > 0
    assert (dark & head).sum() > 0.98 * head.sum()
    assert (dark & (masks[1] > 0)).sum() > 0.9 * masks[1].sum()


def test_a_window_shows_its_part_of_the_field() -> None:
    pose = Pose(x_px=75, y_px=75, heading_rad=0.3, phase_rad=0.5)
    part = Window(left_px=40, top_px=50, width_px=80, height_px=60)
    inside = (slice(50 + 15, 110 - 15), slice(40 + 15, 120 - 15))
    piece = drawn(SPERM, pose, window=part)[15:-15, 15:-15]
    assert np.abs(piece - drawn(SPERM, pose)[inside]).max() < 0.02


def test_a_sperm_outside_the_window_leaves_it_untouched() -> None:
    pose = Pose(x_px=900, y_px=75, heading_rad=math.pi, phase_rad=0.0)
    assert not drawn(SPERM, pose).any()


def test_vacuoles_are_bright_spots_and_the_acrosome_is_lighter() -> None:
    pose = Pose(x_px=75, y_px=75, heading_rad=0.0, phase_rad=0.0)
    hole = Vacuole(along=-0.4, across=0.0, radius_um=0.6)
    plain = drawn(SPERM, pose)
    holed = drawn(replace(SPERM, shape=replace(SHAPE, vacuoles=(hole,))), pose)
    spot = (75, round(75 - 0.4 * 2.5 / UM_PER_PX))
    assert holed[spot] > plain[spot] + 0.1
    assert plain[75, 80] > plain[spot] + 0.04


def test_defocus_blurs() -> None:
    pose = Pose(x_px=75, y_px=75, heading_rad=0.0, phase_rad=0.0)
    steep = [
        np.abs(np.diff(drawn(replace(SPERM, defocus_um=d), pose), axis=1)).max() for d in (0.0, 6.0)
    ]
    assert steep[1] < 0.7 * steep[0]


def test_a_speck_darkens_its_place_and_a_bubble_brightens_it() -> None:
    for density, sign in ((0.8, -1), (-0.8, 1)):
        signal = np.zeros((60, 60), dtype=np.float32)
        speck = Speck(x_px=0, y_px=0, radius_um=0.8, density=density)
        draw_speck(signal, speck, at_px=(30.0, 25.0), um_per_px=UM_PER_PX, look=LOOK)
        assert sign * signal[25, 30] > 0.2
        assert abs(signal[0, 0]) < 1e-3


def test_faults_of_the_look_fade_tails_and_weave_two_moments() -> None:
    first, later = (
        Pose(x_px=x_px, y_px=75, heading_rad=0.3, phase_rad=0.5) for x_px in (70.0, 78.0)
    )
    still = Look(illumination=Illumination.BRIGHT_FIELD, noise=0.0)
    field = Field(um_per_px=UM_PER_PX, look=still)
    part = Window(left_px=0, top_px=1, width_px=150, height_px=149)

    def shown(pose: Pose, *more: Pose) -> NDArray[np.uint8]:
        then = [(SPERM, p) for p in more]
        rng = np.random.default_rng(0)
        return draw_window(field, [(SPERM, pose)], window=part, time_s=0.0, rng=rng, later=then)

    woven = shown(first, later)
    assert (woven[1::2] == shown(first)[1::2]).all()
    assert (woven[::2] == shown(later)[::2]).all()
    assert (woven[::2] != shown(first)[::2]).any()

    faint = np.zeros((150, 150), dtype=np.float32)
    look = replace(LOOK, tail_contrast=0.4)
    draw_sperm(faint, SPERM, first, window=WINDOW, um_per_px=UM_PER_PX, look=look)
    head, _, tail = masks_of(SPERM, first) > 0
    clear = drawn(SPERM, first)
    assert faint[head].mean() == pytest.approx(clear[head].mean(), rel=0.02)
    assert faint[tail & ~head].mean() == pytest.approx(0.4 * clear[tail & ~head].mean(), rel=0.1)
