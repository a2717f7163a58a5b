"""Fits a gate to clips like those of a model's training, so that few of them are flagged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    OFF_CENTRE,
    SIDE,
    SPAN,
    TAIL,
    Looks,
    as_vector,
    scaled,
    unscaled,
)

FALSE_ALARMS = 0.01
"""Share of clips that a gate flags which was fitted to clips of other samples."""
FOLDS = 5
SHRINKAGE = 0.05
"""Share of the mean variance that is added to the covariance."""
MOSTLY = 0.5
"""A measure that is known of fewer of the clips is left out."""
FEWEST_CLIPS = 100
"""Of fewer, limits would be those of single clips, and so wide that little lies beyond them."""
SIDED: dict[str, tuple[bool, bool]] = {
    FOCUS: (True, True),
    NOISE: (False, True),
    CONTRAST: (True, False),
    SIDE: (True, True),
    HEAD: (True, True),
    OFF_CENTRE: (False, True),
    TAIL: (True, False),
    SPAN: (True, False),
    FPS: (True, True),
}
"""Measures with a limit of their own: whether low and high values are unlike the training."""
LEAST_TAILS = {SPAN: 0.25, FPS: 0.2}
"""Where all clips of the fit are nearly alike: a quarter shorter, a fifth slower or faster."""
LEAST_TAIL = 0.03
LEAST_HIGHS = {OFF_CENTRE: 0.15}
"""Limits that are no lower than this: crops follow a measured head to a hundredth of its length,
and the error of the demonstration model doubles between a tenth and a fifth."""
TAILS = (1, 99)
"""Percentiles that say how wide a measure's values lie; limits stand at a multiple of that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shape:
    """The median of a measure, and how far the ``TAILS`` lie below and above it."""

    middle: float
    below: float
    above: float
    has_low: bool
    has_high: bool

    @classmethod
    def of(cls, name: str, values: NDArray[np.float64]) -> "_Shape":
        """That of values (N,); without a name they are distances of all measures together."""
        low, middle, high = np.nanpercentile(values, (TAILS[0], 50, TAILS[1])).tolist()
        least = LEAST_TAILS.get(name, LEAST_TAIL)
        has_low, has_high = SIDED.get(name, (False, True))
        return cls(
            middle=middle,
            below=max(middle - low, least),
            above=max(high - middle, least),
            has_low=has_low,
            has_high=has_high,
        )

    def excess(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far (N,) values lie from the median, as a multiple of the distance to the tail."""
        steps = np.zeros(len(values))
        if self.has_low:
            steps = np.maximum(steps, (self.middle - values) / self.below)
        if self.has_high:
            steps = np.maximum(steps, (values - self.middle) / self.above)
        return np.nan_to_num(steps)

    def limits(self, name: str, step: float) -> Limits:
        """The values that lie so many steps away."""
        return (
            unscaled(name, self.middle - step * self.below) if self.has_low else None,
            max(unscaled(name, self.middle + step * self.above), LEAST_HIGHS.get(name, -math.inf))
            if self.has_high
            else None,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """The mean and precision of the vectors, and the shapes of single measures and distances."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    singles: Mapping[str, _Shape]
    together: _Shape

    @classmethod
    def of(cls, vectors: NDArray[np.float64], values: Mapping[str, NDArray[np.float64]]) -> "_Fit":
        mean = np.nanmean(vectors, axis=0)
        differences = np.nan_to_num(vectors - mean)
        precision = _precision(differences)
        return cls(
            mean=mean,
            precision=precision,
            singles={name: _Shape.of(name, v) for name, v in values.items()},
            together=_Shape.of("", distance(differences, precision)),
        )

    def excess(
        self, vectors: NDArray[np.float64], values: Mapping[str, NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """The largest excess of each clip (N,) in any measure."""
        far = distance(np.nan_to_num(vectors - self.mean), self.precision)
        alone = [shape.excess(values[name]) for name, shape in self.singles.items()]
        worst: NDArray[np.float64] = np.max([self.together.excess(far), *alone], axis=0)
        return worst


def fit_gate(looks: Sequence[Looks], samples: Sequence[str]) -> Gate:
    """A gate for clips that look like these.

    All limits stand at the same multiple of the distance from the median to ``TAILS``: the smallest
    at which ``FALSE_ALARMS`` of the clips are flagged by a fit to clips of other samples.

    Raises:
        ValueError: there are fewer clips than ``FEWEST_CLIPS``.
    """
    if len(looks) < FEWEST_CLIPS:
        raise ValueError(f"a gate needs at least {FEWEST_CLIPS} clips, got {len(looks)}")
    known = {n for n in looks[0] if np.isfinite([one[n] for one in looks]).mean() > MOSTLY}
    names = tuple(name for name in JOINT if name in known)
    vectors = np.stack([as_vector(one, names) for one in looks])
    values = {
        name: np.array([scaled(name, one[name]) for one in looks])
        for name in SIDED
        if name in known
    }
    worst = np.sort(_crossed_excess(vectors, values, samples))
    step = float(worst[len(worst) - 1 - int(FALSE_ALARMS * len(worst))])
    whole = _Fit.of(vectors, values)
    return Gate(
        limits={name: shape.limits(name, step) for name, shape in whole.singles.items()},
        usual_head_px=_usual_head_px(looks) if HEAD in known else None,
        names=names,
        mean=tuple(whole.mean.tolist()),
        precision=tuple(map(tuple, whole.precision.tolist())),
        farthest=whole.together.middle + step * whole.together.above,
        clips=len(looks),
        samples=len(set(samples)),
    )


def _crossed_excess(
    vectors: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
    samples: Sequence[str],
) -> NDArray[np.float64]:
    """The largest excess of each clip (N,) by a fit to clips of other samples, if there are any."""
    worst = np.empty(len(vectors))
    _, sample = np.unique(np.asarray(samples, dtype=str), return_inverse=True)
    for fold in range(FOLDS):
        inside = sample % FOLDS == fold
        if inside.all():
            return _Fit.of(vectors, values).excess(vectors, values)
        if inside.any():
            others = {name: v[~inside] for name, v in values.items()}
            own = {name: v[inside] for name, v in values.items()}
            worst[inside] = _Fit.of(vectors[~inside], others).excess(vectors[inside], own)
    return worst


def _usual_head_px(looks: Sequence[Looks]) -> tuple[float, float]:
    """The head lengths of the middle four fifths of the clips."""
    low, high = np.nanpercentile([one[HEAD] for one in looks], (10, 90)).tolist()
    return low, high


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
