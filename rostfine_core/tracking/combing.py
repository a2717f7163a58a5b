"""Notices interlaced video: every other line was taken at another moment, so what moves is combed.

Where something moves, lines next to each other are compared with lines two apart, and columns
likewise. In a whole picture both ways give the same, whatever its sharpness and noise; combing is
between lines alone.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rows = NDArray[np.intp]

COMBED = 1.8
"""Whole pictures have 0.95 to 1.07, and up to 1.7 where pixels that are not square were stretched;
partly combed clips 2.3 to 3.6. Combing by hardly more than a line stays below."""
PAIRS, BANDS = 8, 4
"""How many pairs of frames are compared, and into how many bands the height is divided: each pair
compares one."""
LEAST_CHANGE, ABOVE_NOISE = 8.0, 4.0
FEWEST_PLACES, SAMPLING = 50, 4


class CombMeter:
    """Looks at some pairs of consecutive frames of a video."""

    def __init__(self, *, frame_count: int) -> None:
        """Prepare to look at ``PAIRS`` pairs spread over so many frames."""
        self._every = max(2, frame_count // PAIRS)
        self._seen = 0
        self._before: Image | None = None
        self._found: list[float] = []

    def see(self, image: Image) -> None:
        """Take in the next frame that does not repeat the one before, (H, W) grey."""
        pair, turn = divmod(self._seen, self._every)
        self._seen += 1
        if turn > 1:
            return
        height = len(image) // BANDS
        band = image[height * (pair % BANDS) :][:height]
        if turn == 1 and self._before is not None:
            found = combing(self._before, band)
            self._found += [] if found is None else [found]
        self._before = band.copy()

    def combing(self) -> float | None:
        """The median over the pairs; None where nothing moved."""
        return round(median(self._found), 3) if self._found else None


def is_combed(images: Sequence[Image]) -> bool:
    """Whether consecutive pictures (H, W), none of which repeats another, are interlaced."""
    found = [value for pair in pairwise(images) if (value := combing(*pair)) is not None]
    return bool(found) and median(found) > COMBED


def combing(before: Image, now: Image) -> float | None:
    """How much more neighbouring lines differ than columns do, in places that changed."""
    change = cv2.absdiff(before, now)
    least = max(ABOVE_NOISE * float(np.median(change[::SAMPLING, ::SAMPLING])), LEAST_CHANGE)
    moved = cv2.dilate((change > least).astype(np.uint8), np.ones((5, 5), np.uint8))
    y, x = np.nonzero(moved[2:-2, 2:-2])
    if len(y) < FEWEST_PLACES:
        return None
    lines, columns = _unlikeness(now, y + 2, x + 2), _unlikeness(now.T, x + 2, y + 2)
    return lines / columns if columns > 0 else None


def _unlikeness(picture: Image, rows: Rows, columns: Rows) -> float:
    """How unlike neighbouring lines are by those two apart: the squares of their differences."""
    here = picture[rows, columns].astype(np.float32)
    near, apart = (
        sum(float(np.square(picture[rows + n, columns] - here).sum()) for n in (-far, far))
        for far in (1, 2)
    )
    return near / apart if apart > 0 else 0.0
