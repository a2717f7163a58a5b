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

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from rostfine_core import __version__
from rostfine_core.domain import Gate
from rostfine_core.errors import ModelError
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message
from rostfine_core.model.answering import Answering
from rostfine_core.model.config import RoSTFineConfig
from rostfine_core.model.preprocess import Preprocessing

METADATA_NAME = "rostfine.model"
RESEARCH_FORMAT = "rostfine.research"
"""The format of networks that only the training package reads."""
FORMAT_VERSION = 1
"""Of files without the optional table."""
ANSWERING_VERSION = 2
KNOWN_VERSIONS = (FORMAT_VERSION, ANSWERING_VERSION)
SUFFIX = ".safetensors"
Contents = Literal["network", "encoder"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelFile:
    """A file's contents; the tensors are still memory-mapped.

    ``header`` is the table of its metadata, from which the other values were read.
    """

    path: Path
    header: Mapping[str, Any]
    tensors: dict[str, Tensor]
    contents: str
    config: RoSTFineConfig
    preprocessing: Preprocessing
    training: dict[str, Any]
    dataset_kind: str
    gate: Gate | None
    answering: Answering


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
    """Write tensors and metadata atomically; ``save_model`` says what they are.

    Raises:
        StoreError: the file cannot be written.
        ValueError: the preprocessing gives other sizes than the network reads.
    """
    _check_sizes(config, preprocessing)
    header = {
        "format_version": FORMAT_VERSION,
        "contents": contents,
        "config": asdict(config),
        "preprocessing": asdict(preprocessing),
        "training": dict(training),
        "dataset_kind": dataset_kind,
        "software_version": __version__,
    }
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    _write(path, plain, header)


def write_answering(
    path: Path, source: Path, answering: Answering, *, gate: Gate | None = None
) -> None:
    """Write a copy of the model file ``source`` that answers as told; all else is kept.

    Without a ``gate``, that of the source is kept too.

    Raises:
        ModelError: ``source`` is no model file of this program.
        StoreError: ``path`` cannot be written.
    """
    file = read_model_file(source)
    header = {
        **file.header,
        "format_version": ANSWERING_VERSION,
        "answering": answering.to_dict(),
    }
    if gate is not None:
        header["gate"] = gate.to_dict()
    _write(path, file.tensors, header)


def _write(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    data = to_safetensors(tensors, {METADATA_NAME: json.dumps(header)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and check its metadata, but not yet whether its tensors fit a network.

    Raises:
        ModelError: the file is missing, damaged, foreign or of another version.
    """
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
        return ModelFile(path=path, header=header, tensors=tensors, **_parse(header))
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
    """Check a header and return its values as the fields of ``ModelFile``."""
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
    if config.motion_width and positive_number(plain["training"].get("um_per_px")) is None:
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


def positive_number(value: object) -> float | None:
    """A rate, scale or length from a training summary; None unless it is finite and above 0."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 < value < math.inf else None


def whole_count(value: object) -> int | None:
    """A count from a training summary; None unless it is a whole number above zero."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value > 0 else None
