"""The menus of the right button, made of the window's actions."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QWidget

from app.actions.action_set import ActionSet
from app.views.review.review import ReviewPage

LINE = ""
"""Stands for a line between actions."""
ON_SPERM = (
    *("chosen", "not_chosen", "undecided", "note", LINE),
    *("accept", "reject", LINE, "copy_numbers", LINE, "remove"),
)
SPERM_LIST = ("rename", "move_up", "move_down", LINE, *ON_SPERM)
VIDEO = (
    *("tool_select", "tool_correct", "tool_measure", "tool_scale", LINE),
    *("find_heads", LINE, "zoom_in", "zoom_out", "zoom_fit", "zoom_actual"),
)
TIME_LINE = (
    *("play", "slower", "faster", LINE, "next_doubt", "previous_doubt", LINE),
    *("first_frame", "last_frame", LINE, "attention_strip"),
)
HISTOGRAM = ("copy_numbers",)


class ContextMenus(QObject):
    """Opens the menu that fits the place; ``latest`` is the one that was opened last."""

    def __init__(self, parent: QWidget, actions: ActionSet, review: ReviewPage) -> None:
        super().__init__(parent)
        self._window, self._actions = parent, actions
        self.latest: QMenu | None = None
        self._install(review.sperm_list.view, SPERM_LIST)
        self._install(review.timeline.plot, TIME_LINE)
        self._install(review.grade_panel.histogram.plot, HISTOGRAM)
        review.canvas.menu_requested.connect(self._open_over_video)

    def _install(self, area: QAbstractScrollArea, ids: Sequence[str]) -> None:
        area.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        area.customContextMenuRequested.connect(
            lambda place: self._open(ids, area.viewport().mapToGlobal(place))
        )

    def _open_over_video(self, place: QPoint, is_on_sperm: bool) -> None:
        self._open((*ON_SPERM, LINE, *VIDEO) if is_on_sperm else VIDEO, place)

    def _open(self, ids: Sequence[str], place: QPoint) -> None:
        menu = QMenu(self._window)
        for id in ids:
            if id == LINE:
                menu.addSeparator()
            else:
                menu.addAction(self._actions[id])
        if self.latest is not None:
            self.latest.deleteLater()
        self.latest = menu
        menu.popup(place)
