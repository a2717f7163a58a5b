"""How much the light changes over a clip, and from which change on it is evened out.

The network's input and the flag on the light both use it, so that the flag says what was done.
"""

import numpy as np
from numpy.typing import NDArray

STEADY_CHANGE = 0.13
"""A lamp that flickers by 6% to either side changes by 11%, which moves P(A or B) by 4 points on
average; a fade by 15% moves it by 10."""
SLOW_CHANGE, PARTS = 0.065, 3
"""A fade by 10% changes the mean of its thirds by this much and moves P(A or B) by 5 points; one by
9% moves it by 4, one by 12% by 7."""
EVENED_CHANGE = 0.5
"""A picture less than half as bright as another holds too few grey levels to be evened out."""
DARKEST = 1.0
SAMPLING = 4
"""Every fourth row and column gives the background as well as all of them."""


def background_levels(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The brightness of the background of (T, S, S, 3) uint8 crops: (T,), 0 to 255.

    A sperm covers little of its crop, so the median is that of the background. Lines that only
    repeat the border of the picture say nothing about the light and are left out.
    """
    return sampled_levels(images[:, ::SAMPLING, ::SAMPLING])


def sampled_levels(sampled: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``background_levels`` of crops of which every ``SAMPLING``-th row and column was taken."""
    sums = sampled.sum(axis=-1, dtype=np.int16)
    levels = np.empty(len(sums))
    for place, crop in enumerate(sums):
        rows, columns = _inside(crop), _inside(crop.T)
        seen = np.sort(crop[rows, columns], axis=None)
        levels[place] = seen[(len(seen) - 1) // 2] / 3
    return levels


def _inside(lines: NDArray[np.int16]) -> slice:
    """The lines but for those at either end that repeat the next one; all if all are alike."""
    differing = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1))
    return slice(int(differing[0]), int(differing[-1]) + 2) if len(differing) else slice(None)


def slow_change(levels: NDArray[np.float64]) -> float:
    """``light_change`` of what is left of ``levels`` (T,) when flicker is averaged out."""
    return light_change(np.array([part.mean() for part in np.array_split(levels, PARTS)]))


def light_change(levels: NDArray[np.float64]) -> float:
    """How far the darkest of ``levels`` is below the brightest, as a share from 0 to 1."""
    levels = np.maximum(levels, DARKEST)
    return float(1 - levels.min() / levels.max())
