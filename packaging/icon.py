"""Draws the program's icon for Windows: ``python packaging/icon.py FILE.ico``."""

import io
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from surroundings import coloured_icon

SIZES_PX = (16, 24, 32, 48, 64, 128, 256)


def write_icon(file: Path) -> None:
    """Write the icon in all sizes that Windows shows."""
    pictures = [_draw(size) for size in SIZES_PX]
    pictures[-1].save(
        file, format="ICO", append_images=pictures[:-1], sizes=[(s, s) for s in SIZES_PX]
    )


def _draw(size_px: int) -> Image.Image:
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(coloured_icon().encode())).render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(data.data()))).convert("RGBA")


if __name__ == "__main__":
    write_icon(Path(sys.argv[1]))
