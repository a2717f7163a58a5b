"""Pictures of a video container as upright grey and colour arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, cast

import cv2
import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import SideDataContainer
from av.video.format import VideoFormat
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from rostfine_core.messages import Message
from rostfine_core.video.pixel_shape import SQUARE, PixelShape

# Without these flags swscale's colours are off by up to two levels and differ between processors.
_EXACT = (
    Interpolation.BILINEAR
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)
# `frame.side_data` makes a reference cycle with its frame, which keeps the decoder's whole pool of
# pictures (350 MB for the demonstration video) until the garbage collector runs.
_side_data_of = cast("Callable[[VideoFrame], Mapping[str, bytes]]", SideDataContainer)
_PACKED_LUMA_OFFSET = {"yuyv422": 0, "yvyu422": 0, "uyvy422": 1}


@dataclass(frozen=True, eq=False)
class ContainerPicture:
    """A decoded ``frame``, to be turned counter-clockwise by ``quarter_turns``.

    ``depth`` is how many bits of 16-bit grey are used; None means all. ``shape`` makes the pixels
    square.
    """

    frame: VideoFrame
    quarter_turns: int = 0
    depth: int | None = None
    shape: PixelShape = SQUARE
    is_damaged: bool = False
    is_repetition: bool = False

    def repeated(self) -> Self:
        """This picture in place of a later one that cannot be decoded."""
        return replace(self, is_damaged=True, is_repetition=True)

    def grey(self) -> NDArray[np.uint8]:
        """The luma, (H, W) uint8, read-only; a view of the decoder's picture where possible."""
        return self._grey

    @cached_property
    def _grey(self) -> NDArray[np.uint8]:
        grey = self.shape.squared(_luma(self.frame, self.depth))
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
        if _is_grey(self.frame):
            return np.repeat(self.grey()[..., None], 3, axis=2)
        colours = self.shape.squared(_rgb(self.frame, exact=exact))
        return np.ascontiguousarray(np.rot90(colours, self.quarter_turns))


def bit_depth(picture_format: VideoFormat) -> int:
    """The bits of the first component."""
    return 8 if picture_format.has_palette else int(picture_format.components[0].bits)


def orientation(frame: VideoFrame) -> tuple[int, tuple[Message, ...]]:
    """How many counter-clockwise quarter turns the file asks for, and notes for the user."""
    side_data = _side_data_of(frame)
    if "DISPLAYMATRIX" not in side_data:
        return 0, ()
    matrix = side_data["DISPLAYMATRIX"]
    a, b, _, c, d = np.frombuffer(bytes(matrix), "<i4", count=5).tolist()
    if a * d < b * c:
        return 0, (Message("The file asks for a mirrored picture, which is not applied."),)
    degrees = int(frame.rotation)
    if degrees % 90:
        asked = Message(
            "The file asks for a rotation by {degrees} degrees, which is not applied.",
            degrees=degrees,
        )
        return 0, (asked,)
    turned = Message(
        "The picture is rotated by {degrees} degrees, as the file asks.", degrees=degrees
    )
    turns = degrees // 90 % 4
    return turns, (turned,) if turns else ()


def brightest_grey(frame: VideoFrame) -> int | None:
    """The highest value of a 16-bit grey picture; None for any other.

    Colours have no such depth, as their conversion could not apply it.
    """
    if bit_depth(frame.format) < 16 or not (_is_grey(frame) and _has_luma_plane(frame)):
        return None
    return int(_deep_rows(frame).max())


def _luma(frame: VideoFrame, depth: int | None) -> NDArray[np.uint8]:
    """The Y plane, or the luma of the colours if there is no usable Y plane."""
    pixels = frame.format
    if pixels.name in _PACKED_LUMA_OFFSET and frame.planes[0].line_size > 0:
        packed = plane_rows(frame.planes[0])[:, _PACKED_LUMA_OFFSET[pixels.name] :: 2]
        return np.ascontiguousarray(packed[:, : frame.width])
    if not _has_luma_plane(frame):
        luma = cv2.cvtColor(_rgb(frame, exact=True), cv2.COLOR_RGB2GRAY)
        return np.asarray(luma, dtype=np.uint8)
    bits = bit_depth(pixels)
    if bits == 8:
        return plane_rows(frame.planes[0])[:, : frame.width]
    shifted = _deep_rows(frame) >> ((depth or bits) - 8)
    return np.asarray(np.minimum(shifted, 255), dtype=np.uint8)


def _deep_rows(frame: VideoFrame) -> NDArray[np.uint16]:
    rows = plane_rows(frame.planes[0])[:, : 2 * frame.width]
    return rows.view(">u2" if frame.format.is_big_endian else "<u2")


def _is_grey(frame: VideoFrame) -> bool:
    return len(frame.format.components) == 1 and not frame.format.has_palette


def _has_luma_plane(frame: VideoFrame) -> bool:
    """Whether the first plane holds only Y, top row first, in the low bits of its values."""
    pixels = frame.format
    first = pixels.components[0]
    is_alone = pixels.is_planar or len(pixels.components) == 1
    is_high_in_its_word = pixels.name.startswith("p0")
    is_top_down = frame.planes[0].line_size > 0
    is_grey_level = first.is_luma and first.bits >= 8 and not pixels.has_palette
    return is_alone and is_grey_level and is_top_down and not is_high_in_its_word


def plane_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """A view of a plane's bytes, (H, line size); the top row must be the first."""
    bytes_ = np.frombuffer(memoryview(plane), np.uint8, count=plane.height * plane.line_size)
    return bytes_.reshape(plane.height, plane.line_size)


def _rgb(frame: VideoFrame, *, exact: bool) -> NDArray[np.uint8]:
    """Convert by swscale; between layouts of 8-bit RGB its fast conversion is exact too."""
    is_shuffle = frame.format.is_rgb and bit_depth(frame.format) == 8
    flags = _EXACT if exact and not is_shuffle else None
    colours = frame.to_ndarray(format="rgb24", interpolation=flags)
    return np.asarray(colours, dtype=np.uint8)
