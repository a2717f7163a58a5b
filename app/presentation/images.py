"""Numpy pictures as Qt pictures."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def rgba_image(rgba: NDArray[np.uint8]) -> QImage:
    """A (H, W, 4) picture as a Qt picture with its own copy of the pixels."""
    pixels = np.ascontiguousarray(rgba)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()


def rgb_image(rgb: NDArray[np.uint8]) -> QImage:
    """A (H, W, 3) picture as a Qt picture with its own copy of the pixels."""
    pixels = np.ascontiguousarray(rgb)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.copy()
