"""The tables of an evaluation as CSV: a row per clip, and a row per sample."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from rostfine_core.files import csv_cell
from rostfine_core.training.data.dataset import GRADES, ClipDataset
from rostfine_core.training.metrics.cautions import Notes
from rostfine_core.training.metrics.metrics import Shares, entropy_bits, expected_grade
from rostfine_core.training.metrics.reference_scores import per_clip_errors


def clip_rows(
    data: ClipDataset,
    prediction: Shares,
    *,
    spread: Shares | None = None,
    view_spread: Shares | None = None,
    notes: Notes,
) -> list[dict[str, Any]]:
    """A row per clip: predicted and voted shares, expected grades, uncertainty, errors and notes.

    Args:
        data: the clips, N.
        prediction: (N, 5).
        spread: (N,) standard deviation of the expected grade over an ensemble, at the same
            temperature as ``prediction``.
        view_spread: (N,) the same over the views of a clip.
        notes: the notes that must accompany the rows.
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
        | ({} if view_spread is None else {"view_spread_grades": float(view_spread[i])})
        | {name: float(values[i]) for name, values in errors.items()}
        | dict(notes)
        for i, clip in enumerate(data.clips)
    ]


def sample_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per sample: its number of clips, the mean of every number, and the notes."""
    averaged = []
    for sample in sorted({r["sample"] for r in rows}):
        own = [r for r in rows if r["sample"] == sample]
        numbers = [k for k, value in own[0].items() if isinstance(value, float)]
        means = {k: float(np.mean([r[k] for r in own])) for k in numbers}
        notes = {k: value for k, value in own[0].items() if k.startswith("note_")}
        averaged.append({"sample": sample, "clips": len(own)} | means | notes)
    return averaged


def rows_to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV text."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: _cell(v) for k, v in row.items()})
    return buffer.getvalue()


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else csv_cell(str(value))
