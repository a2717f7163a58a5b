"""How far the stage (or a shock) has moved the whole field: measured on patches that lie still.

Patches with much contrast, spread over the first frame, are looked for in each later one. Most of
what lies in a field does not swim: where most patches agree, theirs is the field's motion. Where
they do not (too few of them, or all swim), nothing is claimed.

Legend: P patches.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Image = NDArray[np.uint8]
SIDE_PX, REACH_PX = 32, 6
LARGE_PX = 800
"""Wider pictures are looked at in every second row and column, which costs a tenth."""
GRID = 3
"""Patches in a row and in a column."""
LEAST_CONTRAST = 3.0
"""Grey levels (deviation) that a patch needs beyond even ground."""
LEAST_SCORE, LEAST_PATCHES, LEAST_SHARE = 0.5, 4, 0.5
AGREED_PX, STILL_PX = 0.5, 0.15
SHAKEN_PX, DRIFTED_PX = 0.3, 1.5
"""Mean step between frames, and range of all, from which on the field moves: noise is below."""


class Stage:
    """Measures one video's field, frame by frame."""

    def __init__(self) -> None:
        """Start before the first frame."""
        self._patches: list[tuple[int, int, Image]] | None = None
        self._last = 0j
        self._shifts: dict[int, complex] = {}

    def measure(self, image: Image, *, frame: int) -> None:
        """Take in the picture (H, W) of ``frame``; the first one is where the field is at rest."""
        if self._patches is None:
            self._patches = _patches(image)
        elif len(self._patches) >= LEAST_PATCHES:
            self._last = self._moved(image, self._patches)
        self._shifts[frame] = self._last

    def _moved(self, image: Image, patches: list[tuple[int, int, Image]]) -> complex:
        """Where the field is now; a few patches are enough where all say that it has not moved."""
        found = [_found(image, patch, near=self._last) for patch in patches[:LEAST_PATCHES]]
        if all(shift is not None and abs(shift - self._last) < STILL_PX for shift in found):
            return self._last
        found += [_found(image, patch, near=self._last) for patch in patches[LEAST_PATCHES:]]
        shifts = np.array([shift for shift in found if shift is not None], complex)
        return _agreed(shifts, of=len(patches), last=self._last)

    def motion(self) -> dict[int, complex]:
        """How far the field has moved by each frame; empty where it stands still."""
        shifts = np.array(list(self._shifts.values()), complex)
        if len(shifts) < 2:
            return {}
        steps = abs(np.diff(shifts)).mean()
        extent = max(np.ptp(shifts.real), np.ptp(shifts.imag))
        return dict(self._shifts) if steps > SHAKEN_PX or extent > DRIFTED_PX else {}


def _patches(image: Image) -> list[tuple[int, int, Image]]:
    """Left, top and pixels of the patch with most contrast in each cell of a grid."""
    height, width = image.shape
    margin = SIDE_PX // 2
    patches = []
    for row in range(GRID):
        for column in range(GRID):
            tops = _starts(row, height, margin)
            lefts = _starts(column, width, margin)
            places = [(int(left), int(top)) for top in tops for left in lefts]
            cut = [
                (left, top, image[top : top + SIDE_PX, left : left + SIDE_PX].copy())
                for left, top in places
            ]
            if cut:
                patches.append(max(cut, key=lambda patch: float(patch[2].std())))
    deviations = np.array([float(pixels.std()) for *_, pixels in patches])
    quiet = float(deviations.min(initial=np.inf))
    return [
        patch
        for patch, deviation in zip(patches, deviations, strict=True)
        if deviation > LEAST_CONTRAST and deviation > quiet / 2
    ]


def _starts(cell: int, length: int, margin: int) -> NDArray[np.intp]:
    """Where patches of one cell may begin along an axis."""
    first = margin + cell * (length - 2 * margin) // GRID
    last = margin + (cell + 1) * (length - 2 * margin) // GRID - SIDE_PX
    return np.arange(first, max(last, first) + 1, SIDE_PX // 2)


def _found(image: Image, patch: tuple[int, int, Image], *, near: complex) -> complex | None:
    """How far a patch has moved, sub-pixel, looked for around ``near``; None where it is not."""
    left, top, pixels = patch
    x, y = round(left + near.real) - REACH_PX, round(top + near.imag) - REACH_PX
    size = SIDE_PX + 2 * REACH_PX
    height, width = image.shape
    step = 2 if width > LARGE_PX else 1
    if x < 0 or y < 0 or x + size > width or y + size > height:
        return None
    part = image[y : y + size : step, x : x + size : step]
    score = cv2.matchTemplate(part, pixels[::step, ::step], cv2.TM_CCOEFF_NORMED)
    row, column = divmod(int(score.argmax()), score.shape[1])
    inside = 0 < row < score.shape[0] - 1 and 0 < column < score.shape[1] - 1
    if not inside or score[row, column] < LEAST_SCORE:
        return None
    dx = _vertex(*score[row, column - 1 : column + 2].tolist())
    dy = _vertex(*score[row - 1 : row + 2, column].tolist())
    return complex(x + step * (column + dx) - left, y + step * (row + dy) - top)


def _vertex(before: float, middle: float, after: float) -> float:
    bend = before - 2 * middle + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _agreed(shifts: Complex, *, of: int, last: complex) -> complex:
    """The shift that most of ``of`` patches share; the last one where they do not agree."""
    if not shifts.size:
        return last
    middle = complex(np.median(shifts.real), np.median(shifts.imag))
    agree = shifts[abs(shifts - middle) < AGREED_PX]
    if len(agree) < max(LEAST_PATCHES, LEAST_SHARE * of):
        return last
    return complex(agree.mean())
