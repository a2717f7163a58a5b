"""The Work menu: tracking, grading, verdicts and what a click does."""

from app.actions.spec import WORK, ActionSpec
from app.state.records import Tool
from rostfine_core.marking import QT_TRANSLATE_NOOP

WORK_ACTIONS = (
    ActionSpec(
        id="track",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Track"),
        tip=QT_TRANSLATE_NOOP("Actions", "Follow every sperm that has no track yet"),
        icon="track",
        handler="analysis.track",
        shortcut="Ctrl+T",
    ),
    ActionSpec(
        id="grade",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Grade"),
        tip=QT_TRANSLATE_NOOP("Actions", "Grade every sperm that has no grade yet, in one batch"),
        icon="grade",
        handler="analysis.grade",
        shortcut="Ctrl+G",
    ),
    ActionSpec(
        id="cancel",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Cancel"),
        tip=QT_TRANSLATE_NOOP("Actions", "Stop what is running; nothing that is finished is lost"),
        icon="cancel",
        handler="controller.cancel",
        shortcut="Esc",
    ),
    ActionSpec(
        id="accept",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Accept track"),
        tip=QT_TRANSLATE_NOOP("Actions", "The track follows the sperm"),
        icon="accept",
        handler="editor.accept",
        shortcut="Ctrl+Return",
        separator=True,
    ),
    ActionSpec(
        id="reject",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Reject track"),
        tip=QT_TRANSLATE_NOOP(
            "Actions", "The track is wrong: the sperm is neither graded nor reported"
        ),
        icon="reject",
        handler="editor.reject",
        shortcut="Ctrl+Shift+Return",
    ),
    ActionSpec(
        id="tool_select",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Select sperm"),
        tip=QT_TRANSLATE_NOOP("Actions", "Click a sperm's head to choose it"),
        icon="tool_select",
        handler="controller.set_tool",
        argument=Tool.SELECT,
        shortcut="S",
        checkable=True,
        group="tool",
        separator=True,
    ),
    ActionSpec(
        id="tool_correct",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Correct track"),
        tip=QT_TRANSLATE_NOOP(
            "Actions", "Click where the selected sperm's head really is in this frame"
        ),
        icon="tool_correct",
        handler="controller.set_tool",
        argument=Tool.CORRECT,
        shortcut="C",
        checkable=True,
        group="tool",
    ),
    ActionSpec(
        id="tool_measure",
        menu=WORK,
        text=QT_TRANSLATE_NOOP("Actions", "Measure"),
        tip=QT_TRANSLATE_NOOP("Actions", "Drag a line to measure a length"),
        icon="tool_measure",
        handler="controller.set_tool",
        argument=Tool.MEASURE,
        shortcut="M",
        checkable=True,
        group="tool",
    ),
)
