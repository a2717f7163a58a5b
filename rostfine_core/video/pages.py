"""What pages of stacks and pictures in folders have in common, and how one is decoded.

Pillow reads them: it goes to a page without decoding those before it, keeps one page in memory,
accepts paths in any script on every platform and prints nothing to stderr. Only 16-bit colour,
which Pillow would reduce to 8 bits, is decoded by other libraries.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rostfine_core.errors import VideoError, parsing
from rostfine_core.messages import Message
from rostfine_core.video.frame import check_size

# What Pillow raises for damaged files; warnings too, if they are turned into errors.
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, Warning)

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TIFF_SUFFIXES = (".tif", ".tiff")
BITS_PER_SAMPLE = 258

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


class Pages(Protocol):
    """Numbered pictures of one size and depth, which can be pickled.

    ``is_inverted``: high values are dark. ``times_s`` are the times of the pictures if each has
    one; otherwise ``interval_s`` is the time between two and ``steps`` the number of intervals
    before each. ``pixel_um`` is the width and height of a pixel, if the file states them.
    """

    count: int
    codec: str
    is_deep: bool
    is_inverted: bool
    times_s: tuple[float, ...] | None
    interval_s: float | None
    steps: tuple[int, ...] | None
    pixel_um: tuple[float, float] | None
    notes: tuple[Message, ...]

    def read(self, index: int) -> Pixels:
        """The pixels of a page, (H, W) grey or (H, W, 3) RGB, 8 or 16 bit.

        Raises:
            VideoError: the page is damaged or its format cannot be used.
        """

    def close(self) -> None:
        """Release the file."""


@dataclass(frozen=True)
class PageHeader:
    """A page's name, and what all pages of a recording must have in common."""

    name: str
    size_px: tuple[int, int]
    is_deep: bool


@contextmanager
def readable(name: Path | str) -> Iterator[None]:
    """Turn errors while reading a picture into one that names it.

    Raises:
        VideoError: the picture is damaged, too large or not a picture.
    """
    too_large = Message("{name} is too large: export a smaller part of the picture.", name=name)
    damaged = Message(
        "{name} is damaged or not a picture that can be read: copy or export it again.", name=name
    )

    def in_words(error: Exception) -> VideoError:
        is_large = isinstance(error, Image.DecompressionBombError | MemoryError)
        return VideoError(too_large if is_large else damaged)

    with parsing(in_words):
        yield


@contextmanager
def truncation_warnings() -> Iterator[list[str]]:
    """Collect Pillow's warnings about a header that is cut off, which it does not raise."""
    cuts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield cuts
    messages = (str(warning.message) for warning in caught)
    cuts.extend(m for m in messages if "orrupt EXIF" in m)


def check_alike(path: Path, headers: Sequence[PageHeader]) -> None:
    """Refuse pictures that do not belong to one recording.

    Raises:
        VideoError: they differ in size or depth, or are too large.
    """
    first = headers[0]
    check_size(path, *first.size_px)
    for other in headers:
        if other.size_px != first.size_px:
            raise VideoError(
                Message(
                    "{path} mixes picture sizes: {name} has {width}x{height} pixels, {other} "
                    "{other_width}x{other_height}; keep the pictures of one recording.",
                    path=path,
                    name=first.name,
                    width=first.size_px[0],
                    height=first.size_px[1],
                    other=other.name,
                    other_width=other.size_px[0],
                    other_height=other.size_px[1],
                )
            )
        if other.is_deep != first.is_deep:
            raise VideoError(
                Message(
                    "{path} mixes 8 and 16 bit: {name} and {other} differ; export all pictures "
                    "alike.",
                    path=path,
                    name=first.name,
                    other=other.name,
                )
            )


def pixels_of(image: Image.Image, name: str) -> Pixels:
    """Decode a picture that Pillow reads in full depth.

    Raises:
        VideoError: no camera produces such values.
    """
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":  # how Pillow presents some 16-bit files
        wide = np.asarray(image)
        if wide.min() >= 0 and wide.max() < 2**16:
            return wide.astype(np.uint16)
    if image.mode in ("I", "F"):
        raise VideoError(
            Message(
                "{name} holds 32-bit or negative values, which no camera produces: export it as "
                "8 or 16 bit.",
                name=name,
            )
        )
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))


def bgr_to_rgb(pixels: NDArray[np.generic] | None) -> Pixels:
    """Convert OpenCV's 16-bit colours from BGR to RGB.

    Raises:
        ValueError: OpenCV could not decode the picture and gave None.
    """
    if pixels is None:
        raise ValueError("not decodable")
    return np.ascontiguousarray(pixels[..., 2::-1]).astype(np.uint16, copy=False)


def is_deep(image: Image.Image) -> bool:
    """Whether a picture has more than 8 bits per value."""
    return image.mode[0] in "IF" or is_deep_colour(image)


def is_deep_colour(image: Image.Image) -> bool:
    """Whether the raw mode or a tag says that Pillow would reduce or misread deep colours."""
    if image.mode[:3] != "RGB":
        return False
    raw_modes = (str(tile[3]) for tile in getattr(image, "tile", ()))
    bits = np.atleast_1d(np.array(tags_of(image).get(BITS_PER_SAMPLE, 8)))
    return bool(bits.max() > 8) or any(";16" in raw_mode for raw_mode in raw_modes)


def tags_of(image: Image.Image) -> Mapping[int, Any]:
    """The tags of a TIFF page; other pictures have none."""
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    return tags
