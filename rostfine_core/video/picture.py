"""Pictures of a video container as grey and colour arrays, turned upright."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, cast

import cv2
import numpy as np
from av import VideoFrame
from av.video.format import VideoFormat
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

# Without these flags swscale's colours are off by up to two levels and differ between processors.
_EXACT = (
    Interpolation.BILINEAR
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)
_PACKED_LUMA_OFFSET = {"yuyv422": 0, "yvyu422": 0, "uyvy422": 1}


@dataclass(frozen=True, eq=False)
class ContainerPicture:
    """A decoded ``frame``, to be turned counter-clockwise by ``quarter_turns``."""

    frame: VideoFrame
    quarter_turns: int = 0
    is_damaged: bool = False
    is_repetition: bool = False

    def repeated(self) -> Self:
        """This picture in place of a later one that does not decode."""
        return replace(self, is_damaged=True, is_repetition=True)

    def grey(self) -> NDArray[np.uint8]:
        """The luma, (H, W) uint8, read-only; a view of the decoder's picture where possible."""
        return self._grey

    @cached_property
    def _grey(self) -> NDArray[np.uint8]:
        grey = _luma(self.frame)
        grey = (
            np.ascontiguousarray(np.rot90(grey, self.quarter_turns)) if self.quarter_turns else grey
        )
        grey.flags.writeable = False
        return grey

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The colours, (H, W, 3) uint8, read-only; the exact ones are kept for the next call."""
        return self._rgb if exact else self._colours(exact=False)

    @cached_property
    def _rgb(self) -> NDArray[np.uint8]:
        colours = self._colours(exact=True)
        colours.flags.writeable = False
        return colours

    def _colours(self, *, exact: bool) -> NDArray[np.uint8]:
        if len(self.frame.format.components) == 1 and not self.frame.format.has_palette:
            return np.repeat(self.grey()[..., None], 3, axis=2)
        colours = _rgb(self.frame, exact=exact)
        return np.ascontiguousarray(np.rot90(colours, self.quarter_turns))


def bit_depth(picture_format: VideoFormat) -> int:
    """The bits of the first component."""
    return 8 if picture_format.has_palette else int(picture_format.components[0].bits)


def orientation(frame: VideoFrame) -> tuple[int, tuple[str, ...]]:
    """How many quarter turns, counter-clockwise, the file asks for, and what to say about it."""
    side_data = cast("Mapping[str, bytes]", frame.side_data)
    if "DISPLAYMATRIX" not in side_data:
        return 0, ()
    matrix = side_data["DISPLAYMATRIX"]
    a, b, _, c, d = np.frombuffer(bytes(matrix), "<i4", count=5).tolist()
    if a * d < b * c:
        return 0, ("The file asks for a mirrored picture, which is not applied.",)
    if frame.rotation % 90:
        return 0, (f"The file asks for a turn by {frame.rotation} degrees, which is not applied.",)
    turns = frame.rotation // 90 % 4
    notes = (f"The picture is turned by {frame.rotation} degrees, as the file asks.",)
    return turns, notes if turns else ()


def _luma(frame: VideoFrame) -> NDArray[np.uint8]:
    pixels = frame.format
    first = pixels.components[0]
    if pixels.name in _PACKED_LUMA_OFFSET:
        return _rows(frame.planes[0], 1)[:, _PACKED_LUMA_OFFSET[pixels.name] :: 2][:, : frame.width]
    is_plain = pixels.is_planar or len(pixels.components) == 1
    is_shifted = pixels.name.startswith("p0")
    if not first.is_luma or not is_plain or pixels.has_palette or is_shifted or first.bits < 8:
        return cv2.cvtColor(_rgb(frame, exact=True), cv2.COLOR_RGB2GRAY).astype(
            np.uint8, copy=False
        )
    if first.bits == 8:
        return _rows(frame.planes[0], 1)[:, : frame.width]
    deep = _rows(frame.planes[0], 2).view(">u2" if pixels.is_big_endian else "<u2")
    return (deep[:, : frame.width] >> (first.bits - 8)).astype(np.uint8)


def _rows(plane: VideoPlane, bytes_per_value: int) -> NDArray[np.uint8]:
    bytes_ = np.frombuffer(memoryview(plane), np.uint8, count=plane.height * plane.line_size)
    rows = bytes_.reshape(plane.height, plane.line_size)
    return rows[:, : plane.line_size - plane.line_size % bytes_per_value]


def _rgb(frame: VideoFrame, *, exact: bool) -> NDArray[np.uint8]:
    colours = frame.to_ndarray(format="rgb24", interpolation=_EXACT if exact else None)
    return np.asarray(colours, dtype=np.uint8)
