"""How much the light changes over a clip, and from which change on it is evened out.

The network's input and the flag on the light both use it, so that the flag says what was done.
"""

import numpy as np
from numpy.typing import NDArray

STEADY_CHANGE = 0.13
"""A lamp that flickers by 6% to either side changes by 11%, which moves P(A or B) by 4 points on
average; a fade by 15% moves it by 10."""
EVENED_CHANGE = 0.5
"""A picture less than half as bright as another holds too few grey levels to be evened out."""
DARKEST = 1.0
SAMPLING = 4
"""Every fourth row and column gives the background as well as all of them."""


def background_levels(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The brightness of the background of (T, S, S, 3) uint8 pictures: (T,), 0 to 255.

    A sperm covers little of its picture, so the median is that of the background.
    """
    sums = images[:, ::SAMPLING, ::SAMPLING].sum(axis=-1, dtype=np.int16)
    flat = sums.reshape(len(images), -1)
    middle = (flat.shape[1] - 1) // 2  # as in torch, so that both give the same value
    return np.asarray(np.partition(flat, middle, axis=1)[:, middle] / 3)


def light_change(levels: NDArray[np.float64]) -> float:
    """How far the darkest of ``levels`` is below the brightest, as a share from 0 to 1."""
    levels = np.maximum(levels, DARKEST)
    return float(1 - levels.min() / levels.max())
