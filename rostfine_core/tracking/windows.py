"""Search windows: the neighbourhood of each head, drawn at that head's own magnification.

Only the neighbourhoods are ever touched, so that one sperm in a large video costs little; when
many windows cover most of the frame, the frame is halved once for all of them. Both ways give
the same pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
MARGIN_PX = 2


def magnification(diameter_px: float, *, head_size: float) -> float:
    """Video pixels per working pixel that make a head ``head_size`` across; 1 or more."""
    return max(1.0, diameter_px / head_size)


def draw_windows(
    image: NDArray[np.uint8], *, centres: Complex, scales: NDArray[np.float64], size: int
) -> Float32:
    """Sample (N, size, size) windows around ``centres`` (N,), repeating the frame's border.

    Args:
        image: (H, W) grey image.
        centres: places in video pixels.
        scales: (N,) video pixels per working pixel.
        size: side of the windows in working pixels.
    """
    windows = np.empty((len(centres), size, size), np.uint8)
    levels = np.maximum(np.rint(np.log2(scales)), 0).astype(int)
    covered = ((scales * size)[levels > 0] ** 2).sum()
    pyramid = _pyramid(image, int(levels.max(initial=0))) if covered > image.size / 2 else None
    for window, centre, scale, level in zip(windows, centres, scales, levels, strict=True):
        if pyramid is None:
            source, origin = _halved_part(image, centre, reach=scale * size / 2, level=level)
        else:
            source, origin = pyramid[level], 0j
        pixel = 2**level
        middle = (centre + complex(0.5, 0.5)) / pixel - complex(0.5, 0.5) - origin
        step = scale / pixel
        corner = middle - step * complex(1, 1) * (size - 1) / 2
        cv2.warpAffine(
            source,
            np.array([[step, 0, corner.real], [0, step, corner.imag]]),
            (size, size),
            dst=window,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return windows.astype(np.float32)


def _halve(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average blocks of 2 x 2 pixels, which also evens out interlaced lines."""
    height, width = (side // 2 for side in image.shape)
    half = cv2.resize(
        image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    return half.astype(np.uint8, copy=False)


def _pyramid(image: NDArray[np.uint8], top: int) -> list[NDArray[np.uint8]]:
    """The whole frame and its halvings up to level ``top``."""
    levels = [image]
    for _ in range(top):
        levels.append(_halve(levels[-1]))
    return levels


def _halved_part(
    image: NDArray[np.uint8], centre: complex, *, reach: float, level: int
) -> tuple[NDArray[np.uint8], complex]:
    """The part of the frame around ``centre`` halved ``level`` times, and where it starts.

    The part lies on the grid of the halved frame, so that its pixels are those of the pyramid.
    """
    pixel = 2**level
    sides = [max(side // pixel, 1) for side in image.shape[::-1]]
    spans = []
    for middle, side in zip((centre.real, centre.imag), sides, strict=True):
        first = int((middle - reach) // pixel) - MARGIN_PX
        last = int((middle + reach) // pixel) + MARGIN_PX + 1
        first = min(max(first, 0), side - 1)
        spans.append((first, max(min(last, side), first + 1)))
    (left, right), (top, bottom) = spans
    part = image[top * pixel : bottom * pixel, left * pixel : right * pixel]
    for _ in range(level):
        part = _halve(part)
    return part, complex(left, top)
