"""Weights of the official implementations: RoSTFine's ``.bin`` and TimeSformer's ``.pyth``."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from rostfine_core.errors import ModelError
from rostfine_core.model.config import RoSTFineConfig
from rostfine_core.model.rostfine import RoSTFine
from rostfine_core.model.weights import build_network, fit_encoder_weights

ENCODER_PREFIX = "model.model."
_PARTS = {"s": "branch_spatial", "t": "branch_temporal"}
_HEADS = {"g": "head_global", "s": "head_spatial", "t": "head_temporal"}


def load_official_state_dict(state_dict: Mapping[str, Tensor], config: RoSTFineConfig) -> RoSTFine:
    """Make a RoSTFine in eval mode of the official implementation's weights.

    Args:
        state_dict: names and tensors as in the official ``model_<fold>.bin`` (FACTS). The
            encoder's own ``head`` is dropped; position and time embeddings are resized by nearest
            neighbour where ``config`` has another grid or number of frames.
        config: the network's sizes, with ``branch="official"``.

    Raises:
        ModelError: names are missing or unexpected, shapes differ, or the branch is the paper's.
    """
    if config.branch != "official":
        raise ModelError(
            f'Official weights belong to the official branch: ask for branch="official" '
            f"instead of {config.branch!r}."
        )
    with torch.device("meta"):
        encoder = RoSTFine(config).encoder
    weights = {
        name.removeprefix(ENCODER_PREFIX): tensor
        for name, tensor in state_dict.items()
        if name.startswith(ENCODER_PREFIX)
    }
    renamed = {f"encoder.{k}": t for k, t in fit_encoder_weights(encoder, weights).items()}
    for name, tensor in state_dict.items():
        if not name.startswith(ENCODER_PREFIX):
            renamed[_our_name(name)] = tensor
    return build_network(config, renamed, source="the official state dict")


def _our_name(name: str) -> str:
    """Translate a name outside the encoder; one that the official code does not have stays."""
    if match := re.fullmatch(r"norm_([st])([12])\.(weight|bias)", name):
        return f"{_PARTS[match[1]]}.norm{match[2]}.{match[3]}"
    if match := re.fullmatch(r"(mhsa|mlp)_([st])\.(.+)", name):
        return f"{_PARTS[match[2]]}.{match[1]}.{match[3]}"
    if match := re.fullmatch(r"head_([gst])\.(weight|bias)", name):
        return f"{_HEADS[match[1]]}.{match[2]}"
    return name
