"""Figures of a comparison: scores over the quantity that a table's rows vary."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rostfine_core.files import atomic_write
from rostfine_core.training.comparison.tables import ComparedTable, LearningCurve
from rostfine_core.training.evaluation.figures import write_notes

DRAWN_METRICS = (
    ("mse", "MSE (1e-2), lower is better"),
    ("js", "JS (1e-2), lower is better"),
    ("balanced_accuracy_mean", "BA mean (%), higher is better"),
)


def draw_over_axis(path: Path, table: ComparedTable, *, notes: Sequence[str]) -> None:
    """Draw mean and standard deviation over folds for each row, evenly spaced; write a PNG.

    ``notes`` go below the figure and into the file's metadata.
    """
    figure = Figure(figsize=(10, 3), layout="constrained")
    rows = sorted(table.rows, key=lambda row: float(row[0]))
    places = np.arange(len(rows))
    for axes, (metric, title) in zip(
        figure.subplots(1, len(DRAWN_METRICS)), DRAWN_METRICS, strict=True
    ):
        means = [100 * row.mean(metric) for _, row in rows]
        spreads = [100 * (row.spread(metric) or 0.0) for _, row in rows]
        axes.errorbar(places, means, yerr=spreads, marker="o", capsize=3)
        axes.set_xticks(places, [label for label, _ in rows])
        axes.set_xlabel(table.axis)
        axes.set_title(title, fontsize=9)
        axes.grid(axis="y", alpha=0.3)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata=write_notes(figure, notes))


def draw_curve(path: Path, curve: LearningCurve, *, notes: Sequence[str]) -> None:
    """Draw each method's mean MSE over labelled clips, with its spread over seeds; write a PNG."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in curve.rows:
        clips = [p.clips for p in points]
        means = [100 * (np.nan if p.mse.value is None else p.mse.value) for p in points]
        spreads = [100 * (p.spread or 0.0) for p in points]
        axes.errorbar(clips, means, yerr=spreads, marker="o", capsize=3, label=name)
    axes.set_xscale("log")
    axes.set_xticks(curve.clips, [str(n) for n in curve.clips], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labelled clips to train and validate on")
    axes.set_ylabel("MSE (1e-2) on the test clips")
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata=write_notes(figure, notes))
