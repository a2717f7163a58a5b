"""A field for a number with its unit, or for no number."""

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator
from PySide6.QtWidgets import QDoubleSpinBox

MAX_UM_PER_PX = 50.0
MARGIN_PX, FRAME_PX = 6, 24


def with_own_point(text: str, locale: QLocale) -> str:
    """The text of a number with the locale's sign before decimals, a comma or a point."""
    point = locale.decimalPoint()
    return text.replace("," if point == "." else ".", point)


class NumberField(QDoubleSpinBox):
    """A number with its unit, or words for no number; wide enough for both."""

    def __init__(
        self, typical: float, unit: str, none: str, *, maximum: float, decimals: int
    ) -> None:
        """Args: ``typical`` is a value with as many digits as must be visible."""
        super().__init__()
        self.setRange(0.0, maximum)
        self.setDecimals(decimals)
        self.setSuffix(unit)
        self.setSpecialValueText(none)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(MARGIN_PX, 0, MARGIN_PX, 0)
        self.ensurePolished()  # the style sheet's font may be wider than the system's
        texts = (self.textFromValue(typical) + unit, none)
        widest_px = max(map(self.fontMetrics().horizontalAdvance, texts))
        self.setFixedWidth(widest_px + 2 * MARGIN_PX + FRAME_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Replace the words for no number as a whole: no part of them is a number."""
        is_typed = event.text().isprintable() and bool(event.text())
        is_removed = event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
        is_edit = is_typed or is_removed or event.matches(QKeySequence.StandardKey.Paste)
        if is_edit and self.text() == self.specialValueText():
            self.selectAll()
        super().keyPressEvent(event)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept a comma or a point before decimals, and an empty text as no number."""
        checked: tuple[QValidator.State, str, int]
        if self._is_empty(text):
            return QValidator.State.Acceptable, text, position
        checked = super().validate(self._with_own_point(text), position)
        return checked

    def valueFromText(self, text: str) -> float:
        """The number of a text with a decimal comma or point; no number for an empty text."""
        if self._is_empty(text):
            return self.minimum()
        return float(super().valueFromText(self._with_own_point(text)))

    def _is_empty(self, text: str) -> bool:
        return not text.removesuffix(self.suffix()).strip()

    def _with_own_point(self, text: str) -> str:
        return with_own_point(text, self.locale())

    def textFromValue(self, value: float) -> str:
        """The number without trailing zeros."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text
