"""How a clip looks, in numbers that can be compared with those of a model's training clips."""

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure
from rostfine_core.quality.head import (
    contrast,
    found_head,
    head_length_and_edge,
    measured_heads,
    outline_length,
)

HEAD, ELONGATION, EDGE = "head_length_px", "elongation", "edge_px"
FOCUS, NOISE, CONTRAST, SIDE = "focus", "noise", "contrast", "side"
SPAN, FPS, TAIL = "span_s", "fps", "tail"
OFF_CENTRE, INSIDE, NECK, BESIDE = "off_centre", "inside_head", "neck", "beside_head"
SIGMAS_PX = (1.0, 2.0, 4.0, 8.0)
AROUND = tuple(f"structure_{s:g}_px" for s in (*SIGMAS_PX, 16.0))
WITHIN = tuple(f"head_structure_{s:g}_px" for s in (*SIGMAS_PX, 16.0))
"""The strength of what is about so many pixels wide, in the whole crop and around the head."""
JOINT = (HEAD, ELONGATION, EDGE, CONTRAST, SIDE, TAIL, INSIDE, NECK, BESIDE, *AROUND, *WITHIN)
"""What is compared together."""
RING = (0.135, 0.27)
"""From where to where the beginning of the tail lies, in sides of the crop from its middle."""
INNER, OUTER = 0.8, (1.2, 1.6)
"""What counts as inside a head's outline, and as just beyond it, in half axes from its middle."""
STRONGEST = 95
EVERY = 5
"""Every fifth frame of a clip is measured."""
LEAST = 0.02
"""Smaller values, in grey levels or their ratios, count as this."""
Looks = Mapping[str, float]
"""What was measured by name; NaN where it could not be."""


def looks_of(
    images: NDArray[np.uint8],
    *,
    heads: Sequence[tuple[float, float] | None] | None = None,
    outlines: Sequence[HeadMeasure | None] | None = None,
    span_s: float = math.nan,
    fps: float = math.nan,
) -> Looks:
    """Measure a clip (T, S, S, 3).

    Args:
        images: the crops.
        heads: length and edge of the head in each frame, measured here if not given.
        outlines: heads' outlines in some frames, measured here if not given.
        span_s: from the first frame to the last.
        fps: different frames of the video per second.
    """
    heads = [head_length_and_edge(image) for image in images] if heads is None else heads
    outlines = measured_heads(images) if outlines is None else outlines
    found, seen = found_head(heads), [o for o in outlines if o is not None]
    ovals = _ovals(images, outlines)
    chosen = images[::EVERY]
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in chosen]
    spread = max(float(np.std(greys)), LEAST)
    length = outline_length(outlines)
    looks = {
        HEAD: math.nan if found is None else length or found[0],
        ELONGATION: median(o.length_px / o.width_px for o in seen) if seen else math.nan,
        OFF_CENTRE: median(_off_centre(o, len(images[0])) for o in seen) if seen else math.nan,
        EDGE: math.nan if found is None else found[1],
        CONTRAST: median(map(contrast, chosen)) / max(float(np.median(greys)), 1.0),
        SIDE: median(map(_side, greys)) / spread,
        NOISE: median(map(_noise, greys)) / spread,
        TAIL: median(map(_tail, greys)),
        SPAN: span_s,
        FPS: fps,
    }
    looks |= dict(zip((INSIDE, NECK, BESIDE), ovals, strict=True))
    bands = np.array([_bands(grey) for grey in greys])
    for names, of_part in (
        (AROUND, slice(None)),
        (WITHIN, slice(len(greys[0]) // 3, -len(greys[0]) // 3)),
    ):
        strengths = bands[:, :, of_part, of_part].std(axis=(0, 2, 3))
        looks |= dict(zip(names, strengths.tolist(), strict=True))
    looks[FOCUS] = looks[WITHIN[1]] / max(looks[WITHIN[3]], LEAST)
    return looks


def as_vector(looks: Looks, names: Sequence[str] = JOINT) -> NDArray[np.float64]:
    """The measures in a scale in which their spreads compare: logarithms, but for ``side``."""
    return np.array([scaled(name, looks[name]) for name in names])


def scaled(name: str, value: float) -> float:
    """One measure as it stands in ``as_vector``."""
    return value if name == SIDE else math.log(max(value, LEAST))


def unscaled(name: str, value: float) -> float:
    """The measure that is ``value`` in ``as_vector``."""
    return value if name == SIDE else math.exp(value)


def _bands(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture (S, S) by the width of its structures: (5, S, S), from the finest on."""
    levels = [grey, *(cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in SIGMAS_PX)]
    steps = [finer - coarser for finer, coarser in itertools.pairwise(levels)]
    return np.stack([*steps, levels[-1]]).astype(np.float32)


def _tail(grey: NDArray[np.float32]) -> float:
    """How much the strongest lines around the head stand out, relative to the crop's contrast."""
    lines = np.abs(cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 4.0))
    across = np.arange(len(grey)) - (len(grey) - 1) / 2
    away = np.hypot(across[:, None], across) / len(grey)
    ring = lines[(away > RING[0]) & (away < RING[1])]
    return float(np.percentile(ring, 95)) / max(float(grey.std()), LEAST)


def _off_centre(head: HeadMeasure, side_px: int) -> float:
    """How far a head lies from the middle of the crop, as a share of its length."""
    middle = (side_px - 1) / 2
    return math.hypot(head.x_px - middle, head.y_px - middle) / head.length_px


def _ovals(
    images: NDArray[np.uint8], outlines: Sequence[HeadMeasure | None]
) -> tuple[float, float, float]:
    """How clips fit the oval of a head with a neck at one end: medians of ``_oval``."""
    shown = images[:: math.ceil(len(images) / max(len(outlines), 1))]
    found = [_oval(i, o) for i, o in zip(shown, outlines, strict=False) if o is not None]
    inside, neck, beside = np.median(found, axis=0).tolist() if found else 3 * (math.nan,)
    return inside, neck, beside


def _oval(image: NDArray[np.uint8], head: HeadMeasure) -> tuple[float, float, float]:
    """How much grey levels differ inside the outline, beyond its stronger end, and at its sides.

    All in the contrast of the head. A sign has no neck, or goes on beside the oval laid on it.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), SIGMAS_PX[0])
    differs = smooth - np.median(smooth)
    down, across = np.mgrid[: len(smooth), : len(smooth)]
    turned = (across - head.x_px + 1j * (down - head.y_px)) * np.exp(-1j * head.angle_rad)
    away = 2 * np.hypot(turned.real / head.length_px, turned.imag / head.width_px)
    inside, beyond = away < INNER, (away > OUTER[0]) & (away < OUTER[1])
    along = np.abs(turned.imag) < head.width_px / 2
    ends = (beyond & along & (turned.real > 0), beyond & along & (turned.real < 0))
    places = (inside, *ends, beyond & ~along)
    if not all(place.any() for place in places):  # an outline of a few pixels, or beyond the crop
        return math.nan, math.nan, math.nan
    contrast_of_head = max(abs(float(differs[inside].mean())), 1.0)
    strong = [float(np.percentile(np.abs(differs[p]), STRONGEST)) for p in places[1:]]
    numbers = (float(differs[inside].std()), max(strong[:2]), strong[2])
    a, b, c = (number / contrast_of_head for number in numbers)
    return a, b, c


def _noise(grey: NDArray[np.float32]) -> float:
    """The standard deviation of noise in grey levels, as the median of the crop has it."""
    finest = grey - cv2.GaussianBlur(grey, (0, 0), SIGMAS_PX[0])
    return float(np.median(np.abs(finest))) / 0.6745


def _side(grey: NDArray[np.float32]) -> float:
    """How much brighter (above 0) the middle is than the background, in grey levels."""
    middle = len(grey) // 2
    reach = max(len(grey) // 30, 1)
    head = cv2.GaussianBlur(grey, (0, 0), 2.0)[
        middle - reach : middle + reach, middle - reach : middle + reach
    ]
    return float(head.mean() - np.median(grey))
