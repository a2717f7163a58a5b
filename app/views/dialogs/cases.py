"""The list of cases: every video that is kept, found by what stands in it, and opened again."""

from PySide6.QtCore import (
    QAbstractTableModel,
    QDateTime,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import plain, say_word
from app.views.panel import muted
from rostfine_core.domain import CaseState, CaseSummary

_Role = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex
NAME_COLUMN = 3


class CaseTable(QAbstractTableModel):
    """The cases, one a row."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.cases: tuple[CaseSummary, ...] = ()
        self._headings = (
            self.tr("State"),
            self.tr("Patient"),
            self.tr("Sample"),
            self.tr("Video"),
            self.tr("Graded"),
            self.tr("Operator"),
            self.tr("Last opened"),
        )

    def show(self, cases: tuple[CaseSummary, ...]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.cases = cases
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """One row a case."""
        return 0 if parent is not None and parent.isValid() else len(self.cases)

    def columnCount(self, parent: _Index | None = None) -> int:
        """The columns of the headings."""
        return 0 if parent is not None and parent.isValid() else len(self._headings)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> str | None:
        """The headings."""
        is_heading = role == _Role.DisplayRole and orientation is Qt.Orientation.Horizontal
        return self._headings[section] if is_heading else None

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> str | None:
        """The texts; the tool tip of each row is where its video lies."""
        case = self.cases[index.row()]
        if role == _Role.ToolTipRole:
            return plain(f"{case.path}")
        return self._texts(case)[index.column()] if role == _Role.DisplayRole else None

    def _texts(self, case: CaseSummary) -> tuple[str, ...]:
        opened = QDateTime.fromString(case.opened_utc, Qt.DateFormat.ISODateWithMs).toLocalTime()
        return (
            say_word(case.state.wording),
            case.patient,
            case.sample,
            case.name,
            self.tr("{graded} of {count}").format(graded=case.graded_count, count=case.sperm_count),
            case.operator,
            QLocale().toString(opened, QLocale.FormatType.ShortFormat),
        )


class CasesDialog(QDialog):
    """Searches and opens what is kept.

    Signals:
        searched(str, object): cases with this text are wanted, in this state (None: in any).
        opened(object): a ``CaseSummary`` is to be opened.
    """

    searched = Signal(str, object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Cases"))
        self.resize(980, 620)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Patient, sample, operator or file"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._ask)
        self.state = QComboBox()
        self.state.setAccessibleName(self.tr("State"))
        self.rows = CaseTable(self)
        self.state.addItem(self.tr("All states"), None)
        for state in CaseState:
            self.state.addItem(say_word(state.wording), state)
        self.state.activated.connect(self._ask)
        self.table = self._table()
        self._empty = muted(self.tr("No case is kept that fits."))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._open = self._buttons.addButton(
            self.tr("Open"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self._open.setDefault(True)
        self._open.clicked.connect(self._open_selected)
        self._buttons.rejected.connect(self.reject)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._empty)
        layout.addWidget(self._buttons)
        self.show_cases(())

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.rows)
        table.setAccessibleName(self.tr("Cases"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME_COLUMN, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.doubleClicked.connect(self._open_selected)
        return table

    def begin(self) -> None:
        """Ask for all cases, the last opened first."""
        self._ask()

    @Slot(object)
    def show_cases(self, cases: tuple[CaseSummary, ...]) -> None:
        """Show what was found, with the first row selected."""
        self.rows.show(cases)
        self._empty.setVisible(not cases)
        self._open.setEnabled(bool(cases))
        if cases:
            self.table.selectRow(0)

    @Slot()
    def _ask(self) -> None:
        self.searched.emit(self.search.text().strip(), self.state.currentData())

    @Slot()
    def _open_selected(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows:
            self.opened.emit(self.rows.cases[rows[0].row()])
            self.accept()
