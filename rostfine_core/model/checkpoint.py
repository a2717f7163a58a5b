"""Model files: safetensors files with the weights and everything needed to use them.

The metadata of a file has one entry, ``rostfine.model``, a JSON table of ``format_version``,
``contents`` (``network``, or ``encoder`` for a file only training can start from), ``config``,
the optional ``gate`` (what clips like those of the training look like),
``preprocessing``, ``training``, ``dataset_kind`` and ``software_version``. It is one entry because
safetensors writes several in random order, and the same model should give the same file.
The optional table ``answering`` says how the network's answers are made into the model's
(``answering.py``). A file with it has format version 2, so that a program that would leave it out
refuses the file.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from rostfine_core import __version__
from rostfine_core.domain import Gate, Grade, ModelInfo
from rostfine_core.errors import ModelError
from rostfine_core.files import atomic_write, sha256_of
from rostfine_core.messages import Message
from rostfine_core.model.answering import Answering, Views
from rostfine_core.model.config import RoSTFineConfig
from rostfine_core.model.preprocess import Preprocessing
from rostfine_core.model.rostfine import RoSTFine
from rostfine_core.model.weights import build_rostfine

METADATA_NAME = "rostfine.model"
RESEARCH_FORMAT = "rostfine.research"
"""The format of networks that only the training package reads."""
FORMAT_VERSION = 1
"""Of files without the optional table."""
ANSWERING_VERSION = 2
KNOWN_VERSIONS = (FORMAT_VERSION, ANSWERING_VERSION)
SUFFIX = ".safetensors"
ENCODER_PREFIX = "encoder."
Contents = Literal["network", "encoder"]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _ModelFile:
    """A file's contents; the tensors are still memory-mapped."""

    path: Path
    tensors: dict[str, Tensor]
    contents: str
    config: RoSTFineConfig
    preprocessing: Preprocessing
    training: dict[str, Any]
    dataset_kind: str
    gate: Gate | None
    answering: Answering


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
    _check_sizes(network.config, preprocessing)
    write_model_file(
        path,
        network.state_dict(),
        contents="network",
        config=network.config,
        preprocessing=preprocessing,
        training=training,
        dataset_kind=dataset_kind,
    )


def write_model_file(
    path: Path,
    tensors: Mapping[str, Tensor],
    *,
    contents: Contents,
    config: RoSTFineConfig,
    preprocessing: Preprocessing,
    training: Mapping[str, object],
    dataset_kind: str,
) -> None:
    """Write tensors and metadata atomically; called by ``save_model`` and ``convert``.

    Raises:
        StoreError: the file cannot be written.
    """
    header = {
        "format_version": FORMAT_VERSION,
        "contents": contents,
        "config": asdict(config),
        "preprocessing": asdict(preprocessing),
        "training": dict(training),
        "dataset_kind": dataset_kind,
        "software_version": __version__,
    }
    data = to_safetensors(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        {METADATA_NAME: json.dumps(header)},
    )
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def write_answering(
    path: Path, source: Path, answering: Answering, *, gate: Gate | None = None
) -> None:
    """Write a copy of the model file ``source`` that answers as told; all else is kept.

    Without a ``gate``, that of the source is kept too.

    Raises:
        ModelError: ``source`` is no model file of this program.
        StoreError: ``path`` cannot be written.
    """
    file = _read(source)
    _, metadata = _open(source)
    header = json.loads(metadata[METADATA_NAME]) | {
        "format_version": ANSWERING_VERSION,
        "answering": answering.to_dict(),
    }
    if gate is not None:
        header["gate"] = gate.to_dict()
    data = to_safetensors(file.tensors, {METADATA_NAME: json.dumps(header)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_model(path: Path) -> LoadedModel:
    """Read a model file.

    Raises:
        ModelError: the file is missing, damaged, foreign or of another version, or does not hold
            a complete network.
    """
    file = _read(path)
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
    file = _read(path)
    if file.contents == "encoder":
        return file.tensors
    return {
        name.removeprefix(ENCODER_PREFIX): tensor
        for name, tensor in file.tensors.items()
        if name.startswith(ENCODER_PREFIX)
    }


def _read(path: Path) -> _ModelFile:
    tensors, metadata = _open(path)
    if metadata.get("format") == RESEARCH_FORMAT:
        raise ModelError(
            Message(
                "{path} holds a network that only evaluate and compare read: to use one here, "
                "train RoSTFine itself, with all its features and separate losses.",
                path=path,
            )
        )
    if METADATA_NAME not in metadata:
        raise ModelError(
            Message(
                "{path} holds weights but was not written by this program: choose a model trained "
                "or converted by it.",
                path=path,
            )
        )
    try:
        header = json.loads(metadata[METADATA_NAME])
        _check_version(path, header)
        return _ModelFile(path=path, tensors=tensors, **_parse(header))
    except (ValueError, RecursionError) as error:
        raise ModelError(
            Message(
                "The model {path} is damaged ({reason}): get a new copy.",
                path=path,
                reason=str(error),
            )
        ) from error


def _open(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Map the file's tensors and read its metadata."""
    try:
        path.open("rb").close()  # gives the system's reason, which safe_open does not keep
        with safe_open(path, framework="pt", device="cpu") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except OSError as error:
        raise ModelError(
            Message(
                "Cannot read the model {path} ({reason}): check the file.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error
    except SafetensorError as error:
        raise ModelError(
            Message(
                "{path} is not a model file or is damaged: choose a {suffix} file made by this "
                "program, or convert an official checkpoint first.",
                path=path,
                suffix=SUFFIX,
            )
        ) from error


def _check_version(path: Path, header: object) -> None:
    version = header.get("format_version") if isinstance(header, dict) else None
    if version not in KNOWN_VERSIONS:
        raise ModelError(
            Message(
                "The model {path} has format version {version}, and this program reads version "
                "{known}: update the program or get the model in that version.",
                path=path,
                version=str(version),
                known=" or ".join(map(str, KNOWN_VERSIONS)),
            )
        )


def _parse(header: dict[str, Any]) -> dict[str, Any]:
    """Check a header and return its values as the fields of ``_ModelFile``."""
    config = RoSTFineConfig.from_dict(header.get("config"))
    preprocessing = Preprocessing.from_dict(header.get("preprocessing"))
    _check_sizes(config, preprocessing)
    plain = {name: header.get(name) for name in ("contents", "training", "dataset_kind")}
    if plain["contents"] not in get_args(Contents):
        raise ValueError(f"its contents are {plain['contents']!r}")
    if not isinstance(plain["training"], dict):
        raise ValueError("it lacks a training summary")
    if not isinstance(plain["dataset_kind"], str) or not plain["dataset_kind"]:
        raise ValueError("it lacks its kind of data")
    gate = Gate.from_dict(header.get("gate"))
    answering = Answering.from_dict(header.get("answering"))
    preprocessing.frame_subsets(answering.views.frame_subsets)  # refuses too many
    if config.motion_width and _number(plain["training"].get("um_per_px")) is None:
        raise ValueError("its network is told the motion in um, but the training had no scale")
    return {
        "config": config,
        "preprocessing": preprocessing,
        "gate": gate,
        "answering": answering,
        **plain,
    }


def _check_sizes(config: RoSTFineConfig, preprocessing: Preprocessing) -> None:
    wanted = Preprocessing.of(config)
    made, read = ((p.num_frames, p.image_size, p.motion) for p in (preprocessing, wanted))
    if made != read:
        raise ValueError(
            f"the preprocessing gives (frames, pixels, motion) {made}, the network reads {read}"
        )


def _describe(file: _ModelFile) -> ModelInfo:
    return ModelInfo(
        file_name=file.path.name,
        sha256=sha256_of(file.path),
        dataset_kind=file.dataset_kind,
        config_json=file.config.to_json(),
        preprocessing_json=file.preprocessing.to_json(),
        answering_json=file.answering.to_json(),
        trained_fps=_number(file.training.get("fps")),
        trained_um_per_px=_number(file.training.get("um_per_px")),
        trained_head_length_px=_span(file.training.get("head_length_px")),
        trained_clips=whole_count(file.training.get("clips_train")),
        trained_samples=whole_count(file.training.get("samples_train")),
    )


def _number(value: object) -> float | None:
    """A rate, a scale or a length; None unless it is finite and above zero."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 < value < math.inf else None


def _single(texts: set[str]) -> str:
    """The text that all members share; empty where they differ, as calibrations do."""
    return texts.pop() if len(texts) == 1 else ""


def _common(counts: Iterable[int | None]) -> int | None:
    """The count that all share, or None: the models of a cross-validation can differ."""
    found = set(counts)
    return found.pop() if len(found) == 1 else None


def whole_count(value: object) -> int | None:
    """A count from a training summary; None unless it is a whole number above zero."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value > 0 else None


def _span(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = (_number(v) for v in value)
    return None if low is None or high is None else (low, high)


def _kinship(model: LoadedModel) -> tuple[Preprocessing, int, str, Views]:
    grid, kind = model.network.config.grid_size, model.info.dataset_kind
    return model.preprocessing, grid, kind, model.answering.views
