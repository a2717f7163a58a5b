"""What is known about the window now, as far as actions depend on it."""

from dataclasses import dataclass

from app.controllers.controller import Controller
from app.state.records import OverlayKind, Page, Tool
from rostfine_core.domain import Action, Selection


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts that decide which actions are enabled and which are checked.

    ``has_sperm`` also enables exporting: grades that became stale while a number was typed are
    made again by the export itself.
    """

    has_video: bool = False
    has_sperm: bool = False
    has_selection: bool = False
    has_track: bool = False
    has_grade: bool = False
    has_selected_grade: bool = False
    has_report: bool = False
    can_undo: bool = False
    can_redo: bool = False
    is_busy: bool = False
    is_playing: bool = False
    shows_strip: bool = False
    has_worklist: bool = False
    is_watching: bool = False
    is_signed_in: bool = False
    may_manage_operators: bool = False
    may_see_audit: bool = False
    may_vote: bool = False
    may_review: bool = False
    may_back_up: bool = False
    may_sign: bool = False
    page: Page = Page.REVIEW
    tool: Tool = Tool.SELECT
    overlay: OverlayKind = OverlayKind.NONE
    selection: Selection = Selection.UNDECIDED

    @property
    def shows_selection(self) -> bool:
        """Whether the selected sperm is on screen."""
        return self.has_selection and self.page is Page.REVIEW

    @property
    def shows_track(self) -> bool:
        """Whether the selected sperm is on screen with a track."""
        return self.has_track and self.page is Page.REVIEW


def current_facts(controller: Controller) -> Facts:
    """The facts as they are now."""
    session, stack = controller.session, controller.editor.undo_stack
    sperm, staff = session.selected_sperm, controller.staff
    is_signed_in = staff.operator is not None
    return Facts(
        has_video=session.video is not None,
        has_sperm=bool(session.sperms),
        has_selection=sperm is not None,
        has_track=sperm is not None and session.track(sperm) is not None,
        has_grade=bool(session.reportable),
        has_selected_grade=sperm is not None and session.assessment(sperm) is not None,
        has_report=controller.reporter.last_report is not None,
        can_undo=stack.canUndo(),
        can_redo=stack.canRedo(),
        is_busy=controller.is_busy,
        is_playing=session.is_playing,
        shows_strip=session.is_strip_open,
        has_worklist=bool(session.worklist),
        is_watching=controller.worklist.watched is not None,
        is_signed_in=is_signed_in,
        may_manage_operators=staff.may(Action.MANAGE_OPERATORS),
        may_see_audit=staff.may(Action.SEE_AUDIT),
        may_vote=is_signed_in and staff.may(Action.VOTE),
        may_review=is_signed_in and staff.may(Action.REVIEW),
        may_back_up=staff.may(Action.BACK_UP),
        may_sign=session.video is not None and is_signed_in and staff.may(Action.SIGN_REPORTS),
        page=session.page,
        tool=session.tool,
        overlay=session.overlay.kind,
        selection=sperm.selection if sperm else Selection.UNDECIDED,
    )
