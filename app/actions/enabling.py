"""Which actions are possible now, and what the checkable ones show."""

from PySide6.QtCore import QObject, Slot

from app.actions.action_set import ActionSet
from app.controllers.controller import Controller
from app.presentation.theme import load_theme
from app.state.records import OverlayKind, Tool
from app.state.session import Session

NEED_VIDEO = (
    "play", "step_back", "step_forward", "jump_back", "jump_forward", "first_frame",
    "last_frame", "slower", "faster", "zoom_in", "zoom_out", "zoom_fit", "zoom_actual",
    "tool_select", "tool_correct", "tool_measure",
)  # fmt: skip
# A scale that is typed makes grades stale while "export" is being clicked, which grades first.
NEED_SPERM = ("track", "grade", "export", "next_sperm", "previous_sperm")
NEED_SELECTION = ("rename",)
NEED_SIGHT = ("move_up", "move_down", "remove")  # the selected sperm is seen when reviewing alone
NEED_TRACK = ("accept", "reject")
NEED_GRADE = ("overlay_none", "overlay_rollout", "overlay_branch", "overlay_patches")


class Enabling(QObject):
    """Follows the session."""

    def __init__(
        self, session: Session, controller: Controller, actions: ActionSet, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._controller, self._actions = session, controller, actions
        self._is_reviewing = True
        stack = controller.editor.undo_stack
        for signal in (
            session.video_changed,
            session.sperms_changed,
            session.selection_changed,
            session.results_changed,
            session.works_changed,
            session.overlay_changed,
            session.tool_changed,
            session.playing_changed,
            stack.indexChanged,
        ):
            signal.connect(self.update)
        controller.exported.connect(self.update)
        controller.settings.changed.connect(self.update)
        self.update()

    def set_reviewing(self, is_reviewing: bool) -> None:
        """Say whether the page that shows the selected sperm is on screen."""
        self._is_reviewing = is_reviewing
        self.update()

    @Slot()
    def update(self) -> None:
        """Show what is possible."""
        session, stack = self._session, self._controller.editor.undo_stack
        sperm = session.selected_sperm
        has_track = sperm is not None and session.track(sperm) is not None
        for ids, is_possible in (
            (NEED_VIDEO, session.video is not None),
            (NEED_SPERM, bool(session.sperms)),
            (NEED_SELECTION, sperm is not None),
            (NEED_SIGHT, sperm is not None and self._is_reviewing),
            (NEED_TRACK, has_track and self._is_reviewing),
            (NEED_GRADE, bool(session.reportable)),
            (("cancel",), self._controller.is_busy),
            (("undo",), stack.canUndo()),
            (("redo",), stack.canRedo()),
            (("open_folder",), self._controller.last_report is not None),
        ):
            for id in ids:
                if self._actions[id].isEnabled() != is_possible:
                    self._actions[id].setEnabled(is_possible)
        for tool in Tool:
            self._actions[f"tool_{tool.value}"].setChecked(session.tool is tool)
        for kind in OverlayKind:
            self._actions[f"overlay_{kind.value}"].setChecked(session.overlay.kind is kind)
        if self._actions["play"].isChecked() != session.is_playing:
            self._actions["play"].setChecked(session.is_playing)
        theme = load_theme(self._controller.settings.text("theme"))
        self._actions.set_icon("play", "pause" if session.is_playing else "play", theme)
