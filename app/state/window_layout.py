"""Where the window and its movable borders stood is kept from one start to the next."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSplitter, QWidget

from app.state.settings import Settings

FIRST_SIZE = QSize(1280, 800)


def restore_layout(window: QWidget, settings: Settings) -> None:
    """Put a window where it stood; a first one has its usual size, or that of a small screen."""
    window.resize(FIRST_SIZE.boundedTo(window.screen().availableSize()))
    window.restoreGeometry(settings.layout("window"))
    for splitter in _named_splitters(window):
        splitter.restoreState(settings.layout(splitter.objectName()))


def keep_layout(window: QWidget, settings: Settings) -> None:
    """Note where it stands."""
    settings.set_layout("window", window.saveGeometry())
    for splitter in _named_splitters(window):
        settings.set_layout(splitter.objectName(), splitter.saveState())


def _named_splitters(window: QWidget) -> list[QSplitter]:
    return [s for s in window.findChildren(QSplitter) if s.objectName()]
