"""Between what a score can lie: always answering the mean, and the best that can be known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.training.metrics import Metrics, Shares, compute_metrics

FEWEST_SAMPLES = 10
"""Below it a 95% interval, drawn anew from so few, holds the true value less than 9 times in 10.

Of normally spread samples it holds that of a mean 75 times in 100 with 3 samples, 88 with 9, 90
with 10 and 91 with 15 (simulated 4,000 times each).
"""


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """Scores of two answers that need no network, on the same clips.

    ``mean_answer``: the mean distribution of the clips trained on, whatever the clip.
    ``best_possible``: the distribution that the votes were drawn from; only simulation knows it.
    """

    mean_answer: Metrics
    mean_is_of_training: bool
    best_possible: Metrics | None


def measure_yardsticks(
    labels: Shares, *, mean_label: Sequence[float] | None, expected: Shares | None
) -> Yardsticks:
    """Score the yardsticks against ``labels`` (N, 5).

    Args:
        labels: the panel's votes as shares.
        mean_label: of the training clips; None takes the mean of ``labels`` themselves, which is
            the best that a constant answer can do.
        expected: (N, 5), or None where nobody knows it.
    """
    mean = labels.mean(axis=0, dtype=np.float64) if mean_label is None else np.array(mean_label)
    return Yardsticks(
        mean_answer=compute_metrics(np.tile(mean, (len(labels), 1)), labels),
        mean_is_of_training=mean_label is not None,
        best_possible=None if expected is None else compute_metrics(expected, labels),
    )


def bootstrap_intervals(
    prediction: Shares,
    labels: Shares,
    *,
    samples: Sequence[str],
    repeats: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of every metric, by drawing whole samples with replacement.

    Clips of one patient are not independent, so patients are drawn and not clips. Empty when
    there are fewer than two samples.
    """
    _, group = np.unique(np.asarray(samples, dtype=str), return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
    if len(members) < 2:
        return {}
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(repeats):
        drawn = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        draws.append(compute_metrics(prediction[drawn], labels[drawn]).scalars())
    tails = ((1 - level) / 2 * 100, (1 + level) / 2 * 100)
    return {name: _interval([d[name] for d in draws], tails) for name in draws[0]}


def _interval(values: Sequence[float], tails: tuple[float, float]) -> tuple[float, float]:
    low, high = np.percentile(np.array(values), tails)
    return float(low), float(high)


def knowable_share(metrics: Metrics, yardsticks: Yardsticks) -> float | None:
    """How far the MSE lies from the mean answer (0) to the best that can be known (1)."""
    if yardsticks.best_possible is None:
        return None
    span = yardsticks.mean_answer.mse - yardsticks.best_possible.mse
    return (yardsticks.mean_answer.mse - metrics.mse) / span if span > 0 else None


def per_clip_errors(prediction: Shares, labels: Shares) -> dict[str, NDArray[np.float64]]:
    """MSE, JS and earth mover's distance of each clip: (N,) each."""
    rows = [compute_metrics(p[None], q[None]) for p, q in zip(prediction, labels, strict=True)]
    return {
        "mse": np.array([r.mse for r in rows]),
        "js": np.array([r.js for r in rows]),
        "earth_movers_distance": np.array([r.earth_movers_distance for r in rows]),
    }
