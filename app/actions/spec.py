"""The record of one action: texts, keys, places, when it is enabled and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.actions.facts import Facts
from app.actions.guide import Guide
from app.actions.share_commands import ShareCommands
from app.actions.staff_commands import StaffCommands
from app.actions.window_commands import WindowCommands
from app.controllers.analysis import Analysis
from app.controllers.controller import Controller
from app.controllers.editor import Editor
from app.controllers.player import Player
from app.views.canvas.video_canvas import VideoCanvas
from app.views.review.grade_panel import GradePanel
from app.views.review.sperm_list import SpermList
from rostfine_core.marking import QT_TRANSLATE_NOOP


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """The objects that actions act on."""

    window: WindowCommands
    staff: StaffCommands
    share: ShareCommands
    guide: Guide
    controller: Controller
    editor: Editor
    player: Player
    analysis: Analysis
    canvas: VideoCanvas
    sperm_list: SpermList
    grade_panel: GradePanel


class Bar(StrEnum):
    """A row of buttons; the tool bar has one for each of ``TOOL_BAR``."""

    FILE = "file"
    ANALYSIS = "analysis"
    PAGES = "pages"
    HISTORY = "history"
    CANVAS = "canvas"
    ZOOM = "zoom"
    TIMELINE = "timeline"
    OVERLAY = "overlay"
    SELECTION = "selection"


TOOL_BAR = (Bar.FILE, Bar.ANALYSIS, Bar.PAGES, Bar.HISTORY)
"""The tool bar's rows from left to right, with a separator between them."""


@dataclass(frozen=True)
class Place:
    """A button's row and its position there, from 0 on the left."""

    bar: Bar
    position: int


def always(_: Facts) -> bool:
    """The rule of an action that can be used at any time."""
    return True


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """Everything about one action.

    ``menu`` and ``separator`` (a line above it) are its place in the menu bar, ``button`` is where
    it has a button, if anywhere; ``other_shortcut`` is a second key. An action with ``checked``
    shows a state; it may have another icon while that is on. Actions of one ``group`` exclude each
    other.
    """

    id: str
    menu: str
    text: str
    tip: str
    icon: str
    shortcut: str
    run: Callable[[Handlers], object]
    enabled: Callable[[Facts], bool]
    checked: Callable[[Facts], bool] | None = None
    checked_icon: str = ""
    button: Place | None = None
    group: str = ""
    other_shortcut: str = ""
    separator: bool = False


FILE = QT_TRANSLATE_NOOP("Actions", "&File")
EDIT = QT_TRANSLATE_NOOP("Actions", "&Edit")
VIEW = QT_TRANSLATE_NOOP("Actions", "&View")
VIDEO = QT_TRANSLATE_NOOP("Actions", "V&ideo")
ANALYSIS = QT_TRANSLATE_NOOP("Actions", "&Analysis")
HELP = QT_TRANSLATE_NOOP("Actions", "&Help")
MENUS = (FILE, EDIT, ANALYSIS, VIDEO, VIEW, HELP)
