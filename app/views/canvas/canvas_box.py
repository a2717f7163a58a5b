"""The canvas' view of the video: what its mouse buttons do."""

import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent
from PySide6.QtCore import QPointF, Qt, Signal


class CanvasBox(pg.ViewBox):
    """A view of the video whose left button is the tool's and whose other buttons pan.

    Signals:
        pressed(QPointF): a click without a drag; a double click counts as one.
        asked(QPointF): a click with the right button.
        dragged(QPointF, QPointF, bool): where a drag began, where it is, whether it ended.
    """

    pressed = Signal(QPointF)
    asked = Signal(QPointF)
    dragged = Signal(QPointF, QPointF, bool)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0)
        self.is_panning = False

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:
        """Emit a click without a drag."""
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if not ev.double():  # its first click has already been emitted
                self.pressed.emit(self.mapSceneToView(ev.scenePos()))
        elif ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.asked.emit(self.mapSceneToView(ev.scenePos()))

    def mouseDragEvent(self, ev: MouseDragEvent, axis: int | None = None) -> None:
        """Drag what is under the pointer with the left button, pan with the others."""
        ev.accept()
        if ev.button() == Qt.MouseButton.LeftButton:
            start = self.mapSceneToView(ev.buttonDownScenePos())
            self.dragged.emit(start, self.mapSceneToView(ev.scenePos()), ev.isFinish())
            if not self.is_panning:
                return
        now, before = (self.mapSceneToView(p) for p in (ev.scenePos(), ev.lastScenePos()))
        self.translateBy(x=before.x() - now.x(), y=before.y() - now.y())
