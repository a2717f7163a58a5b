"""Watches the whole picture while sperm are tracked: how far the stage has moved it by each frame.

Corners all over a key frame are followed (Lucas-Kanade) for some dozen frames; then the last of
these is the next key frame. Only tiles around the corners are looked at, laid side by side and
halved like a picture of a few hundred pixels: this costs a small part of decoding.

Legend: K corners, S side of a tile; places and displacements in working pixels, complex.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import FieldMotion, GreyFrame
from rostfine_core.tracking.combing import CombMeter
from rostfine_core.tracking.rigid import CommonMotion, are_shared, common_motion
from rostfine_core.tracking.windows import squares

Image = NDArray[np.uint8]
Complex = NDArray[np.complex128]

STRETCH_FRAMES = 25
WORKING_AREA = 400_000
CELLS = 8
"""The picture is divided into this many by this many cells; at most one corner is followed in
each."""
TILE = 40
"""Room for the window at the coarsest level."""
WINDOW, LEVELS = (11, 11), 2
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.01)
ABOVE_NOISE, LEAST_CORNER = 10.0, 1e-4
"""A corner must be this many times stronger than the median place of the picture."""
SAME_LIGHT = 0.01
FARTHEST = 1 / 6
"""A new key frame is taken when the field has moved by this share of the picture's side."""
NOTHING = np.empty(0, complex)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tiles:
    """Tiles side by side as one ``picture``, and the brightness of the frame.

    Their upper left corners lie at ``origins`` (K,) in the frame and at ``slots`` in the picture.
    """

    picture: Image
    origins: Complex
    slots: Complex
    level: float


class FieldWatch:
    """Takes in frame after frame of a video; ``motion`` is what they show."""

    def __init__(self, *, first_frame: int, frame_count: int) -> None:
        """Prepare to watch the frames from ``first_frame`` up to ``frame_count``."""
        self._first = first_frame
        stretches = max(1, round((frame_count - first_frame) / STRETCH_FRAMES))
        self._length = math.ceil((frame_count - first_frame) / stretches)
        self._later = self._repeats = 0
        self._combs = CombMeter(frame_count=frame_count - first_frame)
        self._key: _Tiles | None = None
        self._corners = NOTHING
        self._diagonal = 0.0
        self._paths: list[Complex] = []
        self._moved = 0j
        self._stretches: list[tuple[int, CommonMotion]] = []
        self._scale = 1

    def see(self, frame: GreyFrame) -> None:
        """Take in the next frame."""
        if not frame.is_duplicate:
            self._combs.see(frame.image)
        if self._key is None:
            self._scale = _scale_of(frame.image)
            self._begin(frame.image, still=NOTHING)
            return
        self._later += 1
        self._repeats += frame.is_duplicate
        is_known = frame.is_duplicate and self._paths
        self._paths.append(self._paths[-1] if is_known else self._follow(self._key, frame.image))
        self._moved = _middle(self._paths[-1])
        if len(self._paths) >= self._length or self._has_moved_out(frame.image):
            self._begin(frame.image, still=self._end())

    def motion(self, *, first: int | None = None, last: int | None = None) -> FieldMotion:
        """The motion over all frames so far, or from the frame ``first`` to the frame ``last``."""
        if self._paths:
            self._end()
        things = [one.beside_thing for _, one in self._stretches if one.beside_thing]
        is_shaken = are_shared(things, wholly=True)
        shift, is_measured, error, unknown = [0j], [True], 0.0, []
        for count, one in self._stretches:
            is_known = one.shift is not None and not (one.beside_thing and not is_shaken)
            is_measured += [is_known] * count
            if one.shift is not None and is_known:
                shift += (shift[-1] + self._scale * one.shift).tolist()
                error = max(error, self._scale * one.error)
            else:
                shift += [shift[-1]] * count
                unknown.append(one)
        begin = 0 if first is None else first - self._first
        end = len(shift) if last is None else last + 1 - self._first
        # Where a sperm begins the field is known to be.
        measured = 1 + sum(is_measured[begin + 1 : end])
        is_suspected = are_shared([one.halves for one in unknown if one.halves])
        return FieldMotion(
            first_frame=self._first + begin,
            x_px=tuple(round((place - shift[begin]).real, 3) for place in shift[begin:end]),
            y_px=tuple(round((place - shift[begin]).imag, 3) for place in shift[begin:end]),
            error_px=round(error, 3),
            measured_frames=measured,
            combing=self._combs.combing(),
            distinct_share=1 - self._repeats / self._later if self._later else 1.0,
            is_suspected=is_suspected and measured < end - begin,
        )

    def _begin(self, image: Image, *, still: Complex) -> None:
        height, width = image.shape
        self._diagonal = math.hypot(height, width) / self._scale
        self._corners = find_corners(image, scale=self._scale, still=still)
        self._key = _cut(image, self._corners, scale=self._scale)
        self._paths, self._moved = [], 0j

    def _follow(self, key: _Tiles, image: Image) -> Complex:
        """How far each corner of the key frame has moved, NaN where it is not found."""
        if not len(self._corners):
            return NOTHING
        guess = self._paths[-1] if self._paths else np.zeros(len(self._corners), complex)
        expected = self._corners + np.where(np.isfinite(guess), guess, self._moved)
        tiles = _cut(image, expected, scale=self._scale)
        found, is_found, _ = cv2.calcOpticalFlowPyrLK(
            key.picture,
            _as_bright_as(key, tiles),
            _points(self._corners - key.origins + key.slots),
            _points(expected - tiles.origins + tiles.slots),
            winSize=WINDOW,
            maxLevel=LEVELS,
            criteria=STEPS,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        x, y = found[:, 0].T.astype(float)
        places = x + 1j * y - tiles.slots
        within = (abs(places.real - TILE / 2) < TILE / 2) & (abs(places.imag - TILE / 2) < TILE / 2)
        moved = places + tiles.origins - self._corners
        return np.where((is_found[:, 0] > 0) & within, moved, complex(np.nan, np.nan))

    def _has_moved_out(self, image: Image) -> bool:
        far = FARTHEST * min(image.shape) / self._scale
        return bool(abs(self._moved) > far)

    def _end(self) -> Complex:
        """Settle how the field moved since the key frame; returns what corners lie still."""
        found = common_motion(np.array(self._paths), places=self._corners, diagonal=self._diagonal)
        self._stretches.append((len(self._paths), found))
        self._paths = []
        return found.still


def _scale_of(image: Image) -> int:
    """Video pixels per working pixel: 1, 2, 4, ..."""
    scale = 1
    while image.size > WORKING_AREA * scale**2:
        scale *= 2
    return scale


def _cut(image: Image, places: Complex, *, scale: int) -> _Tiles:
    """Cut a tile around each of ``places`` (K,), shifted into the picture where it would leave."""
    side, columns = TILE * scale, max(math.isqrt(len(places)), 1)
    rows = -(-len(places) // columns)
    height, width = (max(length // scale - TILE, 0) for length in image.shape)
    left = np.minimum(np.maximum(np.rint(places.real - TILE / 2), 0), width).astype(int)
    top = np.minimum(np.maximum(np.rint(places.imag - TILE / 2), 0), height).astype(int)
    if min(image.shape) < side:
        below, beside = (max(side - length, 0) for length in image.shape)
        image = np.pad(image, ((0, below), (0, beside)))
    cut = squares(image, side)[top * scale, left * scale].reshape(-1, side)
    tiles = np.zeros((rows * columns, TILE, TILE), np.uint8)
    tiles[: len(places)] = _reduced(cut, scale).reshape(-1, TILE, TILE)
    side_by_side = tiles.reshape(rows, columns, TILE, TILE).swapaxes(1, 2)
    number = np.arange(len(places))
    return _Tiles(
        picture=side_by_side.reshape(rows * TILE, columns * TILE),
        origins=left + 1j * top,
        slots=TILE * (number % columns + 1j * (number // columns)),
        level=_level(image),
    )


def _reduced(image: Image, scale: int) -> Image:
    for _ in range(scale.bit_length() - 1):
        size = (image.shape[1] // 2, image.shape[0] // 2)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return image


def _points(places: Complex) -> NDArray[np.float32]:
    """Places (K,) as OpenCV takes them, (K, 1, 2)."""
    points = np.empty((len(places), 1, 2), np.float32)
    points[:, 0, 0], points[:, 0, 1] = places.real, places.imag
    return points


def find_corners(image: Image, *, scale: int, still: Complex) -> Complex:
    """One corner of each cell: one that is known to be still, or the strongest above the noise.

    In a crowd the strongest are mostly sperm, so that what was found to lie still is kept.

    Args:
        image: (H, W) grey.
        scale: video pixels per working pixel; in large pictures a coarser look is enough.
        still: (S,) places.

    Returns:
        (K,) places.
    """
    coarser = 2 if scale > 1 else 1
    strength = cv2.cornerMinEigenVal(_reduced(image, scale * coarser), blockSize=5, ksize=3)
    least = max(ABOVE_NOISE * float(np.median(strength[::4, ::4])), LEAST_CORNER)
    margin = WINDOW[0] // coarser
    height, width = (max(side - 2 * margin, 0) for side in strength.shape)
    inside = strength[margin : margin + height, margin : margin + width]
    rows, columns = (np.linspace(0, side, CELLS + 1).astype(int) for side in (height, width))
    known = still / coarser - complex(margin, margin)
    corners = []
    for top, bottom in pairwise(rows.tolist()):
        for left, right in pairwise(columns.tolist()):
            here = (known.real >= left) & (known.real < right)
            here &= (known.imag >= top) & (known.imag < bottom)
            cell = inside[top:bottom, left:right]
            if here.any():
                corners.append(complex(still[here.argmax()]))
            elif cell.size and cell.max() > least:
                y, x = np.unravel_index(cell.argmax(), cell.shape)
                corners.append(coarser * complex(int(x) + left + margin, int(y) + top + margin))
    return np.array(corners, complex)


def _as_bright_as(key: _Tiles, tiles: _Tiles) -> Image:
    """The tiles with the key frame's brightness: Lucas-Kanade takes both for the same light."""
    gain = key.level / max(tiles.level, 1.0)
    if abs(gain - 1) < SAME_LIGHT:
        return tiles.picture
    return cv2.convertScaleAbs(tiles.picture, alpha=gain).astype(np.uint8, copy=False)


def _level(image: Image) -> float:
    step = max(1, min(image.shape) // 40)
    return _median(image[::step, ::step].ravel())


def _middle(moved: Complex) -> complex:
    found = moved[np.isfinite(moved)]
    return complex(_median(found.real), _median(found.imag)) if len(found) else 0j


def _median(values: NDArray[np.generic]) -> float:
    """The median of (K,), at a fifth of the time of numpy's own."""
    middle = (len(values) - 1) // 2, len(values) // 2
    ordered = np.partition(values, middle)
    return (float(ordered[middle[0]]) + float(ordered[middle[1]])) / 2
