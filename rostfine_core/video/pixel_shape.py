"""Stretches pictures whose pixels are not square, so that x and y have the same scale."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.messages import Message

SQUARE_WITHIN = 0.01
MOST_STRETCH = 4.0
"""A larger ratio is taken for a mistake in the file: no camera has such pixels."""


@dataclass(frozen=True, kw_only=True)
class PixelShape:
    """How pixels are made square: the picture is resized to ``size_px`` (width, height), if any."""

    size_px: tuple[int, int] | None = None
    um_per_px: float | None = None
    notes: tuple[Message, ...] = ()

    def squared(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture (H, W) or (H, W, 3) with square pixels."""
        if self.size_px is None:
            return image
        return np.asarray(cv2.resize(image, self.size_px, interpolation=cv2.INTER_LINEAR), np.uint8)


SQUARE = PixelShape()


def pixel_shape(
    size_px: tuple[int, int], pixel: tuple[float, float] | None, *, is_um: bool = True
) -> PixelShape:
    """How to make square the pixels of a picture of ``size_px``.

    Args:
        size_px: width and height of the picture as stored.
        pixel: width and height of a pixel; None for square ones.
        is_um: whether ``pixel`` is in um and gives the scale, or only a ratio.
    """
    if pixel is None:
        return SQUARE
    width, height = pixel
    um_per_px = min(pixel) if is_um else None
    stretch = max(pixel) / min(pixel)
    if stretch > MOST_STRETCH:
        doubt = Message(
            "The file states pixels of {width:g} by {height:g}, which are treated as square.",
            width=width,
            height=height,
        )
        return PixelShape(notes=(doubt,))
    if stretch <= 1 + SQUARE_WITHIN:
        return PixelShape(um_per_px=um_per_px)
    across, down = size_px
    size = (round(across * stretch), down) if width > height else (across, round(down * stretch))
    note = Message(
        "The file's pixels are not square: the picture is stretched from {across}x{down} to "
        "{new_across}x{new_down}.",
        across=across,
        down=down,
        new_across=size[0],
        new_down=size[1],
    )
    return PixelShape(size_px=size, um_per_px=um_per_px, notes=(note,))
