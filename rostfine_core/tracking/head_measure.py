"""Where the head is that a click means: centre, length, width and axis, whatever place was hit.

From many starting circles of all sizes around the click, outlines are drawn (see ``outlines``) and
the one that stands out most all the way round, and holds the click, is the head's. The click only
chooses: every click on one head ends in the same outline.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure
from rostfine_core.tracking.outlines import Outlines, Rays, circles

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]
Real = NDArray[np.float64]

REACH_PX = 72
"""Only this far around the click is searched: the length of the longest head."""
START_RADII_PX = (3.0, 4.3, 6.0, 8.5, 12.0, 17.0)
STARTS_PER_MAP, STARTS_APART = 2, 0.35
"""How many of the strongest blobs of each map are starts, and how far (in radii) they are apart."""
START_REACH, START_REACH_PX = 1.8, 2.0
"""How far from the click starts may lie: so many radii plus so many pixels."""
COARSE = (0.45, 0.35, 0.28, 0.22)
FINE = (0.18, 0.15, 0.12, 0.1, 0.1, 0.1)
SETTLING = 8 * (0.12,)
"""How near the outline edges count (deviation in radii), step by step: for all starts, for the best
of them, and for the chosen one, until it no longer moves."""
SIGMAS_BLURRED = 4
"""How many deviations OpenCV's Gaussian reaches in a picture of real numbers."""
FINALISTS = 8
LARGER_IS_BETTER = 0.12
"""A vacuole has an outline too: of two that stand out equally, the larger is the head's."""
RIM, CONCENTRIC, NEARLY = 1.8, 0.3, 0.65
"""An outline is the outer edge of a rim if it is at most so many times larger than the inner edge,
its centre is within so many half widths, and it stands out at least by this share."""
BEYOND = 0.7
"""An outline this far (in radii) from the click counts a third."""
FURTHEST = 2.0
"""A click further than this (in radii) from the centre of the best outline means none."""
FAINTEST, FAINTEST_BY_NOISE = 3.5, 2.5
"""The least by which a head stands out, in grey levels and in deviations of the noise. On empty
simulated ground the best outline has under 2.7 grey levels; simulated heads have over 6.5."""
LEAST_NOISE = 0.3
_COARSE_RAYS, _FINE_RAYS = Rays(16), Rays(32)


def find_head(image: Image, *, x_px: float, y_px: float) -> HeadMeasure | None:
    """Measure the head on which, or near which, a click lies; None where nothing stands out.

    Args:
        image: (H, W) grey image.
        x_px: click, 0-based pixels.
        y_px: click, 0-based pixels.
    """
    found = _find(image, x_px=x_px, y_px=y_px)
    if found is None:
        return None
    outline, confidence = found
    middle = complex(outline.middles[0])
    half_length, half_width = outline.half_lengths[0].tolist()
    return HeadMeasure(
        x_px=middle.real,
        y_px=middle.imag,
        length_px=2 * half_length,
        width_px=2 * half_width,
        angle_rad=math.atan2(outline.axes[0, 1, 0], outline.axes[0, 0, 0]),
        confidence=confidence,
    )


def find_outline(image: Image, *, x_px: float, y_px: float) -> Outlines | None:
    """The outline (one row) of the head that a click means, or None."""
    found = _find(image, x_px=x_px, y_px=y_px)
    return None if found is None else found[0]


def _find(image: Image, *, x_px: float, y_px: float) -> tuple[Outlines, float] | None:
    """The outline and its confidence: 0.5 where it barely counts as a head, up to 1."""
    left, top = (max(round(place) - REACH_PX, 0) for place in (x_px, y_px))
    window = image[top : round(y_px) + REACH_PX + 1, left : round(x_px) + REACH_PX + 1]
    corner = complex(left, top)
    click = complex(x_px, y_px) - corner
    centres, radii = _starts(window.astype(np.float32), click)
    both = circles(np.tile(centres, 2), np.tile(radii, 2), np.repeat([1.0, -1.0], len(centres)))
    outlines = _COARSE_RAYS.fit(window, both, reaches=COARSE)
    worth = _worth(outlines, _COARSE_RAYS.strength(window, outlines), click)
    outlines = outlines.take(np.argsort(-worth)[:FINALISTS])
    outlines = _FINE_RAYS.fit(window, outlines, reaches=FINE)
    strength = _FINE_RAYS.strength(window, outlines)
    best = _outermost(outlines, strength, int(_worth(outlines, strength, click).argmax()))
    least = max(FAINTEST, FAINTEST_BY_NOISE * _noise(window))
    if strength[best] < least or outlines.distance(click)[best] > FURTHEST:
        return None
    chosen = _FINE_RAYS.fit(window, outlines.take(np.array([best])), reaches=SETTLING)
    confidence = float(strength[best] / (strength[best] + least))
    return chosen.at(chosen.centres + corner), confidence


def _outermost(outlines: Outlines, strength: Real, best: int) -> int:
    """The outline round the best one that stands out nearly as much: a head's rim has two edges."""
    half = outlines.half_lengths
    larger = (half > half[best]).all(axis=1) & (half < RIM * half[best]).all(axis=1)
    larger &= abs(outlines.centres - outlines.centres[best]) < CONCENTRIC * half[best, 1]
    larger &= strength > NEARLY * strength[best]
    return int(np.where(larger, strength, 0).argmax()) if larger.any() else best


def _worth(outlines: Outlines, strength: Real, click: complex) -> Real:
    """(N,) how likely each outline is the one that the click means."""
    outside = np.maximum(outlines.distance(click) - 1, 0) / BEYOND
    size = np.sqrt(outlines.half_lengths.prod(axis=1))
    return np.asarray(strength * np.exp(-(outside**2)) * size**LARGER_IS_BETTER)


def _starts(window: Float32, click: complex) -> tuple[Complex, Real]:
    """Centres and radii (N,) of circles to start from: the click, and blobs of every size near it.

    A blob is where much edge lies around (of any head), or what is darker or brighter than around.
    """
    slope = np.hypot(
        cv2.Sobel(window, cv2.CV_32F, 1, 0), cv2.Sobel(window, cv2.CV_32F, 0, 1)
    ).astype(np.float32)
    centres, radii = [], []
    for radius in START_RADII_PX:
        reach = START_REACH * radius + START_REACH_PX
        edges = _smoothed(slope, click, sigma=0.7 * radius, reach=reach)
        narrow, wide = (_smoothed(window, click, sigma=s * radius, reach=reach) for s in (0.6, 1.2))
        here = [click]
        for blobs in (edges, cv2.absdiff(narrow, wide)):
            for place in _peaks(blobs, click, reach=reach):
                if min(abs(place - other) for other in here) > STARTS_APART * radius:
                    here.append(place)
        centres += here
        radii += [radius] * len(here)
    return np.array(centres), np.array(radii)


def _smoothed(picture: Float32, click: complex, *, sigma: float, reach: float) -> Float32:
    """The picture blurred up to ``reach`` from the click and a pixel beyond; the rest is void."""
    margin = math.ceil(reach + SIGMAS_BLURRED * sigma) + 3
    part = tuple(
        slice(max(math.floor(middle) - margin, 0), math.ceil(middle) + margin + 1)
        for middle in (click.imag, click.real)
    )
    smooth = np.zeros_like(picture)
    smooth[part] = cv2.GaussianBlur(picture[part], (0, 0), sigma)
    return smooth


def _peaks(blobs: cv2.typing.MatLike, click: complex, *, reach: float) -> list[complex]:
    """The strongest local maxima within ``reach`` of the click."""
    left, top = (max(math.floor(c - reach), 1) for c in (click.real, click.imag))
    right, bottom = math.ceil(click.real + reach) + 1, math.ceil(click.imag + reach) + 1
    around = blobs[top - 1 : bottom + 1, left - 1 : right + 1]
    is_peak = (around >= cv2.dilate(around, np.ones((3, 3), np.uint8)))[1:-1, 1:-1]
    y, x = np.nonzero(is_peak)
    order = np.argsort(-blobs[y + top, x + left])
    places = (x[order] + left) + 1j * (y[order] + top)
    near: list[complex] = places[abs(places - click) < reach][:STARTS_PER_MAP].tolist()
    return near


def _noise(window: Image) -> float:
    """The deviation of the noise in grey levels, by what no smooth picture leaves."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rest = np.abs(cv2.filter2D(window, cv2.CV_32F, mask))
    return max(float(np.median(rest)) / 0.6745 / 6, LEAST_NOISE)
