"""Circles from which the head under a click is looked for: of every size, on every blob nearby.

A blob is where much edge lies around (of any head), or what is darker or brighter than around.
Large ones are looked for in the picture halved once or twice.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.tracking.windows import HALF_PIXEL, halve, surroundings

Complex = NDArray[np.complex128]
Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]
Real = NDArray[np.float64]

RADII, OCTAVES = (3.0, 4.3), 3
"""Radii of the circles in pixels of each octave."""
PER_MAP, APART = 2, 0.35
"""How many of the strongest blobs of each map are starts, and how far (in radii) they are apart."""
REACH, REACH_PX = 1.8, 2.0
"""How far from the click starts may lie: so many radii plus so many pixels."""
EDGES, NARROW, WIDE = 0.7, 0.6, 1.2
"""Deviations of the blurs that make edges, and what differs from around, into blobs, in radii."""
BLURRED = 2.0
"""How far a blur reaches, in deviations."""
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


def find_starts(image: Image, click: complex) -> tuple[Complex, Real]:
    """Centres and radii (N,) of circles around a click in an (H, W) grey picture."""
    column, row = round(click.real), round(click.imag)
    margin = 2 ** (OCTAVES - 1) * (_margin(RADII[-1]) + 2)
    level = surroundings(image, row, column, margin)
    origin = complex(column - margin, row - margin)
    centres: list[complex] = []
    radii: list[float] = []
    for octave in range(OCTAVES):
        pixel = 2**octave
        here = (click - origin + HALF_PIXEL) / pixel - HALF_PIXEL
        for radius in RADII:
            for place in _places(level, here, radius, reach=REACH * radius + REACH_PX / pixel):
                centres.append((place + HALF_PIXEL) * pixel - HALF_PIXEL + origin)
                radii.append(radius * pixel)
        level = halve(level)
    return np.array(centres), np.array(radii)


def _margin(radius: float) -> int:
    """How far around a click the picture matters to circles of a radius."""
    return math.ceil(REACH * radius + REACH_PX + BLURRED * WIDE * radius) + 2


def _places(level: Image, click: complex, radius: float, *, reach: float) -> list[complex]:
    """Where circles of one size start: the click and the blobs near it."""
    margin = _margin(radius)
    left, top = round(click.real) - margin, round(click.imag) - margin
    part = level[top : top + 2 * margin + 1, left : left + 2 * margin + 1].astype(np.float32)
    corner = complex(left, top)
    slope = cv2.magnitude(cv2.Sobel(part, cv2.CV_32F, 1, 0), cv2.Sobel(part, cv2.CV_32F, 0, 1))
    edges = _blurred(slope, EDGES * radius)
    contrast = cv2.absdiff(_blurred(part, NARROW * radius), _blurred(part, WIDE * radius))
    places = [click]
    for blobs in (edges, contrast):
        for peak in _peaks(blobs, click - corner, reach=reach):
            place = peak + corner
            if min(abs(place - other) for other in places) > APART * radius:
                places.append(place)
    return places


def _blurred(picture: cv2.typing.MatLike, sigma: float) -> cv2.typing.MatLike:
    side = 2 * math.ceil(BLURRED * sigma) + 1
    return cv2.GaussianBlur(picture, (side, side), sigma)


def _peaks(blobs: cv2.typing.MatLike, click: complex, *, reach: float) -> list[complex]:
    """The strongest local maxima within ``reach`` of the click."""
    left, top = math.floor(click.real - reach), math.floor(click.imag - reach)
    right, bottom = math.ceil(click.real + reach) + 1, math.ceil(click.imag + reach) + 1
    around = blobs[top - 1 : bottom + 1, left - 1 : right + 1]
    is_peak = (around >= cv2.dilate(around, NEIGHBOURHOOD))[1:-1, 1:-1]
    y, x = np.nonzero(is_peak)
    order = np.argsort(-blobs[y + top, x + left])
    places = (x[order] + left) + 1j * (y[order] + top)
    near: list[complex] = places[abs(places - click) < reach][:PER_MAP].tolist()
    return near
