"""The size and centre of drawn heads of every kind that microscopes show."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.tracking.head_shape import DEFAULT_DIAMETER_PX, measure_head


def disc(
    diameter: float, *, level: float, x: float = 80.0, y: float = 70.0, noise: float = 2.0
) -> NDArray[np.uint8]:
    """A disc on grey 128 with a soft edge and noise."""
    rows, columns = np.mgrid[:160, :180]
    inside = np.clip(diameter / 2 - np.hypot(columns - x, rows - y) + 0.5, 0, 1)
    image = 128 + (level - 128) * inside + np.random.default_rng(0).normal(0, noise, inside.shape)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


@pytest.mark.parametrize("diameter", [4.0, 8.0, 14.0, 28.0])
@pytest.mark.parametrize("level", [40.0, 220.0])
def test_heads_of_all_sizes_dark_or_bright(diameter: float, level: float) -> None:
    shape = measure_head(disc(diameter, level=level), x_px=80.0, y_px=70.0)
    assert 0.6 < shape.diameter_px / diameter < 1.5
    assert math.dist((shape.x_px, shape.y_px), (80, 70)) < 0.5


@pytest.mark.parametrize(("dx", "dy"), [(2.0, 0.0), (-1.5, 1.5), (0.0, -2.0)])
@pytest.mark.parametrize("diameter", [4.0, 14.0, 28.0])
def test_a_click_a_little_off_finds_the_centre(diameter: float, dx: float, dy: float) -> None:
    shape = measure_head(disc(diameter, level=40), x_px=80 + dx, y_px=70 + dy)
    assert math.dist((shape.x_px, shape.y_px), (80, 70)) < 0.7


def test_a_head_with_rim_and_vacuole_is_measured_as_a_whole() -> None:
    image = np.full((160, 180), 150, np.uint8)
    cv2.ellipse(image, (80, 70), (14, 9), 20, 0, 360, 80, -1, cv2.LINE_AA)
    cv2.ellipse(image, (80, 70), (12, 7), 20, 0, 360, 120, -1, cv2.LINE_AA)
    cv2.circle(image, (75, 68), 2, 165, -1, cv2.LINE_AA)
    shape = measure_head(image, x_px=80.0, y_px=70.0)
    assert 12 < shape.diameter_px < 30
    assert math.dist((shape.x_px, shape.y_px), (80, 70)) < 3


def test_the_edge_of_the_field_is_not_a_head() -> None:
    image = disc(10, level=60)
    image[:, 90:] = 5
    shape = measure_head(image, x_px=80.0, y_px=70.0)
    assert shape.diameter_px < 16
    assert math.dist((shape.x_px, shape.y_px), (80, 70)) < 3


def test_where_nothing_is_the_click_counts() -> None:
    shape = measure_head(np.full((50, 60), 90, np.uint8), x_px=0.0, y_px=49.0)
    assert (shape.x_px, shape.y_px) == (0.0, 49.0)
    assert shape.diameter_px == DEFAULT_DIAMETER_PX


@pytest.mark.parametrize("click", [(96.0, 68.0), (97.0, 68.0)])
def test_a_head_that_is_dark_and_bright_side_by_side_is_looked_at_finely(
    click: tuple[float, float],
) -> None:
    """Phase contrast: averaged over the whole head, nothing would be left of it."""
    image = np.full((160, 180), 150, np.float32)
    for axes, level in (((16, 9), 205), ((14, 5), 60), ((6, 2), 190)):
        cv2.ellipse(image, (80, 70), axes, -30, 0, 360, level, -1, cv2.LINE_AA)
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 2, image.shape), 0, 255)
    shape = measure_head(noisy.astype(np.uint8), x_px=click[0], y_px=click[1])
    assert shape.diameter_px > 10
    assert shape.detail_px < shape.diameter_px / 2


def test_a_dark_head_with_a_bright_end_is_seen_as_a_whole() -> None:
    """Bright field, in focus: a template of one half would fit other dark things as well."""
    image = np.full((160, 180), 110, np.float32)
    cv2.ellipse(image, (80, 70), (8, 13), 0, 0, 360, 60, -1, cv2.LINE_AA)
    cv2.ellipse(image, (80, 77), (3, 5), 0, 0, 360, 160, -1, cv2.LINE_AA)
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 2, image.shape), 0, 255)
    shape = measure_head(noisy.astype(np.uint8), x_px=78.0, y_px=72.0)
    assert shape.diameter_px > 16
    assert shape.diameter_px / 2 < shape.detail_px < shape.diameter_px


@pytest.mark.parametrize("diameter", [8.0, 14.0, 28.0])
def test_an_even_head_is_its_own_detail(diameter: float) -> None:
    shape = measure_head(disc(diameter, level=40), x_px=80.0, y_px=70.0)
    assert shape.detail_px == shape.diameter_px
