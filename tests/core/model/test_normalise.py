"""Normalising each clip by itself takes the lamp and the camera's gain out of the picture."""

import pytest
import torch

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


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="normalise must be one of"):
        Preprocessing(normalise="video")  # type: ignore[arg-type] # wrong on purpose
