"""Scoring a model file on a labelled data set: metrics, intervals, yardsticks and tables."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rostfine_core.domain import LongJob
from rostfine_core.files import csv_cell, write_text
from rostfine_core.training.calibration import apply_temperature, fit_temperature
from rostfine_core.training.clip_cache import ClipShelf
from rostfine_core.training.datasets import GRADES, ClipDataset, read_dataset
from rostfine_core.training.metrics import Metrics, Shares, compute_metrics, expected_grade
from rostfine_core.training.model_files import TrainedModel, load_trained
from rostfine_core.training.prediction import predict
from rostfine_core.training.run_folder import write_json
from rostfine_core.training.yardsticks import (
    Yardsticks,
    bootstrap_intervals,
    knowable_share,
    measure_yardsticks,
    per_clip_errors,
)

BATCH_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """A model's scores on one data set; ``intervals`` are 95%, by drawing whole samples."""

    model: str
    dataset: str
    clips: int
    samples: int
    members: int
    metrics: Metrics
    intervals: dict[str, tuple[float, float]]
    yardsticks: Yardsticks
    folder: Path | None
    flips: bool = False
    temperature: float | None = None

    @property
    def knowable_share(self) -> float | None:
        """0: no better than the mean answer; 1: as good as can be known; None: unknown."""
        return knowable_share(self.metrics, self.yardsticks)

    @property
    def summary(self) -> str:
        """The table of the result as Markdown, for the command line and the file."""
        return markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain containers for JSON."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "clips": self.clips,
            "samples": self.samples,
            "ensemble_members": self.members,
            "flips": self.flips,
            "temperature": self.temperature,
            "metrics": self.metrics.scalars(),
            "intervals_95": {k: list(v) for k, v in self.intervals.items()},
            "yardsticks": asdict(self.yardsticks),
            "knowable_share": self.knowable_share,
        }


def evaluate(
    model: Path,
    dataset: Path,
    *,
    out: Path | None = None,
    repeats: int = 1000,
    flips: bool = False,
    calibrate_on: Path | None = None,
) -> LongJob[EvaluationResult]:
    """Score a model file (or a folder of them, as an ensemble) on a data set.

    With ``out`` the folder gets ``evaluation.json``, ``evaluation.md``, ``clips.csv`` and
    ``samples.csv``.

    Args:
        model: a model file, or a folder of several.
        dataset: the data set to score on.
        out: where the files go; none are written without it.
        repeats: draws of the bootstrap.
        flips: average the answer over the clip's mirror images.
        calibrate_on: another data set, on which a temperature is fitted first.

    Raises:
        ModelError, DatasetError: the model or the data set cannot be used.
        StoreError: ``out`` cannot be written.
    """
    data = read_dataset(dataset)
    members = load_trained(model)
    temperature = None
    if calibrate_on is not None:
        other = read_dataset(calibrate_on)
        temperature = fit_temperature((yield from _grade(members, other, flips)), other.labels)
    prediction = yield from _grade(members, data, flips)
    if temperature is not None:
        prediction = apply_temperature(prediction, temperature)
    result = EvaluationResult(
        model=model.name,
        dataset=data.name,
        clips=len(data.clips),
        samples=len(set(data.samples)),
        members=len(members),
        metrics=compute_metrics(prediction, data.labels),
        intervals=bootstrap_intervals(
            prediction, data.labels, samples=data.samples, repeats=repeats
        ),
        yardsticks=measure_yardsticks(
            data.labels, mean_label=_mean_label(members), expected=data.expected
        ),
        folder=out,
        flips=flips,
        temperature=temperature,
    )
    if out is not None:
        write_evaluation(out, result, data=data, prediction=prediction)
    return result


def _grade(
    members: Sequence[TrainedModel], data: ClipDataset, flips: bool
) -> LongJob[NDArray[np.float64]]:
    """The mean answer of the members, (N, 5)."""
    shelf, answers = ClipShelf(), []
    for member in members:
        cache = yield from shelf.get(
            data, preprocessing=member.preprocessing, threads=torch.get_num_threads()
        )
        everything = np.arange(len(cache))
        answers.append(
            (
                yield from predict(
                    member.network, cache, everything, batch_size=BATCH_SIZE, flips=flips
                )
            )
        )
    mean: NDArray[np.float64] = np.mean(answers, axis=0, dtype=np.float64)
    return mean


def write_evaluation(
    folder: Path, result: EvaluationResult, *, data: ClipDataset, prediction: Shares
) -> None:
    """Write the result's four files, each whole or not at all."""
    write_json(folder / "evaluation.json", result.to_dict())
    write_text(folder / "evaluation.md", result.summary)
    rows = clip_rows(data, prediction)
    write_text(folder / "clips.csv", table(rows))
    write_text(folder / "samples.csv", table(sample_rows(rows)))


def clip_rows(data: ClipDataset, prediction: Shares) -> list[dict[str, Any]]:
    """One row a clip: predicted and voted shares, expected grades and errors."""
    labels = data.labels
    errors = per_clip_errors(prediction, labels)
    ours, theirs = expected_grade(prediction), expected_grade(labels)
    return [
        {"clip": clip.clip, "sample": clip.sample}
        | {f"predicted_{g}": float(p) for g, p in zip(GRADES, prediction[i], strict=True)}
        | {f"voted_{g}": float(p) for g, p in zip(GRADES, labels[i], strict=True)}
        | {"predicted_grade": float(ours[i]), "voted_grade": float(theirs[i])}
        | {name: float(values[i]) for name, values in errors.items()}
        for i, clip in enumerate(data.clips)
    ]


def sample_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a sample: how many clips, and the mean of every number over them."""
    averaged = []
    for sample in sorted({r["sample"] for r in rows}):
        own = [r for r in rows if r["sample"] == sample]
        numbers = [k for k in own[0] if k not in ("clip", "sample")]
        means = {k: float(np.mean([r[k] for r in own])) for k in numbers}
        averaged.append({"sample": sample, "clips": len(own)} | means)
    return averaged


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV text."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: _cell(v) for k, v in row.items()})
    return buffer.getvalue()


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else csv_cell(str(value))


SHOWN = (
    ("mse", "MSE (1e-2)", 100),
    ("js", "JS (1e-2)", 100),
    *((f"balanced_accuracy_{n}", f"BA {n} (%)", 100) for n in range(1, 6)),
    ("balanced_accuracy_mean", "BA mean (%)", 100),
    ("earth_movers_distance", "Earth mover's distance (grades)", 1),
    ("expected_grade_error", "Error of the expected grade (grades)", 1),
    ("rank_correlation", "Rank correlation", 1),
    ("ece_p_a_or_b", "Calibration error of P(A or B) (%)", 100),
)


def markdown(result: EvaluationResult) -> str:
    """The result as a table: model with interval, mean answer, best that can be known."""
    best = result.yardsticks.best_possible
    columns = [result.metrics, result.yardsticks.mean_answer, *([best] if best else [])]
    heads = ["metric", "model", "95% interval", "mean answer", *(["best knowable"] if best else [])]
    lines = [
        f"# {result.model} on {result.dataset}",
        "",
        f"{result.clips} clips of {result.samples} samples; {result.members} model(s). Intervals "
        "draw whole samples with replacement." + _treatment(result),
        ""
        if result.yardsticks.mean_is_of_training
        else "The mean answer is that of these clips: "
        "the model does not say what it was trained on.",
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
    ]
    for name, title, factor in SHOWN:
        values = [f"{factor * c.scalars()[name]:.3f}" for c in columns]
        interval = result.intervals.get(name)
        shown = f"{factor * interval[0]:.3f} to {factor * interval[1]:.3f}" if interval else "-"
        lines.append(f"| {' | '.join([title, values[0], shown, *values[1:]])} |")
    if result.knowable_share is not None:
        lines += [
            "",
            f"The MSE covers {100 * result.knowable_share:.0f}% of the way from the mean answer to "
            "the best that can be known.",
        ]
    return "\n".join(lines) + "\n"


def _treatment(result: EvaluationResult) -> str:
    """What was done to the answers after the network."""
    flips = " Answers are means over mirror images." if result.flips else ""
    heat = result.temperature
    return flips + ("" if heat is None else f" Temperature {heat:.3f}, fitted on other clips.")


def _mean_label(members: Sequence[TrainedModel]) -> list[float] | None:
    """The mean distribution of the clips that the models were trained on, where they say it."""
    means = [m.training.get("mean_label") for m in members]
    known = [m for m in means if isinstance(m, list) and len(m) == len(GRADES)]
    return np.mean(known, axis=0).tolist() if known and len(known) == len(means) else None
