"""Masked video modelling: patches of a clip are hidden, and the encoder learns to fill them in.

Hidden patches keep their place in the encoder and a linear layer predicts their pixels (SimMIM, Xie
et al., CVPR 2022; for clips VideoMAE, Tong et al., NeurIPS 2022). Unlike VideoMAE's tubes, each
frame hides patches of its own: a head stays in the middle of its crop, so a tube would hide it in
all frames, and nothing would be left to tell its form from.

Letters: B clips, T frames, N patches of a frame, D width of a token, P pixels of a patch.
"""

import torch
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from rostfine_core.model.timesformer import TimeSformer

FLAT = 0.1
"""Added to a patch's variance, a tenth of the whole clip's: empty ground is not blown up."""


class MaskedVideo(nn.Module):
    """An encoder with what only pretraining needs: the token of a hidden patch, and a decoder."""

    def __init__(self, encoder: TimeSformer) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.cls_token.shape[-1]
        self.hidden_token = nn.Parameter(torch.zeros(width))
        self.decoder = nn.Linear(width, encoder.patch_size**2)
        nn.init.trunc_normal_(self.hidden_token, std=0.02)

    def forward(self, clips: Tensor, hidden: Tensor) -> Tensor:
        """Predict every patch's normalised pixels from those that are not hidden.

        Args:
            clips: (B, 3, T, H, W) float, normalised.
            hidden: (B, T, rows, columns) bool.

        Returns:
            (B, T, N, P).
        """
        edge = self.encoder.patch_size
        covered = repeat(hidden, "b t h w -> b 1 t (h y) (w x)", y=edge, x=edge)
        # Hidden before they are embedded, since an embedding may look over a patch's edge.
        patches = self.encoder.embed(clips.masked_fill(covered, 0.0))
        token = rearrange(self.hidden_token, "d -> 1 1 d 1 1").to(patches.dtype)
        patches = torch.where(rearrange(hidden, "b t h w -> b t 1 h w"), token, patches)
        encoding = self.encoder.encode(patches)
        pixels: Tensor = self.decoder(encoding.patches)
        return rearrange(pixels, "b (n t) p -> b t n p", t=hidden.shape[1])


def draw_hidden(
    size: tuple[int, int, int, int], *, share: float, generator: torch.Generator
) -> Tensor:
    """Hide the same number of patches, at least one, in each frame: (B, T, rows, columns) bool."""
    clips, frames, rows, columns = size
    count = max(1, round(share * rows * columns))
    drawn = torch.rand((clips, frames, rows * columns), generator=generator)
    places = drawn.argsort(dim=-1)[..., :count]
    hidden = torch.zeros(drawn.shape, dtype=torch.bool).scatter_(-1, places, True)
    return rearrange(hidden, "b t (h w) -> b t h w", h=rows)


def normalised_patches(clips: Tensor, *, patch_size: int) -> Tensor:
    """Each patch's grey pixels by its own mean and spread: (B, 3, T, H, W) -> (B, T, N, P)."""
    grey = reduce(clips, "b c t h w -> b t h w", "mean")
    patches = rearrange(grey, "b t (h y) (w x) -> b t (h w) (y x)", y=patch_size, x=patch_size)
    spread = (patches.var(dim=-1, keepdim=True, unbiased=False) + FLAT).sqrt()
    return (patches - patches.mean(dim=-1, keepdim=True)) / spread


def hidden_error(predicted: Tensor, truth: Tensor, hidden: Tensor) -> Tensor:
    """Mean squared error (a scalar) of (B, T, N, P) over the patches hidden in (B, T, h, w)."""
    errors = (predicted - truth).square().mean(dim=-1)
    return errors[rearrange(hidden, "b t h w -> b t (h w)")].mean()
