"""The dialog of the first start: intended use, the machine, and the folder for reports."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.presentation.theme import icon
from app.presentation.wording import say, say_word
from app.views.panel import heading, muted, title
from rostfine_core.finding import Finding
from rostfine_core.intended_use import STATEMENT
from rostfine_core.messages import Message

SIZE = (680, 560)


class FirstStartDialog(QDialog):
    """Three pages, or the first alone where only the statement has changed.

    Signals:
        use_accepted(): the user accepts the intended use.
        examination_requested(): the machine should be examined; ``show_findings`` shows the result.
        folder_chosen(str): where reports go.
        tour_requested(): the user wants to be shown around.
    """

    use_accepted = Signal()
    examination_requested = Signal()
    folder_chosen = Signal(str)
    tour_requested = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None, *, is_renewal: bool) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Welcome to RoSTFine Assist"))
        self.resize(*SIZE)
        self.has_accepted = False
        self.accept_use = QCheckBox(self.tr("I have read this and accept it."))
        self.folder = QLineEdit(str(folder))
        self.wants_tour = QCheckBox(
            self.tr("Show me around on the demonstration video (two minutes)")
        )
        self.wants_tour.setChecked(True)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._statement_page(is_renewal=is_renewal))
        if not is_renewal:
            self.pages.addWidget(self._machine_page())
            self.pages.addWidget(self._folder_page())
        self.back = QPushButton(self.tr("Back"))
        self.next = QPushButton()
        self.next.setDefault(True)
        self.leave = QPushButton(self.tr("Quit"))
        self._lay_out()
        self.accept_use.toggled.connect(self._show_buttons)
        self.back.clicked.connect(lambda: self._go(self.pages.currentIndex() - 1))
        self.next.clicked.connect(self._go_on)
        self.leave.clicked.connect(self.reject)
        self._show_buttons()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.leave)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.pages, 1)
        layout.addLayout(row)

    # Pages -----------------------------------------------------------------------------------

    def _statement_page(self, *, is_renewal: bool) -> QWidget:
        page, column = _page(self.tr("What the program is for, and what not"))
        if is_renewal:
            column.addWidget(
                muted(self.tr("This text has changed since it was accepted on this computer."))
            )
        grid = QGridLayout()
        grid.setVerticalSpacing(9)
        grid.setColumnStretch(1, 1)
        for row, sentence in enumerate(STATEMENT):
            grid.addWidget(QLabel("•"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_wrapped(say_word(sentence)), row, 1)
        column.addLayout(grid)
        column.addStretch(1)
        column.addWidget(self.accept_use)
        return page

    def _machine_page(self) -> QWidget:
        page, column = _page(self.tr("What works on this machine"))
        self.state = muted(self.tr("Looking at processor, GPU, files and folders …"))
        column.addWidget(self.state)
        inside = QWidget()
        self._findings = QGridLayout(inside)
        self._findings.setVerticalSpacing(8)
        self._findings.setColumnStretch(1, 1)
        scroll = QScrollArea()
        scroll.setObjectName("plain")
        scroll.setAccessibleName(self.tr("Findings"))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        column.addWidget(scroll, 1)
        return page

    def _folder_page(self) -> QWidget:
        page, column = _page(self.tr("Where reports go"))
        column.addWidget(
            _wrapped(
                self.tr(
                    "Each sample gets a folder in this one, with its report and its data. Choose a "
                    "place that is backed up; the settings change it later."
                )
            )
        )
        self.folder.setAccessibleName(self.tr("Folder for reports"))
        browse = QPushButton(self.tr("Choose …"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._choose_folder)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        column.addLayout(row)
        column.addSpacing(18)
        column.addWidget(heading(self.tr("Then")))
        column.addWidget(self.wants_tour)
        column.addWidget(muted(self.tr("The menu Help starts the tour at any time.")))
        column.addStretch(1)
        return page

    # What happens ----------------------------------------------------------------------------

    @Slot(tuple)
    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show what was found, each with what to do about it."""
        if self.pages.count() == 1:
            return
        broken = [f for f in findings if not f.works and f.is_needed]
        self.state.setText(
            self.tr("Something that the program needs does not work here:")
            if broken
            else self.tr("All that the program needs works here.")
        )
        for row, finding in enumerate(findings):
            self._add_finding(row, finding)
        self._findings.setRowStretch(len(findings), 1)

    @Slot(str)
    def show_failure(self, sentence: str) -> None:
        """Show why nothing could be found out."""
        self.state.setText(sentence)

    def _add_finding(self, row: int, finding: Finding) -> None:
        role = QPalette.ColorRole.BrightText if not finding.works else QPalette.ColorRole.Text
        colour = self.palette().color(role).name()
        sign = QLabel()
        name = "accept" if finding.works else "warning" if finding.is_needed else "notice"
        sign.setPixmap(icon(name, colour, colour).pixmap(16))
        sign.setAccessibleName(self.tr("works") if finding.works else self.tr("look here"))
        words = [f"{say_word(finding.subject)}: {_worded(finding.detail)}"]
        if finding.advice:
            words.append(_worded(finding.advice))
        self._findings.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
        self._findings.addWidget(_wrapped("\n".join(words)), row, 1)

    @Slot()
    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, self.tr("Folder for reports"), self.folder.text()
        )
        if name:
            self.folder.setText(name)

    @Slot()
    def _go_on(self) -> None:
        if self.pages.currentIndex() == 0 and not self.has_accepted:
            self.has_accepted = True
            self.use_accepted.emit()
            if self.pages.count() > 1:
                self.examination_requested.emit()
        if self.pages.currentIndex() + 1 < self.pages.count():
            self._go(self.pages.currentIndex() + 1)
            return
        if self.pages.count() > 1:
            self.folder_chosen.emit(self.folder.text())
            if self.wants_tour.isChecked():
                self.tour_requested.emit()
        self.accept()

    def _go(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self._show_buttons()

    @Slot()
    def _show_buttons(self) -> None:
        page, last = self.pages.currentIndex(), self.pages.count() - 1
        self.back.setVisible(page > 0)
        self.leave.setVisible(not self.has_accepted)
        self.accept_use.setEnabled(not self.has_accepted)
        self.next.setEnabled(page > 0 or self.accept_use.isChecked())
        self.next.setText(self.tr("Next") if page < last else self.tr("Begin"))


def _page(name: str) -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 8)
    column.setSpacing(10)
    column.addWidget(title(name))
    return page, column


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _worded(words: str | Message) -> str:
    return say(words) if isinstance(words, Message) else say_word(words)
