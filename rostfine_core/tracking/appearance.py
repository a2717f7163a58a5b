"""What each head looks like: a template that follows it without ever forgetting the first look.

The filter that searches for a head is a mixture of three: its first look, its first look averaged
over all directions (which no rotation can change), and its latest looks. Correlating with a sum
of normalised templates equals summing their correlations, so that one pass searches for all.

Legend: N heads, S side of a template, C candidates.
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Rows = NDArray[np.intp]
FIRST, ROUND, RENEWED = 0.25, 0.5, 0.25
WEAKEST = 0.4
"""A head may fade to this share of its first strength."""
NOISE_FLOOR, FAINTEST = 1.0, 3.0
"""Grey levels (deviation) of noise, which correlates with nothing, and of the faintest head."""


class Appearance:
    """The templates of N heads, one row each."""

    def __init__(self, *, size: int, spread: float) -> None:
        """Start with no head; templates are ``size`` wide under a Gaussian of ``spread``."""
        self.weight = _gaussian(size, spread)
        self._rings = _rings(size)
        self.filters: Float32 = np.empty((0, size, size), np.float32)
        self.usual_strength: NDArray[np.float64] = np.empty(0)
        self._first_strength: NDArray[np.float64] = np.empty(0)
        self._kept: Float32 = np.empty((0, size, size), np.float32)
        self._latest: Float32 = np.empty((0, size, size), np.float32)

    def add(self, patches: Float32) -> None:
        """Append heads that look like ``patches`` (M, S, S)."""
        # One by one: the rounding of a product of matrices depends on how many rows there are.
        rings = np.stack([self._rings @ patch.ravel() for patch in patches])
        kept = FIRST * self._normalise(patches) + ROUND * self._normalise(
            rings.reshape(patches.shape).astype(np.float32)
        )
        new = np.arange(len(self.filters), len(self.filters) + len(patches))
        self._kept = np.concatenate([self._kept, kept])
        self._latest = np.concatenate([self._latest, patches])
        self.filters = np.concatenate([self.filters, patches])
        self._refresh(new)
        strength = np.maximum((self.filters[new] * patches).sum(axis=(1, 2)), FAINTEST)
        self.usual_strength = np.append(self.usual_strength, strength)
        self._first_strength = np.append(self._first_strength, strength)

    def take(self, rows: Rows) -> None:
        """Keep only ``rows``, in this order."""
        self.filters, self.usual_strength = (
            self.filters[rows],
            self.usual_strength[rows],
        )
        self._first_strength = self._first_strength[rows]
        self._kept, self._latest = self._kept[rows], self._latest[rows]

    def compare(
        self, rows: Rows, patches: Float32
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Normalised cross-correlation (C,) of ``patches`` (C, S, S) with the heads ``rows`` (C,).

        The mean is taken off and the contrast divided out, both under the Gaussian weight. The
        second array (C,) is the strength that the division took away, 1 for the usual one.
        """
        flat = patches.reshape(len(patches), self.weight.size)  # also where nothing is in view
        weight = self.weight.ravel()
        # Sums by row, not products of matrices: their rounding depends on how many rows there are.
        answer = (flat * self.filters.reshape(len(self.filters), -1)[rows]).sum(axis=1)
        weighted = flat * weight
        contrast = (flat * weighted).sum(axis=1) - np.square(weighted.sum(axis=1))
        score = answer / np.sqrt(np.maximum(contrast, 0) + NOISE_FLOOR**2)
        return score.astype(float), answer / self.usual_strength[rows]

    def get_used(self, rows: Rows, strengths: NDArray[np.float64], *, share: float) -> None:
        """Let the usual strength of ``rows`` follow slow changes of light and focus."""
        usual = self.usual_strength[rows] * (1 + share * (strengths - 1))
        self.usual_strength[rows] = np.maximum(usual, WEAKEST * self._first_strength[rows])

    def renew(self, rows: Rows, patches: Float32, *, share: float) -> None:
        """Blend ``patches`` (C, S, S) into the latest look of ``rows`` by ``share``."""
        if rows.size:
            self._latest[rows] += np.float32(share) * (patches - self._latest[rows])
            self._refresh(rows)

    def _refresh(self, rows: Rows) -> None:
        mixture = self._kept[rows] + RENEWED * self._normalise(self._latest[rows])
        self.filters[rows] = self.weight * self._normalise(mixture)

    def _normalise(self, patches: Float32) -> Float32:
        """Take off the weighted mean of (..., S, S) and divide by the weighted deviation."""
        mean = (self.weight * patches).sum(axis=(-2, -1), keepdims=True)
        centred = patches - mean
        power = (self.weight * centred**2).sum(axis=(-2, -1), keepdims=True)
        return np.asarray(centred / np.sqrt(power + 1e-6), np.float32)


def _gaussian(size: int, spread: float) -> Float32:
    """A (size, size) Gaussian that sums to 1."""
    away = np.arange(size) - (size - 1) / 2
    line = np.exp(-(away**2) / (2 * spread**2))
    weight = np.outer(line, line)
    return np.asarray(weight / weight.sum(), np.float32)


def _rings(size: int) -> Float32:
    """The (S*S, S*S) matrix that replaces each pixel by the mean of its ring around the centre."""
    away = np.arange(size) - (size - 1) / 2
    radius = np.hypot(*np.meshgrid(away, away)).ravel()
    share = np.maximum(0, 1 - abs(radius[:, None] - np.arange(int(radius.max()) + 2)))
    return np.asarray(share @ (share / share.sum(axis=0).clip(1e-9)).T, np.float32)
