"""Saving and loading trained networks, those of the program and those for research.

A plain RoSTFine is saved in the program's own format. Any other network becomes a safetensors file
of format ``rostfine.research``, which only evaluation and comparison read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import nn

from rostfine_core.errors import ConfigError, ModelError, parsing
from rostfine_core.files import atomic_write
from rostfine_core.model import Answering, Preprocessing, RoSTFine, load_models, save_model
from rostfine_core.model.model_file import METADATA_NAME, RESEARCH_FORMAT
from rostfine_core.training.config import ModelSection
from rostfine_core.training.config_reader import structure
from rostfine_core.training.networks.factory import build_network


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedModel:
    """A network in eval mode with its preprocessing, training summary and kind of data.

    ``answering`` is how its file asks to answer; research networks ask for nothing.
    """

    path: Path
    network: nn.Module
    preprocessing: Preprocessing
    training: Mapping[str, Any]
    dataset_kind: str
    answering: Answering = field(default_factory=Answering)


def save_trained(
    path: Path,
    network: nn.Module,
    *,
    section: ModelSection,
    preprocessing: Preprocessing,
    training: Mapping[str, Any],
    dataset_kind: str,
) -> None:
    """Write any trained network atomically."""
    if isinstance(network, RoSTFine):
        save_model(
            path,
            network,
            preprocessing=preprocessing,
            training=training,
            dataset_kind=dataset_kind,
        )
        return
    metadata = {
        "format": RESEARCH_FORMAT,
        "model": json.dumps(asdict(section)),
        "preprocessing": preprocessing.to_json(),
        "training": json.dumps(dict(training)),
        "dataset_kind": dataset_kind,
    }
    tensors = {n: t.detach().cpu().contiguous() for n, t in network.state_dict().items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(to_safetensors(tensors, metadata))


def load_trained(path: Path) -> tuple[TrainedModel, ...]:
    """Read a model file, or a folder of them as an ensemble.

    Raises:
        ModelError: a file is missing, damaged or not a model.
    """
    files = [path]
    if path.is_dir():
        files = sorted(p for p in path.glob("*.safetensors") if not p.name.startswith("."))
    if not any(_is_research(file) for file in files):
        return tuple(
            TrainedModel(
                path=file,
                network=m.network,
                preprocessing=m.preprocessing,
                training=m.training,
                dataset_kind=m.info.dataset_kind,
                answering=m.answering,
            )
            for file, m in zip(files, load_models(path), strict=True)
        )
    if len(files) > 1:
        return tuple(member for file in files for member in load_trained(file))
    return (_load_research(files[0], _metadata(files[0])),)


SEEN, SEEN_UNLABELLED = "samples_seen", "samples_seen_unlabelled"
"""Names in a training summary: samples seen with their votes, and by pretraining without them."""


@dataclass(frozen=True, kw_only=True)
class SeenSamples:
    """The fingerprints of the samples that weights have seen, with their votes and without."""

    labelled: frozenset[str] = frozenset()
    unlabelled: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, list[str]]:
        """What a training summary holds of them."""
        seen = {SEEN: sorted(self.labelled)}
        return seen | ({SEEN_UNLABELLED: sorted(self.unlabelled)} if self.unlabelled else {})


def samples_seen_by(source: str) -> SeenSamples:
    """The samples that the weights of the model file ``source`` have seen.

    Empty if it does not say: another program's weights, or no file at all.
    """
    try:
        header = json.loads(_metadata(Path(source)).get(METADATA_NAME, "{}"))
    except (ValueError, RecursionError):
        return SeenSamples()  # loading the weights will report that it is damaged
    training = header.get("training") if isinstance(header, dict) else None
    return seen_in(training if isinstance(training, dict) else {})


def seen_in(training: Mapping[str, Any]) -> SeenSamples:
    """The samples that a training summary names."""
    labelled, unlabelled = (
        frozenset(map(str, training.get(name, ()))) for name in (SEEN, SEEN_UNLABELLED)
    )
    return SeenSamples(labelled=labelled, unlabelled=unlabelled)


def _is_research(path: Path) -> bool:
    return path.is_file() and _metadata(path).get("format") == RESEARCH_FORMAT


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError):
        return {}  # the model package reports what is wrong with it


def _load_research(path: Path, metadata: Mapping[str, str]) -> TrainedModel:
    def damaged(error: Exception) -> ModelError:
        return ModelError(f"The model {path} is damaged ({error}): train it again.")

    with parsing(damaged):
        try:
            section = structure(json.loads(metadata["model"]), ModelSection, source=str(path))
            network = build_network(section)
        except ConfigError as error:
            raise damaged(error) from error
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            network.load_state_dict({name: file.get_tensor(name) for name in names})
        return TrainedModel(
            path=path,
            network=network.eval(),
            preprocessing=Preprocessing.from_dict(json.loads(metadata["preprocessing"])),
            training=json.loads(metadata["training"]),
            dataset_kind=metadata["dataset_kind"],
        )
