"""How much the light changes over a clip, and from which change on it is evened out.

The network's input and the flag on the light both go by this, so that what is said is what was
done.
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
"""Every fourth row and column tells the background as well as all do."""


def background_levels(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The brightness of the background of (T, S, S, 3) uint8 pictures: (T,), 0 to 255.

    A sperm covers little of its picture, so that the median is the background's.
    """
    sums = images[:, ::SAMPLING, ::SAMPLING].sum(axis=-1, dtype=np.int16)
    flat = sums.reshape(len(images), -1)
    middle = (flat.shape[1] - 1) // 2  # as torch does, so that both find the very same
    return np.asarray(np.partition(flat, middle, axis=1)[:, middle] / 3)


def light_change(levels: NDArray[np.float64]) -> float:
    """By which share the darkest of ``levels`` lies below the brightest, 0 to 1."""
    levels = np.maximum(levels, DARKEST)
    return float(1 - levels.min() / levels.max())
