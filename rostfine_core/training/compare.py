"""Training several methods over folds and setting their scores side by side, as the paper does.

Every run keeps its own folder: a comparison that is started again goes on where it stopped.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rostfine_core.domain import LongJob, Progress
from rostfine_core.files import write_text
from rostfine_core.training.clip_cache import ClipShelf
from rostfine_core.training.compare_config import CompareConfig, Method, read_compare_config
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.recipe import train_recipe
from rostfine_core.training.run_folder import RunFolder, read_json, write_json
from rostfine_core.training.significance import Comparison, compare_with_reference

COLUMNS = (
    ("mse", "MSE"),
    ("js", "JS"),
    *((f"balanced_accuracy_{n}", f"BA {n}") for n in range(1, 6)),
    ("balanced_accuracy_mean", "BA mean"),
)


@dataclass(frozen=True, kw_only=True)
class MethodScores:
    """One row of the table: the test metrics of each fold, and the mean error of each sample."""

    name: str
    folds: tuple[Mapping[str, float], ...]
    sample_errors: Mapping[str, float]

    def mean(self, metric: str) -> float:
        """The mean over folds."""
        return float(np.mean([f[metric] for f in self.folds]))

    def spread(self, metric: str) -> float | None:
        """The standard deviation over folds; None for a single fold."""
        values = [f[metric] for f in self.folds]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True, kw_only=True)
class CompareResult:
    """The rows, each method against the reference, and the table as Markdown."""

    title: str
    reference: str
    folder: Path
    methods: tuple[MethodScores, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def summary(self) -> str:
        """The tables for the command line and the file."""
        return markdown(self)


def compare(config_path: Path) -> LongJob[CompareResult]:
    """Train and score every method of a comparison; writes ``compare.{json,csv,md}``.

    Raises:
        ConfigError, DatasetError: the comparison, a recipe or a data set has mistakes.
        TrainingStopped: Ctrl-C was pressed; the same command goes on.
    """
    config = read_compare_config(config_path)
    shelf = ClipShelf()
    rows = []
    for method in config.methods:
        rows.append((yield from _train_method(config, method, shelf)))
    result = CompareResult(
        title=config.title,
        reference=config.reference,
        folder=config.output,
        methods=tuple(rows),
        comparisons=compare_with_reference(
            {r.name: [f["mse"] for f in r.folds] for r in rows},
            {r.name: r.sample_errors for r in rows},
            reference=config.reference,
        ),
    )
    write_json(config.output / "compare.json", asdict(result) | {"folder": str(config.output)})
    write_text(config.output / "compare.md", result.summary)
    write_text(config.output / "compare.csv", _csv(result))
    return result


def _train_method(config: CompareConfig, method: Method, shelf: ClipShelf) -> LongJob[MethodScores]:
    folds, errors = [], []
    runs = list(config.runs(method))
    for number, run in enumerate(runs, start=1):
        yield Progress(stage=f"{method.name}: run {number} of {len(runs)}", done=0, total=1)
        folder = RunFolder(Path(run.output))
        if not _is_finished(folder, run):
            yield from train_recipe(run, shelf=shelf)
        folds.append(read_json(folder.result)["test"])
        errors += _clip_errors(folder)
    by_sample = {s: [e for sample, e in errors if sample == s] for s, _ in errors}
    return MethodScores(
        name=method.name,
        folds=tuple(folds),
        sample_errors={s: float(np.mean(e)) for s, e in by_sample.items()},
    )


def _is_finished(folder: RunFolder, run: TrainConfig) -> bool:
    """Whether the run is whole and of this very recipe; another one is refused."""
    if not folder.result.is_file():
        return False
    folder.open(run)
    return True


def _clip_errors(folder: RunFolder) -> list[tuple[str, float]]:
    """(sample, MSE) of each clip of a run's test part."""
    with folder.test_clips.open(encoding="utf-8", newline="") as file:
        return [(row["sample"], float(row["mse"])) for row in csv.DictReader(file)]


def markdown(result: CompareResult) -> str:
    """Mean and spread over folds in the paper's columns and units, then the tests."""
    folds = len(result.methods[0].folds)
    lines = [
        f"# {result.title}",
        "",
        f"Mean (standard deviation) over {folds} test folds. MSE and JS in 1e-2, balanced accuracy "
        "(BA) of the n-th most selected grade in %.",
        "",
        "| method | " + " | ".join(title for _, title in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    best = {
        m: (min if m in ("mse", "js") else max)(r.mean(m) for r in result.methods)
        for m, _ in COLUMNS
    }
    for row in result.methods:
        cells = [
            _cell(row, metric, is_best=row.mean(metric) == best[metric]) for metric, _ in COLUMNS
        ]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, *_tests(result.comparisons, result.reference)]) + "\n"


def _cell(row: MethodScores, metric: str, *, is_best: bool) -> str:
    digits = 3 if metric in ("mse", "js") else 2
    spread = row.spread(metric)
    text = f"{100 * row.mean(metric):.{digits}f}"
    text = f"**{text}**" if is_best else text
    return text if spread is None else f"{text} ({100 * spread:.{digits}f})"


def _tests(comparisons: Sequence[Comparison], reference: str) -> list[str]:
    if not comparisons:
        return []
    lines = [
        "",
        f"Against {reference}, on the MSE (difference in 1e-2, above 0 is worse): Kruskal-Wallis "
        "over folds, Wilcoxon's signed-rank over samples, and that corrected by Holm.",
        "",
        "| method | difference | p Kruskal-Wallis | p paired | p corrected |",
        "|---|---|---|---|---|",
    ]
    for c in comparisons:
        difference = "-" if c.difference is None else f"{100 * c.difference:+.3f}"
        values = ["-" if p is None else f"{p:.3g}" for p in (c.p_kruskal, c.p_paired, c.p_holm)]
        lines.append(f"| {c.method} | {difference} | {' | '.join(values)} |")
    return lines


def _csv(result: CompareResult) -> str:
    buffer = io.StringIO()
    names = sorted({k for row in result.methods for fold in row.folds for k in fold})
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["method", "run", *names])
    for row in result.methods:
        for number, fold in enumerate(row.folds):
            writer.writerow([row.name, number, *(f"{fold[n]:.8g}" for n in names)])
    return buffer.getvalue()
