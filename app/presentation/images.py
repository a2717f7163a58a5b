"""Numpy pictures as Qt pictures, and as the files that the case store keeps."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtGui import QImage

JPEG_QUALITY = 85


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


def as_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A (H, W, 3) picture as the bytes of a JPEG file."""
    file = BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def picture_from(
    file: bytes | None, *, width_px: int, height_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture file of any size as colours (H, W, 3) and grey (H, W); black without a file."""
    size = (width_px, height_px)
    picture = Image.new("RGB", size) if file is None else Image.open(BytesIO(file)).resize(size)
    return np.asarray(picture.convert("RGB")), np.asarray(picture.convert("L"))
