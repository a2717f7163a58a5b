"""Where the window keeps its own files: settings, log and the reports' usual place."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths

_Location = QStandardPaths.StandardLocation


def settings_file() -> Path:
    """The settings, one INI file a user."""
    return Path(QStandardPaths.writableLocation(_Location.AppConfigLocation)) / "settings.ini"


def log_file() -> Path:
    """The crash log."""
    return Path(QStandardPaths.writableLocation(_Location.AppLocalDataLocation)) / "rostfine.log"


def reports_folder() -> Path:
    """Where reports are written unless the user says otherwise."""
    documents = QStandardPaths.writableLocation(_Location.DocumentsLocation)
    return Path(documents or Path.home()) / "RoSTFine Assist"
