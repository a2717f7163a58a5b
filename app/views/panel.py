"""The small parts of many panels: headings, quiet notes, frames."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout


def heading(text: str) -> QLabel:
    """The name of a panel."""
    return _label(text, "heading")


def muted(text: str = "", *, wraps: bool = True) -> QLabel:
    """A quiet note."""
    label = _label(text, "muted")
    label.setWordWrap(wraps)
    return label


def title(text: str = "") -> QLabel:
    """What a page or panel is about."""
    return _label(text, "title")


def large() -> QLabel:
    """What a sperm's grade comes to; pale where it is disabled, as it should not be trusted."""
    label = _label("", "number")
    label.setWordWrap(True)
    return label


def framed() -> tuple[QFrame, QVBoxLayout]:
    """A panel with a border, and the layout inside."""
    frame = QFrame()
    frame.setObjectName("panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(10, 8, 10, 8)
    layout.setSpacing(6)
    return frame, layout


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
