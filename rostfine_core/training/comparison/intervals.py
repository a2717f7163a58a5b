"""Scores of methods and their differences, with intervals that draw seeds and samples.

Letters: R repeats (runs that together tested every clip once, mostly one a seed), N clips,
5 grades, K classes whose scores are averaged, S draws.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.training.comparison.folds import RunAnswers
from rostfine_core.training.metrics.metrics import Shares, ranked_grades

DRAWS = 1000
TAILS = (2.5, 97.5)
BAD_GRADES = (3, 4)
"""D and E, counted from 0."""

Floats = NDArray[np.float64]
Parts = tuple[Floats, NDArray[np.bool_]]
"""A score as the mean over K classes of a mean over clips: (K, R, N) values, (K, N) clips in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatedAnswers:
    """A method's predictions (R, N, 5) for the same clips, their votes (N, 5) and samples (N)."""

    prediction: Shares
    votes: Shares
    samples: tuple[str, ...]

    @classmethod
    def of_repeats(cls, repeats: Sequence[Sequence[RunAnswers]]) -> "RepeatedAnswers":
        """Join the runs of each repeat, in the order of the samples' names.

        The clips of a sample lie in one run, in the data set's order, so that they stay aligned.
        """
        joined = [_in_order_of_samples(runs) for runs in repeats]
        samples, _, votes = joined[0]
        prediction = np.stack([shares for _, shares, _ in joined])
        return cls(prediction=prediction, votes=votes, samples=samples)


def _in_order_of_samples(runs: Sequence[RunAnswers]) -> tuple[tuple[str, ...], Shares, Shares]:
    names = np.concatenate([np.asarray(run.samples, dtype=str) for run in runs])
    order = np.argsort(names, kind="stable")
    prediction = np.concatenate([run.prediction for run in runs])[order]
    votes = np.concatenate([run.votes for run in runs])[order]
    return tuple(names[order].tolist()), prediction, votes


@dataclass(frozen=True, kw_only=True)
class ScoreDifference:
    """A method's score, and that score minus the reference's with its 95% interval.

    None where no clip counts for it. With one sample there is no interval.
    """

    value: float | None
    difference: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class MethodDifferences:
    """One method against the reference, by the names in ``COMPARED_SCORES``."""

    method: str
    scores: Mapping[str, ScoreDifference]


def _error_parts(errors: Floats) -> Parts:
    return errors[None], np.ones((1, errors.shape[1]), dtype=bool)


def _mse(prediction: Shares, votes: Shares) -> Parts:
    return _error_parts(((prediction - votes) ** 2).mean(axis=-1))


def _earth_movers(prediction: Shares, votes: Shares) -> Parts:
    return _error_parts(np.abs(np.cumsum(prediction - votes, axis=-1)).sum(axis=-1))


def _first_grades(prediction: Shares) -> NDArray[np.intp]:
    """(R, N) most selected grades."""
    return np.stack([ranked_grades(answers)[:, 0] for answers in prediction])


def _balanced_accuracy(prediction: Shares, votes: Shares) -> Parts:
    ours, theirs = _first_grades(prediction), ranked_grades(votes)[:, 0]
    grades = np.unique(theirs)
    hits = np.stack([ours == grade for grade in grades]).astype(float)
    return hits, np.stack([theirs == grade for grade in grades])


def _bad_found(prediction: Shares, votes: Shares) -> Parts:
    found = np.isin(_first_grades(prediction), BAD_GRADES).astype(float)
    return found[None], np.isin(ranked_grades(votes)[:, :1].T, BAD_GRADES)


@dataclass(frozen=True, kw_only=True)
class ComparedScore:
    """A score of the table of differences; its values are shown times ``factor``."""

    title: str
    factor: float
    digits: int
    parts: Callable[[Shares, Shares], Parts]


COMPARED_SCORES: Mapping[str, ComparedScore] = {
    "mse": ComparedScore(title="MSE (1e-2)", factor=100, digits=3, parts=_mse),
    "earth_movers_distance": ComparedScore(
        title="EMD (grades)", factor=1, digits=3, parts=_earth_movers
    ),
    "balanced_accuracy_1": ComparedScore(
        title="BA 1 (%)", factor=100, digits=1, parts=_balanced_accuracy
    ),
    "recall_d_or_e": ComparedScore(
        title="D or E found (%)", factor=100, digits=1, parts=_bad_found
    ),
}
"""``recall_d_or_e`` is the share of clips most selected D or E that are predicted to be so."""


def differences_from(
    reference: RepeatedAnswers, methods: Mapping[str, RepeatedAnswers], *, seed: int = 0
) -> tuple[MethodDifferences, ...]:
    """Each method against ``reference``: both are scored on the same draws of repeats and samples.

    A draw takes as many repeats and as many samples as there are, with replacement, so an interval
    covers other sperm and other starts of the networks, as far as R repeats tell of these.
    """
    weights = _draw_weights(reference, np.random.default_rng(seed))
    own = {name: _scores(reference, score, *weights) for name, score in COMPARED_SCORES.items()}
    several = len(set(reference.samples)) > 1
    return tuple(
        MethodDifferences(
            method=label,
            scores={
                name: _difference(_scores(answers, score, *weights), own[name], several=several)
                for name, score in COMPARED_SCORES.items()
            },
        )
        for label, answers in methods.items()
    )


def _draw_weights(answers: RepeatedAnswers, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(S, R) and (S, N): how often each repeat and each clip counts; in the first draw all once."""
    names, group = np.unique(np.asarray(answers.samples, dtype=str), return_inverse=True)

    def counts(of: int) -> Floats:
        drawn = rng.multinomial(of, np.full(of, 1 / of), size=DRAWS).astype(float)
        return np.concatenate([np.ones((1, of)), drawn])

    return counts(len(answers.prediction)), counts(len(names))[:, group]


def _scores(
    answers: RepeatedAnswers, score: ComparedScore, repeats: Floats, clips: Floats
) -> Floats:
    """(S,) scores of the draws; NaN where no clip of a draw counts."""
    values, inside = score.parts(answers.prediction, answers.votes)
    of_class = []
    for value, counted in zip(values, inside, strict=True):
        weight = clips * counted
        total = weight.sum(axis=1)
        summed = ((repeats / repeats.sum(axis=1, keepdims=True)) * (weight @ value.T)).sum(axis=1)
        of_class.append(np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0))
    stacked = np.stack(of_class)
    occurring = np.isfinite(stacked)
    means: Floats = np.divide(
        np.where(occurring, stacked, 0).sum(axis=0),
        occurring.sum(axis=0),
        out=np.full(stacked.shape[1], np.nan),
        where=occurring.any(axis=0),
    )
    return means


def _difference(ours: Floats, theirs: Floats, *, several: bool) -> ScoreDifference:
    """The first of the draws is the score itself."""
    if not np.isfinite(ours[0]):
        return ScoreDifference(value=None, difference=None, interval=None)
    drawn = ours[1:] - theirs[1:]
    drawn = drawn[np.isfinite(drawn)]
    interval = None
    if several and len(drawn):
        low, high = np.percentile(drawn, TAILS)
        interval = (float(low), float(high))
    difference = float(ours[0] - theirs[0])
    return ScoreDifference(value=float(ours[0]), difference=difference, interval=interval)
