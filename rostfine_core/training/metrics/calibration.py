"""One temperature that makes a model's distributions as sharp as the panel's."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from rostfine_core.training.metrics.metrics import Shares

LOWEST, HIGHEST = 0.2, 5.0
NEARLY = 1.001
SMALLEST_SHARE = 1e-7


def apply_temperature(prediction: Shares, temperature: float) -> NDArray[np.float64]:
    """Sharpen (below 1) or flatten (above 1) distributions (..., 5): p^(1/T), rows sum to 1."""
    logits = np.log(np.maximum(prediction.astype(np.float64), SMALLEST_SHARE)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    tempered: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return tempered


def is_at_bound(temperature: float) -> bool:
    """Whether a fitted temperature stands at an end of what is searched: a better may lie beyond.

    The search comes near to its ends but never onto them.
    """
    return not NEARLY * LOWEST < temperature < HIGHEST / NEARLY


def fit_temperature(prediction: Shares, labels: Shares) -> float:
    """The temperature of the lowest cross-entropy of the votes (N, 5) under the prediction.

    It is searched from ``LOWEST`` to ``HIGHEST``, see ``is_at_bound``.
    """

    def cross_entropy(log_temperature: float) -> float:
        tempered = apply_temperature(prediction, float(np.exp(log_temperature)))
        return float(
            -np.mean(np.sum(labels * np.log(np.maximum(tempered, SMALLEST_SHARE)), axis=1))
        )

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    found = minimize_scalar(cross_entropy, bounds=bounds, method="bounded")
    return float(np.exp(found.x))
