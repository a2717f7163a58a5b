"""What an evaluation was made from: model files, labelled votes, software and settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from rostfine_core import __version__
from rostfine_core.domain import AnswerMode
from rostfine_core.files import sha256_of
from rostfine_core.training.data.dataset import ClipDataset
from rostfine_core.training.networks.checkpoint import TrainedModel

DIGITS = 12  # of a checksum in print; the JSON file has all of it


@dataclass(frozen=True, kw_only=True)
class ScoredModel:
    """A model file by folder and name, since the models of all runs have the same name."""

    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ScoredData:
    """A data set by its name, its folder's name and the SHA-256 of its ``labels.csv``."""

    name: str
    folder: str
    labels_sha256: str

    @property
    def in_words(self) -> str:
        """Name, folder and the start of the checksum."""
        return f"{self.name} (folder {self.folder}, labels.csv {self.labels_sha256[:DIGITS]})"


@dataclass(frozen=True, kw_only=True)
class EvaluationProvenance:
    """What was scored on what, when and how; ``flips`` is test-time augmentation.

    ``mode`` says how much of what the model files ask for was used.
    """

    models: tuple[ScoredModel, ...]
    dataset: ScoredData
    calibrated_on: ScoredData | None
    software_version: str
    created_utc: str
    device: str
    draws: int
    draws_seed: int
    flips: bool
    mode: AnswerMode = AnswerMode.FULL

    @property
    def in_words(self) -> str:
        """One paragraph for the report."""
        files = ", ".join(f"{m.file} ({m.sha256[:DIGITS]})" for m in self.models)
        other = self.calibrated_on
        heat = "" if other is None else f" Temperature fitted on {other.in_words}."
        time = self.created_utc.replace("T", " ").replace("+00:00", " UTC")
        return (
            f"Scored: {files} on {self.dataset.in_words}.{heat} RoSTFine Assist "
            f"{self.software_version}, {time}, {self.device}; {self.draws} draws from seed "
            f"{self.draws_seed} for the intervals. The codes are the start of the files' SHA-256."
        )


def provenance_of(
    members: Sequence[TrainedModel],
    dataset: ScoredData,
    *,
    calibrated_on: ScoredData | None,
    device: torch.device,
    draws: int,
    draws_seed: int,
    flips: bool,
    mode: AnswerMode,
) -> EvaluationProvenance:
    """The provenance of an evaluation made now.

    Raises:
        StoreError: a model file can no longer be read.
    """
    return EvaluationProvenance(
        models=tuple(
            ScoredModel(file=name_with_folder(m.path), sha256=sha256_of(m.path)) for m in members
        ),
        dataset=dataset,
        calibrated_on=calibrated_on,
        software_version=__version__,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        device=_in_words(device),
        draws=draws,
        draws_seed=draws_seed,
        flips=flips,
        mode=mode,
    )


def scored_data(folder: Path, data: ClipDataset) -> ScoredData:
    """Identify a data set and the version of its labels.

    Raises:
        StoreError: its labels can no longer be read.
    """
    return ScoredData(
        name=data.name,
        folder=folder.resolve().name,
        labels_sha256=sha256_of(folder / "labels.csv"),
    )


def name_with_folder(path: Path) -> str:
    """``runs/demo/model.safetensors`` -> ``demo/model.safetensors``; a folder is its own name."""
    whole = path.resolve()
    return whole.name if path.is_dir() else f"{whole.parent.name}/{whole.name}"


def _in_words(device: torch.device) -> str:
    return f"GPU {torch.cuda.get_device_name(device)}" if device.type == "cuda" else "CPU"
