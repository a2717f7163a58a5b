"""The audit trail: who did what when, searched, and checked for changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import say, say_word
from app.views.panel import muted
from rostfine_core.domain import Action, AuditEntry, OwnAction, TrailCheck
from rostfine_core.marking import QT_TRANSLATE_NOOP, marked

SIZE = (980, 640)
_COLUMNS = (
    QT_TRANSLATE_NOOP("AuditDialog", "No."),
    QT_TRANSLATE_NOOP("AuditDialog", "Local time"),
    QT_TRANSLATE_NOOP("AuditDialog", "Operator"),
    QT_TRANSLATE_NOOP("AuditDialog", "Action"),
    QT_TRANSLATE_NOOP("AuditDialog", "Of"),
    QT_TRANSLATE_NOOP("AuditDialog", "Reason"),
)
_WIDTHS = (60, 230, 110, 160, 120)
_ACTIONS = {action.value: action.wording for action in (*Action, *OwnAction)}
_KINDS = {
    "operator": marked("operator"),
    "panel": marked("panel"),
    "panel_item": marked("ballot"),
    "patient": marked("patient"),
    "report": marked("report"),
    "sample": marked("sample"),
    "sperm": marked("sperm"),
    "store": marked("store"),
    "video": marked("video"),
}
"""What the trail's entries are about, by their names in the database."""
_Index = QModelIndex | QPersistentModelIndex


class AuditDialog(QDialog):
    """Entries from the newest on; the selected one is shown in full below.

    Signals:
        searched(str): entries that hold a text are wanted.
        older_wanted(str, int): those below a number, too.
        check_wanted(str): check the trail, and that it holds a hash ("" for none).
    """

    searched = Signal(str)
    older_wanted = Signal(str, int)
    check_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Audit trail"))
        self.resize(*SIZE)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.entries = _Entries([self.tr(text) for text in _COLUMNS], self)
        self.table = self._make_table()
        self.older = QPushButton(self.tr("Show older"))
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("The selected entry"))
        self.details.setMaximumHeight(150)
        self.head = QLineEdit()
        self.head.setPlaceholderText(self.tr("hash on a report, if one is to be looked for"))
        self.head.setAccessibleName(self.tr("Hash on a report"))
        self.check = QPushButton(self.tr("Check the trail"))
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self._lay_out()
        self.search.returnPressed.connect(lambda: self.searched.emit(self.search.text()))
        self.search.textChanged.connect(self._on_cleared)
        self.older.clicked.connect(self._on_older)
        self.check.clicked.connect(lambda: self.check_wanted.emit(self.head.text().strip()))
        self.table.selectionModel().currentRowChanged.connect(self._show_details)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.entries)
        table.setAccessibleName(self.tr("Audit trail"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        return table

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.check)
        row.addWidget(self.head, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        for button in (self.older, self.check):
            button.setAutoDefault(False)  # Enter searches
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.older, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.details)
        layout.addLayout(row)
        layout.addWidget(self.outcome)
        layout.addWidget(
            muted(
                self.tr(
                    "Each entry carries a hash of the one before. A report carries the hash of the "
                    "newest entry when it was made, so that a trail that was cut or replaced is "
                    "found out."
                )
            )
        )
        layout.addWidget(buttons)

    def begin(self) -> None:
        """Ask for the newest entries."""
        self.searched.emit("")

    @Slot(tuple)
    def show_entries(self, entries: Sequence[AuditEntry]) -> None:
        """Show the answer to ``searched``."""
        self.entries.replace(entries)
        self.details.clear()
        self.older.setEnabled(bool(entries))

    @Slot(tuple)
    def add_entries(self, entries: Sequence[AuditEntry]) -> None:
        """Show the answer to ``older_wanted`` below the others."""
        self.entries.append(entries)
        self.older.setEnabled(bool(entries))

    @Slot(object)
    def show_check(self, found: TrailCheck) -> None:
        """Show what checking found."""
        self.outcome.setObjectName("" if found.fault is None else "warning")
        self.outcome.setText(say(found.message))
        self.outcome.style().polish(self.outcome)

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why the trail is not shown or checked."""
        self.outcome.setObjectName("warning")
        self.outcome.setText(sentence)
        self.outcome.style().polish(self.outcome)

    @Slot(str)
    def _on_cleared(self, text: str) -> None:
        if not text:
            self.searched.emit("")

    @Slot()
    def _on_older(self) -> None:
        last = self.entries.last
        if last is not None:
            self.older_wanted.emit(self.search.text(), last.number)

    @Slot(QModelIndex)
    def _show_details(self, index: QModelIndex) -> None:
        entry = self.entries.entry(index.row())
        if entry is None:
            return
        parts = (
            (self.tr("Before"), entry.before),
            (self.tr("After"), entry.after),
            (self.tr("Reason"), entry.reason),
            (self.tr("Of"), f"{entry.subject_kind} {entry.subject_id}"),
            (self.tr("UTC"), entry.utc),
            (self.tr("Hash"), entry.hash),
        )
        self.details.setPlainText("\n".join(f"{name}: {text}" for name, text in parts if text))


class _Entries(QAbstractTableModel):
    """The entries that were read so far."""

    def __init__(self, headings: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._headings, self._entries = list(headings), list[AuditEntry]()

    @property
    def last(self) -> AuditEntry | None:
        """The oldest that was read."""
        return self._entries[-1] if self._entries else None

    def entry(self, row: int) -> AuditEntry | None:
        """What a row shows."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def replace(self, entries: Sequence[AuditEntry]) -> None:
        """Show these alone."""
        self.beginResetModel()
        self._entries = list(entries)
        self.endResetModel()

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Show these below the others."""
        if entries:
            first = len(self._entries)
            self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
            self._entries += entries
            self.endInsertRows()

    def rowCount(self, parent: _Index | None = None) -> int:
        """One for each entry."""
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index | None = None) -> int:
        """One for each of ``_COLUMNS``."""
        return 0 if parent is not None and parent.isValid() else len(self._headings)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """The headings."""
        is_text = role == Qt.ItemDataRole.DisplayRole
        return (
            self._headings[section]
            if is_text and orientation == Qt.Orientation.Horizontal
            else None
        )

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """The texts of an entry."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        entry = self._entries[index.row()]
        return (
            str(entry.number),
            local_time(entry),
            entry.operator,
            say_word(_ACTIONS.get(entry.action, entry.action)),
            say_word(_KINDS.get(entry.subject_kind, entry.subject_kind)),
            entry.reason,
        )[index.column()]


def local_time(entry: AuditEntry) -> str:
    """When it was on the clock of who did it, with the clock's offset."""
    zone = timezone(timedelta(minutes=entry.local_offset_minutes))
    try:
        return datetime.fromisoformat(entry.utc).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")
    except ValueError:  # an entry that was changed
        return entry.utc
