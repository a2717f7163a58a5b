"""What the laboratory notes of a sample: patient, times, medium, its own semen analysis, notes."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from PySide6.QtCore import QDateTime, QLocale, Qt, QTimeZone, Signal, Slot
from PySide6.QtGui import QDoubleValidator, QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import say_word
from app.state.records import SampleSheet
from app.views.number_field import with_own_point
from app.views.panel import muted
from rostfine_core.domain import WHO_LIMITS, SampleRecord, WhoLimit

OF_ITS_OWN = ""
MOST, MOST_PERCENT = 1e6, 100.0


class SampleDialog(QDialog):
    """Edits a sample; every change is kept when its field is left.

    Signals:
        edited(object, str): the ``SampleRecord`` and the patient's pseudonym ("" for none).
        moved(str): the video belongs to the sample with this id, "" for one of its own.
    """

    edited = Signal(object, str)
    moved = Signal(str)

    def __init__(self, sheet: SampleSheet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Sample"))
        self.setMinimumWidth(620)
        self._sample = sheet.sample
        self._patient = sheet.patient
        layout = QVBoxLayout(self)
        layout.addLayout(self._belonging(sheet))
        layout.addWidget(self._particulars(sheet))
        layout.addWidget(self._analysis())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    # Building ------------------------------------------------------------------------------

    def _belonging(self, sheet: SampleSheet) -> QFormLayout:
        form = QFormLayout()
        self.samples = QComboBox()
        here = self.tr("{sample} ({videos})").format(
            sample=sheet.sample.label or self.tr("no sample named yet"),
            videos=", ".join(sheet.videos),
        )
        self.samples.addItem(here, sheet.sample.id)
        if len(sheet.videos) > 1:
            self.samples.addItem(self.tr("a sample of its own"), OF_ITS_OWN)
        for id, name in sheet.others:
            self.samples.addItem(name, id)
        self.samples.activated.connect(self._move)
        _add(form, self.tr("The video is of"), self.samples)
        form.addRow(
            "", muted(self.tr("All graded videos of a sample stand in one report."), wraps=False)
        )
        return form

    def _particulars(self, sheet: SampleSheet) -> QGroupBox:
        box = QGroupBox(self.tr("Sample"))
        form = QFormLayout(box)
        self.patient = QComboBox()
        self.patient.setEditable(True)
        self.patient.addItems(["", *sheet.patients])
        self.patient.setCurrentText(sheet.patient)
        line = self.patient.lineEdit()
        assert line is not None, "an editable combo box has a line"
        line.setPlaceholderText(self.tr("a pseudonym"))
        line.editingFinished.connect(self._name_patient)
        self.patient.activated.connect(self._name_patient)
        _add(form, self.tr("Patient"), self.patient)
        _add(form, self.tr("Collected"), self._time("collected_utc"))
        _add(form, self.tr("Analysed"), self._time("analysed_utc"))
        self.medium = self._text("medium")
        _add(form, self.tr("Medium"), self.medium)
        self.temperature = self._number("temperature_c", " °C")
        _add(form, self.tr("Temperature"), self.temperature)
        self.abstinence = self._number("abstinence_days", self.tr(" days"))
        _add(form, self.tr("Abstinence"), self.abstinence)
        self.note = QPlainTextEdit(self._sample.note)
        self.note.setFixedHeight(60)
        self.note.setTabChangesFocus(True)
        self.note.textChanged.connect(lambda: self._set(note=self.note.toPlainText()))
        _add(form, self.tr("Note"), self.note)
        return box

    def _analysis(self) -> QGroupBox:
        box = QGroupBox(self.tr("The laboratory's own semen analysis (WHO manual, 6th edition)"))
        form = QFormLayout(box)
        self.who: dict[str, QLineEdit] = {}
        for limit in WHO_LIMITS:
            most = MOST_PERCENT if limit.unit == "%" else MOST
            field = _number_field(getattr(self._sample.who, limit.field), most)
            field.editingFinished.connect(self._who_setter(limit, field))
            self.who[limit.field] = field
            row = QHBoxLayout()
            row.addWidget(field)
            lower = QLocale().toString(float(limit.lower), "g", 4)
            row.addWidget(
                muted(
                    self.tr("{unit}; reference from {limit}").format(
                        unit=limit.unit.strip(), limit=lower
                    ),
                    wraps=False,
                ),
                1,
            )
            field.setAccessibleName(say_word(limit.title))
            form.addRow(say_word(limit.title), row)
        form.addRow("", muted(self.tr("The program measures none of these.")))
        return box

    def _time(self, field: str) -> QWidget:
        stored = getattr(self._sample, field)
        known = QCheckBox()
        known.setAccessibleName(self.tr("known"))
        edit = QDateTimeEdit(
            QDateTime.fromString(stored, Qt.DateFormat.ISODate).toLocalTime()
            if stored
            else QDateTime.currentDateTime()
        )
        edit.setCalendarPopup(True)
        known.setChecked(bool(stored))
        edit.setEnabled(bool(stored))

        def keep() -> None:
            edit.setEnabled(known.isChecked())
            utc = edit.dateTime().toTimeZone(QTimeZone.utc())
            text = utc.toString(Qt.DateFormat.ISODate) if known.isChecked() else ""
            self._set(**{field: text})

        known.toggled.connect(keep)
        edit.editingFinished.connect(keep)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(known)
        row.addWidget(edit, 1)
        both.setFocusProxy(known)
        return both

    def _text(self, field: str) -> QLineEdit:
        edit = QLineEdit(getattr(self._sample, field))
        edit.editingFinished.connect(lambda: self._set(**{field: edit.text().strip()}))
        return edit

    def _number(self, field: str, unit: str) -> QLineEdit:
        edit = _number_field(getattr(self._sample, field))
        edit.setPlaceholderText(unit.strip())
        edit.editingFinished.connect(lambda: self._set(**{field: _value(edit)}))
        return edit

    def _who_setter(self, limit: WhoLimit, edit: QLineEdit) -> Callable[[], None]:
        return lambda: self._set(who=replace(self._sample.who, **{limit.field: _value(edit)}))

    # What is entered -----------------------------------------------------------------------

    def _set(self, **values: object) -> None:
        changed: SampleRecord = replace(self._sample, **values)  # type: ignore[arg-type]  # by name
        if changed != self._sample:
            self._sample = changed
            self.edited.emit(self._sample, self._patient)

    @Slot()
    def _name_patient(self) -> None:
        patient = self.patient.currentText().strip()
        if patient != self._patient:
            self._patient = patient
            self.edited.emit(self._sample, self._patient)

    @Slot()
    def _move(self) -> None:
        sample_id = self.samples.currentData()
        if sample_id != self._sample.id:
            self.moved.emit(sample_id)
            self.accept()


def _add(form: QFormLayout, label: str, field: QWidget) -> None:
    field.setAccessibleName(label)
    form.addRow(QLabel(label), field)


class _Amount(QDoubleValidator):
    """Takes a decimal comma or point, no sign between thousands, and nothing for unknown."""

    def __init__(self, most: float, parent: QWidget) -> None:
        super().__init__(0.0, most, 4, parent)
        self.setNotation(QDoubleValidator.Notation.StandardNotation)
        self.setLocale(_locale())

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Check what is typed, in the locale's own form."""
        if not text:
            return QValidator.State.Acceptable, text, position  # else a number could not be cleared
        own = with_own_point(text, self.locale())
        return cast(tuple[QValidator.State, str, int], super().validate(own, position))

    def fixup(self, text: str) -> str:
        """What is no such number when the field is left is none."""
        return ""


def _locale() -> QLocale:
    """The system's, without a sign between thousands, which could be taken for decimals."""
    locale = QLocale()
    plain = QLocale.NumberOption.OmitGroupSeparator | QLocale.NumberOption.RejectGroupSeparator
    locale.setNumberOptions(plain)
    return locale


def _number_field(value: float | None, most: float = MOST) -> QLineEdit:
    """A number that may be unknown."""
    edit = QLineEdit("" if value is None else _locale().toString(float(value), "g", 6))
    edit.setValidator(_Amount(most, edit))
    edit.setMaximumWidth(120)
    return edit


def _value(edit: QLineEdit) -> float | None:
    locale = _locale()
    number, is_number = locale.toDouble(with_own_point(edit.text(), locale))
    return number if is_number else None
