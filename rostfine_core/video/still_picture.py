"""A picture as pixels, such as a page of a TIFF stack."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class StillPicture:
    """8-bit ``pixels``, (H, W) grey or (H, W, 3) RGB, and their ``luma`` if it is known."""

    pixels: NDArray[np.uint8]
    luma: NDArray[np.uint8] | None = None
    is_damaged: bool = False
    is_repetition: bool = False

    def grey(self) -> NDArray[np.uint8]:
        """The luma; that of BT.601 if the pixels are coloured and it is not known."""
        return self._grey

    @cached_property
    def _grey(self) -> NDArray[np.uint8]:
        if self.luma is not None:
            return self.luma
        if self.pixels.ndim == 2:
            return self.pixels
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The pixels as (H, W, 3); always exact."""
        return (
            np.repeat(self.pixels[..., None], 3, axis=2) if self.pixels.ndim == 2 else self.pixels
        )
