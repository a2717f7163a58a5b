"""The File menu: videos, reports, screenshots, settings and quitting."""

from app.actions.spec import FILE, ActionSpec, Bar, Place, always
from rostfine_core.marking import QT_TRANSLATE_NOOP

FILE_ACTIONS = (
    ActionSpec(
        id="open",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Open"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open a microscope video"),
        icon="open",
        shortcut="Ctrl+O",
        run=lambda to: to.window.ask_open(),
        enabled=always,
        button=Place(Bar.FILE, 0),
    ),
    ActionSpec(
        id="cases",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Cases"),
        tip=QT_TRANSLATE_NOOP("Actions", "Find and open again what is kept"),
        icon="cases",
        shortcut="Ctrl+L",
        run=lambda to: to.window.show_cases(),
        enabled=always,
    ),
    ActionSpec(
        id="export",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Export report"),
        tip=QT_TRANSLATE_NOOP(
            "Actions", "Write the sample's PDF, CSV and one folder for each sperm"
        ),
        icon="export",
        shortcut="Ctrl+P",
        run=lambda to: to.controller.reporter.export(),
        enabled=lambda now: now.has_sperm,
        separator=True,
    ),
    ActionSpec(
        id="open_folder",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Open the report's folder"),
        tip=QT_TRANSLATE_NOOP("Actions", "Show the exported files"),
        icon="folder",
        shortcut="Ctrl+Shift+E",
        run=lambda to: to.window.open_report_folder(),
        enabled=lambda now: now.has_report,
    ),
    ActionSpec(
        id="screenshot",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Screenshot"),
        tip=QT_TRANSLATE_NOOP("Actions", "Save a picture of the window"),
        icon="camera",
        shortcut="Ctrl+Shift+S",
        run=lambda to: to.window.ask_screenshot(),
        enabled=always,
    ),
    ActionSpec(
        id="settings",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Settings"),
        tip=QT_TRANSLATE_NOOP("Actions", "Appearance, workflow, model and memory"),
        icon="settings",
        shortcut="Ctrl+,",
        run=lambda to: to.window.show_settings(),
        enabled=always,
        separator=True,
    ),
    ActionSpec(
        id="quit",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Quit"),
        tip=QT_TRANSLATE_NOOP("Actions", "Close the window"),
        icon="quit",
        shortcut="Ctrl+Q",
        run=lambda to: to.window.close(),
        enabled=always,
    ),
)
