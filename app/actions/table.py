"""The table of all actions, menu by menu."""

from app.actions.analysis import ANALYSIS_ACTIONS
from app.actions.edit import EDIT_ACTIONS
from app.actions.file import FILE_ACTIONS
from app.actions.help import HELP_ACTIONS
from app.actions.spec import ActionSpec
from app.actions.video import VIDEO_ACTIONS
from app.actions.view import VIEW_ACTIONS
from app.actions.worklist import WORKLIST_ACTIONS

ACTIONS: tuple[ActionSpec, ...] = (
    *FILE_ACTIONS,
    *WORKLIST_ACTIONS,
    *EDIT_ACTIONS,
    *ANALYSIS_ACTIONS,
    *VIDEO_ACTIONS,
    *VIEW_ACTIONS,
    *HELP_ACTIONS,
)
