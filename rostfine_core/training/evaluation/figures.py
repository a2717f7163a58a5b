"""The figures of an evaluation report, each as PNG bytes with its notes inside."""

import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from einops import rearrange
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rostfine_core.training.data.dataset import GRADES
from rostfine_core.training.evaluation.faithfulness import FaithfulnessResult
from rostfine_core.training.metrics.metrics import (
    Shares,
    confusion,
    expected_grade,
    rank_correlation,
    reliability,
)

FONT_PT = 6.0
LINE_PT = 1.3 * FONT_PT
CHARACTER_PT = 0.6 * FONT_PT  # a generous mean for the default font, so that no line is cut off
FRAMES_SHOWN = 4
MODEL, PANEL = "#0072b2", "#d55e00"  # distinguishable for colour-blind readers too
TITLES = {
    "encoder_rollout": "attention rollout",
    "branch_attention": "spatial branch",
    "branch_forward": "spatial branch, as graded",
    "gradient_rollout": "gradient-weighted rollout",
    "random": "random order",
    "centre": "from the middle",
    "occlusion": "occlusion of single patches",
}


def agreement_figure(prediction: Shares, labels: Shares, *, notes: Sequence[str]) -> bytes:
    """Reliability of P(A or B), confusion of most-selected grades, expected grades."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    curve_axes, table_axes, points_axes = figure.subplots(1, 3)
    _draw_reliability(curve_axes, prediction, labels)
    _draw_confusion(table_axes, confusion(prediction, labels))
    _draw_points(points_axes, prediction, labels)
    return _png(figure, notes)


def _draw_reliability(axes: Axes, prediction: Shares, labels: Shares) -> None:
    curve = reliability(prediction[:, :2].sum(axis=1), labels[:, :2].sum(axis=1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    axes.plot([b.predicted for b in curve], [b.observed for b in curve], "o-", color=MODEL)
    for b in curve:
        place = (b.predicted, b.observed)
        axes.annotate(str(b.clips), place, xytext=(4, -10), textcoords="offset points", fontsize=7)
    axes.set(xlabel="predicted P(A or B)", ylabel="share of votes for A or B")
    axes.set_title("Reliability (numbers: clips)", fontsize=10)


def _draw_confusion(axes: Axes, counts: NDArray[np.int64]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(GRADES)), GRADES)
    axes.set_yticks(range(len(GRADES)), GRADES)
    axes.set(xlabel="most selected, predicted", ylabel="most selected by the panel")
    axes.set_title("Clips by most selected grade", fontsize=10)


def _draw_points(axes: Axes, prediction: Shares, labels: Shares) -> None:
    axes.plot([1, 5], [1, 5], color="grey", linestyle=":")
    theirs, ours = expected_grade(labels), expected_grade(prediction)
    axes.scatter(theirs, ours, s=9, alpha=0.4, color=MODEL)
    axes.set(xlabel="mean vote of the panel (A = 1)", ylabel="predicted", xlim=(1, 5), ylim=(1, 5))
    rank = rank_correlation(prediction, labels)
    axes.set_title(f"Expected grade (rank correlation {rank:.2f})", fontsize=10)


def learning_figure(
    logs: Mapping[str, Sequence[Mapping[str, Any]]], *, notes: Sequence[str]
) -> bytes:
    """Training loss and validation MSE over epochs, a line per model."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    loss_axes, validation_axes = figure.subplots(1, 2)
    for name, log in logs.items():
        loss_axes.plot([r["epoch"] for r in log], [r["loss"] for r in log], ".-", label=name)
        judged = [r for r in log if r.get("validation")]
        scores = [100 * r["validation"]["mse"] for r in judged]
        validation_axes.plot([r["epoch"] for r in judged], scores, ".-", label=name)
    loss_axes.set(xlabel="epoch", title="Training loss")
    validation_axes.set(xlabel="epoch", title="Validation MSE (1e-2)")
    for axes in (loss_axes, validation_axes):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(logs) > 1:
        loss_axes.legend(fontsize=7)
    return _png(figure, notes)


def votes_figure(predicted: Shares, voted: Shares, *, notes: Sequence[str]) -> bytes:
    """One clip's predicted distribution (5,) beside the panel's (5,)."""
    figure = Figure(figsize=(3.2, 2.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(GRADES))
    axes.bar(places - 0.2, 100 * predicted, 0.4, color=MODEL, label="predicted")
    axes.bar(places + 0.2, 100 * voted, 0.4, color=PANEL, label="voted")
    axes.set_xticks(places, GRADES)
    axes.set_ylabel("%")
    axes.legend(fontsize=7)
    return _png(figure, notes)


def attention_figure(
    pictures: NDArray[np.uint8],
    maps: Mapping[str, NDArray[np.float32]],
    *,
    labels: Sequence[str],
    notes: Sequence[str],
) -> bytes:
    """Frames (T, S, S, 3) in the first row, a map (T, N) over them in each further row."""
    chosen = np.unique(np.linspace(0, len(pictures) - 1, FRAMES_SHOWN).astype(int))
    rows = 1 + len(maps)
    figure = Figure(figsize=(1.8 * len(chosen), 1.9 * rows), layout="constrained")
    grid = figure.subplots(rows, len(chosen), squeeze=False)
    for column, frame in enumerate(chosen):
        grid[0, column].imshow(pictures[frame])
        grid[0, column].set_title(labels[frame], fontsize=8)
        for row, (name, values) in enumerate(maps.items(), start=1):
            draw_map(grid[row, column], pictures[frame], values[frame], values.max())
            if not column:
                grid[row, 0].set_ylabel(TITLES[name], fontsize=8)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    return _png(figure, notes)


def draw_map(axes: Axes, picture: NDArray[np.uint8], values: Shares, highest: float) -> None:
    """Draw a map (N,) over a picture (S, S, 3), coloured from 0 to ``highest``."""
    edge = math.isqrt(len(values))
    size = picture.shape[0]
    axes.imshow(picture)
    axes.imshow(
        rearrange(values, "(r q) -> r q", r=edge),
        cmap="inferno",
        alpha=0.5,
        vmin=0,
        vmax=highest,
        extent=(-0.5, size - 0.5, size - 0.5, -0.5),
    )


def faithfulness_figure(result: FaithfulnessResult, *, notes: Sequence[str]) -> bytes:
    """Mean deletion and insertion curves, a line per map."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, kind, wish in zip(
        figure.subplots(1, 2), ("deletion", "insertion"), ("lower", "higher"), strict=True
    ):
        for name, curves in result.curves.items():
            mean = getattr(curves, kind).mean(axis=0)
            axes.plot([100 * s for s in curves.shares], mean, ".-", label=TITLES[name])
        axes.set(xlabel="% of patches", ylabel="similarity of the prediction")
        axes.ticklabel_format(useOffset=False)
        axes.set_title(f"{kind.capitalize()} ({wish} is more faithful)", fontsize=10)
        axes.legend(fontsize=7)
    return _png(figure, notes)


def _png(figure: Figure, notes: Sequence[str]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata=write_notes(figure, notes))
    return buffer.getvalue()


def write_notes(figure: Figure, notes: Sequence[str]) -> dict[str, str | None]:
    """Write ``notes`` below a figure with constrained layout, which grows by their lines.

    Returns:
        The metadata to save the PNG with: the notes again, without the name of the software.
    """
    width, height = figure.get_size_inches()
    columns = int(72 * width / CHARACTER_PT)
    lines = [line for note in notes for line in textwrap.wrap(note, columns)]
    figure.set_size_inches(width, height + len(lines) * LINE_PT / 72)
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=FONT_PT, color="#555555")
    return {"Software": None, "Disclaimer": " ".join(notes)}
