"""Saves networks to model files, and loads them alone or as an ensemble."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from rostfine_core.domain import Gate, Grade, ModelInfo
from rostfine_core.errors import ModelError
from rostfine_core.files import sha256_of
from rostfine_core.messages import Message
from rostfine_core.model.answering import Answering, Views
from rostfine_core.model.model_file import (
    SUFFIX,
    ModelFile,
    positive_number,
    read_model_file,
    whole_count,
    write_model_file,
)
from rostfine_core.model.preprocess import Preprocessing
from rostfine_core.model.rostfine import RoSTFine
from rostfine_core.model.weights import build_rostfine

ENCODER_PREFIX = "encoder."


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel:
    """A network in eval mode on the CPU, with what its file says about it.

    ``training`` is the training summary given to ``save_model``.
    """

    network: RoSTFine
    preprocessing: Preprocessing
    info: ModelInfo
    training: Mapping[str, Any]
    gate: Gate | None = None
    answering: Answering = field(default_factory=Answering)


def save_model(
    path: Path,
    network: RoSTFine,
    *,
    preprocessing: Preprocessing,
    training: Mapping[str, object],
    dataset_kind: str,
) -> None:
    """Write a network to a model file, atomically.

    Args:
        path: the file, named ``*.safetensors``.
        network: its weights are copied, from any device.
        preprocessing: what the network was trained with.
        training: a summary that JSON can hold. ``fps``, ``um_per_px`` and ``head_length_px``
            (shortest, longest), if known, come back in ``ModelInfo``.
        dataset_kind: ``simulated``, or the lab's name for its data.

    Raises:
        StoreError: the file cannot be written.
        ValueError: the preprocessing gives other sizes than the network reads.
    """
    write_model_file(
        path,
        network.state_dict(),
        contents="network",
        config=network.config,
        preprocessing=preprocessing,
        training=training,
        dataset_kind=dataset_kind,
    )


def load_model(path: Path) -> LoadedModel:
    """Read a model file.

    Raises:
        ModelError: the file is missing, damaged, foreign or of another version, or does not hold
            a complete network.
    """
    file = read_model_file(path)
    if file.contents == "encoder":
        raise ModelError(
            Message(
                "The model {path} holds only an encoder, from which training can start: train a "
                "model with it and choose that.",
                path=path,
            )
        )
    if file.config.num_grades != len(Grade):
        raise ModelError(
            Message(
                "The model {path} gives {num_grades} grades instead of {needed}: choose a model "
                "that grades A to E.",
                path=path,
                num_grades=file.config.num_grades,
                needed=len(Grade),
            )
        )
    return LoadedModel(
        network=build_rostfine(file.config, file.tensors, source=str(path)),
        preprocessing=file.preprocessing,
        info=_describe(file),
        training=file.training,
        gate=file.gate,
        answering=file.answering,
    )


def load_models(path: Path) -> tuple[LoadedModel, ...]:
    """Read a model file, or all model files of a folder as an ensemble, ordered by name.

    Raises:
        ModelError: a file cannot be used, the folder has none, or its models differ in
            preprocessing, patch grid, views or kind of data.
    """
    if not path.is_dir():
        return (load_model(path),)
    paths = sorted(p for p in path.glob(f"*{SUFFIX}") if not p.name.startswith("."))
    if not paths:
        raise ModelError(
            Message(
                "The folder {path} holds no model: choose one with {suffix} files.",
                path=path,
                suffix=SUFFIX,
            )
        )
    models = tuple(load_model(p) for p in paths)
    if len({_kinship(model) for model in models}) > 1:
        raise ModelError(
            Message(
                "The models in {path} do not belong together (their preprocessing, patch grid, "
                "views or kind of data differ): choose a folder with the models of one training.",
                path=path,
            )
        )
    return models


def ensemble_info(models: Sequence[LoadedModel], *, name: str) -> ModelInfo:
    """One record for an ensemble, with ``name`` and a SHA-256 over its members' SHA-256s in order.

    A single model's record is returned unchanged.
    """
    if len(models) == 1:
        return models[0].info
    digests = "".join(model.info.sha256 for model in models)
    digest = hashlib.sha256(digests.encode()).hexdigest()
    return replace(
        models[0].info,
        file_name=name,
        sha256=digest,
        trained_clips=_common(model.info.trained_clips for model in models),
        trained_samples=_common(model.info.trained_samples for model in models),
        answering_json=_single({model.info.answering_json for model in models}),
        fewest_trained_samples=min(
            (n for n in (model.info.trained_samples for model in models) if n is not None),
            default=None,
        ),
    )


def load_encoder(path: Path) -> dict[str, Tensor]:
    """The encoder weights of a complete or encoder-only model file, as a start for training.

    Returns:
        Weights under the names that ``load_encoder_weights`` takes.

    Raises:
        ModelError: the file is missing, damaged, foreign or of another version.
    """
    file = read_model_file(path)
    if file.contents == "encoder":
        return file.tensors
    return {
        name.removeprefix(ENCODER_PREFIX): tensor
        for name, tensor in file.tensors.items()
        if name.startswith(ENCODER_PREFIX)
    }


def _describe(file: ModelFile) -> ModelInfo:
    return ModelInfo(
        file_name=file.path.name,
        sha256=sha256_of(file.path),
        dataset_kind=file.dataset_kind,
        config_json=file.config.to_json(),
        preprocessing_json=file.preprocessing.to_json(),
        answering_json=file.answering.to_json(),
        trained_fps=positive_number(file.training.get("fps")),
        trained_um_per_px=positive_number(file.training.get("um_per_px")),
        trained_head_length_px=_span(file.training.get("head_length_px")),
        trained_clips=whole_count(file.training.get("clips_train")),
        trained_samples=whole_count(file.training.get("samples_train")),
    )


def _single(texts: set[str]) -> str:
    """The text that all members share; empty where they differ, as calibrations do."""
    return texts.pop() if len(texts) == 1 else ""


def _common(counts: Iterable[int | None]) -> int | None:
    """The count that all share, or None: the models of a cross-validation can differ."""
    found = set(counts)
    return found.pop() if len(found) == 1 else None


def _span(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = (positive_number(v) for v in value)
    return None if low is None or high is None else (low, high)


def _kinship(model: LoadedModel) -> tuple[Preprocessing, int, str, Views]:
    grid, kind = model.network.config.grid_size, model.info.dataset_kind
    return model.preprocessing, grid, kind, model.answering.views
