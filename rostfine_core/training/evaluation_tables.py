"""The result of scoring a model: its record, its tables as Markdown and CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, SIMULATED
from rostfine_core.files import csv_cell
from rostfine_core.training.datasets import GRADES, ClipDataset
from rostfine_core.training.metrics import Metrics, Shares, entropy_bits, expected_grade
from rostfine_core.training.yardsticks import (
    FEWEST_SAMPLES,
    Yardsticks,
    knowable_share,
    per_clip_errors,
)

INTERVALS = (
    " Intervals draw whole samples with replacement; that of the calibration error lies a little "
    "too high, since the chance of each draw adds to the error."
)
DISCLAIMER_SIMULATED_DATA = "The clips scored here are simulated: nothing is said of real sperm."


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """A model's scores on one data set; ``intervals`` are 95%, by drawing whole samples.

    ``mean_entropy_bits`` is the disagreement that the answers expect of the panel;
    ``mean_spread`` is the model's own uncertainty, apart from it: the standard deviation of the
    expected grade over the members of an ensemble, each after the temperature where one was
    fitted, mean over clips (None for a single model).
    ``differences`` are intervals like ``intervals``, of model minus mean answer.
    ``confusion`` counts clips by most-selected grade: rows the panel's, columns the model's.
    ``notes`` are the sentences that must stand with the scores, see ``disclaimers`` and
    ``caution_of``.
    """

    model: str
    dataset: str
    clips: int
    samples: int
    members: int
    metrics: Metrics
    intervals: dict[str, tuple[float, float]]
    differences: dict[str, tuple[float, float]]
    yardsticks: Yardsticks
    mean_entropy_bits: float
    mean_spread: float | None
    confusion: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]
    folder: Path | None = None
    flips: bool = False
    temperature: float | None = None

    @property
    def knowable_share(self) -> float | None:
        """0: no better than the mean answer; 1: as good as can be known; None: unknown."""
        return knowable_share(self.metrics, self.yardsticks)

    @property
    def spread_of(self) -> str | None:
        """What ``mean_spread`` is of, in words."""
        if self.mean_spread is None:
            return None
        heat = "" if self.temperature is None else ", each after the temperature"
        return f"expected grades of the {self.members} members{heat}"

    @property
    def summary(self) -> str:
        """The table of the result as Markdown, for the command line and the file."""
        return markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain containers for JSON."""
        return {
            "notes": list(self.notes),
            "model": self.model,
            "dataset": self.dataset,
            "clips": self.clips,
            "samples": self.samples,
            "ensemble_members": self.members,
            "flips": self.flips,
            "temperature": self.temperature,
            "mean_entropy_bits": self.mean_entropy_bits,
            "mean_spread_grades": self.mean_spread,
            "mean_spread_of": self.spread_of,
            "metrics": self.metrics.scalars(),
            "intervals_95": {k: list(v) for k, v in self.intervals.items()},
            "differences_from_mean_answer_95": {k: list(v) for k, v in self.differences.items()},
            "yardsticks": asdict(self.yardsticks),
            "knowable_share": self.knowable_share,
            "confusion_most_selected": self.confusion,
        }


def disclaimers(*, model_kinds: Sequence[str], data_kind: str) -> tuple[str, ...]:
    """What must be said with scores, by what models were trained on and what they are scored on."""
    notes = [DISCLAIMER_AI_GRADE]
    if SIMULATED in model_kinds:
        notes.append(DISCLAIMER_DEMONSTRATION)
    if data_kind == SIMULATED:
        notes.append(DISCLAIMER_SIMULATED_DATA)
    return tuple(notes)


def caution_of(samples: int) -> str | None:
    """What must be said with scores on so few samples; None where they are enough."""
    if samples >= FEWEST_SAMPLES:
        return None
    if samples == 1:
        return (
            "Caution: the clips come from one sample alone. There is no interval, and nothing "
            "tells what the scores would be on other samples."
        )
    return (
        f"Caution: the clips come from {samples} samples alone. Intervals from fewer than "
        f"{FEWEST_SAMPLES} samples are too narrow: they hold the true score less than 9 times in "
        "10, not 95 times in 100."
    )


def caution_of_seen(count: int, *, of: int) -> str | None:
    """What must be said when samples scored here have taught a model; None where none has."""
    if not count:
        return None
    return (
        f"Caution: {count} of the {of} samples scored here were used to train the model, so the "
        "scores are better than on others: score it on samples that it has not seen."
    )


def clip_rows(
    data: ClipDataset, prediction: Shares, *, spread: Shares | None = None
) -> list[dict[str, Any]]:
    """One row a clip: predicted and voted shares, expected grades, doubt and errors.

    ``spread`` (N,) is the standard deviation of the expected grade over an ensemble, of answers
    after the same temperature as ``prediction``.
    """
    labels = data.labels
    errors = per_clip_errors(prediction, labels)
    ours, theirs = expected_grade(prediction), expected_grade(labels)
    bits = entropy_bits(prediction)
    return [
        {"clip": clip.clip, "sample": clip.sample}
        | {f"predicted_{g}": float(p) for g, p in zip(GRADES, prediction[i], strict=True)}
        | {f"voted_{g}": float(p) for g, p in zip(GRADES, labels[i], strict=True)}
        | {"predicted_grade": float(ours[i]), "voted_grade": float(theirs[i])}
        | {"predicted_entropy_bits": float(bits[i])}
        | ({} if spread is None else {"ensemble_spread_grades": float(spread[i])})
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


HIGHER_IS_BETTER = ("balanced_accuracy_mean",)
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
        *(line for note in result.notes for line in (f"> {note}", "")),
        f"{result.clips} clips of {result.samples} samples; {result.members} model(s)."
        + (INTERVALS if result.intervals else "")
        + _treatment(result),
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
    covered = ""
    if result.knowable_share is not None:
        covered = (
            f"The MSE covers {100 * result.knowable_share:.0f}% of the way from the mean answer to "
            "the best that can be known. "
        )
    lines += ["", _doubt(result), "", covered + against_mean_answer(result)]
    return "\n".join(lines) + "\n"


def against_mean_answer(result: EvaluationResult) -> str:
    """How the three sides of an answer compare with always answering the mean, in words."""
    ours, mean = result.metrics, result.yardsticks.mean_answer
    parts = (
        ("the MSE is", "mse", f"{100 * ours.mse:.3f} against {100 * mean.mse:.3f}, in 1e-2"),
        (
            "the balanced accuracy (mean)",
            "balanced_accuracy_mean",
            f"{100 * ours.balanced_accuracy_mean:.1f}% against "
            f"{100 * mean.balanced_accuracy_mean:.1f}%",
        ),
        (
            "the calibration error of P(A or B)",
            "ece_p_a_or_b",
            f"{100 * ours.ece_p_a_or_b:.1f}% against {100 * mean.ece_p_a_or_b:.1f}%",
        ),
    )
    if not result.differences:
        told = ", ".join(f"{what.removesuffix(' is')} {how}" for what, _, how in parts)
        return (
            f"Beside always answering the mean: {told}; the clips come from one sample, so "
            "nothing tells whether that is more than chance."
        )
    told = ", ".join(
        f"{what} {_verdict(name, result.differences[name])} ({how})" for what, name, how in parts
    )
    return (
        f"Beside always answering the mean, {told}. Better or worse is said where the 95% interval "
        "of the difference leaves out 0."
    )


def _verdict(metric: str, difference: tuple[float, float]) -> str:
    low, high = difference
    if low <= 0 <= high:
        return "not clearly different"
    return "better" if (low > 0) == (metric in HIGHER_IS_BETTER) else "worse"


def _doubt(result: EvaluationResult) -> str:
    """What is unsure about the answers: the panel's disagreement, and apart from it the model."""
    expected = (
        f"The answers expect the panel to disagree by {result.mean_entropy_bits:.2f} bits (mean "
        "entropy)."
    )
    if result.mean_spread is None:
        return f"{expected} A single model tells nothing of its own uncertainty."
    comma = "" if result.temperature is None else ","
    return (
        f"{expected} Apart from that, the {result.spread_of}{comma} differ by "
        f"{result.mean_spread:.3f} grades (mean standard deviation)."
    )


def _treatment(result: EvaluationResult) -> str:
    """What was done to the answers after the network."""
    flips = " Answers are means over mirror images." if result.flips else ""
    heat = result.temperature
    words = flips + ("" if heat is None else f" Temperature {heat:.3f}, fitted on other clips.")
    warning = " `assess` and the window do not do so: validate a model without it."
    return words + warning if words else ""
