"""One action of the window, and the menus that actions stand in."""

from dataclasses import dataclass

from rostfine_core.marking import QT_TRANSLATE_NOOP


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """One action.

    ``handler`` names an owner (window, controller, editor, player, analysis, canvas) and its
    method, called with ``argument`` unless that is None. Actions of one ``group`` exclude each
    other, ``checkable`` ones show a state.
    """

    id: str
    menu: str
    text: str
    tip: str
    icon: str
    handler: str
    shortcut: str
    argument: object = None
    checkable: bool = False
    group: str = ""
    separator: bool = False


FILE = QT_TRANSLATE_NOOP("Actions", "&File")
EDIT = QT_TRANSLATE_NOOP("Actions", "&Edit")
VIEW = QT_TRANSLATE_NOOP("Actions", "&View")
VIDEO = QT_TRANSLATE_NOOP("Actions", "V&ideo")
WORK = QT_TRANSLATE_NOOP("Actions", "&Work")
HELP = QT_TRANSLATE_NOOP("Actions", "&Help")
MENUS = (FILE, EDIT, WORK, VIDEO, VIEW, HELP)
