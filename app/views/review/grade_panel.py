"""Everything about the selected sperm: its grade distribution, numbers, flags and kinematics."""

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.presentation import wording
from app.presentation.theme import text_scale
from app.presentation.wording import plain, say
from app.state.records import ModelStatus
from app.state.session import Session
from app.views.elided_label import ElidedLabel
from app.views.histogram import Histogram, legend_text
from app.views.panel import heading, large, muted
from app.views.review.flag_list import FlagList
from app.views.review.kinematics_table import KinematicsTable
from app.views.review.numbers import Numbers
from app.views.review.sperm_film import SpermFilm
from rostfine_core.domain import (
    Assessment,
    Prediction,
    QualityFlag,
    Sperm,
    Verdict,
    own_flags,
    shared_flags,
)

LONGEST_NOTE = 500


class GradePanel(QWidget):
    """What is known of the selected sperm, and what the user says of it.

    Signals:
        note_edited(int, str): the key of the sperm and what is to be noted on it.
    """

    note_edited = Signal(int, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._title = ElidedLabel(name="title")
        self._headline = large()
        self.buttons = QHBoxLayout()
        self.note = QLineEdit()
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setPlaceholderText(self.tr("Note"))
        self.note.setAccessibleName(self.tr("Note"))
        self.note.textEdited.connect(self._on_note_edited)
        self._said = QWidget()
        self.film = SpermFilm(session)
        self._state = muted()
        self.histogram = Histogram()
        self._legend = muted()
        self.numbers = Numbers()
        self._cautions = heading(self.tr("Reasons for caution"))
        self.flags = FlagList()
        self.kinematics = KinematicsTable()
        self._details = QWidget()
        self._scroll = QScrollArea()
        self._lay_out()
        for signal in (
            session.results_changed,
            session.selection_changed,
            session.sperms_changed,
            session.sample_changed,
            session.model_changed,
            session.running_changed,
        ):
            signal.connect(self._show)
        self._shown: tuple[Prediction | None, bool] | None = None
        self._shown_flags: tuple[QualityFlag, ...] | None = None
        self._shown_key: int | None = None
        self._show()

    def _lay_out(self) -> None:
        self._details.setMinimumWidth(0)
        details = QVBoxLayout(self._details)
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(7)
        for part in (
            self._cautions,
            self.flags,
            self.histogram,
            self._legend,
            self.numbers,
            heading(self.tr("Motion")),
            self.kinematics,
        ):
            details.addWidget(part)
        self._inside = inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(7)
        column.addLayout(self._head())
        column.addWidget(self._details)
        column.addStretch(1)
        scroll = self._scroll
        scroll.setObjectName("plain")
        scroll.setAccessibleName(self.tr("Grade"))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # one width for all
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll, 1)
        self.setMinimumWidth(round(300 * text_scale()))

    def _head(self) -> QHBoxLayout:
        """The sperm's film, name and headline, and what the user says of it."""
        said = QVBoxLayout(self._said)
        said.setContentsMargins(0, 0, 0, 0)
        said.setSpacing(4)
        self.buttons.setSpacing(1)
        choices = QHBoxLayout()
        choices.addLayout(self.buttons)
        choices.addStretch(1)
        said.addLayout(choices)
        said.addWidget(self.note)
        words = QVBoxLayout()
        words.setSpacing(4)
        for part in (self._title, self._headline, self._state, self._said):
            words.addWidget(part)
        words.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.film, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        return head

    @Slot()
    def _show(self) -> None:
        sperm = self._session.selected_sperm
        assessment = self._session.assessment(sperm) if sperm else None
        self._title.setText(
            self.tr("Sperm {name}").format(name=sperm.name) if sperm else self.tr("Grade")
        )
        self.film.setVisible(sperm is not None)
        self._said.setVisible(sperm is not None)
        self._show_note("" if sperm is None else sperm.note)
        self._show_headline(assessment)
        state = self._state_text(sperm)
        self._state.setText(state)
        self._state.setVisible(bool(state))
        if sperm is None or sperm.key != self._shown_key:
            self._scroll.verticalScrollBar().setValue(0)
        self._shown_key = sperm.key if sperm else None
        self._details.setVisible(assessment is not None)
        # Typing a sample's name makes a new assessment with the same prediction.
        prediction = assessment.prediction if assessment else None
        is_doubtful = assessment is not None and assessment.has_warnings
        if assessment is not None and (prediction, is_doubtful) != self._shown:
            self.histogram.show_prediction(assessment.prediction, is_doubtful=is_doubtful)
            self._legend.setText(legend_text(assessment.prediction))
            self.numbers.show_prediction(assessment.prediction, is_doubtful=is_doubtful)
            self.kinematics.show_kinematics(assessment.kinematics)
            self._shown_flags = None
        if assessment is not None:
            flags = own_flags(assessment, shared_flags(self._session.reportable))
            if flags != self._shown_flags:
                self._cautions.setVisible(bool(flags))
                self.flags.show_flags(flags)
                self._shown_flags = flags
        self._shown = (prediction, is_doubtful)
        self._lay_out_now()

    def _lay_out_now(self) -> None:
        """Give everything its place before it is painted.

        Else the scroll area first paints what is new squeezed into the height of before.
        """
        for part in (self.flags, self.numbers, self.kinematics, self._details, self._inside):
            layout = part.layout()
            if layout is not None:
                layout.activate()
        QCoreApplication.sendEvent(self._scroll, QEvent(QEvent.Type.LayoutRequest))

    def edit_note(self) -> None:
        """Start typing a note."""
        self.note.setFocus()

    @Slot(str)
    def _on_note_edited(self, note: str) -> None:
        if self._session.selected is not None:
            self.note_edited.emit(self._session.selected, note)

    def _show_note(self, note: str) -> None:
        if self.note.text() != note:
            self.note.setText(note)
            self.note.setCursorPosition(0)
        self.note.setToolTip(plain(note))

    def _show_headline(self, assessment: Assessment | None) -> None:
        self._headline.setVisible(assessment is not None)
        if assessment is not None:
            self._headline.setText(wording.headline(assessment))
            self._headline.setEnabled(not assessment.has_warnings)

    def recolour(self) -> None:
        """Redraw in the colours of another theme."""
        self._shown = None
        self._show()

    def _state_text(self, sperm: Sperm | None) -> str:
        session = self._session
        if sperm is None:
            return self.tr("Click a sperm in the video: its grade distribution appears here.")
        if sperm.verdict is Verdict.REJECTED:
            return self.tr("The track was rejected: this sperm is neither graded nor reported.")
        if session.assessment(sperm) is not None:
            return ""
        rejection = session.rejection(sperm)
        if rejection is not None:
            return say(rejection)
        if session.track(sperm) is None:
            if session.running_job("track"):
                return self.tr("The sperm is being tracked.")
            return self.tr("Not tracked yet: press Track.")
        if session.running_job("grade"):
            return self.tr("The sperm is being graded.")
        if session.model.status is ModelStatus.LOADING:
            return self.tr("The model is being loaded; the grade follows.")
        if session.model.status is ModelStatus.FAILED:
            return session.model.problem
        return self.tr("Not graded yet: press Grade.")
