"""ViViT with a factorised encoder (Arnab et al. 2021, model 2): space first, then time.

Letters: B clips, T frames, N patches of a frame, D width.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import torch
from einops import rearrange, reduce, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from rostfine_core.errors import ModelError
from rostfine_core.model import RoSTFineConfig
from rostfine_core.model.timesformer import resize_time_embed
from rostfine_core.model.weights import check_weights
from rostfine_core.training.networks.vivit_names import IMAGE_VIT, VIDEO_TRANSFORMER

TUBELET_FRAMES = 2
NORM_EPS = 1e-6
Pooling = Literal["cls", "mean"]
Activation = Callable[[Tensor], Tensor]
# Not nn.GELU: torch's fast paths treat any instance as exact GELU. The authors use the
# approximation, the PyTorch version the exact function.
GELU: Mapping[Pooling, Activation] = {"cls": partial(F.gelu, approximate="tanh"), "mean": F.gelu}
BLOCK_EPS: Mapping[Pooling, float] = {"cls": NORM_EPS, "mean": 1e-5}


class FactorisedViViT(nn.Module):
    """Tubelets of two frames, a spatial transformer for each, a temporal one over the steps.

    With ``pooling`` "cls" a step is its normalised [CLS], as in the authors' JAX code. With "mean"
    it is the mean of its patches, and the [CLS] of the first step leads the temporal sequence, as
    in the PyTorch version VideoTransformer-pytorch, whose Kinetics-400 weights are published. (In
    that code a batch of clips takes the first steps of the first clip; here each clip has its own.)
    """

    def __init__(
        self, config: RoSTFineConfig, *, temporal_depth: int = 0, pooling: Pooling = "cls"
    ) -> None:
        """Build a fresh network with the encoder sizes of ``config``.

        The temporal encoder has ``temporal_depth`` blocks; 0 means a third as many as the spatial
        one (as the 12 and 4 of the authors' base model).
        """
        super().__init__()
        dim, size = config.embed_dim, config.patch_size
        steps = config.num_frames // TUBELET_FRAMES
        kernel = (TUBELET_FRAMES, size, size)
        self.pooling = pooling
        self.embed = nn.Conv3d(3, dim, kernel_size=kernel, stride=kernel)
        self.cls_space = nn.Parameter(torch.zeros(1, 1, dim))
        if pooling == "cls":
            self.cls_time = nn.Parameter(torch.zeros(1, 1, dim))
        self.position = nn.Parameter(torch.randn(1, 1 + config.num_patches, dim) * 0.02)
        self.time = nn.Parameter(torch.randn(1, 1 + steps, dim) * 0.02)
        over_time = temporal_depth or max(config.depth // 3, 1)
        is_normed = pooling == "cls"
        self.space = _encoder(config, depth=config.depth, pooling=pooling, is_normed=is_normed)
        self.over_time = _encoder(config, depth=over_time, pooling=pooling, is_normed=True)

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        batch = clips.shape[0]
        patches = rearrange(self.embed(clips), "b d t h w -> (b t) (h w) d")
        cls = repeat(self.cls_space, "1 1 d -> n 1 d", n=patches.shape[0])
        tokens = self.space(torch.cat([cls, patches], dim=1) + self.position)
        steps = rearrange(tokens, "(b t) n d -> b t n d", b=batch)
        if self.pooling == "cls":
            cls = repeat(self.cls_time, "1 1 d -> b 1 d", b=batch)
            pooled = steps[:, :, 0]
        else:
            cls = steps[:, :1, 0]
            pooled = reduce(steps[:, :, 1:], "b t n d -> b t d", "mean")
        feature: Tensor = self.over_time(torch.cat([cls, pooled], dim=1) + self.time)[:, 0]
        return feature

    def load_image_vit(self, weights: Mapping[str, Tensor], *, source: str) -> None:
        """Start the spatial encoder and the embedding from a timm ViT, as the authors did (4.4).

        A tubelet then sees only its middle frame. The temporal encoder stays fresh.

        Raises:
            ModelError: the weights have another size.
        """
        ours = self.state_dict()
        names = IMAGE_VIT.names(ours)
        state = {name: weights[theirs] for name, theirs in names.items() if theirs in weights}
        frame = state.get("embed.weight")
        if frame is not None and frame.ndim == 4:
            tubelet = torch.zeros(*frame.shape[:2], TUBELET_FRAMES, *frame.shape[2:])
            tubelet[:, :, TUBELET_FRAMES // 2] = frame
            state["embed.weight"] = tubelet
        wrong = [n for n in names if n not in state or state[n].shape != ours[n].shape]
        if wrong:
            raise ModelError(
                f"{source} does not fit this ViViT ({len(wrong)} weights, the first is "
                f"{wrong[0]}): choose an image ViT of the same width, depth and patches."
            )
        self.load_state_dict(ours | state)

    def load_video_transformer(self, weights: Mapping[str, Tensor], *, source: str) -> None:
        """Start from the published weights of VideoTransformer-pytorch; needs ``pooling`` "mean".

        Its classifier is dropped. The time embedding, [CLS] apart, is resized to this network's
        steps.

        Raises:
            ModelError: names are missing or unexpected, or shapes differ.
        """
        ours = self.state_dict()
        state = VIDEO_TRANSFORMER.ours(weights, ours)
        time = state.get("time")
        if time is not None and time.ndim == 3 and time.shape[:1] == (1,) and time.shape[1] > 1:
            steps = resize_time_embed(time[:, 1:], num_frames=ours["time"].shape[1] - 1)
            state["time"] = torch.cat([time[:, :1], steps], dim=1)
        check_weights(state, expected=ours, source=source)
        self.load_state_dict(state)


def _encoder(
    config: RoSTFineConfig, *, depth: int, pooling: Pooling, is_normed: bool
) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        config.embed_dim,
        config.num_heads,
        dim_feedforward=int(config.embed_dim * config.mlp_ratio),
        dropout=0.0,
        activation=GELU[pooling],
        layer_norm_eps=BLOCK_EPS[pooling],
        batch_first=True,
        norm_first=True,
    )
    norm = nn.LayerNorm(config.embed_dim, eps=NORM_EPS) if is_normed else None
    return nn.TransformerEncoder(layer, depth, norm=norm, enable_nested_tensor=False)
