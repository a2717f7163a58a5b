"""Search windows: the neighbourhood of each head, drawn at that head's own magnification.

Magnifications are powers of two, so that a window is a cut from the frame halved some times:
nothing is interpolated, and halving evens out interlaced lines. Only the neighbourhoods are ever
touched, so that one sperm in a large video costs little; when there are many windows, the frame is
halved once for all of them. Both ways give the same pixels.
"""

import math
from typing import TypeVar

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]
Rows = NDArray[np.intp]
Pixels = TypeVar("Pixels", bound=np.number)
HALF_PIXEL = complex(0.5, 0.5)
MANY = 1 / 16
"""Windows that cover this share of the frame cost more to halve one by one than the frame does:
calling OpenCV takes as long as halving a few thousand pixels."""


def magnification(diameter_px: float, *, head_size: float) -> int:
    """Video pixels per working pixel that make a head about ``head_size`` across: 1, 2, 4, ..."""
    return int(2 ** max(0, round(math.log2(diameter_px / head_size))))


def draw_windows(
    image: Image, *, centres: Complex, scales: NDArray[np.intp], size: int
) -> tuple[Float32, Complex]:
    """Cut (N, size, size) windows around ``centres`` (N,), repeating the frame's border.

    Args:
        image: (H, W) grey image.
        centres: places in video pixels.
        scales: (N,) video pixels per working pixel, powers of two.
        size: side of the windows in working pixels, odd.

    Returns:
        The windows, and the exact places (N,) of their middle pixels.
    """
    working = (centres + HALF_PIXEL) / scales - HALF_PIXEL
    columns, rows = np.rint(working.real).astype(int), np.rint(working.imag).astype(int)
    windows = np.empty((len(centres), size, size), np.float32)
    top, left = rows - size // 2, columns - size // 2
    if int(np.square(scales[scales > 1] * size).sum()) > MANY * image.size:
        for scale, level in _pyramid(image, int(scales.max())).items():
            alike = np.flatnonzero(scales == scale)
            if alike.size:
                windows[alike] = _cut_all(level, top[alike], left[alike], size)
    else:
        corners = zip(top.tolist(), left.tolist(), scales.tolist(), strict=True)
        for row, corner in enumerate(corners):
            windows[row] = _cut(image, *corner, size)
    return windows, (columns + 1j * rows + HALF_PIXEL) * scales - HALF_PIXEL


def squares(pictures: NDArray[Pixels], size: int) -> NDArray[Pixels]:
    """All squares of pictures (..., H, W), by their corners: a view (..., H', W', size, size)."""
    *others, height, width = pictures.shape
    shape = (*others, height - size + 1, width - size + 1, size, size)
    return as_strided(pictures, shape, (*pictures.strides, *pictures.strides[-2:]), writeable=False)


def _cut_all(level: Image, top: Rows, left: Rows, size: int) -> Image:
    """(N, size, size) squares from (top, left) (N,) of a picture, its border repeated."""
    height, width = level.shape
    inside = (np.minimum(top, left) >= 0) & (top + size <= height) & (left + size <= width)
    if not inside.all():
        # Further out than a square's side it is the border's repetition alone.
        top, left = (
            np.minimum(np.maximum(first, -size), side) + size
            for first, side in ((top, height), (left, width))
        )
        padded = cv2.copyMakeBorder(level, size, size, size, size, cv2.BORDER_REPLICATE)
        level = padded.astype(np.uint8, copy=False)
    return squares(level, size)[top, left]


def _cut(image: Image, top: int, left: int, scale: int, size: int) -> Image:
    """The square from (top, left) of the frame reduced by ``scale``, its border repeated."""
    height, width = (max(side // scale, 1) for side in image.shape)
    first_row, last_row = (min(max(r, 0), height - 1) for r in (top, top + size - 1))
    first_column, last_column = (min(max(c, 0), width - 1) for c in (left, left + size - 1))
    part = image[
        first_row * scale : (last_row + 1) * scale,
        first_column * scale : (last_column + 1) * scale,
    ]
    for _ in range(scale.bit_length() - 1):
        part = halve(part)
    if part.shape == (size, size):
        return part
    rows = np.clip(np.arange(top, top + size), first_row, last_row) - first_row
    columns = np.clip(np.arange(left, left + size), first_column, last_column) - first_column
    return part[np.ix_(rows, columns)]


def _pyramid(image: Image, largest: int) -> dict[int, Image]:
    """The frame reduced by 1, 2, 4, ... ``largest``."""
    levels = {1: image}
    for level in range(1, largest.bit_length()):
        levels[2**level] = halve(levels[2 ** (level - 1)])
    return levels


def halve(image: Image) -> Image:
    """Average blocks of 2 x 2 pixels of an (H, W) picture."""
    height, width = (max(side // 2, 1) for side in image.shape)
    half = cv2.resize(
        image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    return half.astype(np.uint8, copy=False)


def surroundings(image: Image, row: int, column: int, radius: int) -> Image:
    """The square of side 2 * radius + 1 around a pixel, repeating the frame's border."""
    height, width = image.shape
    top, left = row - radius, column - radius
    bottom, right = row + radius + 1, column + radius + 1
    part = image[max(top, 0) : bottom, max(left, 0) : right]
    if part.shape == (2 * radius + 1, 2 * radius + 1):
        return part
    square = cv2.copyMakeBorder(
        part,
        max(-top, 0),
        max(bottom - height, 0),
        max(-left, 0),
        max(right - width, 0),
        cv2.BORDER_REPLICATE,
    )
    return square.astype(np.uint8, copy=False)
