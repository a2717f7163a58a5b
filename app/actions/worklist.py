"""The worklist's actions, in the File menu."""

from app.actions.spec import FILE, ActionSpec, always
from rostfine_core.marking import QT_TRANSLATE_NOOP

WORKLIST_ACTIONS = (
    ActionSpec(
        id="add_videos",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Add videos to the worklist"),
        tip=QT_TRANSLATE_NOOP("Actions", "Work through several videos, one after the other"),
        icon="worklist",
        shortcut="Ctrl+Alt+V",
        run=lambda to: to.window.ask_videos(),
        enabled=always,
        separator=True,
    ),
    ActionSpec(
        id="add_folder",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Add a folder to the worklist"),
        tip=QT_TRANSLATE_NOOP("Actions", "Add all recordings in a folder and those below it"),
        icon="folder",
        shortcut="Ctrl+Alt+O",
        run=lambda to: to.window.ask_folder(),
        enabled=always,
    ),
    ActionSpec(
        id="watch_folder",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Watch a folder"),
        tip=QT_TRANSLATE_NOOP("Actions", "Add new recordings as soon as they are written"),
        icon="watch",
        shortcut="Ctrl+Alt+W",
        run=lambda to: to.window.ask_watched(),
        enabled=always,
        checked=lambda now: now.is_watching,
    ),
    ActionSpec(
        id="next_video",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Next video of the worklist"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open the next video; its sample stays until changed"),
        icon="down",
        shortcut="Ctrl+PgDown",
        run=lambda to: to.controller.worklist.step(1),
        enabled=lambda now: now.has_worklist,
    ),
    ActionSpec(
        id="previous_video",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Previous video of the worklist"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open the video before"),
        icon="up",
        shortcut="Ctrl+PgUp",
        run=lambda to: to.controller.worklist.step(-1),
        enabled=lambda now: now.has_worklist,
    ),
    ActionSpec(
        id="clear_worklist",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Clear the worklist"),
        tip=QT_TRANSLATE_NOOP("Actions", "Take all videos off the list; their cases stay"),
        icon="cancel",
        shortcut="Ctrl+Shift+K",
        run=lambda to: to.controller.worklist.clear(),
        enabled=lambda now: now.has_worklist,
    ),
)
