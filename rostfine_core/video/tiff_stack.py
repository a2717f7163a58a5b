"""Reads the pages of one TIFF file in the time order of its metadata."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import tifffile
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.pages import (
    DAMAGE,
    PageHeader,
    Pixels,
    bgr_to_rgb,
    check_alike,
    is_deep,
    is_deep_colour,
    pixels_of,
    readable,
    tags_of,
    truncation_warnings,
)
from rostfine_core.video.tiff_layout import read_layout

_COMPRESSION, _PHOTOMETRIC, _STRIPS, _STRIP_SIZES, _PLANAR, _TILES, _TILE_SIZES = (
    259, 262, 273, 279, 284, 324, 325,
)  # fmt: skip
_MIN_IS_WHITE, _SEPARATE_PLANES, _UNCOMPRESSED = 0, 2, 1

_MappedPages: TypeAlias = "np.memmap[Any, np.dtype[np.uint8 | np.uint16]]"

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else it writes to stderr


class TiffStack:
    """The pages of one TIFF file; of a file that is cut off, the complete ones."""

    codec = "tiff"
    steps: tuple[int, ...] | None = None

    def __init__(self, path: Path, choice: PlaneChoice) -> None:
        """Read the page headers.

        Raises:
            VideoError: the pages differ, none is complete, or the chosen channel or plane does not
                exist.
        """
        self._path = path
        self._damage: tuple[Message, ...] = ()
        with ExitStack() as undo:
            with readable(path), truncation_warnings() as cuts:
                self._image = undo.enter_context(Image.open(path, formats=["TIFF"]))
            with readable(path):
                headers = () if cuts else tuple(self._walk())
            if not headers:
                raise VideoError(
                    Message(
                        "{path} is cut off in its first page: copy or export it again.", path=path
                    )
                )
            check_alike(path, headers)
            with readable(path):
                self._virtual = _pages_without_headers(path) if len(headers) == 1 else None
            whole = len(headers) if self._virtual is None else len(self._virtual)
            layout = read_layout(path, page_count=whole, choice=choice)
            self._image.seek(0)
            tags = tags_of(self._image)
            undo.pop_all()
        self._pages = layout.pages
        self.count, self.header = len(layout.pages), replace(headers[0], name=path.name)
        self.is_deep = headers[0].is_deep
        self.is_inverted = self.is_deep and tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE
        self.times_s, self.interval_s = layout.times_s, layout.interval_s
        self.pixel_um = layout.pixel_um
        self.notes = self._damage + layout.notes

    def read(self, index: int) -> Pixels:
        """The pixels of the page that shows moment ``index``."""
        page = self._pages[index]
        name = f"Page {page + 1} of {self._path}"
        with readable(name):
            if self._virtual is not None:
                return np.array(self._virtual[page])
            self._image.seek(page)
            if is_deep_colour(self._image):
                return _deep_colours(self._path, page, self._image)
            return pixels_of(self._image, name)

    def __getstate__(self) -> dict[str, Any]:
        pages = self._virtual
        placed = None if pages is None else (pages.dtype, pages.offset, pages.shape)
        return {**self.__dict__, "_image": None, "_virtual": placed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        with readable(self._path):
            self._image = Image.open(self._path, formats=["TIFF"])
            if state["_virtual"] is not None:
                kind, start, shape = state["_virtual"]
                self._virtual = np.memmap(self._path, kind, mode="r", offset=start, shape=shape)

    def close(self) -> None:
        """Release the file."""
        self._image.close()

    def _walk(self) -> Iterator[PageHeader]:
        """The headers of the complete pages."""
        file_bytes = self._path.stat().st_size
        for index in count():
            try:
                with truncation_warnings() as cuts:
                    self._image.seek(index)
            except EOFError:
                return
            except DAMAGE:
                cuts = ["damaged"]
            if cuts or not 0 < _data_end(self._image) <= file_bytes:
                self._damage = (
                    Message("The file is cut off or damaged in page {page}.", page=index + 1),
                )
                return
            yield PageHeader(f"page {index + 1}", self._image.size, is_deep(self._image))


def _pages_without_headers(path: Path) -> "_MappedPages | None":
    """The pages (N, H, W) of a stack over 4 GB, for which ImageJ writes only the first header."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        promised = int((tiff.imagej_metadata or {}).get("images", 1))
        is_plain = page.compression == _UNCOMPRESSED and page.dtype in (np.uint8, np.uint16)
        if promised < 2 or not is_plain or page.axes != "YX" or not page.is_contiguous:
            return None
        start, kind = page.dataoffsets[0], np.dtype(page.dtype).newbyteorder(tiff.byteorder)
        shape = page.shape
    whole = (path.stat().st_size - start) // (kind.itemsize * shape[0] * shape[1])
    if whole < 1:
        return None
    pages: _MappedPages = np.memmap(
        path, kind, mode="r", offset=start, shape=(min(promised, whole), *shape)
    )
    return pages


def _deep_colours(path: Path, page: int, image: Image.Image) -> Pixels:
    if tags_of(image).get(_PLANAR) != _SEPARATE_PLANES:
        bytes_ = np.memmap(path, np.uint8, mode="r")
        _, pages = cv2.imdecodemulti(bytes_, cv2.IMREAD_UNCHANGED, range=(page, page + 1))
        return bgr_to_rgb(pages[0])
    if tags_of(image).get(_COMPRESSION, _UNCOMPRESSED) != _UNCOMPRESSED:
        raise VideoError(
            Message(
                "{path} holds compressed 16-bit colours in planes, which cannot be read: save it "
                "without compression, or as 8 bit.",
                path=path,
            )
        )
    planes = tifffile.imread(path, key=page)
    return np.ascontiguousarray(np.moveaxis(planes[:3], 0, -1)).astype(np.uint16, copy=False)


def _data_end(image: Image.Image) -> int:
    """Where the current page's pixels end in the file, from its tags; 0 if they make no sense."""
    tags = tags_of(image)
    starts, sizes = (
        tags.get(strips, tags.get(tiles, ()))
        for strips, tiles in ((_STRIPS, _TILES), (_STRIP_SIZES, _TILE_SIZES))
    )
    ends = zip(np.atleast_1d(np.array(starts)), np.atleast_1d(np.array(sizes)), strict=False)
    try:
        return max((int(start) + int(size) for start, size in ends), default=0)
    except (ValueError, TypeError, OverflowError):
        return 0
