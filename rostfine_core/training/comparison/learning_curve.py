"""How the error falls with the number of labelled clips, by what training starts from."""

from collections.abc import Sequence

import numpy as np

from rostfine_core.training.comparison.config import CompareConfig
from rostfine_core.training.comparison.tables import (
    ComparedTable,
    CurvePoint,
    LearningCurve,
    MethodScores,
)


def learning_curve(config: CompareConfig, tables: Sequence[ComparedTable]) -> LearningCurve | None:
    """The learning curve of a comparison, whose tables have one number of clips each, or None."""
    if not config.curve:
        return None
    rows = tuple(
        (name, tuple(_point(c, t, name) for c, t in zip(config.curve, tables, strict=True)))
        for name in config.names
    )
    return LearningCurve(clips=config.curve, reference=tables[0].reference, rows=rows)


def _point(clips: int, table: ComparedTable, name: str) -> CurvePoint:
    (of_method,) = (row for row in table.differences if row.method == name)
    scores = dict(table.rows)[name]
    return CurvePoint(clips=clips, mse=of_method.scores["mse"], spread=_spread_over_seeds(scores))


def _spread_over_seeds(scores: MethodScores) -> float | None:
    """The standard deviation over seeds of the runs' mean MSE; None for one seed."""
    seeds = sorted({run.seed for run in scores.runs})
    means = [np.mean([run.scores["mse"] for run in scores.runs if run.seed == s]) for s in seeds]
    return float(np.std(means, ddof=1)) if len(means) > 1 else None
