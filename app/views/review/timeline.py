"""The timeline: the tracker's confidence over the frames, marks, and the playing controls."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.presentation.geometry import spans
from app.presentation.theme import sperm_colour, text_scale
from app.state.records import SPEEDS
from app.state.session import Session
from app.views.panel import muted
from rostfine_core.domain import Sperm, Track

LOST_COLOUR = QColor(210, 80, 50, 110)
UNCERTAIN_COLOUR = QColor(230, 170, 60, 90)
HEIGHT_PX = 60


class TimelinePlot(pg.PlotWidget):
    """The plot, in which the left button goes to a frame wherever it is pressed or dragged.

    Signals:
        pointed(float): the place of the pointer, in frames.
    """

    pointed = Signal(float)

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        """Go where the button was pressed."""
        self._point(ev)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        """Go where the pointer is dragged."""
        self._point(ev)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        """End the drag."""
        ev.accept()

    def _point(self, ev: QMouseEvent) -> None:
        ev.accept()
        if Qt.MouseButton.LeftButton in ev.buttons():
            scene: QPointF = self.mapToScene(ev.position().toPoint())
            self.pointed.emit(self.getViewBox().mapSceneToView(scene).x())


class Timeline(QWidget):
    """The frames from left to right.

    Signals:
        seek_requested(int): the user wants to see a frame.
        speed_requested(float): the user wants another speed.
    """

    seek_requested = Signal(int)
    speed_requested = Signal(float)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.plot = TimelinePlot(background=None)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._bar())
        layout.addWidget(self.plot, 1)
        self.setFixedHeight(round(HEIGHT_PX * text_scale()))
        self._make_plot()
        policy = self.plot.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.plot.setSizePolicy(policy)
        for signal in (
            session.sperms_changed,
            session.results_changed,
            session.selection_changed,
            session.video_changed,
        ):
            signal.connect(self._draw)
        session.frame_changed.connect(self._show_frame)
        session.cached_changed.connect(self._show_cached)
        session.playing_changed.connect(self._show_speed)
        session.calibration_changed.connect(self._show_frame)
        self._draw()
        self._show_speed()

    def _bar(self) -> QVBoxLayout:
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(1)
        self._place = muted(wraps=False)
        self._speed = QComboBox()
        self._speed.setAccessibleName(self.tr("Speed"))
        self._speed.setToolTip(self.tr("Playing speed; 1 is as recorded"))
        for speed in reversed(SPEEDS):
            text = "1 ×" if speed == 1 else f"1/{round(1 / speed)} ×"
            self._speed.addItem(text, speed)
        self._speed.activated.connect(
            lambda row: self.speed_requested.emit(self._speed.itemData(row))
        )
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self._place, 1)
        line.addWidget(self._speed)
        bar = QVBoxLayout()
        bar.setSpacing(2)
        bar.addLayout(self.buttons)
        bar.addLayout(line)
        return bar

    def _legend(self) -> str:
        """What the lines and colours mean."""
        key = self.tr("— confidence  {uncertain} uncertain  {lost} lost  ▲ clicks")
        squares = {
            name: f'<span style="color:{shade}">&#9632;</span>'
            for name, shade in (("uncertain", "#e6aa3c"), ("lost", "#d2502e"))
        }
        return "<br>".join(key.format(**squares).split("  "))

    def _make_plot(self) -> None:
        plot = self.plot
        plot.setAccessibleName(self.tr("Tracking confidence over the frames"))
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.getPlotItem().setContentsMargins(0, 2, 8, 0)
        plot.getAxis("left").setWidth(round(22 * text_scale()))
        plot.getAxis("left").setTicks([[(0, "0"), (1, "1")]])
        plot.getAxis("bottom").setHeight(round(20 * text_scale()))
        plot.setToolTip(self._legend())
        plot.getViewBox().setYRange(-0.12, 1.05, padding=0)
        self._curve = pg.PlotCurveItem(connect="finite")
        self._cached = pg.PlotCurveItem(connect="pairs")
        self._seeds = pg.ScatterPlotItem(symbol="t1", size=9, pen=None)
        self._clip = pg.ScatterPlotItem(symbol="s", size=4, pen=None)
        self._playhead = pg.InfiniteLine(angle=90)
        for item in (self._cached, self._curve, self._clip, self._seeds, self._playhead):
            plot.addItem(item)
        self._regions: list[pg.LinearRegionItem] = []
        plot.pointed.connect(self._on_pointed)

    @Slot()
    def _draw(self) -> None:
        """Draw the curve and marks of the selected sperm."""
        info, sperm = self._session.info, self._session.selected_sperm
        self.plot.setVisible(info is not None)
        for region in self._regions:
            self.plot.removeItem(region)
        self._regions.clear()
        for item in (self._curve, self._seeds, self._clip):
            item.setData([], [])
        self._colour()
        if info is None:
            self._place.setText("")
            self._playhead.hide()
            return
        self._playhead.show()
        self.plot.getViewBox().setXRange(0, max(1, info.frame_count - 1), padding=0.01)
        if sperm is not None:
            self._draw_sperm(sperm, self._session.track(sperm))
        self._show_frame()
        self._show_cached()

    def _draw_sperm(self, sperm: Sperm, track: Track | None) -> None:
        colour = sperm_colour(sperm.key, self.palette())
        self._seeds.setData([p[0] for p in sperm.places], [-0.05] * len(sperm.places))
        self._seeds.setBrush(colour)
        if track is None:
            return
        frames = np.array([p.frame for p in track.points], dtype=float)
        scores = np.array([p.score for p in track.points], dtype=float)
        self._curve.setPen(pg.mkPen(colour, width=1.6))
        self._curve.setData(frames, scores)
        for lost, fill in ((False, UNCERTAIN_COLOUR), (True, LOST_COLOUR)):
            for first, last in spans(track, lost=lost):
                region = pg.LinearRegionItem(
                    (first - 0.5, last + 0.5), movable=False, brush=fill, pen=pg.mkPen(None)
                )
                region.setZValue(-5)
                self.plot.addItem(region)
                self._regions.append(region)
        assessment = self._session.assessment(sperm)
        if assessment is not None:
            clip = [b.frame for b in assessment.clip.boxes]
            self._clip.setData(clip, [1.02] * len(clip))

    def _colour(self) -> None:
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.PlaceholderText)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).setPen(palette.color(QPalette.ColorRole.Mid))
            self.plot.getAxis(name).setTextPen(text)
        self._clip.setBrush(text)
        self._cached.setPen(pg.mkPen(text, width=2))
        accent = palette.color(QPalette.ColorRole.Text)
        self._playhead.setPen(pg.mkPen(accent, width=1.5))

    @Slot()
    def _show_frame(self) -> None:
        info = self._session.info
        if info is None:
            return
        self._playhead.setValue(self._session.frame)
        self._place.setText(
            self.tr("frame {frame} of {last} · {time:.3f} s").format(
                frame=self._session.frame,
                last=info.frame_count - 1,
                time=self._session.time_s(self._session.frame),
            )
        )

    @Slot()
    def _show_cached(self) -> None:
        """Draw a thin line under the decoded parts; hide it once all is decoded."""
        count, total = self._session.cached_frames
        spans = self._session.cached_spans if count < total else ()
        ends = [float(frame) for first, last in spans for frame in (first, last + 1)]
        self._cached.setData(ends, [-0.11] * len(ends))

    @Slot()
    def _show_speed(self) -> None:
        self._speed.setCurrentIndex(self._speed.findData(self._session.speed))

    @Slot(float)
    def _on_pointed(self, place: float) -> None:
        info = self._session.info
        if info is not None:
            self.seek_requested.emit(min(max(0, round(place)), info.frame_count - 1))

    def recolour(self) -> None:
        """Redraw in the colours of another theme."""
        self._draw()
