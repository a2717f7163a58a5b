"""A line of text that is shortened where its room ends, and whole in its tool tip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.presentation.wording import plain

LETTERS = 4
"""How many letters stay visible however little room there is."""


class ElidedLabel(QLabel):
    """Shortened in the middle: names of one sample often begin alike, and files end alike."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, name: str = "") -> None:
        """Args: ``name`` is the label's name in the style sheet."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._note = ""
        self.setText(text)

    def setText(self, text: str) -> None:
        """Set the whole text."""
        super().setText(text)
        self._tell()

    def set_note(self, note: str) -> None:
        """Add something to the tool tip, below the text."""
        self._note = note
        self._tell()

    @property
    def shown(self) -> str:
        """As much of the text as there is room for."""
        middle, room = Qt.TextElideMode.ElideMiddle, self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), middle, room)

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        least = LETTERS * self.fontMetrics().averageCharWidth()
        hint = super().minimumSizeHint()
        return QSize(min(least, hint.width()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        painter = QPainter(self)
        area = self.contentsRect()
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, int(self.alignment()) | Qt.TextFlag.TextSingleLine, self.shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tool tip is needed where something is cut."""
        super().resizeEvent(event)
        self._tell()

    def _tell(self) -> None:
        is_cut = self.shown != self.text()
        parts = [part for part in (self.text() if is_cut else "", self._note) if part]
        self.setToolTip(plain("\n".join(parts)))
        self.setAccessibleName(self.text())
