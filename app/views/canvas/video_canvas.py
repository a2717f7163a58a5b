"""The video with everything drawn over it: paths, crop box, markers, attention, measuring line."""

import math
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from app.presentation.geometry import Marker, hit, length_text, levels, path_points
from app.presentation.overlays import crop_overlay, nearest_slot
from app.presentation.theme import sperm_colour
from app.state.records import Tool
from app.state.session import Session
from app.views.canvas.canvas_box import CanvasBox
from app.views.canvas.canvas_hint import CanvasHint
from app.views.canvas.canvas_items import SHADE, AttentionItem, CrossItem, MarkerItem, MeasureItem
from rostfine_core.domain import Assessment, Sperm, Verdict

HIT_RADIUS_SCREEN_PX = 14.0
ZOOM_STEP = 1.25
CURSOR_STEPS_PX = {False: 1.0, True: 10.0}


@dataclass
class _Drawn:
    """The items of one sperm."""

    marker: MarkerItem
    path: pg.PlotCurveItem
    trail: pg.PlotCurveItem
    look: object


class VideoCanvas(pg.GraphicsView):
    """Shows the frame of the session.

    Signals:
        place_clicked(float, float): an empty place was clicked with the selecting tool.
        exact_place_clicked(float, float): a place was clicked so with Shift held.
        correction_requested(int, float, float, bool): a sperm was dragged to its right place; with
            Shift, exactly there.
        selected_correction_requested(float, float, bool): a place was clicked with the correcting
            tool, or with Shift exactly this one.
        sperm_clicked(int): a marker was clicked.
        menu_requested(QPoint, bool): a menu is wanted at a place of the screen; whether on a sperm,
            which is then selected.
        scale_line_drawn(float): a line was dragged to set the scale; its length in pixels.
        hovered(float, float): the pointer, or the keyboard's cross, is over a place.
        left(): the pointer has left the video.
    """

    place_clicked = Signal(float, float)
    exact_place_clicked = Signal(float, float)
    correction_requested = Signal(int, float, float, bool)
    selected_correction_requested = Signal(float, float, bool)
    sperm_clicked = Signal(int)
    menu_requested = Signal(QPoint, bool)
    scale_line_drawn = Signal(float)
    hovered = Signal(float, float)
    left = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self._session = session
        self.setAccessibleName(self.tr("Video"))
        self.setAccessibleDescription(
            self.tr("Arrow keys move the cross, Enter clicks, + and - zoom.")
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(320, 200)
        self._box = CanvasBox()
        self.setCentralItem(self._box)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._box.addItem(self._image)
        self._attention = AttentionItem()
        self._crop = QGraphicsRectItem()
        self._cross = CrossItem()
        self._measure = MeasureItem()
        hidden = (5, self._attention), (10, self._crop), (40, self._measure), (50, self._cross)
        for z, item in hidden:
            item.setZValue(z)
            item.hide()
            self._box.addItem(item, ignoreBounds=True)
        self._drawn: dict[int, _Drawn] = {}
        self._dragged: int | None = None
        self._hint = CanvasHint(session, self)
        self._connect()
        self._on_video_changed()

    def _connect(self) -> None:
        session, box = self._session, self._box
        box.pressed.connect(self._on_clicked)
        box.dragged.connect(self._on_dragged)
        box.asked.connect(self._on_asked)
        session.video_changed.connect(self._on_video_changed)
        session.frame_changed.connect(self._on_frame_changed)
        session.sperms_changed.connect(self._rebuild)
        session.results_changed.connect(self._rebuild)
        session.selection_changed.connect(self._rebuild)
        session.overlay_changed.connect(self._place_items)
        session.display_changed.connect(self._on_display_changed)
        session.tool_changed.connect(self._on_tool_changed)
        session.calibration_changed.connect(self._show_length)

    # Requests of the window ----------------------------------------------------------------

    @Slot()
    def zoom_fit(self) -> None:
        """Show the whole frame."""
        info = self._session.info
        if info is not None:
            self._box.setRange(QRectF(-0.5, -0.5, info.width_px, info.height_px), padding=0.01)

    def zoom_by(self, factor: float) -> None:
        """Zoom around the middle."""
        self._box.scaleBy((1 / factor, 1 / factor))

    def zoom_in(self) -> None:
        """Zoom in."""
        self.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        """Zoom out."""
        self.zoom_by(1 / ZOOM_STEP)

    def zoom_actual(self) -> None:
        """Show one pixel of the video per pixel of the screen."""
        scale = self.devicePixelRatioF() / self._box.viewPixelSize()[0]
        self._box.scaleBy((scale, scale))

    def on_screen(self, x_px: float, y_px: float) -> QPoint:
        """Where a place of the video is in this widget."""
        return QPoint(self.mapFromScene(self._box.mapViewToScene(QPointF(x_px, y_px))))

    # Drawing -------------------------------------------------------------------------------

    @Slot()
    def _on_video_changed(self) -> None:
        info = self._session.info
        self._image.setVisible(info is not None)
        self._cross.hide()
        self._measure.hide()
        if info is None:
            self._rebuild()
            return
        self._box.setLimits(
            xMin=-info.width_px,
            xMax=2 * info.width_px,
            yMin=-info.height_px,
            yMax=2 * info.height_px,
            minXRange=8,
            minYRange=8,
        )
        self.zoom_fit()
        self._rebuild()

    @Slot()
    def _on_frame_changed(self) -> None:
        image = self._session.image
        if image is not None:
            self._image.setImage(image, autoLevels=False, levels=levels(self._session.display))
            self._image.setPos(-0.5, -0.5)
        self._place_items()

    @Slot()
    def _on_display_changed(self) -> None:
        self._image.setLevels(levels(self._session.display))

    @Slot()
    def _on_tool_changed(self) -> None:
        is_select = self._session.tool is Tool.SELECT
        shape = Qt.CursorShape.ArrowCursor if is_select else Qt.CursorShape.CrossCursor
        self.viewport().setCursor(shape)
        self._measure.hide()
        self._rebuild()

    @Slot()
    def _rebuild(self) -> None:
        """Redraw the sperm whose look has changed."""
        looks = {s.key: self._look(s) for s in self._session.sperms}
        for key in [k for k, d in self._drawn.items() if d.look != looks.get(k)]:
            drawn = self._drawn.pop(key)
            for item in (drawn.marker, drawn.path, drawn.trail):
                self._box.removeItem(item)
        for sperm in self._session.sperms:
            if sperm.key not in self._drawn:
                self._drawn[sperm.key] = self._draw(sperm, looks[sperm.key])
        self._place_items()

    def _look(self, sperm: Sperm) -> object:
        """Everything that the drawing of a sperm depends on."""
        track = self._session.track(sperm)
        is_selected = sperm.key == self._session.selected
        return (sperm.name, sperm.verdict, is_selected, id(track))

    def _draw(self, sperm: Sperm, look: object) -> _Drawn:
        is_selected = sperm.key == self._session.selected
        colour = sperm_colour(sperm.key)
        if sperm.verdict is Verdict.REJECTED:
            colour.setAlpha(110)
        marker = MarkerItem(sperm.name, colour, is_selected=is_selected)
        path = _curve(colour, opacity=0.75 if is_selected else 0.5, width_px=1)
        trail = _curve(colour, opacity=1.0 if is_selected else 0.85, width_px=2)
        track = self._session.track(sperm)
        if track is not None:
            path.setData(*path_points(track))
        for z, item in ((20, path), (21, trail), (31 if is_selected else 30, marker)):
            item.setZValue(z)
            self._box.addItem(item, ignoreBounds=True)
        return _Drawn(marker, path, trail, look)

    @Slot()
    def _place_items(self) -> None:
        """Move everything to its place in the frame on screen."""
        places = {m.key: m for m in self.markers()}
        for key, drawn in self._drawn.items():
            place = places.get(key)
            drawn.marker.setVisible(place is not None)
            if place is not None:
                drawn.marker.setPos(place.x_px, place.y_px)
            sperm = self._session.sperm(key)
            track = self._session.track(sperm) if sperm else None
            if track is not None:
                x, y = path_points(track)
                past = max(0, self._session.frame - track.first_frame + 1)
                drawn.trail.setData(x[:past], y[:past])
        selected = places.get(self._session.selected or 0)
        self._crop.setVisible(selected is not None)
        self._attention.hide()
        if selected is not None:
            sperm = self._session.selected_sperm
            assessment = self._session.assessment(sperm) if sperm else None
            # What was graded by an earlier version may have been cut at another scale.
            side = assessment.clip.boxes[0].size_px if assessment else self._session.crop_px
            box = QRectF(selected.x_px - side / 2, selected.y_px - side / 2, side, side)
            self._crop.setRect(box)
            self._crop.setPen(pg.mkPen(sperm_colour(selected.key), width=1, dash=[4, 3]))
            if assessment is not None:
                self._place_attention(assessment, box)

    def _place_attention(self, assessment: Assessment, box: QRectF) -> None:
        slot = nearest_slot(assessment, self._session.frame)
        rgba = crop_overlay(assessment, self._session.overlay, slot)
        if rgba is not None:
            self._attention.show_map(rgba, box, self._session.overlay.kind)

    def markers(self) -> tuple[Marker, ...]:
        """Where the sperm are in the frame on screen, without those that are lost there."""
        frame, found = self._session.frame, []
        for sperm in self._session.sperms:
            said = next((p for p in sperm.places if p[0] == frame), None)
            track = self._session.track(sperm)
            point = track.at(frame) if track else None
            if said is not None:
                found.append(Marker(key=sperm.key, x_px=said[1], y_px=said[2]))
            elif point is not None and not math.isnan(point.x_px):
                found.append(Marker(key=sperm.key, x_px=point.x_px, y_px=point.y_px))
        return tuple(found)

    # Pointer and keys ----------------------------------------------------------------------

    def _hit(self, place: QPointF) -> int | None:
        radius = HIT_RADIUS_SCREEN_PX * float(self._box.viewPixelSize()[0])
        return hit(self.markers(), x_px=place.x(), y_px=place.y(), radius_px=radius)

    @Slot(QPointF)
    def _on_clicked(self, place: QPointF) -> None:
        if self._session.video is None:
            return
        key = self._hit(place)
        is_exact = _is_shift_held()
        if self._session.tool is Tool.SELECT and is_exact:
            self.exact_place_clicked.emit(place.x(), place.y())
        elif self._session.tool is Tool.CORRECT:
            self.selected_correction_requested.emit(place.x(), place.y(), is_exact)
        elif self._session.tool is Tool.SELECT and key is not None:
            self.sperm_clicked.emit(key)
        elif self._session.tool is Tool.SELECT:
            self.place_clicked.emit(place.x(), place.y())

    @Slot(QPointF)
    def _on_asked(self, place: QPointF) -> None:
        if self._session.video is None:
            return
        key = self._hit(place)
        if key is not None:
            self.sperm_clicked.emit(key)
        where = self.viewport().mapToGlobal(self.on_screen(place.x(), place.y()))
        self.menu_requested.emit(where, key is not None)

    @Slot(QPointF, QPointF, bool)
    def _on_dragged(self, start: QPointF, now: QPointF, is_finished: bool) -> None:
        if self._session.tool in (Tool.MEASURE, Tool.SCALE):
            self._box.is_panning = False
            self._measure.set_line(start, now)
            self._show_length()
            if is_finished and self._session.tool is Tool.SCALE:
                self.scale_line_drawn.emit(self._measure.length_px)
            return
        if self._dragged is None and not self._box.is_panning:
            self._dragged = self._hit(start)
            self._box.is_panning = self._dragged is None
        if self._dragged is not None and self._dragged in self._drawn:
            self._drawn[self._dragged].marker.setPos(now)
            self.hovered.emit(now.x(), now.y())
        if is_finished:
            key, self._dragged, self._box.is_panning = self._dragged, None, False
            if key is not None:
                self.correction_requested.emit(key, now.x(), now.y(), _is_shift_held())

    @Slot()
    def _show_length(self) -> None:
        is_known = self._session.tool is not Tool.SCALE
        scale = self._session.calibration.um_per_px if is_known else None
        length = length_text(self._measure.length_px, scale)
        self._measure.set_text(length)

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        """Keep clicks inside the canvas."""
        super().mousePressEvent(ev)
        ev.accept()

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        """Keep clicks inside the canvas."""
        super().mouseDoubleClickEvent(ev)
        ev.accept()

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        """Keep clicks inside the canvas."""
        super().mouseReleaseEvent(ev)
        ev.accept()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        """Emit where the pointer is."""
        super().mouseMoveEvent(ev)
        place = self._box.mapSceneToView(self.mapToScene(ev.position().toPoint()))
        self.hovered.emit(place.x(), place.y())

    def leaveEvent(self, ev: QEvent) -> None:
        """Emit that the pointer has left."""
        super().leaveEvent(ev)
        self.left.emit()

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """Move the cross and click with it."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(ev.key())
        if key in steps and self._session.info is not None:
            size = CURSOR_STEPS_PX[bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)]
            self._move_cross(steps[key][0] * size, steps[key][1] * size)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cross.isVisible():
            self._on_clicked(self._cross.pos())
        elif key == Qt.Key.Key_Escape and self._cross.isVisible():
            self._cross.hide()
            self.left.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self.zoom_by(ZOOM_STEP if key == Qt.Key.Key_Plus else 1 / ZOOM_STEP)
        else:
            ev.ignore()

    def _move_cross(self, x_px: float, y_px: float) -> None:
        """Move the cross within the video; the view follows it."""
        info, shown = self._session.info, self._box.viewRect()
        assert info is not None
        start = self._cross.pos() if self._cross.isVisible() else shown.center()
        place = QPointF(
            min(max(start.x() + x_px, 0.0), info.width_px - 1.0),
            min(max(start.y() + y_px, 0.0), info.height_px - 1.0),
        )
        if not shown.contains(place):
            self._box.translateBy(
                x=place.x() - shown.center().x(), y=place.y() - shown.center().y()
            )
        self._cross.setPos(place)
        self._cross.show()
        self.hovered.emit(place.x(), place.y())

    def focusOutEvent(self, ev: QFocusEvent) -> None:
        """Put the loupe away."""
        super().focusOutEvent(ev)
        if not self.underMouse():
            self.left.emit()

    def resizeEvent(self, ev: QResizeEvent | None) -> None:
        """Keep the hint in its place."""
        super().resizeEvent(ev)
        if hasattr(self, "_hint"):
            self._hint.place()

    def changeEvent(self, ev: QEvent) -> None:
        """Resize the hint for another style."""
        super().changeEvent(ev)
        if ev.type() == QEvent.Type.StyleChange and hasattr(self, "_hint"):
            self._hint.place()


def _curve(colour: QColor, *, opacity: float, width_px: float) -> pg.PlotCurveItem:
    """A line with a dark edge, seen on bright and on dark video."""
    light, edge = QColor(colour), QColor(SHADE)
    light.setAlphaF(opacity * light.alphaF())
    edge.setAlphaF(opacity * edge.alphaF())
    return pg.PlotCurveItem(
        pen=pg.mkPen(light, width=width_px),
        shadowPen=pg.mkPen(edge, width=width_px + 2),
        connect="finite",
    )


def _is_shift_held() -> bool:
    """Whether the user asks for this very place, not for the head that is there."""
    return Qt.KeyboardModifier.ShiftModifier in QGuiApplication.keyboardModifiers()
