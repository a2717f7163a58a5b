"""Cuts the square of a clip around a sub-pixel position, on request at another scale."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def cut_square(
    image: NDArray[np.uint8], *, x_px: float, y_px: float, size_px: int, magnification: float = 1.0
) -> NDArray[np.uint8]:
    """Cut a square centred on a sub-pixel position, bilinearly; the border repeats outside.

    Args:
        image: (H, W, 3) or (H, W) uint8.
        x_px: x of the centre in the image; pixel centres have whole coordinates.
        y_px: y of the centre in the image.
        size_px: side of the square in its own pixels; it shows ``size_px / magnification`` pixels
            of the image.
        magnification: pixels of the square for each pixel of the image. At 1 nothing is resampled
            but the sub-pixel shift; below 1 the image is first smoothed, so that nothing finer
            than the square's pixels turns into false patterns.

    Returns:
        (size_px, size_px[, 3]) uint8.

    Raises:
        ValueError: ``magnification`` is not above 0.
    """
    if not magnification > 0:
        raise ValueError(f"magnification must be above 0, got {magnification}")
    if magnification == 1:
        square = cv2.getRectSubPix(image, (size_px, size_px), (x_px, y_px))
        return np.asarray(square, dtype=np.uint8)
    step = 1 / magnification
    smoothing = 0.5 * math.sqrt(max(step**2 - 1, 0))
    reach = math.ceil(step * size_px / 2 + 4 * smoothing) + 2
    left, right = _span(x_px, reach, image.shape[1])
    top, bottom = _span(y_px, reach, image.shape[0])
    part = image[top:bottom, left:right]
    if smoothing > 0:
        part = np.asarray(
            cv2.GaussianBlur(part, (0, 0), smoothing, borderType=cv2.BORDER_REPLICATE),
            dtype=np.uint8,
        )
    corner = step * (size_px - 1) / 2
    placed = np.array([[step, 0, x_px - left - corner], [0, step, y_px - top - corner]])
    square = cv2.warpAffine(
        part,
        placed,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(square, dtype=np.uint8)


def _span(centre_px: float, reach_px: int, size_px: int) -> tuple[int, int]:
    """The pixels within reach of a centre along one side of an image; at least one."""
    middle = math.floor(centre_px)
    low = min(max(middle - reach_px, 0), size_px - 1)
    return low, min(max(middle + reach_px + 1, low + 1), size_px)
