"""Lays pictures into memory as they were decoded, and makes them again from there.

A container's picture keeps its planes, so that it needs no more room than the decoder's and becomes
grey or coloured only on request; whatever has no plain planes is sent as grey and colours.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from rostfine_core.video.frame import Picture
from rostfine_core.video.picture import ContainerPicture, plane_rows
from rostfine_core.video.pixel_shape import PixelShape
from rostfine_core.video.still_picture import StillPicture

Bytes: TypeAlias = NDArray[np.uint8]
Place = tuple[int, tuple[int, ...]]
"""Where an array of bytes begins, and its shape."""


@dataclass(frozen=True, kw_only=True)
class PackedPlanes:
    """A container's picture: its planes as (H, line size), and how to show them."""

    pixels: str
    size_px: tuple[int, int]
    planes: tuple[Place, ...]
    colours: tuple[int, int, int, int]
    quarter_turns: int
    depth: int | None
    shape: PixelShape
    is_damaged: bool
    is_repetition: bool


@dataclass(frozen=True, kw_only=True)
class PackedPixels:
    """A picture as 8-bit pixels, (H, W) or (H, W, 3), and its grey if that is not their luma."""

    pixels: Place
    grey: Place | None
    is_damaged: bool
    is_repetition: bool


Packed: TypeAlias = PackedPlanes | PackedPixels


def pack(picture: Picture) -> tuple[tuple[Bytes, ...], Packed]:
    """The arrays that make up a picture, and how to make it again from them."""
    marks = {"is_damaged": picture.is_damaged, "is_repetition": picture.is_repetition}
    if isinstance(picture, ContainerPicture) and _has_plain_planes(picture.frame):
        frame = picture.frame
        arrays = tuple(plane_rows(plane) for plane in frame.planes)
        packed: Packed = PackedPlanes(
            pixels=frame.format.name,
            size_px=(frame.width, frame.height),
            planes=_places(arrays),
            colours=_colours(frame),
            quarter_turns=picture.quarter_turns,
            depth=picture.depth,
            shape=picture.shape,
            **marks,
        )
        return arrays, packed
    if isinstance(picture, StillPicture):
        pixels = np.ascontiguousarray(picture.pixels)
        return (pixels,), PackedPixels(pixels=_places((pixels,))[0], grey=None, **marks)
    arrays = (np.ascontiguousarray(picture.rgb()), np.ascontiguousarray(picture.grey()))
    places = _places(arrays)
    return arrays, PackedPixels(pixels=places[0], grey=places[1], **marks)


def write(arrays: tuple[Bytes, ...], memory: memoryview) -> None:
    """Copy a picture's arrays into memory, one after the other."""
    for array, (start, shape) in zip(arrays, _places(arrays), strict=True):
        np.ndarray(shape, np.uint8, memory, start)[...] = array


def unpack(packed: Packed, memory: memoryview | bytes) -> Picture:
    """Make a picture of what was written into memory, which is free afterwards."""
    if isinstance(packed, PackedPixels):
        return StillPicture(
            _array(packed.pixels, memory).copy(),
            luma=None if packed.grey is None else _array(packed.grey, memory).copy(),
            is_damaged=packed.is_damaged,
            is_repetition=packed.is_repetition,
        )
    return ContainerPicture(
        _frame(packed, memory),
        quarter_turns=packed.quarter_turns,
        depth=packed.depth,
        shape=packed.shape,
        is_damaged=packed.is_damaged,
        is_repetition=packed.is_repetition,
    )


def _frame(packed: PackedPlanes, memory: memoryview | bytes) -> VideoFrame:
    frame = VideoFrame(*packed.size_px, packed.pixels)
    for place, plane in zip(packed.planes, frame.planes, strict=True):
        rows, own = _array(place, memory), plane_rows(plane)
        used = min(rows.shape[1], own.shape[1])  # what is beyond only fills the line
        own[:, :used] = rows[:, :used]
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = packed.colours
    return frame


def _has_plain_planes(frame: VideoFrame) -> bool:
    """Whether planes with the top row first hold all there is: a palette is held elsewhere."""
    return not frame.format.has_palette and all(plane.line_size > 0 for plane in frame.planes)


def _colours(frame: VideoFrame) -> tuple[int, int, int, int]:
    return (
        int(frame.colorspace),
        int(frame.color_range),
        int(frame.color_primaries),
        int(frame.color_trc),
    )


def _places(arrays: tuple[Bytes, ...]) -> tuple[Place, ...]:
    places, start = [], 0
    for array in arrays:
        places.append((start, array.shape))
        start += array.nbytes
    return tuple(places)


def _array(place: Place, memory: memoryview | bytes) -> Bytes:
    start, shape = place
    return np.ndarray(shape, np.uint8, memory, start)
