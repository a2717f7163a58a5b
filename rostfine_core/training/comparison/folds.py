"""The independent test folds of a comparison: runs tested on the same clips count as one.

Several seeds or inner folds test a method repeatedly on the same clips. Counted as further folds,
such runs would make the spread and p values look far more certain than they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rostfine_core.training.metrics.metrics import Shares, compute_metrics


@dataclass(frozen=True, kw_only=True, eq=False)
class RunAnswers:
    """One run on its test set: metrics, the sample of each clip, shares and votes (N, 5)."""

    scores: Mapping[str, float]
    samples: tuple[str, ...]
    prediction: Shares
    votes: Shares


def in_repeats(
    runs: Sequence[RunAnswers], *, folds: int, inner_folds: int
) -> tuple[Sequence[RunAnswers], ...]:
    """The runs that together tested every clip once: one of each fold.

    Args:
        runs: the runs of one method by seed, fold and inner fold, in this order.
        folds: the number of test folds.
        inner_folds: the number of runs for each seed and fold.
    """
    of_seed = folds * inner_folds
    return tuple(
        runs[first + inner : first + of_seed : inner_folds]
        for first in range(0, len(runs), of_seed)
        for inner in range(inner_folds)
    )


def fold_scores(repeats: Sequence[Sequence[RunAnswers]]) -> tuple[Mapping[str, float], ...]:
    """The metrics of each test fold, averaged over all predictions of its clips.

    The folds are those of the first of the ``repeats`` (``in_repeats``), which share no sample.
    Another seed splits the folds differently: its predictions for a fold's samples come from
    several of its runs and are scored together.
    """
    if len(repeats) == 1:
        return tuple(run.scores for run in repeats[0])
    return tuple(
        _mean([_scores_on(set(fold.samples), repeat) for repeat in repeats]) for fold in repeats[0]
    )


def _scores_on(samples: set[str], repeat: Sequence[RunAnswers]) -> dict[str, float]:
    """The metrics of ``repeat``, which tested every clip once, on the clips of ``samples``."""
    chosen = [np.array([sample in samples for sample in run.samples]) for run in repeat]
    prediction = [run.prediction[own] for run, own in zip(repeat, chosen, strict=True)]
    votes = [run.votes[own] for run, own in zip(repeat, chosen, strict=True)]
    return compute_metrics(np.concatenate(prediction), np.concatenate(votes)).scalars()


def _mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
