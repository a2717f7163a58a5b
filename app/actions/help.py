"""The Help menu: shortcuts, versions and the log."""

from app.actions.spec import HELP, ActionSpec, always
from rostfine_core.marking import QT_TRANSLATE_NOOP

HELP_ACTIONS = (
    ActionSpec(
        id="shortcuts",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Shortcuts"),
        tip=QT_TRANSLATE_NOOP("Actions", "All actions with their keys"),
        icon="keyboard",
        shortcut="F1",
        run=lambda to: to.window.show_shortcuts(),
        enabled=always,
    ),
    ActionSpec(
        id="about",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "About"),
        tip=QT_TRANSLATE_NOOP("Actions", "Versions, model card and licences"),
        icon="about",
        shortcut="Shift+F1",
        run=lambda to: to.window.show_about(),
        enabled=always,
    ),
    ActionSpec(
        id="open_log",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Show the log"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open the folder with the crash log"),
        icon="log",
        shortcut="Ctrl+Shift+L",
        run=lambda to: to.window.open_log_folder(),
        enabled=always,
    ),
)
