"""Backups of the case store: a list to restore from, and buttons to back up and to check."""

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import plain
from app.views.dialogs.dialogs import plain_box
from app.views.panel import muted
from rostfine_core.marking import QT_TRANSLATE_NOOP

SIZE = (720, 480)
_TIME = "%Y-%m-%dT%H%M%SZ"
_TIME_LENGTH = len("2026-01-01T000000Z")
_KINDS = {
    "daily": QT_TRANSLATE_NOOP("BackupsDialog", "daily"),
    "by-hand": QT_TRANSLATE_NOOP("BackupsDialog", "by hand"),
    "before-restore": QT_TRANSLATE_NOOP("BackupsDialog", "before another was restored"),
}


class BackupsDialog(QDialog):
    """Backups from the newest on.

    Signals:
        back_up_wanted(): the store is to be backed up now.
        check_wanted(): the store is to be read through.
        restore_wanted(Path): a backup is to take the place of the store.
    """

    back_up_wanted = Signal()
    check_wanted = Signal()
    restore_wanted = Signal(Path)

    def __init__(self, parent: QWidget | None = None, *, may_restore: bool = True) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Backups"))
        self.resize(*SIZE)
        self._may_restore = may_restore
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Backups"))
        self.back_up = QPushButton(self.tr("Back up now"))
        self.restore = QPushButton(self.tr("Restore …"))
        self.restore.setEnabled(False)
        self.check = QPushButton(self.tr("Check the store"))
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self._lay_out()
        self.list.currentItemChanged.connect(self._on_chosen)
        self.back_up.clicked.connect(self._on_back_up)
        self.check.clicked.connect(self._on_check)
        self.restore.clicked.connect(self._on_restore)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self.back_up, self.restore, self.check):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.list, 1)
        layout.addLayout(row)
        layout.addWidget(self.outcome)
        layout.addWidget(
            muted(
                self.tr(
                    "The store is backed up once a day and before a new version of the program "
                    "changes its form. Keep copies of these files on another disk."
                )
            )
        )
        layout.addWidget(buttons)

    @Slot(tuple)
    def show_backups(self, files: tuple[Path, ...]) -> None:
        """Replace the list."""
        self.list.clear()
        for file in sorted(files, key=lambda f: f.stem[-_TIME_LENGTH:], reverse=True):
            item = QListWidgetItem(self._text(file))
            item.setToolTip(plain(str(file)))
            item.setData(Qt.ItemDataRole.UserRole, file)
            self.list.addItem(item)

    def _text(self, file: Path) -> str:
        why, written = file.stem[: -_TIME_LENGTH - 1], file.stem[-_TIME_LENGTH:]
        kind = self.tr(_KINDS[why]) if why in _KINDS else self.tr("before a new version")
        try:
            time = datetime.strptime(written, _TIME).replace(tzinfo=UTC)
        except ValueError:  # a file that somebody put there
            return file.name
        local = QDateTime.fromSecsSinceEpoch(int(time.timestamp()))
        return f"{QLocale().toString(local, QLocale.FormatType.ShortFormat)}   {kind}"

    @Slot(str, bool)
    def show_outcome(self, sentence: str, is_well: bool) -> None:
        """Say how what was asked for ended."""
        self.outcome.setObjectName("" if is_well else "warning")
        self.outcome.setText(sentence)
        self.outcome.style().polish(self.outcome)

    @Slot()
    def _on_chosen(self) -> None:
        self.restore.setEnabled(self._may_restore and self.list.currentItem() is not None)

    @Slot()
    def _on_back_up(self) -> None:
        self.show_outcome(self.tr("The store is being backed up …"), True)
        self.back_up_wanted.emit()

    @Slot()
    def _on_check(self) -> None:
        self.show_outcome(self.tr("The store is being read …"), True)
        self.check_wanted.emit()

    @Slot()
    def _on_restore(self) -> None:
        item = self.list.currentItem()
        if item is not None and self.is_sure(item.text()):
            self.show_outcome(self.tr("The store is being restored …"), True)
            self.restore_wanted.emit(item.data(Qt.ItemDataRole.UserRole))

    def is_sure(self, backup: str) -> bool:
        """Ask before everything is replaced."""
        box = plain_box(
            self,
            QMessageBox.Icon.Warning,
            self.tr("Restore {backup}?").format(backup=backup),
            self.tr(
                "Everything that was done since then is taken back, for everybody who uses the "
                "store. It is backed up first."
            ),
        )
        yes = box.addButton(self.tr("Restore"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is yes
