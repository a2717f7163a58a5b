"""Every sperm head of a picture: places where a head may be, each measured, doubles removed."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure, LongJob, Progress, Seed
from rostfine_core.marking import marked
from rostfine_core.tracking.head_measure import find_head

RADII_PX = (4.0, 6.0, 9.0, 13.0, 18.0)
"""Half lengths of the heads that are searched for."""
SURROUND = 2.5
"""The surroundings from which a head must stand out are this many times wider than it."""
STANDS_OUT = 3.0
"""A place must stand out by this many median deviations to be measured."""
MOST_PLACES = 400
LEAST_CONFIDENCE = 0.77
"""Simulated heads have more, specks and tails mostly less."""
LEAST_STRENGTH, STRONG_SHARE = 0.4, 0.75
"""A head has at least this share of the given quantile of all strengths; specks and tails are
fainter."""
SIZE_RATIO = 1.6
"""The heads of a picture share one magnification: what differs more in size is a round cell or
debris."""
FEW_HEADS = 4
"""Up to this many, sizes are not compared."""


def find_heads(image: NDArray[np.uint8]) -> LongJob[tuple[HeadMeasure, ...]]:
    """Find and measure the heads of an (H, W) grey picture, in reading order.

    A head over the picture's border is left out: it could not be graded.
    """
    places = _places(image)
    found: list[HeadMeasure] = []
    for done, (x_px, y_px) in enumerate(places, start=1):
        yield Progress(stage=marked("heads"), done=done, total=len(places))
        if any(_holds(head, x_px, y_px) for head in found):
            continue
        head = find_head(image, x_px=x_px, y_px=y_px)
        if head is None or head.confidence < LEAST_CONFIDENCE or _is_cut(head, image.shape):
            continue
        if not any(_holds(other, head.x_px, head.y_px) for other in found):
            found.append(head)
    return tuple(sorted(_alike(_clear(found)), key=lambda head: (head.y_px, head.x_px)))


def seeds_of(heads: Sequence[HeadMeasure], *, frame: int) -> tuple[Seed, ...]:
    """A click on the centre of each head, numbered from 1."""
    return tuple(
        Seed(target=str(number), frame=frame, x_px=head.x_px, y_px=head.y_px)
        for number, head in enumerate(heads, start=1)
    )


def _places(image: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Where edges gather for some size of head, the clearest place first."""
    picture = image.astype(np.float32)
    slope = cv2.magnitude(
        cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    )
    places: list[tuple[float, float, float]] = []
    for radius in RADII_PX:
        near = cv2.GaussianBlur(slope, (0, 0), 0.7 * radius)
        blobs = near - cv2.GaussianBlur(slope, (0, 0), SURROUND * radius)
        side = 2 * round(radius) + 1
        is_peak = blobs >= cv2.dilate(blobs, np.ones((side, side), np.uint8))
        spread = float(np.median(np.abs(blobs))) / 0.6745 or 1.0
        y, x = np.nonzero(is_peak & (blobs > STANDS_OUT * spread))
        places += zip((blobs[y, x] / spread).tolist(), x.tolist(), y.tolist(), strict=True)
    places.sort(reverse=True)
    return [(x, y) for _, x, y in places[:MOST_PLACES]]


def _holds(head: HeadMeasure, x_px: float, y_px: float) -> bool:
    """Whether a place lies on a head."""
    away = complex(x_px - head.x_px, y_px - head.y_px) * np.exp(-1j * head.angle_rad)
    return bool(abs(complex(2 * away.real / head.length_px, 2 * away.imag / head.width_px)) < 1)


def _is_cut(head: HeadMeasure, shape: tuple[int, ...]) -> bool:
    height_px, width_px = shape
    reach = head.length_px / 2
    is_across = reach <= head.x_px < width_px - reach
    return not (is_across and reach <= head.y_px < height_px - reach)


def _clear(found: list[HeadMeasure]) -> list[HeadMeasure]:
    """Those that stand out nearly as much as the clearest: all heads are lit by the same lamp."""
    strengths = [head.confidence / (1 - head.confidence) for head in found]
    if len(found) <= FEW_HEADS:
        return found
    least = LEAST_STRENGTH * float(np.quantile(strengths, STRONG_SHARE))
    return [head for head, strength in zip(found, strengths, strict=True) if strength >= least]


def _alike(found: list[HeadMeasure]) -> list[HeadMeasure]:
    """The heads of the usual size, by the geometric mean of length and width."""
    sizes = [np.sqrt(head.length_px * head.width_px) for head in found]
    if len(found) <= FEW_HEADS:
        return found
    weights = [head.confidence for head in found]
    order = np.argsort(sizes)
    middle = order[np.searchsorted(np.cumsum(np.array(weights)[order]), sum(weights) / 2)]
    usual = sizes[int(middle)]
    return [
        head
        for head, size in zip(found, sizes, strict=True)
        if usual / SIZE_RATIO < size < usual * SIZE_RATIO
    ]
