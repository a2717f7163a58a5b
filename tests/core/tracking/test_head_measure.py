"""The measured head is the same wherever it is clicked, for all looks and sizes."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.tracking.head_measure import find_head, find_outlines

CENTRE = 80.3, 76.8
LOOKS = {
    "dark": (150, 85, 85),
    "bright": (40, 90, 90),
    "dark_rim": (150, 150, 80),
    "light_inside": (150, 120, 85),
}
"""Grey levels of the background, the inside and the rim."""


def picture(
    look: str,
    *,
    length_px: float,
    tail: bool = True,
    neighbour: bool = False,
    beside: float = 1.4,
    noise: float = 2.0,
) -> NDArray[np.uint8]:
    """A head of 3:2 at 30 degrees, drawn eight times larger, with a tail and a neighbour."""
    around, inside, rim = LOOKS[look]
    canvas = np.full((160 * 8, 160 * 8), float(around), np.float32)
    x, y = ((c + 0.5) * 8 for c in CENTRE)
    turn = math.radians(30)
    forward = np.array([math.cos(turn), math.sin(turn)])
    if tail:
        end = np.array([x, y]) - 16 * length_px * forward
        middle = (around + rim) / 2
        thickness = max(round(length_px), 4)
        cv2.line(
            canvas, (round(x), round(y)), tuple(end.round().astype(int).tolist()), middle, thickness
        )
    places = [(x, y)]
    if neighbour:
        away = 8 * beside * length_px
        places.append((x - away * forward[1], y + away * forward[0]))
    for place in places:
        for level, share in ((rim, 1.0), (inside, 0.75)):
            size = (share * length_px * 8, share * length_px * 2 / 3 * 8)
            cv2.ellipse(canvas, (place, size, 30.0), level, -1)
    small = cv2.resize(canvas, (160, 160), interpolation=cv2.INTER_AREA)
    small = small + np.random.default_rng(1).normal(0, noise, small.shape)
    return np.asarray(np.clip(small, 0, 255), np.uint8)


def clicks(length_px: float) -> list[tuple[float, float]]:
    """The middle and places up to half a head off it."""
    x, y = CENTRE
    around = [
        (x + 0.45 * length_px * math.cos(a), y + 0.45 * length_px * math.sin(a))
        for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)
    ]
    return [CENTRE, *around]


@pytest.mark.requirement("R-20")
@pytest.mark.parametrize("length_px", [8.0, 14.0, 25.0, 40.0])
@pytest.mark.parametrize("look", LOOKS)
def test_every_click_on_a_head_finds_its_middle_and_size(look: str, length_px: float) -> None:
    image = picture(look, length_px=length_px)
    for x, y in clicks(length_px):
        head = find_head(image, x_px=x, y_px=y)
        assert head is not None
        assert math.dist((head.x_px, head.y_px), CENTRE) < 0.5
        assert head.length_px == pytest.approx(length_px, rel=0.15)
        assert head.width_px == pytest.approx(length_px * 2 / 3, rel=0.2)
        assert abs(math.remainder(head.angle_rad - math.radians(30), math.pi)) < 0.2
        assert head.confidence > 0.45


@pytest.mark.parametrize("noise", [2.0, 5.0])
@pytest.mark.parametrize("length_px", [8.0, 14.0, 25.0, 40.0])
@pytest.mark.parametrize("look", LOOKS)
def test_every_click_on_a_head_gives_the_same_measure_to_the_last_bit(
    look: str, length_px: float, noise: float
) -> None:
    """A hundredth of a pixel grows on the way, and can move a grade by points."""
    image = picture(look, length_px=length_px, noise=noise)
    assert len({find_head(image, x_px=x, y_px=y) for x, y in clicks(length_px)}) == 1


@pytest.mark.parametrize("contrast", [6, 8, 10, 12, 14])
def test_whether_a_faint_spot_counts_does_not_hang_on_the_click(contrast: int) -> None:
    spot = np.full((1280, 1280), 150, np.float32)
    x, y = ((c + 0.5) * 8 for c in CENTRE)
    cv2.ellipse(spot, ((x, y), (8 * 8.0, 8 * 6.0), 30.0), 150 - contrast, -1)
    small = cv2.GaussianBlur(cv2.resize(spot, (160, 160), interpolation=cv2.INTER_AREA), (0, 0), 1)
    noisy = small + np.random.default_rng(2).normal(0, 1.0, small.shape)
    image = np.asarray(np.clip(noisy, 0, 255), np.uint8)
    found = [find_head(image, x_px=x, y_px=y) for x, y in clicks(6.0)]
    assert len({head is None for head in found}) == 1


def test_a_near_neighbour_is_not_taken_for_the_head() -> None:
    image = picture("dark", length_px=20.0, neighbour=True)
    for x, y in (CENTRE, (CENTRE[0] + 4, CENTRE[1] - 3)):
        head = find_head(image, x_px=x, y_px=y)
        assert head is not None
        assert math.dist((head.x_px, head.y_px), CENTRE) < 0.5


@pytest.mark.parametrize("angle", [0.0, 1.6, 3.2])
@pytest.mark.parametrize("length_px", [8.0, 10.0, 14.0])
def test_a_click_on_a_faint_head_does_not_end_on_the_darker_one_beside(
    length_px: float, angle: float
) -> None:
    """Measured anew from a middle between the two, the darker one stands out more."""
    x, y = CENTRE
    away = 0.8 * length_px
    beside = x + away * math.cos(angle), y + away * math.sin(angle)
    canvas = np.full((160 * 8, 160 * 8), 150, np.float32)
    for place, grey, turn in ((beside, 70, 0.0), (CENTRE, 118, 30.0)):
        box = ((place[0] + 0.5) * 8, (place[1] + 0.5) * 8), (8 * length_px, 16 / 3 * length_px)
        cv2.ellipse(canvas, (*box, turn), grey, -1)
    small = cv2.resize(canvas, (160, 160), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.8)
    noisy = small + np.random.default_rng(1).normal(0, 2.0, small.shape)
    head = find_head(np.asarray(np.clip(noisy, 0, 255), np.uint8), x_px=x, y_px=y)
    assert head is not None
    middle = head.x_px, head.y_px
    assert math.dist(middle, CENTRE) < 1.2 * math.dist(middle, beside)


def test_a_click_on_two_that_touch_is_crowded() -> None:
    def crowding(image: NDArray[np.uint8]) -> float:
        (found,) = find_outlines(image, [complex(*CENTRE)])
        assert found is not None
        return found.crowding

    alone = crowding(picture("dark", length_px=14, tail=False))
    heap = crowding(picture("dark", length_px=14, tail=False, neighbour=True, beside=0.7))
    assert alone < 0.2
    assert heap > 0.5


@pytest.mark.parametrize("noise", [0.5, 3.0, 8.0])
def test_on_empty_ground_there_is_no_head(noise: float) -> None:
    rng = np.random.default_rng(3)
    mottle = cv2.GaussianBlur(rng.normal(0, 1, (160, 160)).astype(np.float32), (0, 0), 8.0)
    ground = 140 + 3 * mottle / mottle.std() + rng.normal(0, noise, mottle.shape)
    image = np.clip(ground, 0, 255).astype(np.uint8)
    assert [find_head(image, x_px=x, y_px=70.0) for x in (20.0, 60.0, 100.0)] == [None] * 3


def test_the_border_of_the_picture_is_no_head() -> None:
    """What lies beyond it is unknown: a head at the border is measured by the part that is seen."""
    image = picture("dark", length_px=20.0, tail=False)[:, 74:]
    head = find_head(image, x_px=CENTRE[0] - 74, y_px=CENTRE[1])
    assert head is None or math.dist((head.x_px, head.y_px), (CENTRE[0] - 74, CENTRE[1])) < 1.5
    assert find_head(image[:40], x_px=40.0, y_px=39.0) is None


def test_clicks_measured_at_once_are_each_measured_as_if_alone() -> None:
    image = np.hstack([picture(look, length_px=18.0, noise=3.0) for look in LOOKS])
    x, y = CENTRE
    places = [
        complex(x + 160 * i + dx, y - dx) for i in range(len(LOOKS)) for dx in (-3.0, 0.0, 30)
    ]
    together = find_outlines(image, places)
    alone = [find_head(image, x_px=place.real, y_px=place.imag) for place in places]
    assert [head.measure if head else None for head in together] == alone
    assert sum(head is not None for head in alone) >= 2 * len(LOOKS)
    assert find_outlines(image, []) == []
