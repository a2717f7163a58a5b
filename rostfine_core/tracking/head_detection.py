"""Every sperm head of a picture: places where a head may be, each measured, doubles removed.

Legend: P places.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure, LongJob, Progress, Seed
from rostfine_core.marking import marked
from rostfine_core.tracking.head_measure import sight_outlines
from rostfine_core.tracking.outlines import circles, concatenate
from rostfine_core.tracking.rays import Rays

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]
Real = NDArray[np.float64]

RADII_PX = (4.0, 6.0, 9.0, 13.0, 18.0)
"""Half lengths of the heads that are searched for."""
SURROUND = 2.5
"""The surroundings from which a head must stand out are this many times wider than it."""
STANDS_OUT = 3.0
"""A place must stand out by this many median deviations to be measured."""
MOST_PLACES, AT_ONCE = 400, 16
"""So many places are measured, and so many at a time."""
FINEST_SIGMA = 2.5
"""A blur is at least so wide, in pixels of the reduced copy that it is made in."""
SAMPLED = 4
"""The spread is estimated from every fourth row and column."""
START_SIZES, ROUGH, ROUGH_STRENGTH = (0.6, 1.0), (0.45, 0.35), 2.5
"""Circles that a rough outline is drawn from (as shares of a place's size), how near them edges
count, and how far (in grey levels) it stands out where a head may be."""
ALIKE = 0.25
"""Rough outlines whose middles and half axes differ by less (in half widths) are one."""
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
_ROUGH_RAYS = Rays(16)


def find_heads(image: Image) -> LongJob[tuple[HeadMeasure, ...]]:
    """Find and measure the heads of an (H, W) grey picture, in reading order.

    A head over the picture's border is left out: it could not be graded.
    """
    places = _promising(image, *_places(image))
    found: list[HeadMeasure] = []
    for first in range(0, len(places), AT_ONCE):
        yield Progress(stage=marked("heads"), done=first, total=len(places))
        part = [
            place
            for place in places[first : first + AT_ONCE]
            if not any(_holds(head, place) for head in found)
        ]
        for place, clicked in zip(part, sight_outlines(image, part), strict=True):
            head = clicked.measure if clicked else None
            if head is None or head.confidence < LEAST_CONFIDENCE or _is_cut(head, image.shape):
                continue
            middle = complex(head.x_px, head.y_px)
            if not any(_holds(other, place) or _holds(other, middle) for other in found):
                found.append(head)
    return tuple(sorted(_alike(_clear(found)), key=lambda head: (head.y_px, head.x_px)))


def seeds_of(heads: Sequence[HeadMeasure], *, frame: int) -> tuple[Seed, ...]:
    """A click on the centre of each head, numbered from 1."""
    return tuple(
        Seed(target=str(number), frame=frame, x_px=head.x_px, y_px=head.y_px)
        for number, head in enumerate(heads, start=1)
    )


def _places(image: Image) -> tuple[Complex, Real]:
    """Where edges gather for some size of head (P,), and that size; the clearest place first."""
    picture = image.astype(np.float32)
    slope = cv2.magnitude(
        cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    ).astype(np.float32, copy=False)
    clearness, centres, radii = [], [], []
    for radius in RADII_PX:
        blobs = _blurred(slope, 0.7 * radius) - _blurred(slope, SURROUND * radius)
        side = 2 * round(radius) + 1
        is_peak = blobs >= cv2.dilate(blobs, np.ones((side, side), np.uint8))
        spread = float(np.median(np.abs(blobs[::SAMPLED, ::SAMPLED]))) / 0.6745 or 1.0
        is_peak &= blobs > STANDS_OUT * spread
        y, x = np.divmod(np.flatnonzero(is_peak), image.shape[1])
        clearness.append(blobs[y, x] / spread)
        centres.append(x + 1j * y)
        radii.append(np.full(len(x), radius))
    order = np.argsort(-np.concatenate(clearness), kind="stable")[:MOST_PLACES]
    return np.concatenate(centres)[order], np.concatenate(radii)[order]


def _blurred(picture: Float32, sigma: float) -> Float32:
    """A picture blurred widely: in a reduced copy, where that takes little time."""
    height, width = picture.shape
    pixel = 2 ** max(int(math.log2(sigma / FINEST_SIGMA)), 0)
    small = (max(width // pixel, 1), max(height // pixel, 1))
    reduced = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(reduced, (0, 0), sigma / pixel)
    full = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    return full.astype(np.float32, copy=False)


def _promising(image: Image, places: Complex, radii: Real) -> list[complex]:
    """The places (P,) where a rough outline stands out that no clearer place has shown."""
    if not places.size:
        return []
    starts = [
        circles(places, share * radii, np.full(len(radii), polarity))
        for share in START_SIZES
        for polarity in (1.0, -1.0)
    ]
    rough = _ROUGH_RAYS.fit(image, concatenate(starts), reaches=ROUGH)
    strength = _ROUGH_RAYS.strength(image, rough).reshape(len(starts), -1)
    best = rough.take(strength.argmax(axis=0) * len(places) + np.arange(len(places)))
    kept: list[int] = []
    for place in np.flatnonzero(strength.max(axis=0) > ROUGH_STRENGTH).tolist():
        before = best.take(np.array(kept, np.intp))
        size = best.half_lengths[place]
        is_same = abs(before.middles - best.middles[place]) < ALIKE * size[1]
        is_same &= abs(before.half_lengths - size).max(axis=1) < ALIKE * size[1]
        if not is_same.any():
            kept.append(place)
    return [complex(place) for place in places[kept]]


def _holds(head: HeadMeasure, place: complex) -> bool:
    """Whether a place lies on a head."""
    away = (place - complex(head.x_px, head.y_px)) * np.exp(-1j * head.angle_rad)
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
