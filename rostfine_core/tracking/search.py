"""From windows to candidates: the matched-filter peaks of each window, sub-pixel.

Legend: N heads with one window each, W side of a window, S side of a template, R = W - S + 1 side
of a response, C candidates (the peaks of all windows).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.windows import squares

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]
PEAKS_PER_WINDOW = 8
"""Only the strongest are candidates, so that noise costs no more than sperm."""
STEPS, FLAT, TOP = (-1, 0, 1), 1e-6, 0.75
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """The search windows of N heads: pixels (N, W, W), centres and magnification in the video."""

    pixels: Float32
    centres: Complex
    scales: NDArray[np.intp]

    def in_video(self, rows: Rows, offsets: Complex) -> Complex:
        """Places in the video of ``offsets``, in working pixels from the windows' centres."""
        return self.centres[rows] + self.scales[rows] * offsets

    def patches(self, rows: Rows, offsets: Complex, *, size: int) -> Float32:
        """Sample (C, size, size) at sub-pixel ``offsets`` (C,) of windows ``rows``, bilinear."""
        corner = (self.pixels.shape[-1] - size) / 2
        limit = self.pixels.shape[-1] - size - 1
        x = np.minimum(np.maximum(offsets.real + corner, 0), limit)
        y = np.minimum(np.maximum(offsets.imag + corner, 0), limit)
        left, top = x.astype(int), y.astype(int)
        part = squares(self.pixels, size + 1)[rows, top, left]
        right_share = (x - left).astype(np.float32)[:, None, None]
        low_share = (y - top).astype(np.float32)[:, None, None]
        part = part[:, :-1] + low_share * (part[:, 1:] - part[:, :-1])
        patches: Float32 = part[:, :, :-1] + right_share * (part[:, :, 1:] - part[:, :, :-1])
        return patches


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Peaks of all windows (C,): whose window, where in it and in the video; by rows."""

    rows: Rows
    offsets: Complex
    places: Complex


def find_candidates(
    windows: Windows,
    filters: Float32,
    *,
    usual: Real,
    min_strength: float,
    frame_shape: tuple[int, ...],
) -> Candidates:
    """The strongest local maxima of each window's response to its head's filter, sub-pixel.

    Args:
        windows: where to look.
        filters: zero-mean templates (N, S, S), one a window.
        usual: (N,) response of the head itself.
        min_strength: weakest peak to return, as a share of ``usual``.
        frame_shape: height and width of the frame; peaks beyond its border are left out.
    """
    side = windows.pixels.shape[-1] - filters.shape[-1] + 1
    response = np.empty((len(filters), side, side), np.float32)
    for row, template in enumerate(filters):
        cv2.matchTemplate(windows.pixels[row], template, cv2.TM_CCORR, result=response[row])
    response /= usual.astype(np.float32)[:, None, None]
    peaks = _local_maxima(response, min_strength)
    dx, dy = _vertices(response, peaks)
    rows, pixels = np.divmod(peaks, side * side)
    y, x = np.divmod(pixels, side)
    offsets = (x + dx) + 1j * (y + dy) - complex(1, 1) * (side - 1) / 2
    places = windows.in_video(rows, offsets)
    height, width = frame_shape
    inside = (np.minimum(places.real, places.imag) > -0.5) & (places.real < width - 0.5)
    inside &= places.imag < height - 0.5
    return Candidates(
        rows=rows[inside],
        offsets=offsets[inside],
        places=places[inside],
    )


def _local_maxima(response: Float32, least: float) -> Rows:
    """Flat indices of interior pixels of (N, R, R) above ``least`` that no neighbour exceeds."""
    tall = response.reshape(-1, response.shape[-1])
    is_peak = tall >= cv2.dilate(tall, NEIGHBOURHOOD)
    is_peak &= tall > least
    inner = is_peak.reshape(response.shape)
    inner[:, [0, -1]] = inner[:, :, [0, -1]] = False
    peaks = np.flatnonzero(inner)
    rows = peaks // response[0].size
    counts = np.bincount(rows, minlength=len(response))
    if counts.max(initial=0) > PEAKS_PER_WINDOW:
        order = np.lexsort((-response.ravel()[peaks], rows))
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        peaks = peaks[order[rank < PEAKS_PER_WINDOW]]
    return peaks


def _vertices(response: Float32, peaks: Rows) -> tuple[Real, Real]:
    """Where the paraboloids through peaks (C,) of (N, R, R) and their neighbours have their tops.

    A head that lies aslant has a slanting peak: the mixed derivative counts as much as the others.
    Tops are at most ``TOP`` pixels from the peak in x and y.
    """
    flat, down = response.ravel(), response.shape[-1]
    steps = np.array([dy * down + dx for dy in STEPS for dx in STEPS])
    around = flat[peaks + steps[:, None]].astype(float)
    nw, n, ne, w, middle, e, sw, s, se = around
    slope_x, slope_y = (e - w) / 2, (s - n) / 2
    bend_x = np.minimum(e - 2 * middle + w, -FLAT)
    bend_y = np.minimum(s - 2 * middle + n, -FLAT)
    twist = (se - sw - ne + nw) / 4
    area = np.maximum(bend_x * bend_y - twist**2, 0.1 * bend_x * bend_y)
    dx = (twist * slope_y - bend_y * slope_x) / area
    dy = (twist * slope_x - bend_x * slope_y) / area
    return _within(dx, TOP), _within(dy, TOP)


def _within(values: Real, limit: float) -> Real:
    """The values (C,), at most ``limit`` to either side: numpy's own clip takes longer for few."""
    return np.minimum(np.maximum(values, -limit), limit)
