"""Sample, operator and microscope: the fields that every report needs, always in sight."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QWidget

from app.records import Calibration
from app.session import Session

MAX_FPS, MAX_UM_PER_PX = 2000.0, 50.0
MARGIN_PX = 6


class SampleBar(QWidget):
    """The fields at the top right.

    Signals:
        sample_edited(str, str): sample and operator.
        calibration_edited(object): the Calibration the user wants.
    """

    sample_edited = Signal(str, str)
    calibration_edited = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._profiles: tuple[Calibration, ...] = ()
        self.sample = _field(self.tr("Sample"), 88)
        self.operator = _field(self.tr("Operator"), 88)
        self.profile = QComboBox()
        self.profile.setEditable(True)
        self.profile.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.profile.setFixedWidth(126)
        self.profile.setAccessibleName(self.tr("Microscope"))
        self.profile.setToolTip(
            self.tr("The microscope's name; its fps and µm/px are remembered under it")
        )
        profile_line = self.profile.lineEdit()
        assert profile_line is not None
        profile_line.setPlaceholderText(self.tr("microscope"))
        self.fps = _number(MAX_FPS, 3, self.tr("fps as filed"))
        self.fps.setSuffix(" fps")
        self.fps.setAccessibleName(self.tr("Frames per second"))
        self.fps.setToolTip(self.tr("Corrects the frame rate when the file states it wrongly"))
        self.um_per_px = _number(MAX_UM_PER_PX, 4, self.tr("no µm/px"))
        self.um_per_px.setSuffix(" µm/px")
        self.um_per_px.setAccessibleName(self.tr("Micrometres per pixel"))
        self.um_per_px.setToolTip(self.tr("Without it speeds are in pixels a second"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for widget in (self.profile, self.fps, self.um_per_px, self.sample, self.operator):
            layout.addWidget(widget)
        self.sample.textEdited.connect(self._on_sample_edited)
        self.operator.textEdited.connect(self._on_sample_edited)
        self.fps.editingFinished.connect(self._on_calibration_edited)
        self.um_per_px.editingFinished.connect(self._on_calibration_edited)
        self.profile.activated.connect(self._on_profile_chosen)
        profile_line.editingFinished.connect(self._on_profile_typed)
        session.sample_changed.connect(self._show_sample)
        session.calibration_changed.connect(self._show_calibration)
        session.video_changed.connect(self._show_calibration)
        self._show_sample()
        self._show_calibration()

    def set_profiles(self, profiles: tuple[Calibration, ...]) -> None:
        """Offer the microscopes that are known."""
        self._profiles = profiles
        self.profile.blockSignals(True)
        self.profile.clear()
        self.profile.addItem("")
        self.profile.addItems([p.profile for p in profiles])
        self.profile.blockSignals(False)
        self._show_calibration()

    @Slot()
    def _on_sample_edited(self) -> None:
        self.sample_edited.emit(self.sample.text(), self.operator.text())

    @Slot()
    def _on_calibration_edited(self) -> None:
        edited = replace(
            self._session.calibration,
            fps=self.fps.value() or None,
            um_per_px=self.um_per_px.value() or None,
        )
        if edited != self._session.calibration:
            self.calibration_edited.emit(edited)

    @Slot(int)
    def _on_profile_chosen(self, row: int) -> None:
        name = self.profile.itemText(row)
        known = next((p for p in self._profiles if p.profile == name), Calibration())
        if known != self._session.calibration:
            self.calibration_edited.emit(known)

    @Slot()
    def _on_profile_typed(self) -> None:
        name = self.profile.currentText().strip()
        if name == self._session.calibration.profile:
            return
        known = next((p for p in self._profiles if p.profile == name), None)
        self.calibration_edited.emit(known or replace(self._session.calibration, profile=name))

    @Slot()
    def _show_sample(self) -> None:
        for field, text in (
            (self.sample, self._session.sample.sample),
            (self.operator, self._session.sample.operator),
        ):
            if field.text() != text:
                field.setText(text)

    @Slot()
    def _show_calibration(self) -> None:
        calibration, info = self._session.calibration, self._session.info
        self.fps.setSpecialValueText(
            self.tr("{fps:.4g} fps").format(fps=info.fps) if info else self.tr("fps as filed")
        )
        for field, value in (
            (self.fps, calibration.fps),
            (self.um_per_px, calibration.um_per_px),
        ):
            field.blockSignals(True)
            field.setValue(value or 0.0)
            field.blockSignals(False)
        if self.profile.currentText() != calibration.profile:
            self.profile.setEditText(calibration.profile)


def _field(name: str, width_px: int) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(name)
    field.setToolTip(name)
    field.setMaxLength(80)
    field.setMinimumWidth(width_px)
    field.setMaximumWidth(2 * width_px)
    return field


def _number(maximum: float, decimals: int, special: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(0.0, maximum)
    field.setDecimals(decimals)
    field.setSpecialValueText(special)
    field.setKeyboardTracking(False)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    line = field.lineEdit()
    line.setTextMargins(MARGIN_PX, 0, MARGIN_PX, 0)
    wanted_px = line.fontMetrics().horizontalAdvance(special) + 4 * MARGIN_PX
    field.setFixedWidth(max(92, wanted_px))
    return field
