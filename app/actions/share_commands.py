"""What actions do with files of cases: asking where, and showing what differs."""

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from app.controllers.sharing import Sharing
from app.state.session import Session
from app.views.dialogs.dialogs import plain_box
from rostfine_core.files import safe_name


class ShareCommands(QObject):
    """Asks for files, and shows what came of it."""

    def __init__(self, window: QMainWindow, sharing: Sharing, session: Session) -> None:
        super().__init__(window)
        self._window, self._sharing, self._session = window, sharing, session
        sharing.differed.connect(self.show_differences)

    def export_case(self) -> None:
        """Choose where the open video's case goes, and whether its videos come along."""
        name = safe_name(self._session.sample.sample, fallback="case")
        alone, whole = self.tr("Case (*.zip)"), self.tr("Case with its videos (*.zip)")
        path, kind = self._new_file(self.tr("Export the case"), f"{name}.zip", f"{alone};;{whole}")
        if path is not None:
            self._sharing.export_case(path, with_videos=kind == whole)

    def import_case(self) -> None:
        """Choose the file of a case."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Import a case"), "", self.tr("Case (*.zip)")
        )
        if name:
            self._sharing.import_case(
                Path(name), ask_folder=self._ask_folder, is_same=self._is_same
            )

    def export_table(self) -> None:
        """Choose where the table of all cases goes."""
        kinds = f"{self.tr('Workbook (*.xlsx)')};;CSV (*.csv)"
        path, _ = self._new_file(self.tr("Export all cases"), "cases.xlsx", kinds)
        if path is not None:
            self._sharing.export_table(path)

    def write_overlay(self) -> None:
        """Choose where the overlay video goes, and what it shows."""
        sperm = self._session.selected_sperm
        name = safe_name(sperm.name if sperm else "", fallback="sperm")
        field, window = self.tr("Whole field (*.mp4)"), self.tr("Around the sperm (*.mp4)")
        path, kind = self._new_file(
            self.tr("Write an overlay video"), f"sperm-{name}.mp4", f"{field};;{window}"
        )
        if path is not None:
            self._sharing.write_overlay(path, is_window=kind == window)

    @Slot(str)
    def show_differences(self, story: str) -> None:
        """Show which results are not as they were, and how far."""
        icon = QMessageBox.Icon.Warning
        box = plain_box(self._window, icon, self.tr("Some results came out differently."), story)
        box.setModal(False)
        box.finished.connect(box.deleteLater)
        box.show()

    def _new_file(self, title: str, name: str, kinds: str) -> tuple[Path | None, str]:
        """A file to write, with the ending of the chosen kind, and that kind."""
        chosen, kind = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        if not chosen:
            return None, kind
        ending = kind.rpartition("*")[2].rstrip(")")
        path = Path(chosen)
        return (path if path.suffix.lower() == ending else Path(f"{chosen}{ending}")), kind

    def _ask_folder(self, count: int) -> Path | None:
        name = QFileDialog.getExistingDirectory(
            self._window,
            self.tr("{count} videos came along: choose a folder for them").format(count=count),
        )
        return Path(name) if name else None

    def _is_same(self, pseudonym: str) -> bool:
        box = plain_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("There is a patient {name} in the store.").format(name=pseudonym),
            self.tr("Is the one in the file the same person?"),
        )
        yes = box.addButton(self.tr("The same person"), QMessageBox.ButtonRole.AcceptRole)
        no = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(no)
        box.exec()
        return box.clickedButton() is yes
