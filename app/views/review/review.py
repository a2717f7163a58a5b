"""The reviewing page: the video with its time line, and beside it the lists and the grade."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.presentation.theme import Theme, text_scale
from app.state.session import Session
from app.views.canvas.canvas_bar import CanvasBar
from app.views.canvas.loupe import Loupe
from app.views.canvas.video_canvas import VideoCanvas
from app.views.panel import framed
from app.views.review.film_strip import FilmStrip
from app.views.review.grade_panel import GradePanel
from app.views.review.sperm_list import SpermList
from app.views.review.timeline import Timeline
from app.views.review.worklist_panel import WorklistPanel

SIDE_PX, WIDEST_SIDE_PX = 316, 520
STRIP_PX, FIRST_PX = 128, 1276


class ReviewPage(QWidget):
    """The video takes at least half of the window; the attention strip is folded until wanted."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.worklist = WorklistPanel(session)
        self.sperm_list = SpermList(session)
        self.canvas_bar = CanvasBar(session)
        self.canvas = VideoCanvas(session)
        self.loupe = Loupe(session, self.canvas)
        self.timeline = Timeline(session)
        self.grade_panel = GradePanel(session)
        self.film_strip = FilmStrip(session)
        self._build()
        session.strip_changed.connect(self._show_strip)
        self._show_strip()

    def _build(self) -> None:
        video = QWidget()
        row = QHBoxLayout(video)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.canvas_bar)
        row.addWidget(self.canvas, 1)
        middle = _splitter("video", Qt.Orientation.Vertical, video, self.film_strip)
        middle.setStretchFactor(0, 1)
        middle.setSizes([560, STRIP_PX])
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(middle, 1)
        column.addWidget(self.timeline)
        frame, inside = framed()
        inside.setContentsMargins(0, 0, 0, 6)
        inside.addWidget(self.grade_panel)
        # Beside the sperm and not beside the video, which keeps half of the window.
        side = _splitter("lists", Qt.Orientation.Vertical, self.worklist, self.sperm_list, frame)
        side.setStretchFactor(2, 1)
        side.setSizes([104, 180, 400])
        side.setMaximumWidth(round(WIDEST_SIDE_PX * text_scale()))
        whole = _splitter("page", Qt.Orientation.Horizontal, left, side)
        whole.setStretchFactor(0, 1)
        side_px = round(SIDE_PX * text_scale())
        whole.setSizes([FIRST_PX - side_px, side_px])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(whole)

    @Slot()
    def _show_strip(self) -> None:
        self.film_strip.setVisible(self._session.is_strip_open)

    def recolour(self, theme: Theme) -> None:
        """Apply another theme to what the style sheet does not reach."""
        self.canvas.setBackgroundBrush(theme.colour("canvas"))
        self.canvas_bar.recolour(theme)
        self.timeline.recolour()
        self.grade_panel.recolour()


def _splitter(name: str, orientation: Qt.Orientation, *widgets: QWidget) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setObjectName(name)
    for widget in widgets:
        splitter.addWidget(widget)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(6)
    return splitter
