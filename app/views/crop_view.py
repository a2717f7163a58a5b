"""A square part of a picture, as large as its place allows."""

import math

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rostfine_core.domain import CROP_PX, HeadMeasure

CROSS_HAIR_GAP = 0.06
"""How far from the middle a cross-hair begins, as a part of the picture's side."""


class CropView(QWidget):
    """Paints a square part of a picture, or a whole small one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._source = QRectF()
        self._colour = QColor("#808080")
        self._head: HeadMeasure | None = None
        self.has_cross_hair = False
        """Whether a cross-hair marks the middle of what is shown."""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setMinimumSize(96, 96)

    def sizeHint(self) -> QSize:
        """The size of the crop, to begin with."""
        return QSize(CROP_PX, CROP_PX)

    def show_part(
        self, image: QImage, source: QRectF, colour: QColor, head: HeadMeasure | None = None
    ) -> None:
        """Show a part of a picture, and a head in it; what lies outside the picture stays dark."""
        self._image, self._source, self._colour, self._head = image, source, colour, head
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the largest square that fits, in the middle."""
        painter = QPainter(self)
        side = min(self.width(), self.height()) - 2
        area = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter.fillRect(area, QColor("#0b0d0f"))
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setClipRect(area)
            painter.translate(area.topLeft())
            painter.scale(side / self._source.width(), side / self._source.height())
            inside = self._source.intersected(QRectF(self._image.rect()))
            painter.drawImage(inside.translated(-self._source.topLeft()), self._image, inside)
            if self._head is not None:
                self._draw_outline(painter, self._head)
            painter.resetTransform()
        if self.has_cross_hair:
            _draw_cross_hair(painter, area)
        painter.setClipping(False)
        painter.setPen(QPen(self._colour, 1.5))
        painter.drawRect(area)

    def _draw_outline(self, painter: QPainter, head: HeadMeasure) -> None:
        pen = QPen(self._colour, 1.5)
        pen.setCosmetic(True)
        painter.setPen(pen)
        # Pixel centres are whole numbers; in the picture they lie half a pixel further.
        painter.translate(QPointF(head.x_px + 0.5, head.y_px + 0.5) - self._source.topLeft())
        painter.rotate(math.degrees(head.angle_rad))
        painter.drawEllipse(QPointF(0, 0), head.length_px / 2, head.width_px / 2)


def _draw_cross_hair(painter: QPainter, area: QRectF) -> None:
    """Two lines, light on dark, that leave the middle free."""
    middle, gap, reach = area.center(), CROSS_HAIR_GAP * area.width(), area.width() / 2
    for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 220), 1.0)):
        painter.setPen(QPen(colour, width))
        for along in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
            painter.drawLine(middle + along * gap, middle + along * reach)
