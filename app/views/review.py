"""The reviewing page: list and loupe, video and timeline, grade panel, and the film strip."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.session import Session
from app.theme import Theme
from app.views.canvas_bar import CanvasBar
from app.views.film_strip import FilmStrip
from app.views.grade_panel import GradePanel
from app.views.loupe import Loupe
from app.views.panel import framed
from app.views.sperm_list import SpermList
from app.views.timeline import Timeline
from app.views.video_canvas import VideoCanvas

if TYPE_CHECKING:
    from app.action_set import ActionSet
    from app.controller import Controller


class ReviewPage(QWidget):
    """From left to right in the order of the work."""

    def __init__(self, session: Session, actions: "ActionSet") -> None:
        super().__init__()
        self.sperm_list = SpermList(session)
        self.loupe = Loupe(session)
        self.canvas_bar = CanvasBar(session)
        self.canvas = VideoCanvas(session)
        self.timeline = Timeline(session)
        self.grade_panel = GradePanel(session)
        self.film_strip = FilmStrip(session)
        actions.add_buttons(
            self.canvas_bar.buttons,
            "tool_select",
            "tool_correct",
            "tool_measure",
            "accept",
            "reject",
            "remove",
        )
        actions.add_buttons(
            self.canvas_bar.zoom_buttons, "zoom_out", "zoom_in", "zoom_fit", "zoom_actual"
        )
        actions.add_buttons(
            self.timeline.buttons,
            "first_frame",
            "step_back",
            "play",
            "step_forward",
            "last_frame",
        )
        actions.add_buttons(
            self.film_strip.buttons,
            "overlay_none",
            "overlay_rollout",
            "overlay_branch",
            "overlay_patches",
        )
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
        whole.setSizes([540, 150])
        for splitter in (left, middle, across, whole):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(whole)

    def connect_to(self, controller: "Controller") -> None:
        """Let requests reach the controller and its parts."""
        editor, player = controller.editor, controller.player
        self.canvas.place_clicked.connect(editor.add_sperm)
        self.canvas.sperm_clicked.connect(editor.select)
        self.canvas.correction_requested.connect(editor.correct_sperm)
        self.canvas.selected_correction_requested.connect(editor.correct_selected)
        self.canvas.hovered.connect(self.loupe.look_at)
        self.canvas.left.connect(self.loupe.look_away)
        self.canvas_bar.display_edited.connect(controller.set_display)
        self.sperm_list.selected.connect(editor.select)
        self.sperm_list.rename_requested.connect(editor.rename_sperm)
        self.sperm_list.move_requested.connect(editor.move_sperm)
        self.timeline.seek_requested.connect(player.seek)
        self.timeline.speed_requested.connect(player.set_speed)
        self.film_strip.seek_requested.connect(player.seek)
        self.film_strip.overlay_changed_by_user.connect(controller.set_overlay)

    def recolour(self, theme: Theme) -> None:
        """Take over another theme's colours where they are drawn by hand."""
        self.canvas.setBackgroundBrush(theme.colour("canvas"))
        self.timeline.recolour()
        self.grade_panel.recolour()
