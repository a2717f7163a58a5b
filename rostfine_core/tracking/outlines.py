"""Outlines of heads: ellipses drawn to the edge that runs round a head, dark or bright.

Rays run outwards from an ellipse's centre, in the ellipse's own frame, where it is a unit circle.
Along each ray the strongest edge of one polarity near the circle is the outline; the ellipse is
moved and stretched to where the edges are, and looked from again. The edge counts, not what lies
inside: vacuoles, a light acrosome, a halo or a bright core do not pull the centre, and the few rays
that meet the neck are outvoted. The edge's place does not hang on the starting point, so that
neighbouring starts end in the same ellipse.

Legend: N ellipses, K rays each, S samples along a ray, M places along a ray where the edge may be.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
Values = TypeVar("Values", bound=np.floating)

INNERMOST, STEP, SAMPLES, TAPS, SMOOTHING = 0.22, 0.06, 31, 3, 1.5
"""Samples along a ray, in radii, and the derivative of a Gaussian (in samples) that finds edges."""
SHORTEST_PX, LONGEST_PX, SLIMMEST = 2.0, 26.0, 2.6
"""Bounds of the half axes, and the longest in shares of the shortest."""
RAYS_AT_ONCE = 320
"""So many fit into the processor's cache, and are too few for the linear algebra library to start
threads, whose waiting costs more than the work."""
AT_OUTLINE = 0.13
"""An edge this near the ellipse (in radii) is its own."""
STRONG = 1.3
"""A ray counts for at most this share of the median ray."""
OUTLIER, LEAST_DEVIATION = 1.5, 0.03
"""Rays this many median deviations off the ellipse count half."""
LARGEST_STEP = 0.4
WANDER = 1e-3, 0.5, 0.25
"""How strongly a step is held back: in size and place, in stretch, and in pear shape (ridge)."""
PEAR = 0.9, 0.6
"""A pear-shaped head has its mass off the middle of its length: how far the middle lies from the
ellipse's centre along either axis, in shares of the third wave round the outline."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlines:
    """Ellipses round N heads.

    ``centres`` (N,) in pixels; ``axes`` (N, 2, 2) whose columns are the long and the short half
    axis; ``polarity`` (N,) is 1 where the picture gets brighter outwards, -1 where it gets darker;
    ``pear`` (N, 2) is the third wave of the outline, in half axes.
    """

    centres: Complex
    axes: Real
    polarity: Real
    pear: Real

    @property
    def middles(self) -> Complex:
        """(N,) the middles of the heads, off the ellipses' centres where those are pear-shaped."""
        return self.centres + _moved(self.axes, self.pear * PEAR)

    @property
    def half_lengths(self) -> Real:
        """(N, 2) the long and the short half axis in pixels."""
        return np.asarray(np.hypot(self.axes[:, 0], self.axes[:, 1]))

    def take(self, rows: Rows) -> "Outlines":
        """Only these rows, in this order."""
        return Outlines(
            centres=self.centres[rows],
            axes=self.axes[rows],
            polarity=self.polarity[rows],
            pear=self.pear[rows],
        )

    def put(self, rows: Rows, other: "Outlines") -> None:
        """Replace ``rows`` by those of another."""
        for name, values in vars(other).items():
            getattr(self, name)[rows] = values

    def at(self, centres: Complex) -> "Outlines":
        """The same ellipses elsewhere."""
        return replace(self, centres=centres)

    def turned(self, angle_rad: float) -> "Outlines":
        """The same ellipses turned about their centres."""
        cos, sin = math.cos(angle_rad), math.sin(angle_rad)
        return replace(self, axes=np.array([[cos, -sin], [sin, cos]]) @ self.axes)

    def resized(self, half_lengths: Real) -> "Outlines":
        """The same ellipses with other half axes (N, 2)."""
        return replace(self, axes=self.axes * (half_lengths / self.half_lengths)[:, None, :])

    def distance(self, place: complex) -> Real:
        """(N,) how far ``place`` lies from each centre, in radii of the ellipse."""
        away = place - self.centres
        unit = np.linalg.solve(self.axes, np.stack([away.real, away.imag], axis=1)[..., None])
        return np.asarray(np.hypot(unit[:, 0, 0], unit[:, 1, 0]))


def circles(centres: Complex, radii: Real, polarity: Real) -> Outlines:
    """Round outlines (N,) to start from."""
    return Outlines(
        centres=centres,
        axes=radii[:, None, None] * np.eye(2),
        polarity=polarity,
        pear=np.zeros((len(centres), 2)),
    )


class Rays:
    """K evenly spread rays and what is fitted to where they meet the outline."""

    def __init__(self, count: int) -> None:
        """Make ``count`` rays."""
        angle = np.arange(count) * 2 * np.pi / count
        waves = [np.ones(count)]
        for order in (1, 2, 3):
            waves += [np.cos(order * angle), np.sin(order * angle)]
        self.directions = np.stack([np.cos(angle), np.sin(angle)])
        self.waves = np.stack(waves, axis=1)
        products = self.waves[:, :, None] * self.waves[:, None, :]
        self._products = products.reshape(count, -1)
        place, stretch, pear = WANDER
        self._ridge = np.diag([place, place, place, stretch, stretch, pear, pear]) * count / 16

    def edges(self, image: NDArray[np.uint8], outlines: Outlines) -> Float32:
        """(N, K, M) how much the picture gets brighter (or darker, by polarity) outwards."""
        ends = outlines.axes @ self.directions  # (N, 2, K)
        edges = np.empty((*ends[:, 0].shape, len(RADII)), np.float32)
        step = max(RAYS_AT_ONCE // len(self.waves), 1)
        for first in range(0, len(ends), step):
            part = slice(first, first + step)
            edges[part] = _edges(image, outlines.centres[part], ends[part])
        edges *= outlines.polarity[:, None, None].astype(np.float32)
        smooth: Float32 = np.float32(0.5) * edges
        smooth[:, 1:-1] += 0.25 * (edges[:, :-2] + edges[:, 2:])
        smooth[:, 0] += 0.25 * (edges[:, -1] + edges[:, 1])
        smooth[:, -1] += 0.25 * (edges[:, -2] + edges[:, 0])
        return smooth

    def fit(
        self, image: NDArray[np.uint8], outlines: Outlines, *, reaches: Sequence[float]
    ) -> Outlines:
        """Draw ``outlines`` to the edges, one step for each of ``reaches`` (in radii)."""
        for reach in reaches:
            edges = np.maximum(self.edges(image, outlines), 0)
            edges *= _nearness(reach)
            strongest = edges.max(axis=2)
            edges *= edges
            beyond = (edges * _RADII32).sum(axis=2) / (edges.sum(axis=2) + np.float32(1e-6)) - 1
            weights = np.minimum(strongest / (_median(strongest) + 1e-6), STRONG).astype(float)
            off = beyond - _times(self._solve(weights, beyond, 2 * self._ridge), self.waves.T)
            limit = np.maximum(OUTLIER * _median(abs(off)), LEAST_DEVIATION)
            weights /= 1 + (off / limit) ** 2
            outlines = _step(outlines, self._solve(weights, beyond, self._ridge))
        return outlines

    def strength(self, image: NDArray[np.uint8], outlines: Outlines) -> Real:
        """(N,) grey levels by which the outline stands out all the way round; less if unevenly."""
        edges = self.edges(image, outlines)[:, :, _AT_OUTLINE].max(axis=2)
        edges = np.maximum(edges, 0).astype(float)
        capped = np.minimum(edges, STRONG * _median(edges))
        return np.asarray(capped.mean(axis=1) - capped.std(axis=1))

    def _solve(self, weights: Real, beyond: Real, ridge: Real) -> Real:
        """(N, 7) weighted least squares of the waves to ``beyond`` (N, K)."""
        normal = _times(weights, self._products).reshape(-1, *ridge.shape) + ridge
        right = _times(weights * beyond, self.waves)
        return np.asarray(np.linalg.solve(normal, right[..., None])[..., 0])


def _edges(image: NDArray[np.uint8], centres: Complex, ends: Real) -> Float32:
    """(N, K, M) how much the picture gets brighter along rays from ``centres`` to ``ends``."""
    count = ends.shape[2]
    x, y = (ends[:, axis].reshape(-1, 1) * RADII_SAMPLED for axis in (0, 1))
    x += np.repeat(centres.real, count)[:, None]
    y += np.repeat(centres.imag, count)[:, None]
    samples = cv2.remap(
        image,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    edges = _gradient(samples.astype(np.float32)).reshape(len(ends), count, -1)
    height, width = image.shape
    tips = slice(None, None, SAMPLES - 1)  # no place along a ray lies further out than both
    low, right, bottom = min(x[:, tips].min(), y[:, tips].min()), x[:, tips].max(), y[:, tips].max()
    if low < 0 or right > width - 1 or bottom > height - 1:
        # Beyond the border nothing is known: the border repeated would be edges without end.
        outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
        edges[outside[:, TAPS:-TAPS].reshape(edges.shape)] = 0
    return edges


def _gradient(samples: Float32) -> Float32:
    """(R, M) the derivative of a Gaussian along rows of samples (R, S); a step of 1 answers 1."""
    gradient = np.zeros((len(samples), SAMPLES - 2 * TAPS), np.float32)
    for tap, weight in enumerate(_EDGE, start=1):
        outwards = samples[:, TAPS + tap : SAMPLES - TAPS + tap]
        inwards = samples[:, TAPS - tap : SAMPLES - TAPS - tap]
        gradient += weight * (outwards - inwards)
    return gradient


def _times(rows: Real, matrix: Real) -> Real:
    """``rows @ matrix``, where what becomes of a row does not depend on the others to the last bit.

    The linear algebra library rounds the product of a whole matrix differently for each height.
    """
    return np.asarray((rows[:, None, :] @ matrix)[:, 0])


def _step(outlines: Outlines, waves: Real) -> Outlines:
    """Move, stretch and turn ellipses by the waves (N, 7) that are left round them."""
    waves = np.minimum(np.maximum(waves, -LARGEST_STEP), LARGEST_STEP)
    grow, stretch, twist = 1 + waves[:, 0], waves[:, 3], waves[:, 4]
    change = np.stack([grow + stretch, twist, twist, grow - stretch], axis=1).reshape(-1, 2, 2)
    stretched = outlines.axes @ change
    axes = _main_axes(stretched)
    # The third wave was seen in the frame of the old axes.
    turned = (axes / np.square(axes).sum(axis=1, keepdims=True)).transpose(0, 2, 1) @ stretched
    angle = np.arctan2(turned[:, 1, 0] - turned[:, 0, 1], turned[:, 0, 0] + turned[:, 1, 1])
    pear = (waves[:, 5] + 1j * waves[:, 6]) * np.exp(3j * angle)
    return Outlines(
        centres=outlines.centres + _moved(outlines.axes, waves[:, 1:3]),
        axes=axes,
        polarity=outlines.polarity,
        pear=np.stack([pear.real, pear.imag], axis=1),
    )


def _main_axes(shapes: Real) -> Real:
    """The half axes (N, 2, 2), long and short, of unit circles that ``shapes`` (N, 2, 2) distort.

    They are kept within bounds.
    """
    spread = shapes @ shapes.transpose(0, 2, 1)
    mean, skew = (spread[:, 0, 0] + spread[:, 1, 1]) / 2, spread[:, 0, 1]
    excess = (spread[:, 0, 0] - spread[:, 1, 1]) / 2
    range_ = np.hypot(excess, skew)
    long = np.sqrt(mean + range_)
    long = np.minimum(np.maximum(long, SHORTEST_PX), LONGEST_PX)
    short = np.sqrt(np.maximum(mean - range_, 0))
    short = np.minimum(np.maximum(short, np.maximum(SHORTEST_PX, long / SLIMMEST)), LONGEST_PX)
    angle = np.arctan2(skew, excess) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([long * cos, -short * sin, long * sin, short * cos], axis=1).reshape(-1, 2, 2)


def _moved(axes: Real, shift: Real) -> Complex:
    """``shift`` (N, 2) in half axes, in pixels."""
    moved = (axes @ shift[..., None])[..., 0]
    return np.asarray(moved[:, 0] + 1j * moved[:, 1])


@lru_cache(maxsize=32)
def _nearness(reach: float) -> Float32:
    """(M,) how much an edge counts by its place along the ray."""
    return np.asarray(np.exp(-((RADII - 1) ** 2) / (2 * reach**2)), np.float32)


def _median(values: NDArray[Values]) -> NDArray[Values]:
    """(N, 1) the upper median of each row, at a fifth of the time of numpy's own."""
    middle = values.shape[1] // 2
    return np.partition(values, middle, axis=1)[:, middle : middle + 1]


def _edge_filter() -> Float32:
    """(TAPS,) what each step away from a place weighs in the derivative of a Gaussian there."""
    tap = np.arange(1, TAPS + 1, dtype=float)
    kernel = tap * np.exp(-(tap**2) / (2 * SMOOTHING**2))
    return np.asarray(kernel / kernel.sum(), np.float32)


RADII_SAMPLED = INNERMOST + STEP * np.arange(SAMPLES)
RADII = RADII_SAMPLED[TAPS:-TAPS]
_RADII32 = RADII.astype(np.float32)
_AT_OUTLINE = slice(*np.flatnonzero(abs(RADII - 1) < AT_OUTLINE)[[0, -1]] + (0, 1))
_EDGE = _edge_filter()
