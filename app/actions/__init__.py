"""The table of actions: every command of the window with its shortcut, tip, icon and handler."""

from app.actions.spec import MENUS, ActionSpec
from app.actions.table import ACTIONS, TOOLBAR

__all__ = ["ACTIONS", "MENUS", "TOOLBAR", "ActionSpec"]
