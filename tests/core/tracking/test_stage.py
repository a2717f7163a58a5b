"""The motion of the whole field on drawn fields that shake, drift or rest."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame, Seed, Track
from rostfine_core.tracking import Tracker, compute_kinematics

SIZE = (240, 320)
FPS = 30.0
Shift = Callable[[int], tuple[float, float]]
JITTER = np.random.default_rng(3).uniform(-2, 2, (60, 2))


def field(shift: tuple[float, float], *, swimmer_px: float, seed: int) -> NDArray[np.uint8]:
    """Debris and a resting head, moved together, and a head that swims to the right."""
    rng = np.random.default_rng(7)
    canvas = np.full((SIZE[0] + 40, SIZE[1] + 40), 150, np.float32)
    for x, y, grey in rng.uniform((0, 0, 90), (360, 280, 200), (60, 3)).tolist():
        cv2.circle(canvas, (round(x), round(y)), 4, grey, -1)
    cv2.ellipse(canvas, (140, 140), (7, 5), 30, 0, 360, 70, -1)
    cv2.ellipse(canvas, (round(60 + swimmer_px), 80), (7, 5), 0, 0, 360, 70, -1)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 1).astype(np.float32)
    move = np.array([[1, 0, shift[0] - 20], [0, 1, shift[1] - 20]], np.float32)
    moved = cv2.warpAffine(canvas, move, SIZE[::-1])
    noise = np.random.default_rng(seed).normal(0, 2, SIZE)
    return np.clip(moved + noise, 0, 255).astype(np.uint8)


def tracked(shift: Shift) -> dict[str, Track]:
    start = shift(0)
    seeds = [
        Seed(target="resting", frame=0, x_px=120 + start[0], y_px=120 + start[1]),
        Seed(target="swimming", frame=0, x_px=40 + start[0], y_px=60 + start[1]),
    ]
    tracker = Tracker(seeds)
    for frame in range(60):
        image = field(shift(frame), swimmer_px=2.0 * frame, seed=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    return {t.target: t for t in tracker.tracks}


def shaken(frame: int) -> tuple[float, float]:
    return float(JITTER[frame, 0]), float(JITTER[frame, 1])


def drifting(frame: int) -> tuple[float, float]:
    return 0.25 * frame, -0.15 * frame


def at_rest(frame: int) -> tuple[float, float]:
    return 0.0, 0.0


@pytest.mark.parametrize("shift", [shaken, drifting])
def test_a_moving_field_is_measured_and_taken_off(shift: Shift) -> None:
    tracks = tracked(shift)
    start = shift(0)
    for point in tracks["resting"].points:
        x, y = shift(point.frame)
        assert point.stage_x_px == pytest.approx(x - start[0], abs=0.4)
        assert point.stage_y_px == pytest.approx(y - start[1], abs=0.4)
    resting = compute_kinematics(tracks["resting"], um_per_px=0.5)
    swimming = compute_kinematics(tracks["swimming"], um_per_px=0.5)
    assert resting.motility_class == "non-progressive or immotile"
    assert resting.vcl is not None
    assert resting.vcl < 6
    assert swimming.vsl == pytest.approx(30, rel=0.1)


def test_a_field_at_rest_is_left_as_it_is() -> None:
    for track in tracked(at_rest).values():
        assert all((p.stage_x_px, p.stage_y_px) == (0, 0) for p in track.points)
