"""Reads weights of the official implementations: RoSTFine's ``.bin``, TimeSformer's ``.pyth``."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rostfine_core.errors import ModelError, parsing
from rostfine_core.model.checkpoint import save_model
from rostfine_core.model.config import Gather, RoSTFineConfig
from rostfine_core.model.model_file import SUFFIX, write_model_file
from rostfine_core.model.preprocess import Preprocessing
from rostfine_core.model.rostfine import RoSTFine
from rostfine_core.model.weights import (
    blank_network,
    check_weights,
    fill_network,
    fit_encoder_weights,
)

ENCODER_PREFIX = "model.model."
TIMESFORMER_PREFIX = "model."
HEAD_WIDTH = 64  # of ViT-B and similar networks; a state dict does not tell the number of heads
UNKNOWN_DATASET = "not stated"
# For what the weights do not tell: the official code's values, except for its gathering error.
DEFAULTS: dict[str, Any] = {
    "gather": "corrected",
    "top_k": 3,
    "selection_layers": 1,
    "branch_heads": 8,
}


class UnusedOptionsError(ModelError):
    """Options for a RoSTFine were given with a TimeSformer, which is only an encoder.

    ``options`` are their names, in the order of ``convert``.
    """

    def __init__(self, source: Path, options: Sequence[str]) -> None:
        """Word the message for callers of ``convert``."""
        super().__init__(
            f"{source} is a TimeSformer, an encoder alone: leave out {', '.join(options)}, which "
            "only a RoSTFine has."
        )
        self.options = tuple(options)


def load_official_state_dict(state_dict: Mapping[str, Tensor], config: RoSTFineConfig) -> RoSTFine:
    """Make a RoSTFine in eval mode from the official implementation's weights.

    Args:
        state_dict: names and tensors as in the official ``model_<fold>.bin`` (FACTS). The
            encoder's ``head`` is dropped; position and time embeddings are resized by nearest
            neighbour if ``config`` has another grid or number of frames.
        config: the network's sizes, with ``branch="official"``.

    Raises:
        ModelError: names are missing or unexpected, shapes differ, or the branch is the paper's.
    """
    if config.branch != "official":
        raise ModelError(
            'Official weights belong to the official branch: ask for branch="official" '
            f"instead of {config.branch!r}."
        )
    network = blank_network(config)
    parameters = network.state_dict()
    our_names = {_official_name(name): name for name in parameters}
    weights = {n: t for n, t in state_dict.items() if not n.startswith(ENCODER_PREFIX)}
    encoder = _without_prefix(state_dict, ENCODER_PREFIX)
    for name, tensor in fit_encoder_weights(network.encoder, encoder).items():
        weights[ENCODER_PREFIX + name] = tensor
    check_weights(
        weights,
        expected={name: parameters[ours] for name, ours in our_names.items()},
        source="the official state dict",
    )
    return fill_network(network, {ours: weights[name] for name, ours in our_names.items()})


def convert(
    source: Path,
    target: Path,
    *,
    gather: Gather | None = None,
    top_k: int | None = None,
    selection_layers: int | None = None,
    branch_heads: int | None = None,
    dataset_kind: str = UNKNOWN_DATASET,
) -> None:
    """Convert an official RoSTFine ``.bin`` or a TimeSformer ``.pyth`` to a model file.

    Sizes are read from the weights. A TimeSformer is only an encoder: training can start from the
    file, but grading refuses it. The options that the weights do not tell default to corrected,
    3, 1 and 8 for a RoSTFine.

    Args:
        source: the official checkpoint; no code in it is run.
        target: the file to write, named ``*.safetensors``.
        gather: ``official`` for weights trained by the official code, which fetches other patches
            than it selects; see ``RoSTFineConfig``.
        top_k: patches selected in each frame.
        selection_layers: encoder blocks whose attention is summed to select patches.
        branch_heads: attention heads of the branches.
        dataset_kind: the name of the data that the checkpoint was trained on.

    Raises:
        UnusedOptionsError: the source is a TimeSformer and an option for a RoSTFine is given.
        ModelError: the source cannot be read, is another kind of file, or does not fit the options.
        StoreError: the target cannot be written.
    """
    if target.suffix.lower() != SUFFIX:
        raise ModelError(f"Cannot convert to {target}: name a file that ends in {SUFFIX}.")
    loaded = _unpickle(source)
    training = {"converted_from": source.name}
    values = (gather, top_k, selection_layers, branch_heads)
    given = {n: v for n, v in zip(DEFAULTS, values, strict=True) if v is not None}
    if "model_state" in loaded:
        if given:
            raise UnusedOptionsError(source, list(given))
        weights = _without_prefix(_tensors(loaded["model_state"], source), TIMESFORMER_PREFIX)
        _write_encoder(target, weights, source=source, training=training, kind=dataset_kind)
        return
    network = _network_of(_tensors(loaded, source), source, given)
    save_model(
        target,
        network,
        preprocessing=Preprocessing.of(network.config),
        training=training,
        dataset_kind=dataset_kind,
    )


def _network_of(state_dict: dict[str, Tensor], source: Path, given: dict[str, Any]) -> RoSTFine:
    config = _config_of(
        _without_prefix(state_dict, ENCODER_PREFIX),
        source,
        num_grades=state_dict["head_g.bias"].numel() if "head_g.bias" in state_dict else 0,
        branch_depth=_count(state_dict, "mhsa_s"),
        branch_heads=1,
        top_k=1,
    )
    try:
        config = replace(config, **(DEFAULTS | given))
    except ValueError as error:
        raise ModelError(f"{source} cannot be converted like this: {error}.") from error
    return load_official_state_dict(state_dict, config)


def _write_encoder(
    target: Path,
    weights: Mapping[str, Tensor],
    *,
    source: Path,
    training: Mapping[str, object],
    kind: str,
) -> None:
    config = _config_of(weights, source, top_k=1, branch_heads=1)
    encoder = blank_network(config).encoder
    fitted = fit_encoder_weights(encoder, weights)
    check_weights(fitted, expected=encoder.state_dict(), source=str(source))
    write_model_file(
        target,
        fitted,
        contents="encoder",
        config=config,
        preprocessing=Preprocessing.of(config),
        training=training,
        dataset_kind=kind,
    )


def _unpickle(path: Path) -> dict[Any, Any]:
    """Read a torch file without running any code in it."""
    with parsing(lambda error: _unreadable(path, error)), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about the version of damaged files
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict):
        raise _foreign(path)
    return loaded


def _unreadable(path: Path, error: Exception) -> ModelError:
    if isinstance(error, OSError) and error.strerror:
        return ModelError(f"Cannot read {path} ({error.strerror}): check it.")
    return ModelError(
        f"{path} is not a checkpoint that can be read safely: choose an undamaged official "
        "RoSTFine .bin or TimeSformer .pyth that holds only weights."
    )


def _tensors(loaded: object, path: Path) -> dict[str, Tensor]:
    """Check that ``loaded`` is a state dict and return it."""
    if not isinstance(loaded, Mapping):
        raise _foreign(path)
    tensors = {n: t for n, t in loaded.items() if isinstance(n, str) and isinstance(t, Tensor)}
    if len(tensors) != len(loaded):
        raise _foreign(path)
    return tensors


def _config_of(weights: Mapping[str, Tensor], path: Path, **known: Any) -> RoSTFineConfig:  # noqa: ANN401 - fields differ in type
    """Read an encoder's sizes from its weights; ``known`` holds the other fields."""
    with parsing(lambda _: _foreign(path)):
        _, places, dim = weights["pos_embed"].shape
        patch_size = weights["patch_embed.proj.weight"].shape[-1]
        return RoSTFineConfig(
            num_frames=weights["time_embed"].shape[1],
            image_size=round((places - 1) ** 0.5) * patch_size,
            patch_size=patch_size,
            embed_dim=dim,
            depth=_count(weights, "blocks"),
            num_heads=max(dim // HEAD_WIDTH, 1),
            mlp_ratio=len(weights["blocks.0.mlp.fc1.bias"]) / dim,
            **known,
        )


def _foreign(path: Path) -> ModelError:
    return ModelError(
        f"{path} holds neither an official RoSTFine nor a TimeSformer checkpoint: "
        "choose an official RoSTFine .bin or TimeSformer .pyth."
    )


def _count(weights: Mapping[str, Tensor], part: str) -> int:
    """The number of modules ``part.0``, ``part.1``, ..."""
    return len({name.split(".")[1] for name in weights if name.startswith(f"{part}.")})


def _without_prefix(state_dict: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in state_dict.items() if n.startswith(prefix)}


def _official_name(name: str) -> str:
    """The official code's name for one of our parameters."""
    part, rest = name.split(".", maxsplit=1)
    if part == "encoder":
        return ENCODER_PREFIX + rest
    kind, which = part.split("_")
    letter = which[0]
    if kind == "head":
        return f"head_{letter}.{rest}"
    module, rest = rest.split(".", maxsplit=1)
    number = module[4:] if module.startswith("norm") else ""
    return f"{module.removesuffix(number)}_{letter}{number}.{rest}"
