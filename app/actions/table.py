"""The table of all actions, menu by menu, and the order of the tool bar."""

from app.actions.edit import EDIT_ACTIONS
from app.actions.file import FILE_ACTIONS
from app.actions.help import HELP_ACTIONS
from app.actions.spec import ActionSpec
from app.actions.video import VIDEO_ACTIONS
from app.actions.view import VIEW_ACTIONS
from app.actions.work import WORK_ACTIONS

ACTIONS: tuple[ActionSpec, ...] = (
    *FILE_ACTIONS,
    *EDIT_ACTIONS,
    *WORK_ACTIONS,
    *VIDEO_ACTIONS,
    *VIEW_ACTIONS,
    *HELP_ACTIONS,
)
TOOLBAR = (
    "open", "", "track", "grade", "", "page_review", "page_compare", "page_report", "",
    "undo", "redo",
)  # fmt: skip
"""What stands in the tool bar, in the order of the work; "" is a separator."""
