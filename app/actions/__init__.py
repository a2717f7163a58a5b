"""The actions of the window: one table, and Qt's actions made from it."""

from app.actions.spec import MENUS, ActionSpec
from app.actions.table import ACTIONS

__all__ = ["ACTIONS", "MENUS", "ActionSpec"]
