"""Multi-page TIFF files and folders of numbered images as a video of 8 bit without flicker.

Deep pictures become 8 bit by one rule for the whole file: the brightest of a few pages spread
over it decides whether its values span 8, 10, 12, 14 or 16 bits, and every page is divided by the
same power of two; a brighter value elsewhere is clipped.
"""

from collections.abc import Generator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.frame import depth_of, is_coloured, sampled_frames
from rostfine_core.video.pages import FolderPages, Pages, Pixels, StackPages

ASSUMED_FPS = 15.0


@dataclass(frozen=True, eq=False)
class StillPicture:
    """A page as 8-bit ``pixels``, (H, W) grey or (H, W, 3) RGB."""

    pixels: NDArray[np.uint8]
    is_damaged: bool = False
    is_repetition: bool = False

    def grey(self) -> NDArray[np.uint8]:
        """The pixels, or the luma of BT.601 where they are coloured."""
        return self._grey

    @cached_property
    def _grey(self) -> NDArray[np.uint8]:
        if self.pixels.ndim == 2:
            return self.pixels
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The pixels as (H, W, 3); nothing is lost, whatever ``exact``."""
        return (
            np.repeat(self.pixels[..., None], 3, axis=2) if self.pixels.ndim == 2 else self.pixels
        )


class StillsSource:
    """Reads a page for every picture; nothing else stays in memory."""

    def __init__(self, path: Path) -> None:
        """Look at every page's header and at the pixels of a few.

        Raises:
            VideoError: there are no pages, they differ in size or depth, or one is damaged.
        """
        self._pages: Pages = FolderPages(path) if path.is_dir() else StackPages(path)
        try:
            sampled = [self._pages.read(i) for i in sampled_frames(self._pages.count)]
        except VideoError:
            self._pages.close()
            raise
        depth = depth_of(max(int(pixels.max()) for pixels in sampled))
        self._shift = depth - 8
        self.info = _describe(path, self._pages, depth, StillPicture(self._reduced(sampled[0])))

    def reopened(self) -> "StillsSource":
        """The same pictures, their file opened again.

        Raises:
            VideoError: the file cannot be read any more.
        """
        again = copy(self)
        again._pages = self._pages.reopened()
        return again

    def close(self) -> None:
        """Release the file."""
        self._pages.close()

    def pictures(self, start: int, stop: int) -> Generator[StillPicture]:
        """Read page after page."""
        for index in range(start, stop):
            yield self.picture(index)

    def picture(self, index: int) -> StillPicture:
        """Read one page.

        Raises:
            VideoError: the page is damaged.
        """
        return StillPicture(self._reduced(self._pages.read(index)))

    def _reduced(self, pixels: Pixels) -> NDArray[np.uint8]:
        if pixels.dtype == np.uint8:
            return pixels.astype(np.uint8, copy=False)
        return np.asarray(np.minimum(pixels >> self._shift, 255), dtype=np.uint8)


def _describe(path: Path, pages: Pages, depth: int, first: StillPicture) -> VideoInfo:
    height, width = first.grey().shape
    fps = pages.fps or ASSUMED_FPS
    notes = list(pages.notes)
    if pages.fps is None:
        notes.append(
            Message(
                "Pictures carry no times: {fps:g} frames per second are assumed until the true "
                "rate is given.",
                fps=ASSUMED_FPS,
            )
        )
    if pages.is_deep:
        notes.append(
            Message(
                "Values span {depth} bits and are divided by {divisor}.",
                depth=depth,
                divisor=2 ** (depth - 8),
            )
        )
    return VideoInfo(
        path=str(path),
        width_px=width,
        height_px=height,
        frame_count=pages.count,
        fps=fps,
        duration_s=pages.count / fps,
        codec=pages.codec,
        is_colour=is_coloured(first.rgb()),
        bit_depth=depth,
        timestamps_s=tuple(k / fps for k in range(pages.count)),
        notes=tuple(notes),
    )
