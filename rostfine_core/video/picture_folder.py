"""Reads a folder of numbered pictures or TIFF stacks as one recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.recordings import PICTURE_SUFFIXES
from rostfine_core.video.choice import PlaneChoice, only_plane
from rostfine_core.video.micro_manager import read_acquisition
from rostfine_core.video.pages import (
    TIFF_SUFFIXES,
    PageHeader,
    Pixels,
    bgr_to_rgb,
    check_alike,
    is_deep,
    is_deep_colour,
    pixels_of,
    readable,
)
from rostfine_core.video.picture_names import find_series, is_picture
from rostfine_core.video.tiff_stack import TiffStack


@dataclass(frozen=True)
class _Place:
    """A page of a file."""

    file: Path
    page: int


class PictureFolder:
    """The pictures of a folder that belong to the recording, in order."""

    interval_s: float | None = None

    def __init__(self, path: Path, choice: PlaneChoice) -> None:
        """Read every picture's header.

        Raises:
            VideoError: there is no picture, one is damaged, they differ, or the chosen channel or
                plane does not exist.
        """
        files = [p for p in path.iterdir() if is_picture(p)]
        if not files:
            raise VideoError(
                Message(
                    "The folder {path} holds no images ({endings}): choose a video file or a "
                    "folder with numbered images.",
                    path=path,
                    endings=" ".join(PICTURE_SUFFIXES),
                )
            )
        series = find_series(path, files, choice)
        self._choice = series.choice
        self._stack: tuple[Path, TiffStack] | None = None
        acquisition = read_acquisition(path)
        self.times_s = acquisition.times_of(series.files)
        self.pixel_um = acquisition.pixel_um
        self._read_headers(path, series.files)
        self.steps = series.steps if len(self._places) == len(series.files) else None
        self.count = len(self._places)
        self.notes = series.notes + self._notes

    def _read_headers(self, path: Path, files: Sequence[Path]) -> None:
        headers, places = [], []
        notes: dict[Message, None] = {}
        inverted = set()
        for file in files:
            if file.suffix.lower() in TIFF_SUFFIXES:
                stack = self._opened(file)
                headers.append(stack.header)
                places += [_Place(file, page) for page in range(stack.count)]
                notes |= dict.fromkeys(stack.notes)
                inverted.add(stack.is_inverted)
                self.codec = stack.codec
            else:
                with readable(file), Image.open(file) as image:
                    headers.append(PageHeader(file.name, image.size, is_deep(image)))
                    self.codec = (image.format or file.suffix[1:]).lower()
                notes |= dict.fromkeys(only_plane(path, self._choice))
                places.append(_Place(file, 0))
        self.close()
        check_alike(path, headers)
        if len(inverted) > 1:
            raise VideoError(
                Message(
                    "{path} mixes pictures and negatives: export all pictures alike.", path=path
                )
            )
        self.is_deep, self.is_inverted = headers[0].is_deep, True in inverted
        self._places, self._notes = places, tuple(notes)
        if len(places) > len(files):
            joint = Message(
                "The {files} files hold {pictures} pictures, one after the other.",
                files=len(files),
                pictures=len(places),
            )
            self._notes += (joint,)

    def read(self, index: int) -> Pixels:
        """The pixels of picture ``index``."""
        place = self._places[index]
        if place.file.suffix.lower() in TIFF_SUFFIXES:
            return self._opened(place.file).read(place.page)
        with readable(place.file), Image.open(place.file) as image:
            if is_deep_colour(image):
                content = np.fromfile(place.file, np.uint8)
                return bgr_to_rgb(cv2.imdecode(content, cv2.IMREAD_UNCHANGED))
            return pixels_of(image, str(place.file))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stack": None}

    def close(self) -> None:
        """Release the stack that is open."""
        if self._stack is not None:
            self._stack[1].close()
        self._stack = None

    def _opened(self, file: Path) -> TiffStack:
        """The stack of one file, which stays open until another is requested."""
        if self._stack is None or self._stack[0] != file:
            self.close()
            self._stack = (file, TiffStack(file, self._choice))
        return self._stack[1]
