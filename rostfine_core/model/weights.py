"""Loads state dicts into networks strictly: every name and shape must be as expected."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rostfine_core.errors import ModelError
from rostfine_core.messages import Message, first_of
from rostfine_core.model.config import RoSTFineConfig
from rostfine_core.model.rostfine import RoSTFine
from rostfine_core.model.timesformer import TimeSformer, resize_pos_embed, resize_time_embed

NAMES_SHOWN = 8


def build_rostfine(
    config: RoSTFineConfig, state_dict: Mapping[str, Tensor], *, source: str
) -> RoSTFine:
    """Make a RoSTFine in eval mode with a float32 copy of these weights.

    Args:
        config: the network's sizes.
        state_dict: every parameter by its name in ``RoSTFine``.
        source: where the weights came from, for error messages.

    Raises:
        ModelError: names are missing or unexpected, or shapes differ.
    """
    if config.depth + config.branch_depth > len(state_dict):
        raise ModelError(
            Message(
                "The weights of {source} do not fit the network: {count} weights are fewer than "
                "its {depth} + {branch_depth} blocks.",
                source=source,
                count=len(state_dict),
                depth=config.depth,
                branch_depth=config.branch_depth,
            )
        )
    network = blank_network(config)
    check_weights(state_dict, expected=network.state_dict(), source=source)
    return fill_network(network, state_dict)


def fill_network(network: RoSTFine, state_dict: Mapping[str, Tensor]) -> RoSTFine:
    """Give a blank network CPU memory, a copy of these weights, and switch it to eval mode."""
    network.to_empty(device="cpu")
    network.load_state_dict(state_dict)
    return network.eval()


def blank_network(config: RoSTFineConfig) -> RoSTFine:
    """The network's names and shapes without memory, as drawing unused weights takes seconds."""
    with torch.device("meta"):
        return RoSTFine(config)


def load_encoder_weights(
    network: RoSTFine, state_dict: Mapping[str, Tensor], *, source: str
) -> None:
    """Load a TimeSformer or an image ViT into a network's encoder; the rest is unchanged.

    An image ViT (with the names of timm and ImageNet checkpoints) has no temporal attention: the
    spatial attention and its norm are copied, while ``temporal_fc`` and ``time_embed`` keep their
    initial values (FACTS, encoder). Position and time embeddings are resized if the sizes differ;
    a ``head`` is ignored.

    Args:
        network: the network to change.
        state_dict: encoder weights without prefix (``blocks.0.norm1.weight``, ...).
        source: where the weights came from, for error messages.

    Raises:
        ModelError: names are missing or unexpected, or shapes differ.
    """
    encoder = network.encoder
    weights = fit_encoder_weights(encoder, state_dict)
    if not any(".temporal_" in name for name in weights):
        weights = _inflate(encoder, weights)
    check_weights(weights, expected=encoder.state_dict(), source=source)
    encoder.load_state_dict(weights)


def fit_encoder_weights(
    encoder: TimeSformer, state_dict: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Drop the head from encoder weights and resize the embeddings to the encoder's sizes."""
    weights = {name: t for name, t in state_dict.items() if not name.startswith("head.")}
    time, position = weights.get("time_embed"), weights.get("pos_embed")
    if isinstance(time, Tensor) and time.ndim == 3 and time.shape[0] == 1:
        weights["time_embed"] = resize_time_embed(time, num_frames=encoder.time_embed.shape[1])
    if isinstance(position, Tensor) and position.ndim == 3 and _is_square_grid(position):
        grid = round((encoder.pos_embed.shape[1] - 1) ** 0.5)
        weights["pos_embed"] = resize_pos_embed(position, rows=grid, columns=grid)
    return weights


def _is_square_grid(position: Tensor) -> bool:
    patches = position.shape[1] - 1
    return position.shape[0] == 1 and patches > 0 and round(patches**0.5) ** 2 == patches


def _inflate(encoder: TimeSformer, image_weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add a TimeSformer's temporal part to an image ViT's weights."""
    weights = dict(image_weights)
    for name, fresh in encoder.state_dict().items():
        if name == "time_embed" or ".temporal_fc." in name:
            weights[name] = fresh
        elif ".temporal_" in name:
            spatial = name.replace(".temporal_", ".")
            if spatial in image_weights:
                weights[name] = image_weights[spatial]
    return weights


def check_weights(
    state_dict: Mapping[str, Tensor], *, expected: Mapping[str, Tensor], source: str
) -> None:
    """Refuse weights that are not exactly those expected.

    Raises:
        ModelError: weights are missing, unexpected, of another shape or type, or not finite.
    """
    faults = [Message("missing {name}", name=n) for n in expected.keys() - state_dict.keys()]
    faults += [Message("unexpected {name}", name=n) for n in state_dict.keys() - expected.keys()]
    for name in expected.keys() & state_dict.keys():
        given, wanted = state_dict[name], tuple(expected[name].shape)
        if not isinstance(given, Tensor) or not given.is_floating_point():
            faults.append(Message("{name} is not a floating-point tensor", name=name))
        elif given.layout is not torch.strided or given.is_meta:
            faults.append(Message("{name} is sparse or has no values", name=name))
        elif tuple(given.shape) != wanted:
            faults.append(
                Message(
                    "{name} has shape {given} instead of {wanted}",
                    name=name,
                    given=str(tuple(given.shape)),
                    wanted=str(wanted),
                )
            )
        elif not given.sum(dtype=torch.float32).isfinite():  # one pass over half a gigabyte
            faults.append(Message("{name} holds values that are not finite", name=name))
    if faults:
        raise ModelError(
            Message(
                "The weights of {source} do not fit the network: {faults}.",
                source=source,
                faults=first_of(sorted(faults, key=str), NAMES_SHOWN),
            )
        )
