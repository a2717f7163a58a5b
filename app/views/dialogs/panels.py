"""Panels: voting alone and blind, and for who holds them how far the voters agree."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.views.clip_vote import ClipVote
from app.views.panel import heading, muted
from rostfine_core.domain import Grade
from rostfine_core.panel import Ballot, PanelAgreement, PanelSummary

SIZE = (760, 680)
LIST, VOTE = 0, 1
MOST_SPERM = 2000


class PanelsDialog(QDialog):
    """A list of panels; voting takes the list's place until it is left.

    Signals:
        ballot_wanted(str): what to vote on next in the panel with an id.
        voted(str, Grade): the id of the ballot's item, and its grade.
        panel_wanted(str, int): a name, and on how many sperm a new panel votes.
        agreement_wanted(str): of the panel with an id.
        export_wanted(str, str, str): id and name of a panel, and the folder for its data set.
    """

    ballot_wanted = Signal(str)
    voted = Signal(str, object)
    panel_wanted = Signal(str, int)
    agreement_wanted = Signal(str)
    export_wanted = Signal(str, str, str)

    def __init__(self, parent: QWidget | None = None, *, may_manage: bool) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Panels"))
        self.resize(*SIZE)
        self._panels: tuple[PanelSummary, ...] = ()
        self._ballot: Ballot | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self._list_page(may_manage=may_manage))
        self.pages.addWidget(self._vote_page())
        self.refusal = muted()
        self.refusal.setObjectName("warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)
        self._show_buttons()

    # Pages ---------------------------------------------------------------------------------

    def _list_page(self, *, may_manage: bool) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.table = self._panel_table()
        self.vote = QPushButton(self.tr("Vote"))
        self.vote.clicked.connect(lambda: self._of_selected(self.ballot_wanted.emit))
        self.agreement = QPushButton(self.tr("Show agreement"))
        self.agreement.clicked.connect(lambda: self._of_selected(self.agreement_wanted.emit))
        self.export = QPushButton(self.tr("Export as a data set …"))
        self.export.clicked.connect(self._on_export)
        row = QHBoxLayout()
        for button in (self.vote, self.agreement, self.export):
            row.addWidget(button)
        row.addStretch(1)
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        layout.addWidget(
            muted(
                self.tr(
                    "Everybody votes alone, without the model's answer or a colleague's vote. Some "
                    "sperm come a second time, which shows how far a voter agrees with themselves."
                )
            )
        )
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        layout.addWidget(self.outcome)
        self._new_panel = self._new_panel_row()
        layout.addWidget(self._new_panel)
        for widget in (self.agreement, self.export, self._new_panel):
            widget.setVisible(may_manage)
        return page

    def _panel_table(self) -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setHorizontalHeaderLabels(
            [self.tr("Panel"), self.tr("Voted by you"), self.tr("All votes")]
        )
        table.setAccessibleName(self.tr("Panels"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.itemSelectionChanged.connect(self._show_buttons)
        return table

    def _new_panel_row(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 6, 0, 0)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.setAccessibleName(self.tr("Name of the new panel"))
        self.count = QSpinBox()
        self.count.setRange(1, MOST_SPERM)
        self.count.setValue(60)
        self.count.lineEdit().setTextMargins(5, 0, 5, 0)
        self.count.setSuffix(self.tr(" sperm"))
        self.count.setAccessibleName(self.tr("Sperm of the new panel"))
        self.begin_panel = QPushButton(self.tr("Begin"))
        self.begin_panel.setToolTip(
            self.tr(
                "The panel votes on the graded sperm that the model is least sure of, as many of "
                "each patient as there are"
            )
        )
        self.begin_panel.clicked.connect(
            lambda: self.panel_wanted.emit(self.name.text(), self.count.value())
        )
        self.name.textChanged.connect(self._show_buttons)
        row.addWidget(heading(self.tr("New panel")))
        row.addWidget(self.name, 1)
        row.addWidget(self.count)
        row.addWidget(self.begin_panel)
        return box

    def _vote_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.progress = heading("")
        self.clip = ClipVote()
        self.clip.graded.connect(self._on_graded)
        self.back = QPushButton(self.tr("Back to the list"))
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self._leave)
        layout.addWidget(self.progress)
        layout.addWidget(self.clip, 1)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    # Answers -------------------------------------------------------------------------------

    @Slot(tuple)
    def show_panels(self, panels: Sequence[PanelSummary]) -> None:
        """Show all panels, and how far who is signed in has come."""
        selected = self._selected
        self._panels = tuple(panels)
        self.table.setRowCount(len(self._panels))
        for row, panel in enumerate(self._panels):
            mine = self.tr("{mine} of {items}").format(mine=panel.mine, items=panel.items)
            votes = str(panel.votes)
            if panel.withdrawn:
                votes = self.tr("{votes} ({withdrawn} withdrawn: clip made anew)").format(
                    votes=panel.votes, withdrawn=panel.withdrawn
                )
            for column, text in enumerate((panel.name, mine, votes)):
                self.table.setItem(row, column, QTableWidgetItem(text))
            if selected is not None and panel.id == selected.id:
                self.table.selectRow(row)
        if selected is None and self._panels:
            self.table.selectRow(0)
        self.refusal.setText("")
        self.name.clear()
        self._show_buttons()

    @Slot(object)
    def show_ballot(self, ballot: Ballot | None) -> None:
        """Show what to vote on next, or that there is nothing left."""
        self._ballot = ballot
        self.refusal.setText("")
        self.pages.setCurrentIndex(VOTE)
        if ballot is None:
            self.clip.clear()
            self.progress.setText(self.tr("You have voted on everything in this panel. Thank you."))
        else:
            self.progress.setText(
                self.tr("{number} of {total}").format(number=ballot.number, total=ballot.total)
            )
            self.clip.show_clip(ballot.images)

    @Slot(object)
    def show_agreement(self, found: PanelAgreement) -> None:
        """Show how far the voters agree so far."""
        lines = [
            self.tr("Agreement on {count} sperm that all voted on: kappa {kappa}; on all with two "
                    "votes or more: alpha {alpha}.").format(
                count=found.complete, kappa=_number(found.kappa), alpha=_number(found.alpha)
            )
        ]  # fmt: skip
        for voter in found.voters:
            text = self.tr("{voter}: {voted} votes").format(voter=voter.voter, voted=voter.voted)
            if voter.repeats:
                text += self.tr(", {same} of {repeats} repeats alike (alpha {alpha})").format(
                    same=voter.same, repeats=voter.repeats, alpha=_number(voter.alpha)
                )
            lines.append(text)
        self.outcome.setText("\n".join(lines))

    @Slot(str)
    def tell(self, sentence: str) -> None:
        """Say what was done."""
        self.outcome.setText(sentence)

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why something was not done."""
        self.refusal.setText(sentence)

    # Requests ------------------------------------------------------------------------------

    @property
    def _selected(self) -> PanelSummary | None:
        row = self.table.currentRow()
        return self._panels[row] if 0 <= row < len(self._panels) else None

    def _of_selected(self, ask: Callable[[str], None]) -> None:
        if self._selected is not None:
            ask(self._selected.id)

    @Slot()
    def _show_buttons(self) -> None:
        selected = self._selected
        for button in (self.vote, self.agreement, self.export):
            button.setEnabled(selected is not None)
        self.begin_panel.setEnabled(bool(self.name.text().strip()))

    @Slot(object)
    def _on_graded(self, grade: Grade) -> None:
        if self._ballot is not None:
            self.voted.emit(self._ballot.item_id, grade)

    @Slot()
    def _leave(self) -> None:
        self.clip.clear()
        self.pages.setCurrentIndex(LIST)

    @Slot()
    def _on_export(self) -> None:
        if self._selected is None:
            return
        folder = QFileDialog.getExistingDirectory(self, self.tr("A new folder for the data set"))
        if folder:
            self.export_wanted.emit(self._selected.id, self._selected.name, folder)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
