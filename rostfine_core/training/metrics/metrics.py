"""Metrics of predicted grade distributions against the panel's, in numpy.

Letters: N clips, 5 grades. Predictions and labels are (N, 5) with rows that sum to 1.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.floating[Any]]
GRADE_VALUES = np.arange(1, 6)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Every metric of one set of predictions; errors are not scaled to 1e-2.

    ``balanced_accuracy[n - 1]`` is that of the n-th most selected grade, as in the paper;
    ``balanced_accuracy_official`` counts from the least selected one (FACTS, error 3).
    ``tied[n - 1]`` is the share of clips whose n-th most selected grade is tied with another, so
    that a rule decides which it is and not the panel; ``balanced_accuracy_any_tied`` accepts each
    of the tied grades.
    """

    clips: int
    mse: float
    js: float
    js_official: float
    balanced_accuracy: tuple[float, ...]
    balanced_accuracy_mean: float
    balanced_accuracy_official: tuple[float, ...]
    balanced_accuracy_any_tied: tuple[float, ...]
    balanced_accuracy_any_tied_mean: float
    tied: tuple[float, ...]
    earth_movers_distance: float
    ece_p_a_or_b: float
    rank_correlation: float
    expected_grade_error: float

    def scalars(self) -> dict[str, float]:
        """The metrics as a flat mapping from name to number."""
        flat: dict[str, float] = {}
        for name, value in asdict(self).items():
            if isinstance(value, tuple):
                flat |= {f"{name}_{n}": float(x) for n, x in enumerate(value, start=1)}
            else:
                flat[name] = float(value)
        return flat


def mse(prediction: Shares, label: Shares) -> float:
    """Mean squared error over clips and grades."""
    return float(np.mean((prediction - label) ** 2))


def _kl(p: Shares, m: Shares) -> Shares:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / m), 0.0)
    divergence: Shares = terms.sum(-1)
    return divergence


def jensen_shannon(prediction: Shares, label: Shares) -> float:
    """Jensen-Shannon divergence in nats, averaged over clips."""
    m = (prediction + label) / 2
    return float(np.mean(_kl(prediction, m) + _kl(label, m)) / 2)


def jensen_shannon_official(prediction: Shares, label: Shares) -> float:
    """KL(p||m) + 1/2 KL(q||m) with 1e-5 inside the logarithm (FACTS, error 2)."""
    m = np.maximum((prediction + label) / 2, 1e-12)
    first = (prediction * np.log(prediction / m + 1e-5)).sum(-1)
    second = (label * np.log(label / m + 1e-5)).sum(-1)
    return float(np.mean(first + second / 2))


def balanced_accuracy(predicted: NDArray[np.intp], true: NDArray[np.intp]) -> float:
    """Mean recall over the classes that occur in ``true``, both (N,)."""
    return float(np.mean([np.mean(predicted[true == c] == c) for c in np.unique(true)]))


def ranked_grades(shares: Shares) -> NDArray[np.intp]:
    """(N, 5) grades from most to least selected; among tied ones the better comes first."""
    return np.argsort(-shares, axis=1, kind="stable")


def nth_balanced_accuracy(prediction: Shares, label: Shares) -> tuple[float, ...]:
    """Balanced accuracy of predicting the n-th most selected grade, n = 1..5 (the paper's BA)."""
    ours, theirs = ranked_grades(prediction), ranked_grades(label)
    return tuple(balanced_accuracy(ours[:, n], theirs[:, n]) for n in range(label.shape[1]))


def nth_balanced_accuracy_official(prediction: Shares, label: Shares) -> tuple[float, ...]:
    """The same in the official code's ascending order, whose "1st" is the least selected."""
    ours = np.argsort(prediction, axis=1, kind="stable")
    theirs = np.argsort(label, axis=1, kind="stable")
    return tuple(balanced_accuracy(ours[:, n], theirs[:, n]) for n in range(label.shape[1]))


def first_balanced_accuracy(prediction: Shares, label: Shares) -> float:
    """``nth_balanced_accuracy`` of the most selected grade, where few clips are tied."""
    return balanced_accuracy(ranked_grades(prediction)[:, 0], ranked_grades(label)[:, 0])


def tied_grades(label: Shares) -> NDArray[np.bool_]:
    """(N, 5, 5): whether grade g has as many votes as the n-th most selected, at [:, n - 1, g]."""
    ordered = np.take_along_axis(label, ranked_grades(label), axis=1)
    tied: NDArray[np.bool_] = ordered[:, :, None] == label[:, None, :]
    return tied


def tied_shares(label: Shares) -> tuple[float, ...]:
    """The share of clips whose n-th most selected grade is tied with another, n = 1..5."""
    tied = tied_grades(label).sum(axis=2) > 1
    return tuple(tied.mean(axis=0).tolist())


def any_tied_balanced_accuracy(prediction: Shares, label: Shares) -> tuple[float, ...]:
    """``nth_balanced_accuracy`` with each of the tied grades accepted, n = 1..5.

    A clip counts by 1/m in the recall of each of its m tied grades. Without ties both are equal.
    """
    tied = tied_grades(label)
    right = np.take_along_axis(tied, ranked_grades(prediction)[:, :, None], axis=2)
    weight = tied / tied.sum(axis=2, keepdims=True)
    occurring, found = weight.sum(axis=0), (weight * right).sum(axis=0)
    recalls = np.divide(found, occurring, out=np.zeros_like(found), where=occurring > 0)
    return tuple((recalls.sum(axis=1) / (occurring > 0).sum(axis=1)).tolist())


def earth_movers_distance(prediction: Shares, label: Shares) -> float:
    """Mean distance, in grades, that votes must move to turn one distribution into the other."""
    return float(np.mean(np.abs(np.cumsum(prediction - label, axis=1)).sum(axis=1)))


def expected_grade(shares: Shares) -> Shares:
    """(N,) mean vote with A = 1 ... E = 5."""
    mean: Shares = shares @ GRADE_VALUES
    return mean


def entropy_bits(shares: Shares) -> Shares:
    """(N,) entropy of each distribution: 0 if all votes agree, 2.32 if they are even."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bits: Shares = np.where(shares > 0, -shares * np.log2(shares), 0).sum(axis=-1)
    return bits


def ensemble_spread(answers: Shares) -> Shares | None:
    """(N,) standard deviation of the expected grade over members (M, N, 5); None for one member."""
    if len(answers) < 2:
        return None
    spread: Shares = np.std(answers @ GRADE_VALUES, axis=0, ddof=1)
    return spread


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """The clips whose predicted share falls into one bin."""

    clips: int
    predicted: float
    observed: float


def reliability(predicted: Shares, observed: Shares, *, bins: int = 10) -> list[ReliabilityBin]:
    """The reliability curve of shares (N,): means of each non-empty bin."""
    index = np.clip((predicted * bins).astype(int), 0, bins - 1)
    return [
        ReliabilityBin(
            clips=int(inside.sum()),
            predicted=float(predicted[inside].mean()),
            observed=float(observed[inside].mean()),
        )
        for inside in (index == b for b in range(bins))
        if inside.any()
    ]


def calibration_error(predicted: Shares, observed: Shares, *, bins: int = 10) -> float:
    """Expected calibration error of shares (N,): mean |predicted - observed| over equal bins."""
    curve = reliability(predicted, observed, bins=bins)
    return sum(b.clips * abs(b.predicted - b.observed) for b in curve) / len(predicted)


def confusion(prediction: Shares, label: Shares) -> NDArray[np.int64]:
    """(5, 5) clips by their most selected grade: rows: panel, columns: prediction."""
    counts = np.zeros((label.shape[1], label.shape[1]), dtype=np.int64)
    np.add.at(counts, (ranked_grades(label)[:, 0], ranked_grades(prediction)[:, 0]), 1)
    return counts


def rank_correlation(prediction: Shares, label: Shares) -> float:
    """Spearman's rank correlation of the expected grades; 0 if one side is constant."""
    ours, theirs = expected_grade(prediction), expected_grade(label)
    if np.ptp(ours) < 1e-9 or np.ptp(theirs) < 1e-9:
        return 0.0
    return float(np.corrcoef(_ranks(ours), _ranks(theirs))[0, 1])


def _ranks(values: Shares) -> Shares:
    """(N,) ranks from 1 on; equal values share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Shares = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return ranks


def mean_balanced_accuracy(prediction: Shares, label: Shares) -> float:
    """The mean over n = 1 ... 5 of ``nth_balanced_accuracy``."""
    return float(np.mean(nth_balanced_accuracy(prediction, label)))


def ece_p_a_or_b(prediction: Shares, label: Shares) -> float:
    """The calibration error of the share of votes for A or B."""
    return calibration_error(prediction[:, :2].sum(1), label[:, :2].sum(1))


def compute_metrics(prediction: Shares, label: Shares) -> Metrics:
    """Every metric of ``prediction`` (N, 5) against ``label`` (N, 5).

    Raises:
        ValueError: the shapes differ, or there are no clips.
    """
    if prediction.shape != label.shape or len(label) == 0:
        raise ValueError(f"need equal, non-empty shapes, got {prediction.shape} and {label.shape}")
    prediction, label = prediction.astype(np.float64), label.astype(np.float64)
    any_tied = any_tied_balanced_accuracy(prediction, label)
    return Metrics(
        clips=len(label),
        mse=mse(prediction, label),
        js=jensen_shannon(prediction, label),
        js_official=jensen_shannon_official(prediction, label),
        balanced_accuracy=nth_balanced_accuracy(prediction, label),
        balanced_accuracy_mean=mean_balanced_accuracy(prediction, label),
        balanced_accuracy_official=nth_balanced_accuracy_official(prediction, label),
        balanced_accuracy_any_tied=any_tied,
        balanced_accuracy_any_tied_mean=float(np.mean(any_tied)),
        tied=tied_shares(label),
        earth_movers_distance=earth_movers_distance(prediction, label),
        ece_p_a_or_b=ece_p_a_or_b(prediction, label),
        rank_correlation=rank_correlation(prediction, label),
        expected_grade_error=float(
            np.mean(np.abs(expected_grade(prediction) - expected_grade(label)))
        ),
    )
