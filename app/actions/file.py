"""The File menu: videos, reports, screenshots, settings and the end."""

from app.actions.spec import FILE, ActionSpec
from rostfine_core.marking import QT_TRANSLATE_NOOP

FILE_ACTIONS = (
    ActionSpec(
        id="open",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Open"),
        tip=QT_TRANSLATE_NOOP("Actions", "Open a microscope video"),
        icon="open",
        handler="window.ask_open",
        shortcut="Ctrl+O",
    ),
    ActionSpec(
        id="export",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Export report"),
        tip=QT_TRANSLATE_NOOP(
            "Actions", "Write the sample's PDF, CSV and one folder for each sperm"
        ),
        icon="export",
        handler="controller.export",
        shortcut="Ctrl+P",
        separator=True,
    ),
    ActionSpec(
        id="open_folder",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Open the report's folder"),
        tip=QT_TRANSLATE_NOOP("Actions", "Show the exported files"),
        icon="folder",
        handler="window.open_report_folder",
        shortcut="Ctrl+Shift+E",
    ),
    ActionSpec(
        id="screenshot",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Screenshot"),
        tip=QT_TRANSLATE_NOOP("Actions", "Save a picture of the window"),
        icon="camera",
        handler="window.ask_screenshot",
        shortcut="Ctrl+Shift+S",
    ),
    ActionSpec(
        id="settings",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Settings"),
        tip=QT_TRANSLATE_NOOP("Actions", "Appearance, work, model and memory"),
        icon="settings",
        handler="window.show_settings",
        shortcut="Ctrl+,",
        separator=True,
    ),
    ActionSpec(
        id="quit",
        menu=FILE,
        text=QT_TRANSLATE_NOOP("Actions", "Quit"),
        tip=QT_TRANSLATE_NOOP("Actions", "Close the window"),
        icon="quit",
        handler="window.close",
        shortcut="Ctrl+Q",
    ),
)
