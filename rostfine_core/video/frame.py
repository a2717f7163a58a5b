"""One decoded frame, converted to grey or colour only on request."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message

MAX_AREA_PX = 2**26
LEAST_COLOUR_LEVELS = 12
DEPTHS = (8, 10, 12, 14, 16)
FRAMES_SAMPLED = 5


class Picture(Protocol):
    """A frame's picture as its source holds it."""

    @property
    def is_damaged(self) -> bool:
        """Whether the decoder reported errors, or an earlier picture is repeated."""

    @property
    def is_repetition(self) -> bool:
        """Whether this is an earlier picture in place of one that cannot be decoded."""

    def grey(self) -> NDArray[np.uint8]:
        """The luma, (H, W) uint8."""

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The colours, (H, W, 3) uint8; ``exact=False`` is faster but may be off by two levels."""


class Source(Protocol):
    """A container, TIFF stack or folder that pictures come from.

    It can be pickled, to read the same pictures elsewhere without indexing the file again.
    """

    @property
    def info(self) -> VideoInfo:
        """What the source holds."""

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Stream the pictures ``start`` to ``stop`` (exclusive) with constant memory."""

    def picture(self, index: int) -> Picture:
        """The picture of one frame, the same as when streamed."""

    def note_damage(self, numbers: Iterable[int]) -> None:
        """Note frames that were found to be damaged by another source of the same video."""

    def close(self) -> None:
        """Release the files."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedFrame:
    """One frame of a video; ``time_s`` counts from the first frame."""

    index: int
    time_s: float
    picture: Picture
    repeats: Callable[[], bool]

    @property
    def is_duplicate(self) -> bool:
        """Whether the picture repeats the one before it, up to compression noise."""
        return self.repeats()

    @property
    def is_damaged(self) -> bool:
        """Whether the picture could not be decoded cleanly and is concealed or an earlier one."""
        return self.picture.is_damaged

    def grey(self) -> GreyFrame:
        """The frame's luma for tracking.

        For YUV video this is the Y plane as stored (16 to 235 for limited range), for RGB video the
        luma of BT.601; depths above 8 bits lose their lowest bits.
        """
        return GreyFrame(
            index=self.index,
            time_s=self.time_s,
            image=self.picture.grey(),
            is_duplicate=self.is_duplicate,
        )

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The frame's colours, (H, W, 3) uint8, by the colour matrix and range of the file.

        ``exact=False``, for the screen, is about ten times as fast but may be off by two levels.
        """
        return self.picture.rgb(exact=exact)


def sampled_frames(count: int) -> list[int]:
    """A few frames spread over ``count``, including the first and the last."""
    return sorted({round(i) for i in np.linspace(0, count - 1, FRAMES_SAMPLED)})


def depth_of(brightest: int) -> int:
    """How many bits a recording uses, given its brightest sampled value.

    Cameras with 10, 12 or 14 bits store 16-bit values, which would be too dark divided by 256.
    """
    return next(depth for depth in DEPTHS if brightest < 2**depth)


def check_size(path: Path, width_px: int, height_px: int) -> None:
    """Refuse sizes that no microscope camera has, before any memory is used.

    Raises:
        VideoError: the picture is empty or has more than 67 million pixels.
    """
    if min(width_px, height_px) < 1:
        raise VideoError(
            Message(
                "{path} states no usable picture size: it is damaged; export it again.",
                path=path,
            )
        )
    if width_px * height_px > MAX_AREA_PX:
        raise VideoError(
            Message(
                "{path} is {width_px}x{height_px} pixels, more than the {millions} million "
                "that can be read: export a smaller part of the picture.",
                path=path,
                width_px=width_px,
                height_px=height_px,
                millions=MAX_AREA_PX // 10**6,
            )
        )


def is_coloured(image: NDArray[np.uint8]) -> bool:
    """Whether an (H, W, 3) picture has more colour than compression leaves in a grey one."""
    red, green, blue = (np.ascontiguousarray(image[::2, ::2, c]) for c in range(3))
    spread = np.maximum(cv2.absdiff(red, green), cv2.absdiff(green, blue))
    return bool(spread.max() >= LEAST_COLOUR_LEVELS)
