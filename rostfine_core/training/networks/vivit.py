"""ViViT with a factorised encoder (Arnab et al. 2021, model 2): space first, then time.

Letters: B clips, T frames, N patches of a frame, D width.
"""

from collections.abc import Mapping
from functools import partial

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from rostfine_core.errors import ModelError
from rostfine_core.model import RoSTFineConfig

TUBELET_FRAMES = 2
# The authors' approximation. Not nn.GELU: torch's fast paths treat any instance as exact GELU.
GELU = partial(F.gelu, approximate="tanh")
# Our names, and those of an image ViT's blocks in timm.
BLOCK_NAMES = {
    "norm1": "norm1",
    "self_attn.in_proj_": "attn.qkv.",
    "self_attn.out_proj": "attn.proj",
    "norm2": "norm2",
    "linear1": "mlp.fc1",
    "linear2": "mlp.fc2",
}


class FactorisedViViT(nn.Module):
    """Tubelets of two frames, a spatial transformer for each, a temporal one over their [CLS]."""

    def __init__(self, config: RoSTFineConfig, *, temporal_depth: int = 0) -> None:
        """Build a fresh network with the encoder sizes of ``config``.

        The temporal encoder has ``temporal_depth`` blocks; 0 means a third as many as the spatial
        one (as the 12 and 4 of the authors' base model).
        """
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
        self.over_time = _encoder(config, depth=temporal_depth or max(config.depth // 3, 1))

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

    def load_image_vit(self, weights: Mapping[str, Tensor], *, source: str) -> None:
        """Start the spatial encoder and the embedding from a timm ViT, as the authors did (4.4).

        A tubelet then sees only its middle frame. The temporal encoder stays fresh.

        Raises:
            ModelError: the weights have another size.
        """
        state = {
            n: weights[theirs] for n, theirs in self._image_names().items() if theirs in weights
        }
        frame = weights.get("patch_embed.proj.weight")
        if frame is not None:
            tubelet = torch.zeros(*frame.shape[:2], TUBELET_FRAMES, *frame.shape[2:])
            tubelet[:, :, TUBELET_FRAMES // 2] = frame
            state["embed.weight"] = tubelet
        ours = self.state_dict()
        wrong = [
            name
            for name in ("embed.weight", *self._image_names())
            if name not in state or state[name].shape != ours[name].shape
        ]
        if wrong:
            raise ModelError(
                f"{source} does not fit this ViViT ({len(wrong)} weights, the first is "
                f"{wrong[0]}): choose an image ViT of the same width, depth and patches."
            )
        self.load_state_dict(ours | state)

    def _image_names(self) -> dict[str, str]:
        """The weights that an image ViT also has: our names and timm's."""
        names = {
            "embed.bias": "patch_embed.proj.bias",
            "cls_space": "cls_token",
            "position": "pos_embed",
            "space.norm.weight": "norm.weight",
            "space.norm.bias": "norm.bias",
        }
        for name in self.state_dict():
            if not name.startswith("space.layers."):
                continue
            number, _, rest = name.removeprefix("space.layers.").partition(".")
            for ours, theirs in BLOCK_NAMES.items():
                if rest.startswith(ours):
                    names[name] = f"blocks.{number}.{theirs}{rest.removeprefix(ours)}"
        return names


def _encoder(config: RoSTFineConfig, *, depth: int) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        config.embed_dim,
        config.num_heads,
        dim_feedforward=int(config.embed_dim * config.mlp_ratio),
        dropout=0.0,
        activation=GELU,
        layer_norm_eps=1e-6,
        batch_first=True,
        norm_first=True,
    )
    norm = nn.LayerNorm(config.embed_dim, eps=1e-6)
    return nn.TransformerEncoder(layer, depth, norm=norm, enable_nested_tensor=False)
