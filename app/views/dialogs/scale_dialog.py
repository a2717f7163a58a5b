"""Asks how long a line over a stage micrometer is, and shows the scale that follows."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.views.number_field import MAX_UM_PER_PX, NumberField
from app.views.panel import muted

LONGEST_UM = 10_000.0


class ScaleDialog(QDialog):
    """The length in pixels is known, the length in micrometres is typed."""

    def __init__(self, length_px: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Set the scale"))
        self._length_px = length_px
        self.length = NumberField(1234.5, " µm", self.tr("length"), maximum=LONGEST_UM, decimals=3)
        self.length.setAccessibleName(self.tr("Length of the line in micrometres"))
        self._scale = QLabel()
        self._scale.setObjectName("number")
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        form = QFormLayout()
        form.addRow(self.tr("Length on the stage micrometer"), self.length)
        form.addRow(self.tr("Length in the video"), QLabel(f"{length_px:.1f} px"))
        form.addRow(self.tr("Scale"), self._scale)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(
            muted(self.tr("One division of a stage micrometer is usually written on its slide."))
        )
        layout.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.length.setKeyboardTracking(True)
        self.length.valueChanged.connect(self._show)
        self.length.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()

    @property
    def length_um(self) -> float:
        """What was typed; 0 for nothing."""
        return self.length.value()

    @Slot()
    def _show(self) -> None:
        scale = self.length_um / self._length_px
        is_possible = 0.0001 <= scale <= MAX_UM_PER_PX
        self._scale.setText(f"{scale:.4f} µm/px" if is_possible else "–")
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(is_possible)
