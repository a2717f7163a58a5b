"""Makes predictions of a network's shares: of one model's views, and of an ensemble's members."""

from collections.abc import Sequence

import numpy as np

from rostfine_core.domain import GradeDistribution, Prediction
from rostfine_core.model.answering import Answering, Floats


def predictions_of(shares: Floats, answering: Answering) -> list[Prediction]:
    """Each clip's answer from its views' shares (B, V, 4, 5): the network and its three heads."""
    answer = answering.answer(shares[:, :, 0])
    of_heads = shares[:, :, 1:].mean(axis=1)
    is_one = shares.shape[1] == 1
    ranges = answering.ranges
    return [
        Prediction(
            grade=_distribution(answer.shares[i]),
            grade_global=_distribution(of_heads[i, 0]),
            grade_spatial=_distribution(of_heads[i, 1]),
            grade_temporal=_distribution(of_heads[i, 2]),
            views=() if is_one else tuple(map(_distribution, answer.views[i])),
            uncalibrated=(
                None if answer.uncalibrated is None else _distribution(answer.uncalibrated[i])
            ),
            ranges=(
                () if answer.ranges is None else tuple((a, b) for a, b in answer.ranges[i].tolist())
            ),
            range_coverage=None if ranges is None else ranges.coverage,
        )
        for i in range(len(shares))
    ]


def combined(predictions: Sequence[Prediction]) -> Prediction:
    """The mean of an ensemble's members, or the only one.

    Ranges were measured for a single member's answers, and say nothing of their mean.
    """
    if len(predictions) == 1:
        return predictions[0]
    return Prediction(
        grade=_mean([p.grade for p in predictions]),
        grade_global=_mean([p.grade_global for p in predictions]),
        grade_spatial=_mean([p.grade_spatial for p in predictions]),
        grade_temporal=_mean([p.grade_temporal for p in predictions]),
        ensemble=tuple(p.grade for p in predictions),
        views=tuple(map(_mean, zip(*(p.views for p in predictions), strict=True))),
        uncalibrated=_uncalibrated(predictions),
    )


def _uncalibrated(predictions: Sequence[Prediction]) -> GradeDistribution | None:
    if all(p.uncalibrated is None for p in predictions):
        return None
    return _mean([p.uncalibrated or p.grade for p in predictions])


def _mean(distributions: Sequence[GradeDistribution]) -> GradeDistribution:
    return _distribution(np.mean([d.probabilities for d in distributions], axis=0))


def _distribution(row: Floats) -> GradeDistribution:
    """Five shares from the network's softmax, rescaled so that rounding does not change the sum."""
    a, b, c, d, e = (float(p) for p in row / row.sum())
    return GradeDistribution((a, b, c, d, e))
