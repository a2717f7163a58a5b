"""What is drawn over the video: numbered markers, attention maps, the cross, the measuring line."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from app.presentation.images import rgba_image
from app.presentation.theme import text_scale
from app.presentation.wording import plain
from app.state.records import OverlayKind
from rostfine_core.attention import AttentionKind

RING_PX = 11.0
LABEL_PX, LABEL_MARGIN_PX = 18.0, 5.5
LONGEST_NAME = 12
SHADE = QColor(0, 0, 0, 150)
"""What lies under everything that must be seen on bright video too."""


class MarkerItem(QGraphicsItem):
    """A ring around a head with the sperm's name beside it, the same size at every zoom."""

    def __init__(self, name: str, colour: QColor, *, is_selected: bool) -> None:
        super().__init__()
        self.name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        self._colour, self._is_selected = colour, is_selected
        self._font = QFont()
        self._font.setPixelSize(round(12 * text_scale()))
        self._font.setBold(True)
        text_px = QFontMetricsF(self._font).horizontalAdvance(self.name)
        self.label_px = text_px + 2 * LABEL_MARGIN_PX
        """How wide the name's label is."""
        self.setFlag(self.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setToolTip(plain(name) if name != self.name else "")

    def boundingRect(self) -> QRectF:
        """The ring and the label, on whichever side the label is."""
        across, down = RING_PX + self.label_px + 2, RING_PX + LABEL_PX * text_scale() + 3
        return QRectF(-across, -down, 2 * across, 2 * down)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        """Draw a dark ring under the coloured one, so that it is visible on any background."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2.4 if self._is_selected else 1.4
        for colour, extra in ((SHADE, 2.0), (self._colour, 0.0)):
            painter.setPen(QPen(colour, width + extra))
            painter.drawEllipse(QPointF(0, 0), RING_PX, RING_PX)
        seen = QRectF(widget.rect()) if widget else QRectF()
        label = label_rect(self.label_px, at=painter.worldTransform().map(QPointF()), seen=seen)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour if self._is_selected else SHADE)
        painter.drawRoundedRect(label, 5, 5)
        painter.setPen(QColor("#101010") if self._is_selected else self._colour)
        painter.setFont(self._font)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, self.name)


def label_rect(width_px: float, *, at: QPointF, seen: QRectF) -> QRectF:
    """Where a name goes beside a marker: upper right, else where it is not cut off.

    Args:
        width_px: of the label.
        at: the marker's place in the view.
        seen: what the view shows.
    """
    height_px = LABEL_PX * text_scale()
    label = QRectF(RING_PX - 1, 5 - RING_PX - height_px, width_px, height_px)
    if seen.isEmpty():
        return label
    if at.y() + label.top() < seen.top():
        label.moveTop(-label.bottom())
    if at.x() + label.right() > seen.right():
        label.moveLeft(-label.right())
    return label


class AttentionItem(QGraphicsItem):
    """A map over the crop: attention is drawn smoothly, selected patches as squares."""

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self._image = QImage()
        self._is_smooth = True
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_map(self, rgba: NDArray[np.uint8], rect: QRectF, kind: OverlayKind) -> None:
        """Draw a (P, P, 4) picture into a rectangle of the video."""
        self.prepareGeometryChange()
        self._rect, self._image = rect, rgba_image(rgba)
        self._is_smooth = not AttentionKind(kind.value).is_crisp
        self.show()
        self.update()

    def boundingRect(self) -> QRectF:
        """The crop."""
        return self._rect

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        """Draw the map, stretched over the crop."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smooth)
        painter.drawImage(self._rect, self._image)


class CrossItem(QGraphicsPathItem):
    """The keyboard's cross, the same size at every zoom."""

    def __init__(self) -> None:
        path = QPainterPath()
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            path.moveTo(4 * dx, 4 * dy)
            path.lineTo(14 * dx, 14 * dy)
        path.addEllipse(QPointF(0, 0), 1, 1)
        super().__init__(path)
        self.setFlag(self.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setPen(QPen(QColor("white"), 1.5))


class MeasureItem(QGraphicsItem):
    """A line with its length."""

    def __init__(self) -> None:
        super().__init__()
        self._line = QLineF()
        self._text = ""
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    @property
    def length_px(self) -> float:
        """In pixels of the video."""
        return math.hypot(self._line.dx(), self._line.dy())

    @property
    def text(self) -> str:
        """The length as shown."""
        return self._text

    def set_line(self, start: QPointF, end: QPointF) -> None:
        """Draw from one place of the video to another."""
        self.prepareGeometryChange()
        self._line = QLineF(start, end)
        self.show()
        self.update()

    def set_text(self, text: str) -> None:
        """Set the text of the length."""
        self._text = text
        self.update()

    def boundingRect(self) -> QRectF:
        """The line, with ample room for the text."""
        room = max(60.0, self.length_px)
        return (
            QRectF(self._line.p1(), self._line.p2())
            .normalized()
            .adjusted(-room, -room, 3 * room, room)
        )

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        """Draw white on black, readable on any background."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor("white"), 1.6)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLine(self._line)
        end = painter.transform().map(self._line.p2())
        painter.save()
        painter.resetTransform()
        font = QFont(painter.font())
        font.setPixelSize(round(13 * text_scale()))
        font.setBold(True)
        painter.setFont(font)
        box = painter.fontMetrics().boundingRect(self._text).adjusted(-5, -3, 5, 3)
        box.moveTo(int(end.x()) + 10, int(end.y()) + 6)
        painter.fillRect(box, QColor(0, 0, 0, 190))
        painter.setPen(QColor("white"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._text)
        painter.restore()
