"""Size and centre of the head under a click, by the scale at which it answers as a blob."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.windows import HALF_PIXEL, surroundings

FINEST_SIGMA_PX = 1.2
STEPS_PER_OCTAVE = 4
OCTAVES = 4
REACH, REACH_PX = 0.35, 2.5
"""How far from the click the centre may lie: in head diameters, and at least in pixels."""
DIAMETER_PER_SIGMA = 2 * np.sqrt(2)
NEARLY, PLATEAU = 0.75, 0.9
"""A larger blob counts if it answers with this share of the best one's strength; from it the scale
is lowered as long as the next finer one has the second share of its strength."""
BLOB_SIZES = 0.6, 2.9
"""Diameters, in sizes of the outline, at which a head answers as a blob."""
MIXED, FINEST_DETAIL = 0.65, 0.25
"""Evenness below which a head is dark and bright side by side, and the least width of such parts in
heads; the less even the head, the finer it is looked at."""
FAINTEST = 2.0
"""Grey levels; a weaker answer is noise."""
DEFAULT_DIAMETER_PX = 12.0
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True)
class HeadShape:
    """Where the head's centre is, how wide the head and how wide its parts are, in pixels.

    ``detail_px`` is the diameter, but for a head that is dark and bright side by side, as phase
    contrast shows it, where it is the width of those parts.
    """

    x_px: float
    y_px: float
    diameter_px: float
    detail_px: float


@dataclass(frozen=True, kw_only=True)
class _Blob:
    """The best blob of one scale: normalised response, its place in the video and its sigma."""

    response: float
    place: complex
    sigma_px: float


def measure_head(
    image: NDArray[np.uint8], *, x_px: float, y_px: float, size_px: float | None = None
) -> HeadShape:
    """Find the blob, dark or bright, that the click means (Lindeberg 1998, scale selection).

    The scale-normalised Laplacian of a disc of radius r is strongest at sigma = r / sqrt(2).
    The largest scale that answers nearly as strongly as the best one is taken: a head seen sharply
    has a rim, a bright inside and vacuoles, which answer too, but it is the whole head that swims.
    Where nothing stands out, the click itself is the centre and the diameter is a guess.

    Args:
        image: (H, W) grey image.
        x_px: click, 0-based pixels.
        y_px: click, 0-based pixels.
        size_px: the size of the head's outline, where it is known: smaller blobs are parts of it,
            larger ones hold more than its halo.
    """
    least, most = (share * (size_px or 0) / DIAMETER_PER_SIGMA for share in BLOB_SIZES)
    blobs = _blobs(image, complex(x_px, y_px), least, most if size_px else np.inf)
    responses = np.array([blob.response for blob in blobs])
    if responses.max() < FAINTEST:
        return HeadShape(
            x_px=x_px,
            y_px=y_px,
            diameter_px=DEFAULT_DIAMETER_PX,
            detail_px=DEFAULT_DIAMETER_PX,
        )
    best = blobs[_head_scale(responses)]
    diameter_px = float(DIAMETER_PER_SIGMA * best.sigma_px)
    evenness = _evenness(image, best.place, diameter_px)
    detail = max(evenness, FINEST_DETAIL) if evenness < MIXED else 1.0
    return HeadShape(
        x_px=best.place.real,
        y_px=best.place.imag,
        diameter_px=diameter_px,
        detail_px=diameter_px * detail,
    )


def _head_scale(responses: NDArray[np.float64]) -> int:
    """The scale of the whole head: the largest peak, from where its plateau begins."""
    before, after = np.append(0, responses[:-1]), np.append(responses[1:], np.inf)
    is_peak = (responses >= before) & (responses >= after)
    good = np.flatnonzero(is_peak & (responses >= NEARLY * responses.max()))
    scale = int(good[-1] if good.size else responses.argmax())
    while scale and responses[scale - 1] >= PLATEAU * responses[scale]:
        scale -= 1
    return scale


def _evenness(image: NDArray[np.uint8], place: complex, diameter_px: float) -> float:
    """How much of a head's contrast is left when it is averaged: 1 for an even one, 0 for none."""
    half = max(round(diameter_px / 2), 1)
    around = surroundings(image, round(place.imag), round(place.real), 2 * half + 1)
    line = np.arange(-2 * half - 1, 2 * half + 2)
    is_head = np.hypot(line[:, None], line) <= diameter_px / 2
    contrast = around[is_head] - np.median(around)
    return float(abs(contrast.mean()) / max(np.sqrt(np.square(contrast).mean()), 1e-6))


def _blobs(
    image: NDArray[np.uint8], click: complex, least_px: float, most_px: float
) -> list[_Blob]:
    """The best blob near the click at every scale between two sigmas, finest first."""
    radius = round(7 * FINEST_SIGMA_PX * 2**OCTAVES)
    column, row = round(click.real), round(click.imag)
    level = surroundings(image, row, column, radius).astype(np.float32)
    origin = complex(column - radius, row - radius)
    blobs, pixel = [], 1
    for _ in range(OCTAVES):
        seen_from = (click - origin + HALF_PIXEL) / pixel - HALF_PIXEL
        for step in range(STEPS_PER_OCTAVE):
            sigma = FINEST_SIGMA_PX * 2 ** (step / STEPS_PER_OCTAVE)
            if not least_px < sigma * pixel < most_px:
                continue
            response, place = _strongest(level, seen_from, sigma, REACH_PX / pixel)
            native = (place + HALF_PIXEL) * pixel - HALF_PIXEL + origin
            blobs.append(_Blob(response=response, place=native, sigma_px=sigma * pixel))
        side = level.shape[0] // 2
        level = cv2.resize(
            level[: 2 * side, : 2 * side], (side, side), interpolation=cv2.INTER_AREA
        ).astype(np.float32, copy=False)
        pixel *= 2
    return blobs


def _strongest(
    level: NDArray[np.float32], click: complex, sigma: float, least_reach: float
) -> tuple[float, complex]:
    """The strongest blob of one scale near the click and its place, nearer ones preferred."""
    preference = _preference(sigma, least_reach)
    half = preference.shape[0] // 2
    column, row = round(click.real), round(click.imag)
    part = level[row - half : row + half + 1, column - half : column + half + 1]
    smooth = cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    laplacian = np.abs(cv2.Laplacian(smooth, cv2.CV_32F, ksize=1)).astype(np.float32, copy=False)
    is_peak = laplacian >= cv2.dilate(laplacian, NEIGHBOURHOOD)
    y, x = divmod(int((laplacian * preference * is_peak).argmax()), preference.shape[1])
    if not (is_peak[y, x] and preference[y, x] > 0):  # the slope of something else
        return 0.0, click
    offset = complex(_vertex(laplacian[y, x - 1 : x + 2]), _vertex(laplacian[y - 1 : y + 2, x]))
    place = complex(column - half + x, row - half + y) + offset
    return float(sigma**2 * laplacian[y, x]), place


@lru_cache(maxsize=STEPS_PER_OCTAVE * OCTAVES)
def _preference(sigma: float, least_reach: float) -> NDArray[np.float32]:
    """How much a blob of this scale counts at each place around the click, the middle one."""
    reach = max(REACH * DIAMETER_PER_SIGMA * sigma, least_reach)
    half = round(3 * sigma + reach) + 1
    line = np.arange(-half, half + 1)
    away = np.hypot(line[:, None], line)
    return np.where(away <= reach, np.exp(-((away / reach) ** 2)), 0.0).astype(np.float32)


def _vertex(values: NDArray[np.float32]) -> float:
    """Where the parabola through three values (3,) peaks, -0.5 to 0.5 from the middle one."""
    before, middle, after = (float(v) for v in values)
    bend = before - 2 * middle + after
    return min(max(0.5 * (before - after) / bend, -0.5), 0.5) if bend < 0 else 0.0
