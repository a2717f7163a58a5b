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
SIGMAS_PX = (1.0, 2.0, 4.0, 8.0)
AROUND = tuple(f"structure_{s:g}_px" for s in (*SIGMAS_PX, 16.0))
WITHIN = tuple(f"head_structure_{s:g}_px" for s in (*SIGMAS_PX, 16.0))
"""The strength of what is about so many pixels wide, in the whole crop and around the head."""
JOINT = (HEAD, ELONGATION, EDGE, CONTRAST, SIDE, TAIL, *AROUND, *WITHIN)
"""What is compared together."""
RING = (0.135, 0.27)
"""From where to where the beginning of the tail lies, in sides of the crop from its middle."""
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
    chosen = images[::EVERY]
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in chosen]
    spread = max(float(np.std(greys)), LEAST)
    length = outline_length(outlines)
    looks = {
        HEAD: math.nan if found is None else length or found[0],
        ELONGATION: median(o.length_px / o.width_px for o in seen) if seen else math.nan,
        EDGE: math.nan if found is None else found[1],
        CONTRAST: median(map(contrast, chosen)) / max(float(np.median(greys)), 1.0),
        SIDE: median(map(_side, greys)) / spread,
        NOISE: median(map(_noise, greys)) / spread,
        TAIL: median(map(_tail, greys)),
        SPAN: span_s,
        FPS: fps,
    }
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
