"""The official input pipeline: frames, normalisation and resizing."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.model import Preprocessing, preprocess, preset


def _clips(*, clips: int = 1, frames: int = 16, size: int = 30) -> torch.Tensor:
    shape = (clips, frames, size, size, 3)
    return torch.from_numpy(np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8))


def _bilinear(image: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Resize pixel by pixel: centres at half, borders repeated, no antialiasing."""
    out, scale, last = np.zeros((size, size)), len(image) / size, len(image) - 1
    for y in range(size):
        for x in range(size):
            sy, sx = (max((v + 0.5) * scale - 0.5, 0) for v in (y, x))
            y0, x0 = int(sy), int(sx)
            y1, x1, fy, fx = min(y0 + 1, last), min(x0 + 1, last), sy - y0, sx - x0
            top = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
            bottom = image[y1, x0] * (1 - fx) + image[y1, x1] * fx
            out[y, x] = top * (1 - fy) + bottom * fy
    return out


def test_the_official_frames_are_chosen() -> None:
    assert Preprocessing().frame_indices == (0, 2, 4, 6, 8, 10, 12, 15)


@given(st.integers(1, 300), st.integers(1, 300))
def test_frame_indices_are_the_floor_of_an_exact_linspace(clip: int, wanted: int) -> None:
    indices = Preprocessing(clip_frames=clip, num_frames=wanted).frame_indices
    assert len(indices) == wanted
    assert indices[0] == 0
    assert list(indices) == sorted(indices)
    if wanted > 1:
        assert indices[-1] == clip - 1
        assert indices == tuple(k * (clip - 1) // (wanted - 1) for k in range(wanted))
    if clip == wanted:
        assert indices == tuple(range(clip))


@pytest.mark.parametrize("size", [45, 20])
def test_pixels_agree_with_plain_loops(size: int) -> None:
    images = _clips(frames=5)
    settings = Preprocessing(clip_frames=5, num_frames=3, image_size=size)
    ours = preprocess(images, settings=settings)
    assert ours.shape == (1, 3, 3, size, size)
    assert ours.dtype == torch.float32
    for channel in range(3):
        for place, frame in enumerate((0, 2, 4)):
            plain = images[0, frame, :, :, channel].double().numpy() / 255
            expected = _bilinear((plain - 0.45) / 0.225, size)
            np.testing.assert_allclose(ours[0, channel, place], expected, atol=1e-5)


def test_official_size_and_range() -> None:
    white = torch.full((2, 16, 150, 150, 3), 255, dtype=torch.uint8)
    ours = preprocess(white)
    assert ours.shape == (2, 3, 8, 224, 224)
    torch.testing.assert_close(ours, torch.full_like(ours, (1 - 0.45) / 0.225))


def test_a_batch_is_prepared_clip_by_clip() -> None:
    images = _clips(clips=3)
    settings = Preprocessing(image_size=24)
    together = preprocess(images, settings=settings)
    for index in range(3):
        alone = preprocess(images[index : index + 1], settings=settings)
        assert torch.equal(together[index : index + 1], alone)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (torch.zeros(1, 15, 8, 8, 3, dtype=torch.uint8), "must have 16 frames, got 15"),
        (torch.zeros(1, 16, 8, 8, 3), r"must be \(B, T, S, S, 3\) uint8, got .* torch.float32"),
        (torch.zeros(16, 8, 8, 3, dtype=torch.uint8), r"must be \(B, T, S, S, 3\) uint8"),
        (torch.zeros(1, 16, 3, 8, 8, dtype=torch.uint8), r"must be \(B, T, S, S, 3\) uint8"),
    ],
)
def test_refuses_other_layouts(images: torch.Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        preprocess(images)


def test_settings_survive_json_and_follow_a_config() -> None:
    settings = Preprocessing.of(preset("demo"))
    demo = preset("demo")
    assert (settings.image_size, settings.num_frames) == (demo.image_size, demo.num_frames)
    assert Preprocessing.from_dict(json.loads(settings.to_json())) == settings
    wide = replace(settings, clip_size_px=200)
    assert Preprocessing.from_dict(json.loads(wide.to_json())) == wide


def test_older_files_without_a_size_have_the_papers() -> None:
    older = json.loads(Preprocessing().to_json())
    del older["clip_size_px"]
    assert Preprocessing.from_dict(older).clip_size_px == 150


@pytest.mark.parametrize(
    "changes",
    [
        {"std": 0.0},
        {"std": math.nan},
        {"mean": math.inf},
        {"mean": "0.45"},
        {"image_size": 0},
        {"num_frames": 2.5},
        {"clip_frames": True},
        {"clip_size_px": 0},
        {"extra": 1},
    ],
)
def test_bad_settings_are_refused(changes: dict[str, Any]) -> None:
    values = json.loads(Preprocessing().to_json())
    with pytest.raises(ValueError, match=next(iter(changes)).replace("extra", "exactly")):
        Preprocessing.from_dict(values | changes)
