"""Draws outlines to the edge that runs round a head, dark or bright.

Rays run outwards from an ellipse's centre, in the ellipse's own frame, where it is a unit circle.
Along each ray the strongest edge of one polarity near the circle is the outline; the ellipse is
moved and stretched to where the edges are, and looked from again. The edge counts, not what lies
inside: vacuoles, a light acrosome, a halo or a bright core do not pull the centre, and the few rays
that meet the neck are outvoted. The edge's place does not hang on the starting point, so that
neighbouring starts end in the same ellipse.

An outline is the same to the last bit whichever others are drawn along with it: nothing is summed
by a product of whole matrices, which the linear algebra library rounds by their number of rows.

Legend: N ellipses, K rays each, S samples along a ray, M places along a ray where the edge may be.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.outlines import Outlines

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Real = NDArray[np.float64]
Values = TypeVar("Values", bound=np.floating)

INNERMOST, STEP, SAMPLES, TAPS, SMOOTHING = 0.22, 0.06, 31, 3, 1.5
"""Samples along a ray, in radii, and the derivative of a Gaussian (in samples) that finds edges."""
RAYS_AT_ONCE = 2048
"""So many fit into the processor's cache."""
AT_OUTLINE = 0.13
"""An edge this near the ellipse (in radii) is its own."""
DEVIATIONS = 4.0
"""Edges further from the ellipse than so many reaches count for nothing."""
STRONG = 1.3
"""A ray counts for at most this share of the median ray."""
OUTLIER, LEAST_DEVIATION = 1.5, 0.03
"""Rays this many median deviations off the ellipse count half."""
RIDGE = 1e-3, 0.5, 0.25
"""How strongly a step is held back: in size and place, in stretch, and in pear shape (ridge)."""


NO_MAP = cast("Float32", None)
"""OpenCV's second map where the first holds x and y, which its annotations do not know."""


class Rays:
    """K evenly spread rays and what is fitted to where they meet the outline."""

    def __init__(self, count: int) -> None:
        """Make ``count`` rays."""
        angle = np.arange(count) * 2 * np.pi / count
        waves = [np.ones(count)]
        for order in (1, 2, 3):
            waves += [np.cos(order * angle), np.sin(order * angle)]
        # The first and the last ray have neighbours too, round the circle.
        self._directions = np.exp(1j * angle)[np.arange(-1, count + 1) % count, None]
        self._waves = np.stack(waves, axis=1)
        products = self._waves[:, :, None] * self._waves[:, None, :]
        self._products = products.reshape(count, -1)
        place, stretch, pear = RIDGE
        self._ridge = np.diag([place, place, place, stretch, stretch, pear, pear]) * count / 16
        self._stiff = 2 * self._ridge

    def edges(
        self, image: NDArray[np.uint8], outlines: Outlines, *, places: slice | None = None
    ) -> Float32:
        """(M, K, N) how much the picture gets brighter (or darker, by polarity) outwards.

        ``places`` says where along the rays, everywhere by default.
        """
        first, last, _ = (places or slice(None)).indices(len(RADII))
        p, q = outlines.spread
        ends = p * self._directions + q * self._directions.conj()  # (K + 2, N)
        rises = _rises(image, outlines, ends, RADII_SAMPLED[first : last + 2 * TAPS])
        rises = rises.reshape(last - first, *ends.shape)
        quarter = (0.25 * outlines.polarity).astype(np.float32)
        edges: Float32 = rises[:, 2:] + rises[:, :-2]
        edges += rises[:, 1:-1]
        edges += rises[:, 1:-1]
        edges *= quarter
        return edges

    def fit(
        self, image: NDArray[np.uint8], outlines: Outlines, *, reaches: Sequence[float]
    ) -> Outlines:
        """Draw ``outlines`` to the edges, one step for each of ``reaches`` (in radii)."""
        if not len(outlines.centres):
            return outlines
        for reach in reaches:
            weights, beyond = self._seen(image, outlines, _nearness(reach))
            off = beyond - _times(self._solve(weights, beyond, self._stiff), self._waves.T)
            limit = np.maximum(OUTLIER * _median(abs(off)), LEAST_DEVIATION)
            weights /= 1 + (off / limit) ** 2
            outlines = outlines.stepped(self._solve(weights, beyond, self._ridge).T)
        return outlines

    def strength(self, image: NDArray[np.uint8], outlines: Outlines) -> Real:
        """(N,) grey levels by which the outline stands out all the way round; less if unevenly."""
        found = [
            self.edges(image, part, places=_AT_OUTLINE).max(axis=0).T
            for part in self._parts(outlines)
        ]
        edges = np.maximum(_stacked(found), 0)
        capped = np.minimum(edges, STRONG * _median(edges)).astype(float)
        mean = capped.sum(axis=1, keepdims=True) / capped.shape[1]
        variance = np.square(capped - mean).sum(axis=1) / capped.shape[1]
        return np.asarray(mean[:, 0] - np.sqrt(variance))

    def _seen(
        self, image: NDArray[np.uint8], outlines: Outlines, near: "_Nearness"
    ) -> tuple[Real, Real]:
        """(N, K) how much each ray counts, and how far beyond the ellipse its edge lies."""
        strongest, middles = [], []
        for part in self._parts(outlines):
            edges = self.edges(image, part, places=near.places)
            np.maximum(edges, 0, out=edges)
            edges *= near.weights
            strongest.append(edges.max(axis=0).T)
            edges *= edges
            total = edges.sum(axis=0) + np.float32(1e-6)
            edges *= near.radii
            middles.append((edges.sum(axis=0) / total).T)
        found = _stacked(strongest)
        weights = np.minimum(found / (_median(found) + 1e-6), STRONG)
        return weights.astype(float), _stacked(middles).astype(float) - 1

    def _parts(self, outlines: Outlines) -> Iterator[Outlines]:
        """So few of ``outlines`` at a time that what is seen along their rays stays at hand."""
        step = max(RAYS_AT_ONCE // len(self._waves), 1)
        count = len(outlines.centres)
        if count <= step:
            yield outlines
            return
        for first in range(0, count, step):
            yield outlines.take(np.arange(first, min(first + step, count)))

    def _solve(self, weights: Real, beyond: Real, ridge: Real) -> Real:
        """(N, 7) weighted least squares of the waves to ``beyond`` (N, K)."""
        normal = _times(weights, self._products).reshape(-1, *ridge.shape) + ridge
        right = _times(weights * beyond, self._waves)
        return np.asarray(np.linalg.solve(normal, right[..., None])[..., 0])


def _rises(image: NDArray[np.uint8], outlines: Outlines, ends: Complex, radii: Float32) -> Float32:
    """(M, K * N) how much the picture gets brighter along rays that leave outlines at ``ends``.

    ``ends`` (K, N) are seen from the centres, ``radii`` (M + 2 * TAPS,) where there are samples.
    """
    count, centres = ends.size, outlines.centres
    # x and y of all samples by turns, as OpenCV takes them.
    maps = radii[:, None, None] * ends.astype(np.complex64).view(np.float32)
    maps += centres.astype(np.complex64).view(np.float32)
    places = maps.reshape(len(radii), count, 2)
    taken = cv2.remap(
        image,
        places,
        NO_MAP,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    samples = taken.astype(np.float32)
    height, width = image.shape
    rises = _derivative(samples)
    reach = outlines.half_lengths[:, 0] * float(radii[-1])
    room = np.minimum(
        np.minimum(centres.real, width - 1 - centres.real),
        np.minimum(centres.imag, height - 1 - centres.imag),
    )
    if (room < reach).any():
        # Beyond the border nothing is known: the border repeated would be edges without end.
        x, y = places[TAPS:-TAPS, :, 0], places[TAPS:-TAPS, :, 1]
        rises[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)] = 0
    return rises


def _derivative(samples: Float32) -> Float32:
    """(M, R) the derivative of a Gaussian down columns of samples (M + 2 * TAPS, R)."""
    places = len(samples) - 2 * TAPS
    slopes: Float32 = samples[TAPS + 1 :][:places] - samples[TAPS - 1 :][:places]
    slopes *= _EDGE[0]
    for tap, weight in enumerate(_EDGE[1:], start=2):
        slope = samples[TAPS + tap :][:places] - samples[TAPS - tap :][:places]
        slope *= weight
        slopes += slope
    return slopes


def _stacked(parts: list[Float32]) -> Float32:
    """Rows of all parts, side by side in memory."""
    return np.ascontiguousarray(parts[0] if len(parts) == 1 else np.concatenate(parts))


def _times(rows: Real, matrix: Real) -> Real:
    """``rows @ matrix``, where what becomes of a row does not depend on the others."""
    return np.asarray((rows[:, None, :] @ matrix)[:, 0])


class _Nearness(NamedTuple):
    """Which places along the rays count at all, how much, and where they are (M, 1, 1)."""

    places: slice
    weights: Float32
    radii: Float32


@lru_cache(maxsize=32)
def _nearness(reach: float) -> _Nearness:
    """How much an edge counts by its place along the ray."""
    first, last = np.flatnonzero(abs(RADII - 1) < DEVIATIONS * reach)[[0, -1]].tolist()
    near = RADII[first : last + 1, None, None]
    weights = np.exp(-((near - 1) ** 2) / (2 * reach**2))
    return _Nearness(slice(first, last + 1), weights.astype(np.float32), near.astype(np.float32))


def _median(values: NDArray[Values]) -> NDArray[Values]:
    """(N, 1) the upper median of each row, at a fifth of the time of numpy's own."""
    middle = values.shape[1] // 2
    return np.partition(values, middle, axis=1)[:, middle : middle + 1]


def _edge_filter() -> Float32:
    """(TAPS,) the derivative of a Gaussian to one side; a step of one grey level answers 1."""
    tap = np.arange(1, TAPS + 1)
    kernel = tap * np.exp(-(tap**2) / (2 * SMOOTHING**2))
    return np.asarray(kernel / kernel.sum(), np.float32)


RADII_SAMPLED: Float32 = (INNERMOST + STEP * np.arange(SAMPLES)).astype(np.float32)
RADII = RADII_SAMPLED[TAPS:-TAPS].astype(float)
_AT_OUTLINE = slice(*np.flatnonzero(abs(RADII - 1) < AT_OUTLINE)[[0, -1]] + (0, 1))
_EDGE = _edge_filter()
