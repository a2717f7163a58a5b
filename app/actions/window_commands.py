"""What actions do with the window itself: dialogs, appearance, screenshots and folders."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu

from app.controllers.controller import Controller
from app.jobs import program_tasks
from app.presentation.clipboard import numbers_text
from app.presentation.manual_pdf import manual_page
from app.presentation.wording import say
from app.state.records import SampleSheet
from app.state.settings import log_file
from app.views.dialogs.about import AboutDialog, bundled_text
from app.views.dialogs.backups import BackupsDialog
from app.views.dialogs.cases import CasesDialog
from app.views.dialogs.dialogs import ShortcutsDialog, ask_video, ask_videos, show_once
from app.views.dialogs.manual import ManualDialog
from app.views.dialogs.sample_dialog import SampleDialog
from app.views.dialogs.settings_dialog import SettingsDialog
from rostfine_core.bundled import is_frozen
from rostfine_core.domain import Action
from rostfine_core.errors import RostfineError

MANUAL = "manual"


class WindowCommands(QObject):
    """Commands that change neither the session nor its results.

    Signals:
        failed(str): something failed; the sentence is for the user.
    """

    failed = Signal(str)

    def __init__(self, window: QMainWindow, controller: Controller) -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        self._settings = controller.settings

    def close(self) -> None:
        """Close the window."""
        self._window.close()

    def ask_open(self) -> None:
        """Choose a video to open."""
        recent = self._settings.recent
        path = ask_video(self._window, recent[0].parent if recent else Path.home())
        if path is not None:
            self._controller.open_video(path)

    def ask_videos(self) -> None:
        """Choose videos for the worklist."""
        recent = self._settings.recent
        paths = ask_videos(self._window, recent[0].parent if recent else Path.home())
        if paths:
            self._controller.worklist.add(paths)

    def ask_folder(self) -> None:
        """Choose a folder for the worklist."""
        folder = self._chosen_folder(self.tr("Add a folder"))
        if folder is not None:
            self._controller.worklist.add([folder])

    def ask_watched(self) -> None:
        """Choose the folder to watch, or stop watching."""
        worklist = self._controller.worklist
        worklist.watch(None if worklist.watched else self._chosen_folder(self.tr("Watch a folder")))

    def _chosen_folder(self, title: str) -> Path | None:
        recent = self._settings.recent
        start = recent[0].parent if recent else Path.home()
        name = QFileDialog.getExistingDirectory(self._window, title, str(start))
        return Path(name) if name else None

    def ask_screenshot(self) -> None:
        """Save a picture of the window."""
        picture = self._window.grab()
        name, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the screenshot"), "rostfine.png", "PNG (*.png)"
        )
        if name and not picture.save(name, "PNG"):
            self.failed.emit(
                self.tr("Cannot write {name}: choose another folder.").format(name=name)
            )

    @Slot()
    def open_report_folder(self) -> None:
        """Show the exported files."""
        if self._controller.reporter.last_report is not None:
            _show_folder(self._controller.reporter.last_report)

    def open_log_folder(self) -> None:
        """Show the crash log."""
        _show_folder(log_file().parent)

    def copy_numbers(self) -> None:
        """Put the selected sperm's numbers on the clipboard."""
        session = self._controller.session
        sperm = session.selected_sperm
        assessment = session.assessment(sperm) if sperm else None
        if sperm is not None and assessment is not None:
            QGuiApplication.clipboard().setText(numbers_text(sperm.name, assessment))
            session.set_message(
                self.tr("The numbers of sperm {name} are copied.").format(name=sperm.name)
            )

    def show_backups(self) -> None:
        """Open the list of backups."""
        show_once(self._window, BackupsDialog, self._backups)

    def _backups(self) -> BackupsDialog:
        controller, backups = self._controller, self._controller.backups
        may_restore = controller.staff.may(Action.RESTORE)
        dialog = BackupsDialog(self._window, may_restore=may_restore)
        dialog.setModal(True)  # nothing is edited while the store is replaced
        dialog.back_up_wanted.connect(backups.back_up)
        dialog.check_wanted.connect(backups.check)
        dialog.restore_wanted.connect(controller.restore_store)
        backups.found.connect(dialog.show_backups)
        backups.told.connect(dialog.show_outcome)
        backups.find()
        return dialog

    def toggle_theme(self) -> None:
        """Change between dark and light."""
        is_dark = self._settings.text("theme") == "dark"
        self._settings.set_value("theme", "light" if is_dark else "dark")

    def toggle_full_screen(self) -> None:
        """Fill the screen or not."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_settings(self) -> None:
        """Open the settings."""
        show_once(
            self._window, SettingsDialog, lambda: SettingsDialog(self._settings, self._window)
        )

    def show_cases(self) -> None:
        """Open the list of what is kept."""
        show_once(self._window, CasesDialog, self._cases)

    @Slot(object)
    def show_sample(self, sheet: SampleSheet) -> None:
        """Open what is known of the open video's sample."""
        show_once(self._window, SampleDialog, lambda: self._sample(sheet))

    def _sample(self, sheet: SampleSheet) -> SampleDialog:
        dialog = SampleDialog(sheet, self._window)
        dialog.edited.connect(self._controller.keeper.keep_sample)
        dialog.moved.connect(self._controller.keeper.move_to_sample)
        return dialog

    def _cases(self) -> CasesDialog:
        controller = self._controller
        dialog = CasesDialog(self._window)
        dialog.searched.connect(controller.keeper.search)
        controller.keeper.cases_found.connect(dialog.show_cases)
        dialog.opened.connect(controller.open_case, Qt.ConnectionType.QueuedConnection)
        dialog.begin()
        return dialog

    def show_manual(self) -> None:
        """Open the manual in the window's language."""
        try:
            page = manual_page(self._language)
        except RostfineError as error:
            self.failed.emit(say(error.message))
            return
        show_once(self._window, ManualDialog, lambda: self._manual(page))

    @property
    def _language(self) -> str:
        """The language of the window: its translation says which one it is."""
        return QCoreApplication.translate("WindowCommands", "en", "the language's code: en or ja")

    def _manual(self, page: Path) -> ManualDialog:
        dialog = ManualDialog(page, self._window)
        dialog.pdf_requested.connect(self.save_manual)
        return dialog

    @Slot(str)
    def save_manual(self, name: str) -> None:
        """Write the manual as PDF in the background."""
        jobs, language, font = self._controller.jobs, self._language, self._window.font()
        if jobs.is_running(MANUAL):
            return
        session = self._controller.session
        jobs.start(
            MANUAL,
            lambda: program_tasks.write_manual(language, Path(name), font),
            on_success=lambda file: session.set_message(
                self.tr("The manual is in {file}.").format(file=file)
            ),
            on_failure=self.failed.emit,
        )

    def show_shortcuts(self) -> None:
        """Open the list of what stands in the menus, with its keys."""
        menus = (action.menu() for action in self._window.menuBar().actions())
        held = [a for menu in menus if isinstance(menu, QMenu) for a in menu.actions()]
        actions = [a for a in held if not a.shortcut().isEmpty()]
        show_once(self._window, ShortcutsDialog, lambda: ShortcutsDialog(actions, self._window))

    def show_about(self) -> None:
        """Open versions, model card and licences."""
        is_own = bool(self._settings.text("model_path"))  # the bundled card describes another one
        card = "" if is_own else bundled_text("models/README.md")
        licence, model = bundled_text("LICENSE"), self._controller.session.model
        third_parties = bundled_text("licences/THIRD_PARTY.md") if is_frozen() else ""
        show_once(
            self._window,
            AboutDialog,
            lambda: AboutDialog(
                model,
                card=card,
                licence=licence,
                third_parties=third_parties,
                parent=self._window,
            ),
        )


def _show_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
