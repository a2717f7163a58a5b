"""A change of the light over a clip is named, flicker of a lamp is not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import Clip, CropBox, ModelInfo, QualityFlag, Severity, TrackStatus
from rostfine_core.quality.light_flags import light_flags

FRAMES = 16
TIMES = np.linspace(0, 1, FRAMES)
EVENING = ModelInfo(
    file_name="m.safetensors",
    sha256="0" * 64,
    dataset_kind="Clinic",
    config_json="{}",
    preprocessing_json='{"normalise": "clip"}',
)
FIXED = replace(EVENING, preprocessing_json='{"normalise": "fixed"}')
FADE = 1 - 0.35 * TIMES
DROP = np.where(TIMES < 0.5, 1, 0.65)


def clip_under(light: NDArray[np.float64], *, level: int = 150) -> Clip:
    """A noisy background with a darker head, its light changed frame by frame."""
    scene = np.full((FRAMES, 60, 60, 3), level, np.float64)
    scene[:, 25:35, 22:38] -= 60
    scene += np.random.default_rng(1).normal(0, 3, scene.shape)
    images = np.clip(scene * light[:, None, None, None], 0, 255).astype(np.uint8)
    boxes = tuple(
        CropBox(
            frame=i,
            time_s=i / 15,
            centre_x_px=300,
            centre_y_px=300,
            size_px=60,
            padded_share=0.0,
            status=TrackStatus.MEASURED,
        )
        for i in range(FRAMES)
    )
    return Clip(target="1", images=images, boxes=boxes)


def changes(clip: Clip, *, model: ModelInfo | None = EVENING) -> list[QualityFlag]:
    return [f for f in light_flags(clip, model=model) if f.code == "light_changes"]


@pytest.mark.parametrize("light", [FADE, FADE[::-1], DROP, 1 + 0.3 * TIMES])
def test_a_change_is_measured(light: NDArray[np.float64]) -> None:
    (flag,) = changes(clip_under(light))
    assert flag.severity is Severity.NOTICE
    share = 1 - light.min() / light.max()
    assert f"changes by {share:.0%}" in str(flag.reason)
    assert "evened out" in str(flag.reason)


@pytest.mark.requirement("R-35")
@pytest.mark.parametrize("model", [FIXED, None])
def test_what_no_model_evens_out_is_a_warning(model: ModelInfo | None) -> None:
    (flag,) = changes(clip_under(FADE), model=model)
    assert flag.severity is Severity.WARNING


@pytest.mark.parametrize("model", [EVENING, FIXED])
def test_a_slow_fade_that_is_not_evened_out_is_a_notice(model: ModelInfo) -> None:
    (flag,) = changes(clip_under(1 - 0.11 * TIMES), model=model)
    assert flag.severity is Severity.NOTICE
    assert "11%" in str(flag.reason)
    assert "evened out" not in str(flag.reason)
    assert not changes(clip_under(1 - 0.08 * TIMES), model=model)


def test_a_light_that_goes_out_is_more_than_can_be_evened_out() -> None:
    (flag,) = changes(clip_under(1 - 0.7 * TIMES))
    assert flag.severity is Severity.WARNING


@pytest.mark.parametrize(
    "light",
    [
        np.ones(FRAMES),
        np.full(FRAMES, 0.7),
        1 + 0.03 * np.sin(20 * TIMES),
        1 + 0.06 * np.sin(20 * TIMES),
        1 + np.random.default_rng(0).uniform(-0.06, 0.06, FRAMES),
    ],
    ids=["steady", "darker", "flicker of 3%", "flicker of 6%", "random flicker of 6%"],
)
def test_a_steady_or_flickering_light_is_no_change(light: NDArray[np.float64]) -> None:
    assert not changes(clip_under(light))


def test_a_black_clip_does_not_change() -> None:
    assert not changes(clip_under(np.zeros(FRAMES)))


def test_a_border_that_is_repeated_is_no_change_of_the_light() -> None:
    """As of a sperm that swims to the side of a picture whose last column is white."""
    clip = clip_under(np.ones(FRAMES))
    images = clip.images.copy()
    for frame, picture in enumerate(images):
        picture[:, 58 - 2 * frame :] = 250
    assert changes(replace(clip, images=images)) == []
    corner = clip.images.copy()
    corner[:, :20], corner[:, :, 40:] = corner[:, 20:21], corner[:, :, 40:41]
    assert changes(replace(clip, images=corner)) == []
    assert changes(replace(clip, images=np.full_like(images, 120))) == []
