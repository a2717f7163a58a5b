"""The reviewing page: list and loupe, video and timeline, grade panel, and the film strip."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.presentation.theme import Theme
from app.state.session import Session
from app.views.canvas.canvas_bar import CanvasBar
from app.views.canvas.loupe import Loupe
from app.views.canvas.video_canvas import VideoCanvas
from app.views.panel import framed
from app.views.review.film_strip import FilmStrip
from app.views.review.grade_panel import GradePanel
from app.views.review.sperm_list import SpermList
from app.views.review.timeline import Timeline


class ReviewPage(QWidget):
    """The panels from left to right, in the order in which they are used."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.sperm_list = SpermList(session)
        self.loupe = Loupe(session)
        self.canvas_bar = CanvasBar(session)
        self.canvas = VideoCanvas(session)
        self.timeline = Timeline(session)
        self.grade_panel = GradePanel(session)
        self.film_strip = FilmStrip(session)
        self._build()

    def _build(self) -> None:
        left = QSplitter(Qt.Orientation.Vertical)
        left.setObjectName("left")
        left.addWidget(self.sperm_list)
        left.addWidget(self.loupe)
        left.setStretchFactor(0, 1)
        left.setSizes([300, 200])
        video = QWidget()
        column = QVBoxLayout(video)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.canvas_bar)
        column.addWidget(self.canvas, 1)
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.setObjectName("middle")
        middle.addWidget(video)
        middle.addWidget(self.timeline)
        middle.setStretchFactor(0, 1)
        middle.setSizes([400, 116])
        frame, inside = framed()
        inside.setContentsMargins(0, 0, 0, 6)
        inside.addWidget(self.grade_panel)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setObjectName("across")
        for widget in (left, middle, frame):
            across.addWidget(widget)
        across.setStretchFactor(1, 1)
        across.setSizes([220, 740, 320])
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.setObjectName("whole")
        whole.addWidget(across)
        whole.addWidget(self.film_strip)
        whole.setStretchFactor(0, 1)
        whole.setSizes([560, 132])
        for splitter in (left, middle, across, whole):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(whole)

    def recolour(self, theme: Theme) -> None:
        """Apply another theme to what the style sheet does not reach."""
        self.canvas.setBackgroundBrush(theme.colour("canvas"))
        self.timeline.recolour()
        self.grade_panel.recolour()
