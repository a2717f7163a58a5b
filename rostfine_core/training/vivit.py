"""ViViT with a factorised encoder (Arnab et al. 2021, model 2): space first, then time.

Letters: B clips, T frames, N patches of a frame, D width.
"""

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from rostfine_core.model import RoSTFineConfig

TUBELET_FRAMES = 2


class FactorisedViViT(nn.Module):
    """Tubelets of two frames, a spatial transformer for each, a temporal one over their [CLS]."""

    def __init__(self, config: RoSTFineConfig) -> None:
        """Build a fresh network with the encoder sizes of ``config``; a third is temporal depth."""
        super().__init__()
        dim, size = config.embed_dim, config.patch_size
        steps = config.num_frames // TUBELET_FRAMES
        kernel = (TUBELET_FRAMES, size, size)
        self.embed = nn.Conv3d(3, dim, kernel_size=kernel, stride=kernel)
        self.cls_space = nn.Parameter(torch.zeros(1, 1, dim))
        self.cls_time = nn.Parameter(torch.zeros(1, 1, dim))
        self.position = nn.Parameter(torch.randn(1, 1 + config.num_patches, dim) * 0.02)
        self.time = nn.Parameter(torch.randn(1, 1 + steps, dim) * 0.02)
        self.space = _encoder(config, depth=config.depth)
        self.over_time = _encoder(config, depth=max(config.depth // 3, 1))

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        batch = clips.shape[0]
        patches = rearrange(self.embed(clips), "b d t h w -> (b t) (h w) d")
        cls = repeat(self.cls_space, "1 1 d -> n 1 d", n=patches.shape[0])
        frames = self.space(torch.cat([cls, patches], dim=1) + self.position)[:, 0]
        steps = rearrange(frames, "(b t) d -> b t d", b=batch)
        cls = repeat(self.cls_time, "1 1 d -> b 1 d", b=batch)
        feature: Tensor = self.over_time(torch.cat([cls, steps], dim=1) + self.time)[:, 0]
        return feature


def _encoder(config: RoSTFineConfig, *, depth: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(
        config.embed_dim,
        config.num_heads,
        dim_feedforward=int(config.embed_dim * config.mlp_ratio),
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(
        layer, depth, norm=nn.LayerNorm(config.embed_dim), enable_nested_tensor=False
    )
