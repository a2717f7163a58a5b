"""From windows to detections: matched-filter peaks, and which peaks are the same thing.

Legend: N heads with one window each, C candidates (peaks of one window), D detections (things in
the video, each seen in one window or several).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
GAMMA = 0.5
SAME_THING = 0.4
"""Peaks of different windows nearer than this share of a head are one detection."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """The search windows of N heads: pixels (N, W, W), centres and magnification in the video."""

    pixels: Float32
    centres: Complex
    scales: Real

    def in_video(self, rows: Rows, offsets: Complex) -> Complex:
        """Places in the video of ``offsets``, in working pixels from the windows' centres."""
        return self.centres[rows] + self.scales[rows] * offsets

    def patches(self, rows: Rows, offsets: Complex, *, size: int) -> Float32:
        """Sample (C, size, size) at sub-pixel ``offsets`` (C,) of windows ``rows``, bilinear."""
        corner = (self.pixels.shape[-1] - size) / 2
        limit = self.pixels.shape[-1] - size - 1
        x = np.clip(offsets.real + corner, 0, limit)
        y = np.clip(offsets.imag + corner, 0, limit)
        left, top = x.astype(int), y.astype(int)
        side = np.arange(size + 1)
        part = self.pixels[
            rows[:, None, None],
            (top[:, None] + side)[:, :, None],
            (left[:, None] + side)[:, None, :],
        ]
        right_share = (x - left).astype(np.float32)[:, None, None]
        low_share = (y - top).astype(np.float32)[:, None, None]
        part = part[:, :-1] + low_share * (part[:, 1:] - part[:, :-1])
        patches: Float32 = part[:, :, :-1] + right_share * (part[:, :, 1:] - part[:, :, :-1])
        return patches


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """The peaks of all windows: whose window, where in it, and how strong (1 = as usual)."""

    rows: Rows
    offsets: Complex
    strengths: Real

    def inside(self, windows: Windows, shape: tuple[int, ...]) -> "Candidates":
        """Only the peaks that lie within a frame of ``shape`` (height, width)."""
        place = windows.in_video(self.rows, self.offsets)
        height, width = shape
        keep = (
            (place.real > -0.5)
            & (place.imag > -0.5)
            & (place.real < width - 0.5)
            & (place.imag < height - 0.5)
        )
        return Candidates(
            rows=self.rows[keep], offsets=self.offsets[keep], strengths=self.strengths[keep]
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """Things in the video.

    ``places`` (D,) and the head that sees each best, ``viewers`` (D,); ``seen_as`` (N, D) is the
    candidate by which each head sees it, -1 for none.
    """

    places: Complex
    viewers: Rows
    seen_as: Rows


def find_candidates(
    windows: Windows, filters: Float32, *, usual: Real, min_strength: float
) -> Candidates:
    """The local maxima of each window's response to its head's filter (N, S, S), sub-pixel.

    Args:
        windows: where to look.
        filters: zero-mean templates, one a window.
        usual: (N,) response of the head itself.
        min_strength: weakest peak to return, as a share of ``usual``.
    """
    side = windows.pixels.shape[-1] - filters.shape[-1] + 1
    response = np.empty((len(filters), side, side), np.float32)
    for row, (pixels, template) in enumerate(zip(windows.pixels, filters, strict=True)):
        response[row] = cv2.matchTemplate(pixels, template, cv2.TM_CCORR)
    if GAMMA:
        size = filters.shape[-1]
        g = cv2.getGaussianKernel(size, 3.0, cv2.CV_32F)
        flat = windows.pixels.reshape(-1, windows.pixels.shape[-1])
        mean = cv2.sepFilter2D(flat, -1, g, g).reshape(windows.pixels.shape)
        sq = cv2.sepFilter2D(flat * flat, -1, g, g).reshape(windows.pixels.shape)
        h = size // 2
        std = np.sqrt(np.maximum(sq - mean * mean, 0) + 1.0)[:, h:-h, h:-h]
        response /= usual.astype(np.float32)[:, None, None] ** (1 - GAMMA) * std**GAMMA
    else:
        response /= usual.astype(np.float32)[:, None, None]
    rows, y, x = _local_maxima(response, min_strength)
    middle = response[rows, y, x]
    dx = _vertex(response[rows, y, x - 1], middle, response[rows, y, x + 1])
    dy = _vertex(response[rows, y - 1, x], middle, response[rows, y + 1, x])
    offsets = (x + dx) + 1j * (y + dy) - complex(1, 1) * (side - 1) / 2
    return Candidates(rows=rows, offsets=offsets, strengths=middle.astype(float))


def merge_candidates(candidates: Candidates, windows: Windows, *, reach: Real) -> Detections:
    """Take peaks of different windows for one thing where they lie together; strongest first.

    Args:
        candidates: peaks.
        windows: the windows they lie in.
        reach: (N,) diameter of each head in video pixels.
    """
    order = np.argsort(-candidates.strengths, kind="stable")
    rows = candidates.rows[order]
    places = windows.in_video(rows, candidates.offsets[order])
    near = abs(places[:, None] - places[None]) < SAME_THING * reach[rows][:, None]
    leader = np.arange(len(order))
    for peak in np.flatnonzero(np.triu(near, 1).any(axis=0)):
        above = np.flatnonzero(near[:peak, peak] & (leader[:peak] == np.arange(peak)))
        if above.size:
            leader[peak] = above[0]
    leaders, number = np.unique(leader, return_inverse=True)
    seen_as = np.full((len(windows.centres), len(leaders)), -1, np.intp)
    seen_as[rows[::-1], number[::-1]] = order[::-1]
    return Detections(places=places[leaders], viewers=rows[leaders], seen_as=seen_as)


def _local_maxima(response: Float32, least: float) -> tuple[Rows, Rows, Rows]:
    """Indices of interior pixels of (N, R, R) above ``least`` and above their 8 neighbours."""
    middle = response[:, 1:-1, 1:-1]
    rows, y, x = np.nonzero(middle > least)
    y, x = y + 1, x + 1
    value = response[rows, y, x]
    is_peak = np.ones(len(rows), bool)
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        other = response[rows, y + dy, x + dx]
        is_peak &= (value > other) if (dy, dx) < (0, 0) else (value >= other)
    return rows[is_peak], y[is_peak], x[is_peak]


def _vertex(before: Float32, middle: Float32, after: Float32) -> Real:
    """Where the parabolas through three values each peak, -0.5 to 0.5 from the middle ones."""
    bend = np.minimum(before - 2.0 * middle + after, -1e-6)
    return np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
