"""The small dialogs: errors, shortcuts and the controller's questions."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import plain
from app.state.records import Leaving, Saving
from app.views.dialogs.scale_dialog import ScaleDialog
from app.views.panel import muted
from rostfine_core.recordings import VIDEO_SUFFIXES

translate = QCoreApplication.translate
LONGEST_SAMPLE = 80
VIDEO_FILTER = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)


class MessageBoxes:
    """Asks the user, in dialogs over one parent window."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def before_leaving(self, saving: Saving, *, can_export: bool) -> Leaving:
        """What to do about changes that cannot be kept, before they are lost."""
        lost = translate("Dialogs", "They will be lost if you continue.")
        way_out = translate(
            "Dialogs",
            "To keep them, cancel, mend what hinders it, and try again in the status bar.",
        )
        box = plain_box(
            self._parent,
            QMessageBox.Icon.Question,
            translate("Dialogs", "{count} changes could not be kept: {problem}").format(
                count=saving.unsaved, problem=saving.problem
            ),
            lost if can_export else f"{lost}\n\n{way_out}",
        )
        role = QMessageBox.ButtonRole
        discard = box.addButton(translate("Dialogs", "Continue without them"), role.DestructiveRole)
        answers: dict[QAbstractButton, Leaving] = {discard: Leaving.DISCARD}
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        if can_export:
            export = box.addButton(translate("Dialogs", "Export and go on"), role.AcceptRole)
            answers[export] = Leaving.EXPORT
            box.setDefaultButton(export)
        box.exec()
        return answers.get(box.clickedButton(), Leaving.STAY)

    def sample_name(self) -> str | None:
        """The pseudonym of the sample that is to be reported; None where the user gives none."""
        dialog = QInputDialog(self._parent)
        dialog.setWindowTitle(translate("Dialogs", "Name of the sample"))
        dialog.setLabelText(
            translate("Dialogs", "Give the sample a pseudonym: the report is named after it.")
        )
        dialog.setOkButtonText(translate("Dialogs", "Export"))
        is_given = dialog.exec() == QDialog.DialogCode.Accepted
        name = dialog.textValue().strip()[:LONGEST_SAMPLE]
        dialog.deleteLater()
        return name if is_given and name else None

    def may_overwrite(self, folder: Path) -> bool:
        """Whether a report among the files of a folder may be replaced."""
        return self._ask(
            translate("Dialogs", "{folder} already holds files.").format(folder=folder),
            translate(
                "Dialogs", "If you continue, a report among them is replaced; other files stay."
            ),
            translate("Dialogs", "Export there"),
        )

    def may_add(self, count: int) -> bool:
        """Whether so many sperm that were found may be added to the list."""
        found = translate("Dialogs", "{count} sperm heads were found that are not in the list yet.")
        return self._ask(
            found.format(count=count),
            translate(
                "Dialogs",
                "Check each once they are added: Del strikes out the selected one, Undo takes all "
                "of them back.",
            ),
            translate("Dialogs", "Add them"),
        )

    def may_stop(self) -> bool:
        """Whether running jobs may be cancelled because the window closes."""
        return self._ask(
            translate("Dialogs", "A task is still running."),
            translate("Dialogs", "Closing cancels it; files that are already written stay."),
            translate("Dialogs", "Cancel it and close"),
        )

    def find_moved(self, path: Path, *, is_kept: bool = False) -> Path | None:
        """Where a video is now that is no longer in its place; ``is_kept``: it is a known case."""
        box = plain_box(
            self._parent,
            QMessageBox.Icon.Question,
            translate("Dialogs", "{path} is not there.").format(path=path),
            translate("Dialogs", "Do you want to look for it?"),
        )
        find = box.addButton(translate("Dialogs", "Find it …"), QMessageBox.ButtonRole.AcceptRole)
        if is_kept:
            box.addButton(
                translate("Dialogs", "Read what is kept of it"), QMessageBox.ButtonRole.RejectRole
            )
        else:
            box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return ask_video(self._parent, path.parent) if box.clickedButton() is find else None

    def line_length_um(self, length_px: float) -> float | None:
        """How long a line over the video is in micrometres; None where the user does not say."""
        dialog = ScaleDialog(length_px, self._parent)
        is_said = dialog.exec() == QDialog.DialogCode.Accepted
        dialog.deleteLater()
        return dialog.length_um if is_said else None

    def _ask(self, text: str, more: str, yes: str) -> bool:
        box = plain_box(self._parent, QMessageBox.Icon.Question, text, more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is accept


def show_once(parent: QWidget, kind: type[QDialog], make: Callable[[], QDialog]) -> None:
    """Open a dialog, or bring the one that is open to the front."""
    dialog = next((d for d in parent.findChildren(kind) if d.isVisible()), None) or make()
    dialog.show()
    dialog.activateWindow()


def ask_video(parent: QWidget, folder: Path) -> Path | None:
    """Let the user choose a video."""
    name, _ = QFileDialog.getOpenFileName(
        parent, translate("Dialogs", "Open a video"), str(folder), _video_filters()
    )
    return Path(name) if name else None


def ask_videos(parent: QWidget, folder: Path) -> tuple[Path, ...]:
    """Let the user choose several videos."""
    names, _ = QFileDialog.getOpenFileNames(
        parent, translate("Dialogs", "Add videos"), str(folder), _video_filters()
    )
    return tuple(map(Path, names))


def _video_filters() -> str:
    videos, all_files = translate("Dialogs", "Videos"), translate("Dialogs", "All files")
    return f"{videos} ({VIDEO_FILTER} {VIDEO_FILTER.upper()});;{all_files} (*)"


class Errors(QObject):
    """Shows sentences one after the other, each in a dialog that does not block the window."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._told: list[tuple[str, bool]] = []
        self._box: QMessageBox | None = None

    @Slot(str)
    def tell(self, sentence: str, *, is_bug: bool = False) -> QMessageBox:
        """Show a sentence now, or once those before it are closed; returns the open dialog.

        A sentence that is open or already waiting is not shown twice; ``is_bug`` marks bugs of the
        program.
        """
        if (sentence, is_bug) not in self._told:
            self._told.append((sentence, is_bug))
        return self._box or self._open()

    def _open(self) -> QMessageBox:
        self._box = _error_box(self._window, *self._told[0])
        self._box.finished.connect(self._on_closed)
        self._box.show()
        return self._box

    @Slot()
    def _on_closed(self) -> None:
        self._box = None
        del self._told[0]
        if self._told:
            self._open()


def _error_box(parent: QWidget, sentence: str, is_bug: bool) -> QMessageBox:
    bug = translate("Dialogs", "This is a bug in the program; Help > Show the log has the details.")
    icon = QMessageBox.Icon.Critical if is_bug else QMessageBox.Icon.Warning
    box = plain_box(parent, icon, sentence, bug if is_bug else "")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(translate("Dialogs", "RoSTFine Assist"))
    box.setModal(False)
    return box


def plain_box(
    parent: QWidget | None, icon: QMessageBox.Icon, text: str, more: str = ""
) -> QMessageBox:
    """A message box whose text is never taken for HTML, since it may hold the name of a file."""
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(plain(more))
    return box


class ShortcutsDialog(QDialog):
    """Actions with their keys."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Shortcuts"))
        self.resize(820, 640)
        self.table = QTableWidget(len(actions), 3)
        self.table.setHorizontalHeaderLabels(
            [self.tr("Action"), self.tr("Keys"), self.tr("What it does")]
        )
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setAccessibleName(self.tr("Shortcuts"))
        for row, action in enumerate(actions):
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            for column, text in enumerate((action.text(), keys, action.statusTip())):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(
            muted(
                self.tr(
                    "In the video: the arrow keys move a cross (with Shift ten pixels at once) "
                    "and Enter clicks with it, Esc puts it away; the wheel zooms, the middle "
                    "button pans, and dragging a marker corrects its track."
                )
            )
        )
        layout.addWidget(buttons)
