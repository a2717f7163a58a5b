"""Reads multi-page TIFF files and folders of numbered images as 8-bit video without flicker.

Deeper pictures become 8-bit by one rule for the whole file: the brightest value in a few pages
spread over it shows whether it uses 8, 10, 12, 14 or 16 bits, and all pages are divided by the same
power of two; brighter values in other pages are clipped.
"""

from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.frame import depth_of, is_coloured, sampled_frames
from rostfine_core.video.pages import Pages, Pixels
from rostfine_core.video.picture_folder import PictureFolder
from rostfine_core.video.pixel_shape import PixelShape, pixel_shape
from rostfine_core.video.still_picture import StillPicture
from rostfine_core.video.tiff_stack import TiffStack
from rostfine_core.video.timing import ASSUMED_FPS, ASSUMED_NOTE, nominal_fps


class StillsSource:
    """Pictures read page by page; none stay in memory."""

    def __init__(self, path: Path, choice: PlaneChoice) -> None:
        """Read every page's header and the pixels of a few.

        Raises:
            VideoError: there are no pages, they differ in size or depth, or one is damaged.
        """
        self._pages: Pages = (
            PictureFolder(path, choice) if path.is_dir() else TiffStack(path, choice)
        )
        try:
            sampled = [self._pages.read(i) for i in sampled_frames(self._pages.count)]
        except VideoError:
            self._pages.close()
            raise
        depth = depth_of(max(int(pixels.max()) for pixels in sampled))
        self._shift = depth - 8
        height, width = sampled[0].shape[:2]
        self._shape = pixel_shape((width, height), self._pages.pixel_um)
        first = StillPicture(self._reduced(sampled[0]))
        self.info = _describe(path, self._pages, depth, first, self._shape)

    def note_damage(self, numbers: Iterable[int]) -> None:
        """Nothing is noted: each page is read by itself."""

    def close(self) -> None:
        """Release the file."""
        self._pages.close()

    def pictures(self, start: int, stop: int) -> Generator[StillPicture]:
        """Read pages one after another."""
        for index in range(start, stop):
            yield self.picture(index)

    def picture(self, index: int) -> StillPicture:
        """Read one page.

        Raises:
            VideoError: the page is damaged.
        """
        return StillPicture(self._reduced(self._pages.read(index)))

    def _reduced(self, pixels: Pixels) -> NDArray[np.uint8]:
        """The pixels as 8-bit, square and with negatives inverted."""
        if pixels.dtype == np.uint8:
            return self._shape.squared(pixels.astype(np.uint8, copy=False))
        reduced = np.asarray(np.minimum(pixels >> self._shift, 255), dtype=np.uint8)
        return self._shape.squared(255 - reduced if self._pages.is_inverted else reduced)


def _describe(
    path: Path, pages: Pages, depth: int, first: StillPicture, shape: PixelShape
) -> VideoInfo:
    height, width = first.grey().shape
    times, is_timed = _times(pages)
    fps = nominal_fps(times) or ASSUMED_FPS
    notes = [*pages.notes, *shape.notes]
    if not is_timed:
        notes.append(ASSUMED_NOTE)
    if pages.is_deep:
        notes.append(
            Message(
                "Values span {depth} bits and are divided by {divisor}.",
                depth=depth,
                divisor=2 ** (depth - 8),
            )
        )
    if pages.is_inverted:
        notes.append(Message("The file holds a negative, which is shown as a positive."))
    return VideoInfo(
        path=str(path),
        width_px=width,
        height_px=height,
        frame_count=pages.count,
        fps=fps,
        duration_s=times[-1] + 1 / fps,
        codec=pages.codec,
        is_colour=is_coloured(first.rgb()),
        bit_depth=depth,
        timestamps_s=times,
        notes=tuple(notes),
        um_per_px=shape.um_per_px,
    )


def _times(pages: Pages) -> tuple[tuple[float, ...], bool]:
    """The time of every picture, and whether it comes from the file."""
    if pages.times_s is not None:
        return pages.times_s, True
    steps = pages.steps or range(pages.count)
    interval_s = pages.interval_s or 1 / ASSUMED_FPS
    return tuple(step * interval_s for step in steps), pages.interval_s is not None
