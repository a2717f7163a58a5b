"""Detects frames that only repeat the one before, as added by frame-rate converters and cameras.

A repeat shows no motion while the frames around it do. The measure is the most changed spot (the
largest mean absolute difference over blocks of at least 8 x 8 pixels); in a repeat it must be a
small part of that in recent frames. In recordings converted from 25 to 30 frames per second it is
3% to 5%, in ordinary frames never below 20%.

If nothing moves at all, as in a noise-free simulation, there is no motion to compare with and no
frame is called a repeat: otherwise an immotile sperm would never be measured. When a noise-free
scene comes to rest, at most the next ``WINDOW_FRAMES`` frames are called repeats.
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW_FRAMES = 6
REPEAT_SHARE = 0.15
LEAST_MOTION_LEVELS = 4.0
SAMPLED_PIXELS = 350_000
HALVINGS = 3


class RepeatDetector:
    """Finds repeats among consecutive frames; only the last ``WINDOW_FRAMES + 1`` matter."""

    def __init__(self) -> None:
        self._previous: NDArray[np.uint8] | None = None
        self._changes: deque[float] = deque(maxlen=WINDOW_FRAMES)

    def is_repeat(self, grey: NDArray[np.uint8], *, is_certain: bool = False) -> bool:
        """Whether ``grey`` (H, W) repeats the frame before; ``is_certain`` if that is known.

        Motion is the second largest of the recent changes, so that after one jolt of the stage
        ordinary frames do not look like repeats.
        """
        rows = grey[:: max(1, round(grey.size / SAMPLED_PIXELS))]
        previous, self._previous = self._previous, rows
        if previous is None:
            return is_certain
        change = _largest_change(rows, previous)
        motion = sorted(self._changes)[-2] if len(self._changes) > 1 else 0.0
        self._changes.append(change)
        return is_certain or (motion >= LEAST_MOTION_LEVELS and change < REPEAT_SHARE * motion)


def _largest_change(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    difference = cv2.absdiff(a, b)
    for _ in range(HALVINGS):  # several times faster than one reduction to an eighth
        height, width = (max(1, n // 2) for n in difference.shape)
        difference = cv2.resize(
            difference[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
        )
    return float(difference.max())
