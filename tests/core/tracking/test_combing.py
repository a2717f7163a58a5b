"""Interlaced video is told from whole pictures of any size, sharpness and noise."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.tracking.combing import COMBED, CombMeter

Image = NDArray[np.uint8]
FRAMES = 24


@cache
def scene(
    *,
    size: tuple[int, int] = (320, 240),
    fps: float = 30.0,
    noise: float | None = None,
    um_per_px: float = 0.19,
) -> tuple[Image, ...]:
    settings = SceneSettings(
        width_px=size[0],
        height_px=size[1],
        frame_count=FRAMES,
        fps=fps,
        um_per_px=um_per_px,
        sperm_count=8,
        speck_count=20,
        noise=noise,
        seed=4,
    )
    return tuple(
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        for frame in simulate_scene(settings).frames()
    )


def woven(images: tuple[Image, ...]) -> tuple[Image, ...]:
    """Frames of the even lines of one picture and the odd lines of the next."""
    frames = []
    for even, odd in zip(images[::2], images[1::2], strict=True):
        frame = even.copy()
        frame[1::2] = odd[1::2]
        frames.append(frame)
    return tuple(frames)


def sharp_boxes() -> tuple[Image, ...]:
    """Rectangles with edges from one line to the next, that move to the right and down."""
    frames = []
    for k in range(FRAMES):
        image = np.full((200, 200), 150, np.uint8)
        for top in (20, 80, 140):
            image[top + k : top + 12 + k, 20 + 3 * k : 40 + 3 * k] = 60
        frames.append(image)
    return tuple(frames)


def combing(images: tuple[Image, ...]) -> float | None:
    meter = CombMeter(frame_count=len(images))
    for image in images:
        meter.see(image)
    return meter.combing()


SCENES: dict[str, Callable[[], tuple[Image, ...]]] = {
    "usual": lambda: scene(),
    "slow": lambda: scene(fps=60),
    "fast": lambda: scene(fps=15),
    "small": lambda: scene(size=(120, 90)),
    "large": lambda: scene(size=(800, 600)),
    "small heads": lambda: scene(um_per_px=0.6),
    "noise": lambda: scene(noise=0.04),
    "sharp": sharp_boxes,
}


@pytest.mark.parametrize("images", SCENES.values(), ids=SCENES.keys())
def test_whole_pictures_are_not_called_interlaced(images: Callable[[], tuple[Image, ...]]) -> None:
    found = combing(images())
    assert found is not None
    assert found < 1.12


@pytest.mark.parametrize("images", SCENES.values(), ids=SCENES.keys())
def test_stretched_pixels_are_no_combing(images: Callable[[], tuple[Image, ...]]) -> None:
    wide = (cv2.resize(i, None, fx=4 / 3, fy=1, interpolation=cv2.INTER_LINEAR) for i in images())
    found = combing(tuple(image.astype(np.uint8) for image in wide))
    assert found is not None
    assert found < COMBED


@pytest.mark.parametrize("name", sorted(SCENES.keys() - {"small heads"}))
def test_woven_pictures_are_called_interlaced(name: str) -> None:
    found = combing(woven(SCENES[name]()))
    assert found is not None
    assert found > COMBED


def test_noise_alone_says_nothing() -> None:
    rng = np.random.default_rng(0)
    frames = tuple(
        np.clip(150 + rng.normal(0, 12, (200, 200)), 0, 255).astype(np.uint8) for _ in range(FRAMES)
    )
    found = combing(frames)
    assert found is None or found < 1.12


def test_a_still_picture_says_nothing() -> None:
    assert combing((scene()[0],) * FRAMES) is None
