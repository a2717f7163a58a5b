"""The names that published weights have for the parameters of our ViViT."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

LAYER = re.compile(r"(space|over_time)\.layers\.(\d+)\.(.+)")


@dataclass(frozen=True, kw_only=True)
class WeightNames:
    """How published weights are named.

    ``single``: our names of weights outside the blocks, and theirs. ``encoders``: theirs for the
    blocks of our two encoders, with ``{}`` for the block's number. ``parts``: the beginnings of our
    names within a block, and of theirs. ``older``: parts that some files call otherwise.
    ``prefix`` stands before each name, and what begins with one of ``left_out`` is not read.
    """

    single: Mapping[str, str]
    encoders: Mapping[str, str]
    parts: Mapping[str, str]
    older: Mapping[str, str]
    prefix: str = ""
    left_out: tuple[str, ...] = ()

    def names(self, ours: Iterable[str]) -> dict[str, str]:
        """Of our names those that the layout knows, and theirs for them."""
        found = {name: self._theirs(name) for name in ours}
        return {name: theirs for name, theirs in found.items() if theirs is not None}

    def ours(self, weights: Mapping[str, Tensor], ours: Iterable[str]) -> dict[str, Tensor]:
        """Published weights under our names; a name without a counterpart stays as it is."""
        back = {theirs: name for name, theirs in self.names(ours).items()}
        renamed = {}
        for name, tensor in weights.items():
            plain = name.removeprefix(self.prefix)
            for old, new in self.older.items():
                plain = plain.replace(old, new)
            if not plain.startswith(self.left_out):
                renamed[back.get(plain, plain)] = tensor
        return renamed

    def _theirs(self, name: str) -> str | None:
        match = LAYER.fullmatch(name)
        if match is None:
            return self.single.get(name)
        encoder, number, rest = match.groups()
        if encoder not in self.encoders:
            return None
        place = self.encoders[encoder].format(number)
        part = next(p for p in self.parts if rest.startswith(p))
        return f"{place}.{self.parts[part]}{rest.removeprefix(part)}"


IMAGE_VIT = WeightNames(
    single={
        "embed.weight": "patch_embed.proj.weight",
        "embed.bias": "patch_embed.proj.bias",
        "cls_space": "cls_token",
        "position": "pos_embed",
        "space.norm.weight": "norm.weight",
        "space.norm.bias": "norm.bias",
    },
    encoders={"space": "blocks.{}"},
    parts={
        "norm1": "norm1",
        "self_attn.in_proj_": "attn.qkv.",
        "self_attn.out_proj": "attn.proj",
        "norm2": "norm2",
        "linear1": "mlp.fc1",
        "linear2": "mlp.fc2",
    },
    older={},
)
"""An image ViT of timm."""

VIDEO_TRANSFORMER = WeightNames(
    single={
        "embed.weight": "patch_embed.projection.weight",
        "embed.bias": "patch_embed.projection.bias",
        "cls_space": "cls_token",
        "position": "pos_embed",
        "time": "time_embed",
        "over_time.norm.weight": "norm.weight",
        "over_time.norm.bias": "norm.bias",
    },
    encoders={
        "space": "transformer_layers.0.layers.{}",
        "over_time": "transformer_layers.1.layers.{}",
    },
    parts={
        "norm1": "attentions.0.norm",
        "self_attn.in_proj_": "attentions.0.attn.qkv.",
        "self_attn.out_proj": "attentions.0.attn.proj",
        "norm2": "ffns.0.norm",
        "linear1": "ffns.0.layers.0.0",
        "linear2": "ffns.0.layers.1",
    },
    older={"attn.in_proj_": "attn.qkv.", "attn.out_proj": "attn.proj"},
    prefix="model.",
    left_out=("cls_head.",),
)
"""The factorised ViViT of github.com/mx-mark/VideoTransformer-pytorch (``vivit_model.pth``)."""
