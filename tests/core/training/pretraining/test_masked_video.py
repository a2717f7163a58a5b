"""What an encoder is shown of a clip while it is pretrained, and what it is asked for."""

import torch
from einops import rearrange

from rostfine_core.model import RoSTFine, preset
from rostfine_core.training.pretraining.masked_video import (
    MaskedVideo,
    draw_hidden,
    hidden_error,
    normalised_patches,
)
from tests.core.training.conftest import TINY

EDGE = 8


def masked_video() -> MaskedVideo:
    torch.manual_seed(0)
    return MaskedVideo(RoSTFine(preset("demo", **TINY)).encoder).eval()


def test_hidden_pixels_reach_nothing_and_shown_ones_do() -> None:
    network, clips = masked_video(), torch.rand(2, 3, 8, 16, 16)
    hidden = draw_hidden((2, 8, 2, 2), share=0.5, generator=torch.Generator().manual_seed(1))
    assert torch.equal(hidden.sum(dim=(2, 3)), torch.full((2, 8), 2))  # of four, in every frame
    assert len({tuple(frame.flatten().tolist()) for frame in hidden[0]}) > 1  # no tubes
    pixels = hidden.repeat_interleave(EDGE, 2).repeat_interleave(EDGE, 3)[:, None]
    with torch.inference_mode():
        first = network(clips, hidden)
        assert torch.equal(first, network(torch.where(pixels, 7.0, clips), hidden))
        assert not torch.allclose(first, network(torch.where(pixels, clips, 7.0), hidden))


def test_the_error_is_that_of_the_hidden_patches_alone() -> None:
    clips = torch.randn(1, 3, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    truth = normalised_patches(clips, patch_size=EDGE)
    # The third patch of a row-major grid of two by two is the lower left one.
    grey = clips.mean(dim=1)[0, 5, EDGE:, :EDGE]
    expected = (grey - grey.mean()) / (grey.var(unbiased=False) + 0.1).sqrt()
    assert torch.allclose(truth[0, 5, 2], rearrange(expected, "h w -> (h w)"), atol=1e-6)
    hidden = torch.zeros(1, 8, 2, 2, dtype=torch.bool)
    hidden[0, 5, 1, 0] = True
    wrong_elsewhere = torch.zeros_like(truth)
    wrong_elsewhere[0, 5, 2] = truth[0, 5, 2]
    assert hidden_error(wrong_elsewhere, truth, hidden).item() == 0
    assert hidden_error(wrong_elsewhere, truth, ~hidden).item() > 0.5


def test_empty_ground_asks_for_little() -> None:
    still = 0.01 * torch.randn(1, 3, 8, 16, 16)
    assert normalised_patches(still, patch_size=EDGE).square().mean() < 0.01
