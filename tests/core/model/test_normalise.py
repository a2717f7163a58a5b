"""Normalising clips separately removes the effect of the lamp and the camera's gain."""

import numpy as np
import pytest
import torch

from rostfine_core.light import STEADY_CHANGE, background_levels, light_change
from rostfine_core.model import Preprocessing, preprocess

SETTINGS = Preprocessing(num_frames=4, image_size=24, clip_frames=4, normalise="clip")


def random_clips(*, low: int = 40, high: int = 120) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(low, high, (2, 4, 24, 24, 3), dtype=torch.uint8, generator=generator)


def test_each_clip_has_mean_zero_and_spread_one() -> None:
    out = preprocess(random_clips(), settings=SETTINGS)
    torch.testing.assert_close(out.mean(dim=(2, 3, 4)), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        out.square().mean(dim=(1, 2, 3, 4)), torch.ones(2), atol=1e-5, rtol=0
    )


def test_lamp_and_gain_do_not_matter() -> None:
    clips = random_clips()
    out = preprocess(clips, settings=SETTINGS)
    torch.testing.assert_close(preprocess(clips * 2 + 5, settings=SETTINGS), out)
    fixed = Preprocessing(num_frames=4, image_size=24, clip_frames=4)
    assert not torch.allclose(preprocess(clips * 2 + 5, settings=fixed), out, atol=0.1)


def test_one_clip_does_not_depend_on_its_neighbours() -> None:
    clips = random_clips()
    alone = preprocess(clips[:1], settings=SETTINGS)
    torch.testing.assert_close(alone, preprocess(clips, settings=SETTINGS)[:1])


def test_a_clip_without_contrast_stays_flat() -> None:
    flat = torch.full((1, 4, 24, 24, 3), 90, dtype=torch.uint8)
    assert preprocess(flat, settings=SETTINGS).abs().max() == 0


def under(light: list[float], clips: torch.Tensor) -> torch.Tensor:
    """The clips with each frame's light changed by its factor."""
    return (clips * torch.tensor(light).view(1, -1, 1, 1, 1)).round().to(torch.uint8)


@pytest.mark.parametrize("light", [[1, 0.9, 0.8, 0.65], [1, 1, 0.65, 0.65], [0.7, 0.8, 0.9, 1]])
def test_light_that_changes_is_evened_out(light: list[float]) -> None:
    clips = random_clips(low=80, high=120)
    steady = preprocess(clips, settings=SETTINGS)
    # A grey level is a tenth of this clip's spread, and rounding to whole levels is left.
    assert (preprocess(under(light, clips), settings=SETTINGS) - steady).abs().mean() < 0.1
    fixed = Preprocessing(num_frames=4, image_size=24, clip_frames=4)
    changed = preprocess(under(light, clips), settings=fixed) - preprocess(clips, settings=fixed)
    assert changed.abs().mean() > 0.1


def test_light_that_flickers_is_left_as_it_was_in_training() -> None:
    clips = under([1, 0.97, 1.03, 1], random_clips(low=90))
    chosen = clips.permute(0, 4, 1, 2, 3).float() / 255
    centred = chosen - chosen.mean(dim=(2, 3, 4), keepdim=True)
    spread = centred.square().mean(dim=(1, 2, 3, 4), keepdim=True).sqrt()
    torch.testing.assert_close(preprocess(clips, settings=SETTINGS), centred / spread)


@pytest.mark.parametrize("last", np.linspace(0.8, 0.95, 16).tolist())
def test_light_is_evened_out_exactly_if_it_is_flagged(last: float) -> None:
    """The network's input and the flag decide by the same number, to the last bit."""
    (clip,) = under([1, 1, 1, last], random_clips()[:1])
    alone = preprocess(clip[None], settings=SETTINGS)
    chosen = clip[None].permute(0, 4, 1, 2, 3).float() / 255
    centred = chosen - chosen.mean(dim=(2, 3, 4), keepdim=True)
    untouched = centred / centred.square().mean().sqrt()
    is_evened = not torch.allclose(alone, untouched, atol=1e-4)
    assert is_evened == (light_change(background_levels(clip.numpy())) > STEADY_CHANGE)


def test_a_clip_with_a_black_frame_stays_finite() -> None:
    clips = under([1, 1, 0, 1], random_clips())
    assert preprocess(clips, settings=SETTINGS).isfinite().all()


def test_an_unknown_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match="normalise must be one of"):
        Preprocessing(normalise="video")  # type: ignore[arg-type] # wrong on purpose
