"""Sample, operator and microscope: the fields that every report needs, always in sight."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from app.presentation.theme import icon
from app.presentation.wording import plain
from app.state.session import Session
from app.views.number_field import MAX_UM_PER_PX, NumberField
from rostfine_core.domain import Calibration

MAX_FPS = 2000.0
FRAME_PX = 20
OFFER_PX = 16
"""What the mark that takes over the file's scale needs beside the number."""


class WheelGuard(QObject):
    """Keeps the wheel from changing a field that only happens to lie under the pointer."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let only a field with the focus see the wheel."""
        is_field = isinstance(watched, QWidget) and not watched.hasFocus()
        return is_field and event.type() == QEvent.Type.Wheel


class SampleBar(QWidget):
    """The fields at the top right.

    Signals:
        sample_edited(str, str): sample and operator.
        calibration_edited(object): the Calibration the user wants.
        microscope_chosen(str): the user wants the values of a known microscope; "" for none.
    """

    sample_edited = Signal(str, str)
    calibration_edited = Signal(object)
    microscope_chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._profiles: tuple[Calibration, ...] = ()
        self.sample = _field(self.tr("Sample"), letters=16)
        self.operator = _field(self.tr("Operator"), letters=8)
        self.profile = self._profile_box()
        profile_line = self.profile.lineEdit()
        assert profile_line is not None
        self._profile_line = profile_line
        profile_line.setPlaceholderText(self.tr("microscope"))
        self._add_numbers()
        guard = WheelGuard(self)
        for box in (self.profile, self.fps, self.um_per_px):  # changing it makes all grades stale
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.installEventFilter(guard)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for widget, share in (
            (self.profile, 1),
            (self.fps, 0),
            (self.um_per_px, 0),
            (self.sample, 6),
            (self.operator, 1),
        ):
            layout.addWidget(widget, share)
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

    def _add_numbers(self) -> None:
        self.fps = NumberField(
            119.88, " fps", self.tr("fps from file"), maximum=MAX_FPS, decimals=3
        )
        self.fps.setAccessibleName(self.tr("Frames per second"))
        self.fps.setToolTip(
            self.tr("Corrects the frame rate if the file is wrong; the file's own is in brackets")
        )
        self.um_per_px = NumberField(
            0.1234, " µm/px", self.tr("no µm/px"), maximum=MAX_UM_PER_PX, decimals=4
        )
        self.um_per_px.setAccessibleName(self.tr("Micrometres per pixel"))
        self.um_per_px.setToolTip(self.tr("Without it, speeds are in pixels per second"))
        self.um_per_px.setFixedWidth(self.um_per_px.width() + OFFER_PX)
        self.take_scale = QAction(self)
        self.um_per_px.lineEdit().addAction(
            self.take_scale, QLineEdit.ActionPosition.LeadingPosition
        )
        self.take_scale.triggered.connect(self._on_scale_taken)

    def _profile_box(self) -> QComboBox:
        box = QComboBox()
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setCompleter(None)  # type: ignore[arg-type]  # completion must not offer other names
        box.setMinimumWidth(104)
        box.setMaximumWidth(126)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.setAccessibleName(self.tr("Microscope"))
        box.setToolTip(self.tr("The microscope's name; its fps and µm/px are saved under it"))
        return box

    @Slot(tuple)
    def set_profiles(self, profiles: tuple[Calibration, ...]) -> None:
        """Show the known microscopes."""
        self._profiles = profiles
        self.profile.blockSignals(True)
        self.profile.clear()
        self.profile.addItem("")
        self.profile.addItems([p.profile for p in profiles])
        self.profile.blockSignals(False)
        self._show_calibration()

    def commit(self) -> None:
        """Apply what was typed, as if the field was left: actions must see it."""
        self.fps.interpretText()
        self.um_per_px.interpretText()
        self._on_calibration_edited()
        self._on_profile_typed()

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

    @Slot()
    def _on_scale_taken(self) -> None:
        offer = self._session.scale_offer
        if offer is not None:
            self.calibration_edited.emit(replace(self._session.calibration, um_per_px=offer))

    @Slot(int)
    def _on_profile_chosen(self, row: int) -> None:
        name = self.profile.itemText(row)
        if name != self._session.calibration.profile:
            self.microscope_chosen.emit(name)

    @Slot()
    def _on_profile_typed(self) -> None:
        """A first name names the present values; after another name it is another microscope."""
        name, present = self.profile.currentText().strip(), self._session.calibration
        if name == present.profile:
            return
        if any(known.profile == name for known in self._profiles):
            self.microscope_chosen.emit(name)
        elif present.profile and name:
            self.calibration_edited.emit(Calibration(profile=name))
        else:
            self.calibration_edited.emit(replace(present, profile=name))

    @Slot()
    def _show_sample(self) -> None:
        for field, text in (
            (self.sample, self._session.sample.sample),
            (self.operator, self._session.sample.operator),
        ):
            field.setToolTip(plain(": ".join(filter(None, (field.accessibleName(), text)))))
            if field.text() != text:
                field.setText(text)
                if not field.hasFocus():
                    field.setCursorPosition(0)  # show the beginning of a long text

    @Slot()
    def _show_calibration(self) -> None:
        calibration, info = self._session.calibration, self._session.info
        # in brackets, since Qt rejects a number that reads like the special value
        self.fps.setSpecialValueText(
            self.tr("({fps:.4g} fps)").format(fps=info.fps) if info else self.tr("fps from file")
        )
        self._offer_scale(self._session.scale_offer)
        for field, value in (
            (self.fps, calibration.fps),
            (self.um_per_px, calibration.um_per_px),
        ):
            field.blockSignals(True)
            field.setValue(value or 0.0)
            field.blockSignals(False)
        if self.profile.currentText() != calibration.profile:
            self.profile.setEditText(calibration.profile)
            self._profile_line.setCursorPosition(0)

    def _offer_scale(self, um_per_px: float | None) -> None:
        """Offer the scale that the file states: it is used only once the user takes it."""
        self.take_scale.setVisible(bool(um_per_px) and not self._session.calibration.um_per_px)
        self.um_per_px.setSpecialValueText(
            self.tr("{scale:.4g} µm/px?").format(scale=um_per_px)
            if um_per_px
            else self.tr("no µm/px")
        )
        if um_per_px:
            colour = self.palette().text().color().name()
            self.take_scale.setIcon(icon("accept", colour, colour))
            info = self._session.info
            is_of_file = info is not None and info.um_per_px == um_per_px
            offer = (
                self.tr("The file states {scale:.4g} µm/px: use it")
                if is_of_file
                else self.tr("{scale:.4g} µm/px was set for another size of picture: use it")
            ).format(scale=um_per_px)
            self.take_scale.setText(offer)
            self.take_scale.setToolTip(offer)


def _field(name: str, *, letters: int) -> QLineEdit:
    """Args: ``letters`` stay visible in the narrowest window."""
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(name)
    field.setToolTip(name)
    field.setMaxLength(80)
    field.ensurePolished()  # the style sheet's font may be wider than the system's
    least = letters * field.fontMetrics().averageCharWidth() + FRAME_PX
    field.setMinimumWidth(least)
    field.setMaximumWidth(max(176, least))
    return field
