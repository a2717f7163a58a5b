"""Size and centre of the head under a click, by the scale at which it answers as a blob."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FINEST_SIGMA_PX = 1.2
STEPS_PER_OCTAVE = 4
OCTAVES = 4
REACH = 0.6
"""How far from the click the centre may lie, in head diameters."""
DIAMETER_PER_SIGMA = 2 * np.sqrt(2)
FAINTEST = 2.0
DEFAULT_DIAMETER_PX = 12.0


@dataclass(frozen=True, kw_only=True)
class HeadShape:
    """Where the head's centre is and how wide the head is, in pixels."""

    x_px: float
    y_px: float
    diameter_px: float


@dataclass(frozen=True)
class _Blob:
    """The best blob of one scale: normalised response, its place and its sigma."""

    response: float
    x_px: float
    y_px: float
    sigma_px: float


def measure_head(image: NDArray[np.uint8], *, x_px: float, y_px: float) -> HeadShape:
    """Find the blob, dark or bright, that the click means (Lindeberg 1998, scale selection).

    The scale-normalised Laplacian of a disc of radius r is strongest at sigma = r / sqrt(2).
    The smallest scale that answers nearly as strongly as the best one is taken, so that a large
    shadow or the edge of the field cannot pass for the head. Where nothing stands out, the click
    itself is the centre and the diameter is a guess.

    Args:
        image: (H, W) grey image.
        x_px: click, 0-based pixels.
        y_px: click, 0-based pixels.
    """
    blobs = _blobs(image, x_px, y_px)
    responses = np.array([blob.response for blob in blobs])
    if responses.max() < FAINTEST:
        return HeadShape(x_px=x_px, y_px=y_px, diameter_px=DEFAULT_DIAMETER_PX)
    padded = np.pad(responses, 1, constant_values=-np.inf)
    peaks = (responses >= padded[:-2]) & (responses >= padded[2:])
    best = blobs[int(np.flatnonzero(peaks & (responses >= 0.6 * responses.max()))[0])]
    return HeadShape(
        x_px=best.x_px, y_px=best.y_px, diameter_px=float(DIAMETER_PER_SIGMA * best.sigma_px)
    )


def _blobs(image: NDArray[np.uint8], x_px: float, y_px: float) -> list[_Blob]:
    """The best blob near the click at every scale, finest first."""
    radius = round(5 * FINEST_SIGMA_PX * 2**OCTAVES)
    column, row = round(x_px), round(y_px)
    rows = np.clip(np.arange(row - radius, row + radius + 1), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(column - radius, column + radius + 1), 0, image.shape[1] - 1)
    level = image[np.ix_(rows, columns)].astype(np.float32)
    click = complex(x_px - column + radius, y_px - row + radius)
    origin = complex(column - radius, row - radius)
    blobs, pixel = [], 1.0
    for _ in range(OCTAVES):
        for step in range(STEPS_PER_OCTAVE):
            sigma = FINEST_SIGMA_PX * 2 ** (step / STEPS_PER_OCTAVE)
            response, place = _strongest(level, click, sigma)
            native = (place + complex(0.5, 0.5)) * pixel - complex(0.5, 0.5) + origin
            blobs.append(_Blob(response, native.real, native.imag, sigma * pixel))
        side = level.shape[0] // 2
        level = cv2.resize(
            level[: 2 * side, : 2 * side], (side, side), interpolation=cv2.INTER_AREA
        )
        click = (click + complex(0.5, 0.5)) / 2 - complex(0.5, 0.5)
        pixel *= 2
    return blobs


def _strongest(level: NDArray[np.float32], click: complex, sigma: float) -> tuple[float, complex]:
    """The strongest blob of one scale near the click and its place, nearer ones preferred."""
    reach = REACH * DIAMETER_PER_SIGMA * sigma
    half = round(4 * sigma + reach) + 1
    left, top = max(0, round(click.real) - half), max(0, round(click.imag) - half)
    part = level[top : top + 2 * half + 1, left : left + 2 * half + 1]
    smooth = cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    laplacian = sigma**2 * abs(cv2.Laplacian(smooth, cv2.CV_32F, ksize=1))
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    away = np.hypot(x + left - click.real, y + top - click.imag)
    preferred = np.where(away <= max(reach, 1.0), laplacian * np.exp(-((away / reach) ** 2)), -1.0)
    row, column = divmod(int(preferred[1:-1, 1:-1].argmax()), part.shape[1] - 2)
    row, column = row + 1, column + 1
    offset = complex(
        vertex(laplacian[row, column - 1 : column + 2]),
        vertex(laplacian[row - 1 : row + 2, column]),
    )
    return float(laplacian[row, column]), complex(column + left, row + top) + offset


def vertex(values: NDArray[np.float32]) -> float:
    """Where the parabola through three values (3,) peaks, -0.5 to 0.5 from the middle one."""
    before, middle, after = (float(v) for v in values)
    bend = before - 2 * middle + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
