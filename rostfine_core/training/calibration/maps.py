"""Calibration maps: temperature scaling and Dirichlet calibration, fitted to votes and chosen.

Letters: N clips, 5 grades. Predictions and votes are (N, 5) with rows that sum to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.model import VoteCalibration
from rostfine_core.model.answering import GRADES, SMALLEST_SHARE, softmax
from rostfine_core.training.data.split import grouped_folds
from rostfine_core.training.metrics.calibration import fit_temperature
from rostfine_core.training.metrics.metrics import Shares

STRENGTHS = (1.0, 0.1, 0.01)
"""Of the regularisation of Dirichlet calibration; the strongest is tried first."""
FOLDS = 5
SEED = 0
OFF_DIAGONAL = 1 - np.eye(GRADES)


@dataclass(frozen=True, kw_only=True)
class FittedMap:
    """A way to calibrate; ``strength`` is that of the regularisation, 0 for a temperature."""

    title: str
    strength: float = 0.0

    def fit(self, prediction: Shares, votes: Shares, *, samples: Sequence[str]) -> VoteCalibration:
        """The map that makes votes (N, 5) likeliest, from at least one clip."""
        counts = {"clips": len(votes), "samples": len(set(samples))}
        if not self.strength:
            return VoteCalibration.of_temperature(fit_temperature(prediction, votes), **counts)
        weights, bias = fit_dirichlet(prediction, votes, strength=self.strength)
        return VoteCalibration(
            method="dirichlet",
            weights=tuple(map(tuple, weights.tolist())),
            bias=tuple(bias.tolist()),
            **counts,
        )


CANDIDATES = (
    FittedMap(title="temperature"),
    *(FittedMap(title=f"Dirichlet, regularised by {s:g}", strength=s) for s in STRENGTHS),
)
"""From the stiffest on."""


def negative_log_likelihood(prediction: Shares, votes: Shares) -> NDArray[np.float64]:
    """(N,) mean negative log likelihood of a clip's votes, in nats per vote."""
    logs = np.log(np.maximum(prediction.astype(np.float64), SMALLEST_SHARE))
    found: NDArray[np.float64] = -(votes * logs).sum(axis=-1)
    return found


def fit_dirichlet(
    prediction: Shares, votes: Shares, *, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (5, 5) and bias (5,) of Dirichlet calibration with ODIR (Kull et al. 2019, sec. 4).

    They minimise the mean negative log likelihood of the votes plus ``strength`` times the mean
    square of the weights off the diagonal and of the bias.
    """
    from scipy.optimize import minimize

    logs = np.log(np.maximum(prediction.astype(np.float64), SMALLEST_SHARE))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parameters[:-GRADES].reshape(GRADES, GRADES), parameters[-GRADES:]
        shares = softmax(logs @ weights.T + bias)
        error = (shares - votes) / len(votes)
        off = weights * OFF_DIAGONAL
        penalty = (off**2).sum() / OFF_DIAGONAL.sum() + (bias**2).mean()
        by_weights = error.T @ logs + 2 * strength * off / OFF_DIAGONAL.sum()
        by_bias = error.sum(axis=0) + 2 * strength * bias / GRADES
        value = negative_log_likelihood(shares, votes).mean() + strength * penalty
        return float(value), np.concatenate((by_weights.ravel(), by_bias))

    start = np.concatenate((np.eye(GRADES).ravel(), np.zeros(GRADES)))
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return found[:-GRADES].reshape(GRADES, GRADES), found[-GRADES:]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """The way to calibrate that lowers the likelihood's loss on samples that it was not fitted on.

    ``candidate`` is None if none does. ``crossed`` (N, 5) are the answers, each by a map that was
    fitted on other samples; ``maps`` are those maps with the clips that they answered.
    """

    candidate: FittedMap | None
    maps: tuple[tuple[VoteCalibration | None, NDArray[np.intp]], ...]

    def crossed(self, prediction: Shares) -> NDArray[np.float64]:
        """Calibrate (N, ..., 5), each clip by a map that was fitted on other samples."""
        calibrated = np.array(prediction, dtype=np.float64)
        for fitted, inside in self.maps:
            if fitted is not None:
                calibrated[inside] = fitted.apply(calibrated[inside])
        return calibrated


def choose(prediction: Shares, votes: Shares, *, samples: Sequence[str]) -> Chosen:
    """Choose how to calibrate by cross-validation over samples.

    From the stiffest candidate on, one is taken if its loss is lower than that of the last one
    taken (at first: no calibration) by more than the standard error of the difference over samples.
    """
    folds = grouped_folds(samples, folds=min(FOLDS, len(set(samples))), seed=SEED)
    plain = Chosen(candidate=None, maps=tuple((None, inside) for inside in folds))
    best, lowest = plain, negative_log_likelihood(prediction, votes)
    for candidate in CANDIDATES:
        tried = Chosen(
            candidate=candidate,
            maps=tuple(
                (_without(candidate, prediction, votes, samples=samples, inside=inside), inside)
                for inside in folds
            ),
        )
        loss = negative_log_likelihood(tried.crossed(prediction), votes)
        if _is_gain(lowest - loss, samples):
            best, lowest = tried, loss
    return best


def _without(
    candidate: FittedMap,
    prediction: Shares,
    votes: Shares,
    *,
    samples: Sequence[str],
    inside: NDArray[np.intp],
) -> VoteCalibration:
    """The candidate fitted to all clips but those at ``inside``."""
    outside = np.delete(np.arange(len(votes)), inside)
    own = np.asarray(samples, dtype=str)[outside].tolist()
    return candidate.fit(prediction[outside], votes[outside], samples=own)


def _is_gain(differences: Shares, samples: Sequence[str]) -> bool:
    """Whether the mean of differences (N,) over samples is above its standard error."""
    _, group = np.unique(np.asarray(samples, dtype=str), return_inverse=True)
    means = np.bincount(group, differences) / np.bincount(group)
    return bool(len(means) > 1 and means.mean() > means.std(ddof=1) / np.sqrt(len(means)))
