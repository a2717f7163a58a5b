"""The result of a finished run: its scores and the notes that must accompany them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rostfine_core.errors import ConfigError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.dataset import ClipDataset, sample_fingerprint
from rostfine_core.training.data.split import Split
from rostfine_core.training.metrics.cautions import (
    Notes,
    caution_of_set,
    caution_of_unlabelled,
    score_notes,
    sentences,
)
from rostfine_core.training.networks.checkpoint import SeenSamples
from rostfine_core.training.run.folder import RunFolder, read_json

Scores = Mapping[str, float]
"""The metrics of one set of clips by name, see ``Metrics.scalars``."""


@dataclass(frozen=True, kw_only=True)
class OtherTest:
    """The scores on a further data set that the recipe names, and the file of their report."""

    dataset: str
    report: str
    scores: Scores
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """The model file of a finished run and the scores of its checkpoint.

    ``notes`` must accompany the scores wherever they are shown; ``others`` have notes of their own.
    """

    model_path: Path
    epoch: int
    epochs: int
    clips: tuple[int, int, int]
    validation: Scores | None
    test: Scores | None
    notes: Notes
    others: tuple[OtherTest, ...] = ()

    @property
    def summary(self) -> str:
        """A few lines for the command line."""
        lines = [
            f"Model written to {self.model_path}",
            f"Kept epoch {self.epoch} of {self.epochs}{self._selected}; clips to train, validate, "
            f"test: {', '.join(map(str, self.clips))}",
        ]
        for name, scores in (("validation", self.validation), ("test", self.test)):
            if scores is not None:
                lines.append(f"{name}: {scores_in_words(scores)}")
        own = sentences(self.notes)
        for other in self.others:
            lines.append(
                f"{other.dataset}: {scores_in_words(other.scores)}; report: {other.report}"
            )
            lines += [f"{other.dataset}: {note}" for note in other.notes if note not in own]
        return "\n".join([*lines, *own])

    @property
    def _selected(self) -> str:
        """Which set selected the epoch: its score there is better than on other clips."""
        if self.notes.get("note_official_selection"):
            return ", the best on the test set"
        return "" if self.validation is None else ", the best on the validation set"

    def to_dict(self) -> dict[str, Any]:
        """What ``result.json`` holds beside the training summary."""
        return {
            "notes": list(sentences(self.notes)),
            "other_tests": [asdict(other) for other in self.others],
        }


def read_result(config: TrainConfig, *, folder: RunFolder, notes: Notes) -> TrainResult:
    """Read the result of a finished run from its folder.

    Raises:
        ConfigError: the result is damaged, or its model is missing.
    """
    stored = read_json(folder.result)
    sets = ("train", "validation", "test")
    try:
        train, validation, test = (int(stored[f"clips_{name}"]) for name in sets)
        result = TrainResult(
            model_path=folder.model,
            epoch=stored["epoch"],
            epochs=config.loop.epochs,
            clips=(train, validation, test),
            validation=stored["validation"],
            test=stored["test"],
            notes=notes,
            others=tuple(_other_test(table) for table in stored.get("other_tests", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The result {folder.result} is damaged ({error!r}): remove its folder and train again."
        ) from error
    if not folder.model.is_file():
        raise ConfigError(
            f"The run in {folder.path} is finished but its model is missing: remove the folder "
            "and train again."
        )
    return result


def _other_test(table: Mapping[str, Any]) -> OtherTest:
    names = ("dataset", "report", "scores")
    return OtherTest(**{name: table[name] for name in names}, notes=tuple(table["notes"]))


def scores_in_words(scores: Scores) -> str:
    """The paper's metrics in its units, and the rank correlation."""
    return (
        f"MSE {100 * scores['mse']:.3f}e-2, JS {100 * scores['js']:.3f}e-2, "
        f"balanced accuracy {100 * scores['balanced_accuracy_mean']:.1f}% (mean over the 1st to "
        "5th most selected grade; among tied grades the better counts first), "
        f"rank correlation {scores['rank_correlation']:.3f}"
    )


def notes_of(
    config: TrainConfig, *, model: Path, dataset: ClipDataset, split: Split, seen: SeenSamples
) -> dict[str, str]:
    """The notes that must accompany the scores of a run."""
    cautions = (
        caution_of_set(name, len({dataset.samples[i] for i in clips}))
        for name, clips in (("validation", split.validation), ("test", split.test))
    )
    standing = score_notes(
        model_kinds=[dataset.kind],
        data_kind=dataset.kind,
        selected_on_test=[model.name] if config.split.select_on_test else [],
    )
    tested = {dataset.samples[i] for i in split.test}
    return standing | {
        "note_few_samples": " ".join(filter(None, cautions)),
        "note_samples_unlabelled": caution_of_unlabelled(
            sum(sample_fingerprint(sample) in seen.unlabelled for sample in tested), of=len(tested)
        )
        or "",
    }


def training_summary(
    config: TrainConfig,
    *,
    result: TrainResult,
    dataset: ClipDataset,
    split: Split,
    seen: SeenSamples,
) -> dict[str, Any]:
    """What a model file says about its training, as plain containers.

    ``seen`` is what its initial weights had seen.
    """
    own = {sample_fingerprint(dataset.samples[i]) for i in (*split.train, *split.validation)}
    return {
        "dataset": dataset.name,
        "dataset_kind": dataset.kind,
        "clips_train": result.clips[0],
        "clips_validation": result.clips[1],
        "clips_test": result.clips[2],
        "samples_train": len({dataset.samples[i] for i in split.train}),
        **replace(seen, labelled=seen.labelled | own).to_dict(),
        "official_selection": config.split.select_on_test,
        "epoch": result.epoch,
        "validation": result.validation,
        "test": result.test,
        "mean_label": dataset.labels[split.train].mean(axis=0, dtype=np.float64).tolist(),
        **recording_conditions(dataset),
        "recipe": config.to_dict(),
    }


def recording_conditions(dataset: ClipDataset) -> dict[str, Any]:
    """Frame rate, scale and head size (5th to 95th percentile), if the data set has them."""
    fps, um_per_px = dataset.column("fps"), dataset.column("um_per_px")
    heads = [
        clip.numbers["head_length_um"] / clip.numbers["um_per_px"]
        for clip in dataset.clips
        if "head_length_um" in clip.numbers and clip.numbers.get("um_per_px", 0) > 0
    ]
    return {
        "fps": float(np.median(fps)) if len(fps) else None,
        "um_per_px": float(np.median(um_per_px)) if len(um_per_px) else None,
        "head_length_px": np.percentile(heads, (5, 95)).tolist() if heads else None,
    }
