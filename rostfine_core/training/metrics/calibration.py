"""Temperature scaling: one number that makes a model's distributions as sharp as the panel's."""

import numpy as np
from numpy.typing import NDArray

from rostfine_core.model.answering import SMALLEST_SHARE, softmax
from rostfine_core.training.metrics.metrics import Shares

LOWEST, HIGHEST = 0.2, 5.0
NEARLY = 1.001


def apply_temperature(prediction: Shares, temperature: float) -> NDArray[np.float64]:
    """Sharpen (below 1) or flatten (above 1) distributions (..., 5): p^(1/T), rows sum to 1."""
    logs = np.log(np.maximum(prediction.astype(np.float64), SMALLEST_SHARE))
    return softmax(logs / temperature)


def is_at_bound(temperature: float) -> bool:
    """Whether a fitted temperature is at an end of the search range: a better one may lie beyond.

    The search approaches its ends but never reaches them.
    """
    return not NEARLY * LOWEST < temperature < HIGHEST / NEARLY


def fit_temperature(prediction: Shares, labels: Shares) -> float:
    """The temperature that minimises the cross-entropy of votes and prediction, both (N, 5).

    It is searched from ``LOWEST`` to ``HIGHEST``, see ``is_at_bound``.
    """
    from scipy.optimize import minimize_scalar  # scores alone need no SciPy

    def cross_entropy(log_temperature: float) -> float:
        tempered = apply_temperature(prediction, float(np.exp(log_temperature)))
        return float(
            -np.mean(np.sum(labels * np.log(np.maximum(tempered, SMALLEST_SHARE)), axis=1))
        )

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    found = minimize_scalar(cross_entropy, bounds=bounds, method="bounded")
    return float(np.exp(found.x))
