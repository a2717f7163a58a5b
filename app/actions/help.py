"""The Help menu: manual, shortcuts, versions and the log."""

from app.actions.spec import HELP, ActionSpec, always
from rostfine_core.marking import QT_TRANSLATE_NOOP

HELP_ACTIONS = (
    ActionSpec(
        id="manual",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Manual"),
        tip=QT_TRANSLATE_NOOP("Actions", "How to use the program, and its limits"),
        icon="manual",
        shortcut="F1",
        run=lambda to: to.window.show_manual(),
        enabled=always,
    ),
    ActionSpec(
        id="tour",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Tour"),
        tip=QT_TRANSLATE_NOOP("Actions", "Be shown around on the demonstration video"),
        icon="tour",
        shortcut="Ctrl+Shift+T",
        run=lambda to: to.guide.start_tour(),
        enabled=always,
    ),
    ActionSpec(
        id="shortcuts",
        menu=HELP,
        text=QT_TRANSLATE_NOOP("Actions", "Shortcuts"),
        tip=QT_TRANSLATE_NOOP("Actions", "All actions with their keys"),
        icon="keyboard",
        shortcut="Ctrl+F1",
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
