"""The result of a comparison, and its tables in the paper's columns and units."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rostfine_core.files import csv_cell, safe_name
from rostfine_core.training.comparison.intervals import (
    COMPARED_SCORES,
    ComparedScore,
    MethodDifferences,
    ScoreDifference,
)
from rostfine_core.training.comparison.provenance import ComparisonProvenance
from rostfine_core.training.metrics.cautions import TIE_RULE, Notes, sentences
from rostfine_core.training.metrics.significance import (
    MethodComparison,
    smallest_p_kruskal,
    smallest_p_paired,
)

METRIC_COLUMNS = (
    ("mse", "MSE"),
    ("js", "JS"),
    *((f"balanced_accuracy_{n}", f"BA {n}") for n in range(1, 6)),
    ("balanced_accuracy_mean", "BA mean"),
)
SIGNIFICANT = 0.05
CURVE_FIGURE = "learning-curve.png"
ONE_SEED = "One seed: another may turn small differences around."
ATTENTION_FIGURE = "attention.png"


@dataclass(frozen=True, kw_only=True)
class TestedRun:
    """The metrics of one run on its test set; ``inner_fold`` is None if there are none."""

    seed: int
    fold: int
    inner_fold: int | None
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class MethodScores:
    """One method: the metrics of each independent test fold and run, and each sample's error.

    Mean, spread and tests are over ``folds``; if a single run tested each fold, ``runs`` have the
    same scores. ``optimiser`` in words is empty where nothing is trained.
    """

    name: str
    folds: tuple[Mapping[str, float], ...]
    runs: tuple[TestedRun, ...]
    sample_errors: Mapping[str, float]
    optimiser: str = ""

    def mean(self, metric: str) -> float:
        """The mean over folds."""
        return float(np.mean([f[metric] for f in self.folds]))

    def spread(self, metric: str) -> float | None:
        """The standard deviation over folds; None for a single fold."""
        values = [f[metric] for f in self.folds]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True, kw_only=True)
class ComparedTable:
    """Some of the methods under the labels of one table, tested against its reference."""

    title: str
    rows: tuple[tuple[str, MethodScores], ...]
    reference: str
    axis: str
    comparisons: tuple[MethodComparison, ...]
    differences: tuple[MethodDifferences, ...]

    @property
    def optimisers(self) -> str:
        """One sentence that names the optimiser of every row."""
        labels: dict[str, list[str]] = {}
        for label, row in self.rows:
            labels.setdefault(row.optimiser, []).append(_text(label))
        if len(labels) == 1:
            return f"Optimiser of every row: {next(iter(labels))}."
        listed = "; ".join(f"{', '.join(rows)}: {words}" for words, rows in labels.items())
        return f"The optimisers differ, and so part of the difference may be theirs. {listed}."


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """A method at one number of labelled clips: its MSE and how far that is from the reference's.

    ``spread`` is the standard deviation of the MSE over seeds; None for one seed.
    """

    clips: int
    mse: ScoreDifference
    spread: float | None


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Every method at every number of labelled clips, on the same test clips."""

    clips: tuple[int, ...]
    reference: str
    rows: tuple[tuple[str, tuple[CurvePoint, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class CompareResult:
    """Every method once, the tables that show them, and the scores of a constant prediction.

    ``seeds`` and ``inner_folds`` are the comparison's, empty and 0 if it has none; ``curve`` is its
    learning curve, if it has one; ``attention`` names the methods whose maps ``ATTENTION_FIGURE``
    shows. ``notes`` must accompany the scores in every form of the result.
    """

    title: str
    folder: Path
    methods: tuple[MethodScores, ...]
    mean_answer: MethodScores
    tables: tuple[ComparedTable, ...]
    provenance: ComparisonProvenance
    notes: Notes
    seeds: tuple[int, ...]
    inner_folds: int
    curve: LearningCurve | None = None
    attention: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """How many times a method's runs tested every clip."""
        return max(len(self.seeds), 1) * max(self.inner_folds, 1)

    @property
    def averaging(self) -> str:
        """Describe what was averaged before spread and tests; empty if each fold has one run."""
        counts = [(len(self.seeds), "seeds"), (self.inner_folds, "inner folds")]
        several = [(count, of) for count, of in counts if count > 1]
        if not several:
            return ""
        runs = math.prod(count for count, _ in several)
        made = " x ".join(f"{count} {of}" for count, of in several)
        sentence = (
            f"Runs tested on the same clips are not independent: each fold's scores are first "
            f"averaged over its {runs} runs ({made}); spread and tests are over folds."
        )
        if len(self.seeds) > 1:
            sentence += (
                f" The folds are those of seed {self.seeds[0]}; another seed counts by "
                "its predictions for the same samples."
            )
        return f"{sentence} compare.csv lists each run."

    @property
    def summary(self) -> str:
        """The result as Markdown, for the command line."""
        return comparison_markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain containers for JSON."""
        plain = {"folder": str(self.folder), "notes": list(sentences(self.notes))}
        table = asdict(self) | plain
        return table | {"making": table.pop("provenance")}  # the file format's name for it


def figure_name(table: ComparedTable) -> str:
    """The file name of a table's figure in the comparison's folder."""
    return f"{safe_name(table.title)}.png"


def comparison_markdown(result: CompareResult) -> str:
    """Mean and spread over folds in the paper's columns and units, and each table's tests."""
    folds = len(result.methods[0].folds)
    tested_over = "averaged folds" if result.averaging else "folds"
    lines = [
        f"# {result.title}",
        "",
        result.provenance.sentence,
        "",
        *(line for note in sentences(result.notes) for line in (f"> {note}", "")),
        f"Mean (standard deviation) over {folds} test fold(s). MSE and JS in 1e-2, balanced "
        "accuracy (BA) of the n-th most selected grade in %. The row "
        f"'{result.mean_answer.name}' needs no network; the best of a table is bold if it is "
        f"better than that row. {TIE_RULE} The last row of each table gives their share.",
        *(["", result.averaging] if result.averaging else []),
    ]
    if result.curve is not None:
        lines += ["", *_curve_lines(result.curve, seeds=max(len(result.seeds), 1))]
    for table in result.tables:
        told = [table.optimisers, *([] if len(result.seeds) > 1 else [ONE_SEED])]
        lines += ["", f"## {table.title}", "", " ".join(told), ""]
        lines += _rows(table, result.mean_answer)
        if table.axis:
            lines += ["", f"![{table.title}]({figure_name(table)})"]
        samples = max(len(row.sample_errors) for _, row in table.rows)
        lines += _tests(
            table.comparisons, table.reference, over=tested_over, folds=folds, samples=samples
        )
        lines += difference_lines(table, repeats=result.repeats)
    if result.attention:
        lines += ["", "## Attention", "", f"![{', '.join(result.attention)}]({ATTENTION_FIGURE})"]
    return "\n".join(lines) + "\n"


def _rows(table: ComparedTable, mean_answer: MethodScores) -> list[str]:
    best = {m: _best([row for _, row in table.rows], mean_answer, m) for m, _ in METRIC_COLUMNS}
    lines = [
        f"| {_text(table.axis) or 'method'} | "
        + " | ".join(title for _, title in METRIC_COLUMNS)
        + " |",
        "|---" * (len(METRIC_COLUMNS) + 1) + "|",
    ]
    for label, row in table.rows:
        cells = [_cell(row, m, is_best=row.mean(m) == best[m]) for m, _ in METRIC_COLUMNS]
        lines.append(f"| {_text(label)} | " + " | ".join(cells) + " |")
    cells = [_cell(mean_answer, m, is_best=False) for m, _ in METRIC_COLUMNS]
    return [*lines, f"| *{mean_answer.name}* | " + " | ".join(cells) + " |", _tied_row(mean_answer)]


def _best(rows: Sequence[MethodScores], mean_answer: MethodScores, metric: str) -> float | None:
    """The best value of a metric; None if a constant prediction does as well."""
    sign = -1 if metric in ("mse", "js") else 1
    best = max(rows, key=lambda row: sign * row.mean(metric)).mean(metric)
    return best if sign * best > sign * mean_answer.mean(metric) else None


def _tied_row(scores: MethodScores) -> str:
    """The share of clips where a tie decides the n-th grade, the same for every method."""
    cells = ["", "", *(f"{100 * scores.mean(f'tied_{n}'):.1f}" for n in range(1, 6)), ""]
    return "| *% of clips tied there* | " + " | ".join(cells) + " |"


def _cell(row: MethodScores, metric: str, *, is_best: bool) -> str:
    digits = 3 if metric in ("mse", "js") else 2
    spread = row.spread(metric)
    text = f"{100 * row.mean(metric):.{digits}f}"
    text = f"**{text}**" if is_best else text
    return text if spread is None else f"{text} ({100 * spread:.{digits}f})"


def _tests(
    comparisons: Sequence[MethodComparison], reference: str, *, over: str, folds: int, samples: int
) -> list[str]:
    if not comparisons:
        return []
    lines = [
        "",
        f"Against {reference}, on the MSE (difference in 1e-2, above 0 is worse): Kruskal-Wallis "
        f"over {over}, Wilcoxon's signed-rank over samples, and that corrected by Holm.",
        "",
        "| method | difference | p Kruskal-Wallis | p paired | p corrected |",
        "|---|---|---|---|---|",
    ]
    for c in comparisons:
        difference = "-" if c.difference is None else f"{100 * c.difference:+.3f}"
        values = ["-" if p is None else f"{p:.3g}" for p in (c.p_kruskal, c.p_paired, c.p_holm)]
        lines.append(f"| {_text(c.method)} | {difference} | {' | '.join(values)} |")
    smallest = smallest_p_kruskal(folds)
    if smallest is not None and smallest > SIGNIFICANT:
        lines += [
            "",
            f"With {folds} {over} per method the p of Kruskal-Wallis cannot fall below "
            f"{smallest:.3f}, however much methods differ: it says nothing here.",
        ]
    smallest = smallest_p_paired(samples)
    if smallest is not None and smallest > SIGNIFICANT:
        lines += [
            "",
            f"Over {samples} samples the p of Wilcoxon's test cannot fall below {smallest:.3f}, "
            "however much methods differ: it says nothing here.",
        ]
    return lines


def difference_lines(table: ComparedTable, *, repeats: int) -> list[str]:
    """Scores of all rows over all clips, and their differences from the reference."""
    if len(table.rows) < 2:
        return []
    of_seeds = f"the {repeats} repeats and " if repeats > 1 else ""
    heads = [f"{s.title} | minus {_text(table.reference)}" for s in COMPARED_SCORES.values()]
    lines = [
        "",
        "Scores over all clips, and in brackets the 95% interval of the difference, drawing "
        f"{of_seeds}the samples with replacement. EMD is the earth mover's distance; the last "
        "score is the share of the clips most selected D or E that are predicted to be so.",
        "",
        f"| {_text(table.axis) or 'method'} | {' | '.join(heads)} |",
        "|---" * (2 * len(heads) + 1) + "|",
    ]
    for row in table.differences:
        is_reference = row.method == table.reference
        cells = [
            cell
            for name, score in COMPARED_SCORES.items()
            for cell in _difference_cells(row.scores[name], score, is_reference=is_reference)
        ]
        lines.append(f"| {_text(row.method)} | {' | '.join(cells)} |")
    return lines


def _difference_cells(
    score: ScoreDifference, shown: ComparedScore, *, is_reference: bool
) -> tuple[str, str]:
    """A score, and its difference with the interval; a dash where there is none."""

    def signed(value: float) -> str:
        return f"{shown.factor * value:+.{shown.digits}f}"

    if score.value is None or score.difference is None:
        return "-", "-"
    value = f"{shown.factor * score.value:.{shown.digits}f}"
    if is_reference:
        return value, ""
    if score.interval is None:
        return value, signed(score.difference)
    low, high = score.interval
    return value, f"{signed(score.difference)} ({signed(low)} to {signed(high)})"


def _curve_lines(curve: LearningCurve, *, seeds: int) -> list[str]:
    """The learning curve as Markdown: the MSE, and its difference from the reference's."""
    heads = " | ".join(f"{n} labelled clips" for n in curve.clips)
    rule = "|---" * (1 + len(curve.clips)) + "|"
    lines = [
        "## Learning curve",
        "",
        "MSE (1e-2) on the same clips after training and validating on so many others, the mean "
        f"(standard deviation) of {seeds} seed(s), which draw other labelled clips and other "
        "weights to start from.",
        "",
        *(f"| method | {heads} |", rule),
    ]
    for name, points in curve.rows:
        lines.append(f"| {_text(name)} | {' | '.join(map(_curve_cell, points))} |")
    lines += [
        "",
        f"Minus that of {curve.reference} (below 0 is better), with the 95% interval over seeds "
        "and samples, which few seeds make too narrow:",
        "",
        *(f"| method | {heads} |", rule),
    ]
    for name, points in curve.rows:
        if name != curve.reference:
            score = COMPARED_SCORES["mse"]
            cells = [_difference_cells(p.mse, score, is_reference=False)[1] for p in points]
            lines.append(f"| {_text(name)} | {' | '.join(cells)} |")
    return [*lines, "", f"![Learning curve]({CURVE_FIGURE})"]


def _curve_cell(point: CurvePoint) -> str:
    value = "-" if point.mse.value is None else f"{100 * point.mse.value:.3f}"
    return value if point.spread is None else f"{value} ({100 * point.spread:.3f})"


def _text(text: str) -> str:
    """Text of a recipe as one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", r"\|")


def comparison_csv(result: CompareResult) -> str:
    """A row per table, label and run, with every metric and the notes."""
    buffer = io.StringIO()
    names = sorted({k for method in result.methods for run in method.runs for k in run.scores})
    writer = csv.writer(buffer, lineterminator="\n")
    made_by = ("table", "label", "method", "optimiser", "seed", "fold", "inner_fold")
    writer.writerow([*made_by, *names, *result.notes])
    for table in result.tables:
        for label, row in (*table.rows, (result.mean_answer.name, result.mean_answer)):
            texts = [csv_cell(text) for text in (table.title, label, row.name, row.optimiser)]
            for run in row.runs:
                inner = "" if run.inner_fold is None else run.inner_fold
                values = (f"{run.scores[n]:.8g}" for n in names)
                writer.writerow(
                    [*texts, run.seed, run.fold, inner, *values, *result.notes.values()]
                )
    return buffer.getvalue()
