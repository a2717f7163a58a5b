"""The Help menu: shortcuts, versions and the log."""

from app.actions.spec import HELP, ActionSpec
from rostfine_core.marking import QT_TRANSLATE_NOOP

HELP_ACTIONS = (
    ActionSpec(
        id="shortcuts",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Shortcuts"),
        tip=QT_TRANSLATE_NOOP("Actions", "All actions with their keys"),
        icon="keyboard",
        handler="window.show_shortcuts",
        shortcut="F1",
    ),
    ActionSpec(
        id="about",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "About"),
        tip=QT_TRANSLATE_NOOP("Actions", "Versions, model card and licences"),
        icon="about",
        handler="window.show_about",
        shortcut="Shift+F1",
    ),
    ActionSpec(
        id="open_log",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Show the log"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open the folder of the crash log"),
        icon="log",
        handler="window.open_log_folder",
        shortcut="Ctrl+Shift+L",
    ),
)
