"""The quality flags of one sperm, each with its reason."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.presentation import wording
from app.presentation.theme import icon
from app.views.panel import muted
from rostfine_core.domain import QualityFlag, Severity


class FlagList(QWidget):
    """Warnings first, then notices."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)

    def show_flags(self, flags: Sequence[QualityFlag]) -> None:
        """Show the flags, or that there are none."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if not flags:
            none = muted(self.tr("No reason for caution was found in this sperm."))
            self._grid.addWidget(none, 0, 0, 1, 2)
            none.show()
        ordered = sorted(flags, key=lambda f: f.severity is not Severity.WARNING)
        for row, flag in enumerate(ordered):
            is_warning = flag.severity is Severity.WARNING
            colour = (
                self.palette().color(QPalette.ColorRole.BrightText)
                if is_warning
                else self.palette().color(QPalette.ColorRole.PlaceholderText)
            )
            sign = QLabel()
            sign.setPixmap(
                icon("warning" if is_warning else "notice", colour.name(), colour.name()).pixmap(16)
            )
            sign.setAccessibleName(self.tr("Warning") if is_warning else self.tr("Notice"))
            text = wording.flag_text(flag)
            reason = QLabel(text) if is_warning else muted(text)
            reason.setTextFormat(Qt.TextFormat.PlainText)
            reason.setWordWrap(True)
            self._grid.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(reason, row, 1)
            for label in (
                sign,
                reason,
            ):  # a layout shows it later, and has no room for it till then
                label.show()
