"""ViViT from its authors' checkpoints: the names and the layout of Scenic's ``SpaceTimeViViT``.

Written from the layout that Scenic documents (``scenic/projects/vivit/model.py``); the published
files themselves were not at hand.
Letters: D width, H heads, K width of a head, M width of an MLP, N patches or tubelet steps.
"""

import re
from collections.abc import Mapping

import torch
from einops import rearrange
from torch import Tensor, nn

from rostfine_core.errors import ModelError
from rostfine_core.model.timesformer import resize_pos_embed, resize_time_embed
from rostfine_core.model.weights import check_weights
from rostfine_core.training.networks.vivit import FactorisedViViT

SPACE, TIME = "SpatialTransformer", "TemporalTransformer"
POSITION = "posembed_input/pos_embedding"
# The kind of each encoder's layers, and the key of a recipe's [model] that gives their number.
DEPTHS = {SPACE: ("spatial", "overrides.depth"), TIME: ("temporal", "temporal_depth")}
NOT_USED = ("output_projection/", "pre_logits/")  # the layers after the feature
# What a block has: our name, Scenic's, and how our shape becomes Flax's.
BLOCK = (
    ("norm1.weight", "LayerNorm_0/scale", "d -> d"),
    ("norm1.bias", "LayerNorm_0/bias", "d -> d"),
    ("self_attn.out_proj.weight", "MultiHeadDotProductAttention_0/out/kernel", "d (h k) -> h k d"),
    ("self_attn.out_proj.bias", "MultiHeadDotProductAttention_0/out/bias", "d -> d"),
    ("norm2.weight", "LayerNorm_1/scale", "d -> d"),
    ("norm2.bias", "LayerNorm_1/bias", "d -> d"),
    ("linear1.weight", "MlpBlock_0/Dense_0/kernel", "m d -> d m"),
    ("linear1.bias", "MlpBlock_0/Dense_0/bias", "m -> m"),
    ("linear2.weight", "MlpBlock_0/Dense_1/kernel", "d m -> m d"),
    ("linear2.bias", "MlpBlock_0/Dense_1/bias", "d -> d"),
)


def load_scenic(network: FactorisedViViT, parameters: Mapping[str, Tensor], *, source: str) -> None:
    """Start the embedding and both encoders from the authors' weights; their classes are left out.

    Where the network has another number of tubelet steps or patches, the position embeddings are
    interpolated: linearly over time, bicubically over the grid, the [CLS]'s own left as it is.

    Args:
        network: what to fill; it is changed only if everything fits.
        parameters: arrays by their path, as ``read_flax_parameters`` gives them.
        source: what they came from, for the error's sentence.

    Raises:
        ModelError: the sizes differ, or names are missing or unexpected.
    """
    ours = _in_flax_layout(network)
    given = {n: t for n, t in parameters.items() if not n.startswith(NOT_USED)}
    _check_depths(given, ours, source=source)
    for part, resize in ((SPACE, _resize_position), (TIME, _resize_time)):
        name = f"{part}/{POSITION}"
        if name in given:
            given[name] = resize(given[name], places=ours[name].shape[1] - 1)
    check_weights(given, expected=ours, source=source)
    for name, view in ours.items():
        view.copy_(given[name])


def _in_flax_layout(network: FactorisedViViT) -> dict[str, Tensor]:
    """The network's own memory under Flax's names and in its shapes: what is written there stays.

    A ``rearrange`` that only splits and swaps axes gives a view.
    """
    weights = network.state_dict()
    views = {
        "embedding/kernel": rearrange(weights["embed.weight"], "d c t h w -> t h w c d"),
        "embedding/bias": weights["embed.bias"],
    }
    for theirs, part, cls, position, encoder in (
        (SPACE, "space", "cls_space", "position", network.space),
        (TIME, "over_time", "cls_time", "time", network.over_time),
    ):
        views[f"cls_{theirs}"] = weights[cls]
        views[f"{theirs}/{POSITION}"] = weights[position]
        views[f"{theirs}/encoder_norm/scale"] = weights[f"{part}.norm.weight"]
        views[f"{theirs}/encoder_norm/bias"] = weights[f"{part}.norm.bias"]
        for number, layer in enumerate(encoder.layers):
            block = _block(layer)
            views |= {f"{theirs}/encoderblock_{number}/{name}": v for name, v in block.items()}
    return views


def _block(layer: nn.TransformerEncoderLayer) -> dict[str, Tensor]:
    weights, heads = layer.state_dict(), layer.self_attn.num_heads
    views = {}
    for ours, theirs, pattern in BLOCK:
        sizes = {"h": heads} if "h" in pattern else {}
        views[theirs] = rearrange(weights[ours], pattern, **sizes)
    kernels, biases = (weights[f"self_attn.in_proj_{kind}"] for kind in ("weight", "bias"))
    kernels = rearrange(kernels, "(n h k) d -> n d h k", n=3, h=heads)
    biases = rearrange(biases, "(n h k) -> n h k", n=3, h=heads)
    for name, kernel, bias in zip(("query", "key", "value"), kernels, biases, strict=True):
        views[f"MultiHeadDotProductAttention_0/{name}/kernel"] = kernel
        views[f"MultiHeadDotProductAttention_0/{name}/bias"] = bias
    return views


def _check_depths(given: Mapping[str, Tensor], ours: Mapping[str, Tensor], *, source: str) -> None:
    """Say what to write in the recipe instead of listing every weight that is too much."""
    for part, (kind, key) in DEPTHS.items():
        theirs, wanted = _depth(given, part), _depth(ours, part)
        if theirs not in (0, wanted):
            raise ModelError(
                f"{source} has {theirs} {kind} layers and the recipe asks for {wanted}: write "
                f"{key} = {theirs} in the recipe's [model]."
            )


def _depth(parameters: Mapping[str, Tensor], part: str) -> int:
    found = (re.match(rf"{part}/encoderblock_(\d+)/", name) for name in parameters)
    return len({match[1] for match in found if match})


def _resize_position(embed: Tensor, *, places: int) -> Tensor:
    """Bring (1, 1+N, D) to another square grid; anything else is left to be refused."""
    edge, old = round(places**0.5), embed.shape[1] - 1 if _is_embedding(embed) else 0
    if not old or round(old**0.5) ** 2 != old:
        return embed
    return resize_pos_embed(embed, rows=edge, columns=edge, mode="bicubic")


def _resize_time(embed: Tensor, *, places: int) -> Tensor:
    """Bring (1, 1+N, D) to another number of steps; anything else is left to be refused."""
    if not _is_embedding(embed):
        return embed
    steps = resize_time_embed(embed[:, 1:], num_frames=places, mode="linear")
    return torch.cat([embed[:, :1], steps], dim=1)


def _is_embedding(embed: Tensor) -> bool:
    return embed.ndim == 3 and embed.shape[0] == 1 and embed.shape[1] > 1
