"""Fits a gate to clips like those of a model's training, so that few of them are flagged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Gate, Limits
from rostfine_core.quality.looks import (
    CONTRAST,
    FOCUS,
    FPS,
    HEAD,
    JOINT,
    NOISE,
    SIDE,
    SPAN,
    Looks,
    as_vector,
    scaled,
    unscaled,
)

FALSE_ALARMS = 0.01
"""Share of the clips that it is fitted to that a gate flags; of further ones it is about twice."""
SHRINKAGE = 0.05
"""Share of the mean variance that is added to the covariance."""
FEWEST_CLIPS = 100
"""Of fewer, the limits would be those of single clips."""
SIDED: dict[str, tuple[bool, bool]] = {
    FOCUS: (True, True),
    NOISE: (False, True),
    CONTRAST: (True, False),
    SIDE: (True, True),
    HEAD: (True, True),
    SPAN: (True, False),
    FPS: (True, True),
}
"""Measures with a limit of their own: whether low and high values are unlike the training."""
LEAST_TAILS = {SPAN: 0.25, FPS: 0.2}
"""Where all clips of the fit are nearly alike: a quarter shorter, a fifth slower or faster."""
LEAST_TAIL = 0.03
TAILS = (2.5, 97.5)
"""Percentiles that say how wide a measure's values lie; limits stand at a multiple of that."""


def fit_gate(looks: Sequence[Looks], samples: Sequence[str]) -> Gate:
    """A gate for clips that look like these.

    All limits stand at the same multiple of the distance from the median to ``TAILS``, the smallest
    at which no more than ``FALSE_ALARMS`` of the clips are flagged.

    Raises:
        ValueError: there are fewer clips than ``FEWEST_CLIPS``.
    """
    if len(looks) < FEWEST_CLIPS:
        raise ValueError(f"a gate needs at least {FEWEST_CLIPS} clips, got {len(looks)}")
    vectors = np.stack([as_vector(one) for one in looks])
    mean = np.nanmean(vectors, axis=0)
    known = np.where(np.isfinite(vectors), vectors, mean)
    precision = _precision(known - mean)
    distances = distance(known - mean, precision)
    singles = {
        name: np.array([scaled(name, one[name]) for one in looks])
        for name in SIDED
        if np.isfinite([one[name] for one in looks]).any()
    }
    step = _step([*(_excess(n, v) for n, v in singles.items()), _excess("", distances)])
    limits = {name: _limits(name, values, step) for name, values in singles.items()}
    heads = np.array([one[HEAD] for one in looks])
    low, high = np.nanpercentile(heads, (10, 90)).tolist()
    middle, _, above = _shape("", distances)
    return Gate(
        limits=limits,
        usual_head_px=(low, high),
        names=JOINT,
        mean=tuple(mean.tolist()),
        precision=tuple(map(tuple, precision.tolist())),
        farthest=middle + step * above,
        clips=len(looks),
        samples=len(set(samples)),
    )


def distance(
    differences: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mahalanobis distances (N,) of differences (N, D) from the mean."""
    squares = np.einsum("nd,de,ne->n", differences, precision, differences)
    found: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0))
    return found


def _precision(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of the covariance, whose measures count alike where there is nothing to see."""
    covariance = differences.T @ differences / (len(differences) - 1)
    scale = np.sqrt(np.diag(covariance)) + 1e-6
    correlation = covariance / np.outer(scale, scale)
    shrunk = (1 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(len(scale))
    return np.asarray(np.linalg.inv(shrunk) / np.outer(scale, scale))


def _shape(name: str, values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The median of a measure, and how far the ``TAILS`` lie below and above it."""
    low, middle, high = np.nanpercentile(values, (TAILS[0], 50, TAILS[1])).tolist()
    least = LEAST_TAILS.get(name, LEAST_TAIL)
    return middle, max(middle - low, least), max(high - middle, least)


def _excess(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far (N,) values of a measure lie from their median, as a multiple of that to the tail.

    Without a name they are the distances of all measures together.
    """
    has_low, has_high = SIDED.get(name, (False, True))
    middle, below, above = _shape(name, values)
    steps = np.zeros(len(values))
    if has_low:
        steps = np.maximum(steps, (middle - values) / below)
    if has_high:
        steps = np.maximum(steps, (values - middle) / above)
    return np.nan_to_num(steps)


def _step(excesses: Sequence[NDArray[np.float64]]) -> float:
    """The multiple beyond which so few clips lie in any of the measures."""
    worst = np.sort(np.max(excesses, axis=0))
    return float(worst[len(worst) - 1 - int(FALSE_ALARMS * len(worst))])


def _limits(name: str, values: NDArray[np.float64], step: float) -> Limits:
    has_low, has_high = SIDED[name]
    middle, below, above = _shape(name, values)
    return (
        unscaled(name, middle - step * below) if has_low else None,
        unscaled(name, middle + step * above) if has_high else None,
    )
