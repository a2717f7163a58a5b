"""Pages of a TIFF file and images of a folder, one at a time.

Pillow reads them: it goes to a page without decoding those before it, keeps one page in memory,
takes paths in any script on every platform and stays silent on stderr. Only colour of 16 bits a
channel, which Pillow would cut to 8, is decoded by OpenCV from the mapped bytes.
"""

import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.frame import check_size

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".jp2", ".webp")
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DESCRIPTION, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 270, 273, 279, 324, 325
_RATE = re.compile(r"^fps=([\d.]+)\s*$", re.MULTILINE)
_INTERVAL_S = re.compile(r"^finterval=([\d.eE+-]+)\s*$", re.MULTILINE)
_PROMISED = re.compile(r"^images=(\d+)\s*$", re.MULTILINE)
# What Pillow raises on damaged files, besides OSError; warnings count where they are errors.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, Warning)

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


class Pages(Protocol):
    """Numbered pictures of one size and depth."""

    count: int
    codec: str
    is_deep: bool
    fps: float | None
    notes: tuple[Message, ...]

    def read(self, index: int) -> Pixels:
        """The pixels of a page, (H, W) grey or (H, W, 3) RGB, 8 or 16 bit.

        Raises:
            VideoError: the page is damaged or of an unusable kind.
        """

    def reopened(self) -> "Pages":
        """The same pages for another thread; their headers are known.

        Raises:
            VideoError: the file cannot be read any more.
        """

    def close(self) -> None:
        """Release the file."""


@dataclass(frozen=True)
class _Header:
    name: str
    size_px: tuple[int, int]
    is_deep: bool


class StackPages:
    """The pages of one TIFF file; a file that is cut off gives its whole pages."""

    codec = "tiff"

    def __init__(self, path: Path) -> None:
        """Walk through the page headers.

        Raises:
            VideoError: the pages differ, or none is whole.
        """
        self._path = path
        self.notes: tuple[Message, ...] = ()
        with ExitStack() as undo:
            with _readable(path), _noticing_cuts() as cuts:
                self._image = undo.enter_context(Image.open(path, formats=["TIFF"]))
                description = str(_tags(self._image).get(_DESCRIPTION, ""))
            headers = () if cuts else tuple(self._walk())
            if not headers:
                raise VideoError(
                    Message(
                        "{path} is cut off in its first page: copy or export it again.",
                        path=path,
                    )
                )
            _check_alike(path, headers)
            undo.pop_all()
        self.count = len(headers)
        self.is_deep = headers[0].is_deep
        self.fps = _imagej_fps(description)
        promised = _PROMISED.search(description)
        if promised and int(promised[1]) > self.count:
            self.notes = (
                Message(
                    "The file promises {promised} pages, {count} can be read.",
                    promised=promised[1],
                    count=self.count,
                ),
            )

    def read(self, index: int) -> Pixels:
        """The pixels of page ``index``."""
        name = f"Page {index + 1} of {self._path}"
        with _readable(name):
            self._image.seek(index)
            if _is_deep_colour(self._image):
                bytes_ = np.memmap(self._path, np.uint8, mode="r")
                _, pages = cv2.imdecodemulti(bytes_, cv2.IMREAD_UNCHANGED, range=(index, index + 1))
                return _bgr_to_rgb(pages[0])
            return _pixels(self._image, name)

    def reopened(self) -> "StackPages":
        """The same pages of the file, opened again."""
        again = copy(self)
        with _readable(self._path):
            again._image = Image.open(self._path, formats=["TIFF"])
        return again

    def close(self) -> None:
        """Release the file."""
        self._image.close()

    def _walk(self) -> Iterator[_Header]:
        """The headers of the pages that are whole."""
        file_bytes = self._path.stat().st_size
        for index in count():
            try:
                with _noticing_cuts() as cuts:
                    self._image.seek(index)
            except EOFError:
                return
            except _DAMAGE:
                cuts = ["damaged"]
            if cuts or not 0 < _data_end(self._image) <= file_bytes:
                self.notes = (
                    Message("The file is cut off or damaged in page {page}.", page=index + 1),
                )
                return
            yield _Header(f"page {index + 1}", self._image.size, _is_deep(self._image))


class FolderPages:
    """The images of a folder in natural order (2 before 10); other files are passed over."""

    def __init__(self, path: Path) -> None:
        """Look at every image's header.

        Raises:
            VideoError: there is no image, one is damaged, or they differ.
        """
        self._files = sorted(
            (p for p in path.iterdir() if _is_image(p)), key=lambda p: _natural_key(p.name)
        )
        if not self._files:
            raise VideoError(
                Message(
                    "The folder {path} holds no images ({endings}): choose a video file or a "
                    "folder with numbered images.",
                    path=path,
                    endings=" ".join(IMAGE_SUFFIXES),
                )
            )
        headers = []
        for file in self._files:
            with _readable(file), Image.open(file) as image:
                headers.append(_Header(file.name, image.size, _is_deep(image)))
                self.codec = (image.format or file.suffix[1:]).lower()
        _check_alike(path, headers)
        self.count = len(self._files)
        self.is_deep = headers[0].is_deep
        self.fps: float | None = None
        self.notes: tuple[Message, ...] = ()

    def read(self, index: int) -> Pixels:
        """The pixels of image ``index``."""
        file = self._files[index]
        with _readable(file), Image.open(file) as image:
            if _is_deep_colour(image):
                return _bgr_to_rgb(cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED))
            return _pixels(image, str(file))

    def reopened(self) -> "FolderPages":
        """These, since each page is opened by itself."""
        return self

    def close(self) -> None:
        """Nothing stays open between pages."""


@contextmanager
def _readable(name: Path | str) -> Iterator[None]:
    try:
        yield
    except VideoError:
        raise
    except Image.DecompressionBombError as error:
        raise VideoError(
            Message(
                "{name} is too large: export a smaller part of the picture.",
                name=name,
            )
        ) from error
    except (*_DAMAGE, cv2.error) as error:
        raise VideoError(
            Message(
                "{name} is damaged or not a picture that can be read: copy or export it again.",
                name=name,
            )
        ) from error


@contextmanager
def _noticing_cuts() -> Iterator[list[str]]:
    """Collect what Pillow says of a header that is cut off, of which it merely warns."""
    cuts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield cuts
    messages = (str(warning.message) for warning in caught)
    cuts.extend(m for m in messages if "orrupt EXIF" in m)


def _check_alike(path: Path, headers: Sequence[_Header]) -> None:
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


def _pixels(image: Image.Image, name: str) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":  # how Pillow presents some 16-bit files
        wide = np.asarray(image)
        if wide.min() >= 0 and wide.max() < 2**16:
            return wide.astype(np.uint16)
    if image.mode in ("I", "F"):
        raise VideoError(
            Message(
                "{name} holds 32-bit or negative values, which cameras do not give: export it as "
                "8 or 16 bit.",
                name=name,
            )
        )
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))


def _bgr_to_rgb(pixels: NDArray[np.generic] | None) -> Pixels:
    if pixels is None:
        raise ValueError("not decodable")
    return np.ascontiguousarray(pixels[..., 2::-1]).astype(np.uint16, copy=False)


def _is_deep(image: Image.Image) -> bool:
    return image.mode[0] in "IF" or _is_deep_colour(image)


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether Pillow would cut the colours to 8 bit: its decoder is told so by a raw mode."""
    return image.mode[:3] == "RGB" and any(
        ";16" in str(tile[3]) for tile in getattr(image, "tile", ())
    )


def _tags(image: Image.Image) -> Mapping[int, object]:
    return getattr(image, "tag_v2", {})


def _data_end(image: Image.Image) -> int:
    """Where the current page's pixels end in the file, by its tags."""
    tags = _tags(image)
    starts, sizes = (
        tags.get(strips, tags.get(tiles, ()))
        for strips, tiles in ((_STRIPS, _TILES), (_STRIP_SIZES, _TILE_SIZES))
    )
    ends = zip(np.atleast_1d(np.array(starts)), np.atleast_1d(np.array(sizes)), strict=False)
    return max((int(start) + int(size) for start, size in ends), default=0)


def _imagej_fps(description: str) -> float | None:
    rate, interval_s = _RATE.search(description), _INTERVAL_S.search(description)
    try:
        fps = float(rate[1]) if rate else 1 / float(interval_s[1]) if interval_s else 0.0
    except (ValueError, ZeroDivisionError):
        return None
    return fps if 0 < fps < math.inf else None


def _is_image(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden and path.is_file()


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts if p]
