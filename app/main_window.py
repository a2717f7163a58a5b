"""The main window: puts the views together and connects their requests to the controller."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QIcon,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.actions.action_set import ActionSet
from app.actions.enabling import Enabling
from app.controllers.controller import Controller
from app.presentation.theme import apply_theme, icon, load_theme
from app.state import paths
from app.state.session import Session
from app.state.settings import Settings
from app.state.window_layout import keep_layout, restore_layout
from app.views.compare.compare import ComparePage
from app.views.dialogs.about import AboutDialog, bundled_text
from app.views.dialogs.dialogs import Errors, Questions, ShortcutsDialog, ask_video, show_once
from app.views.dialogs.settings_dialog import SettingsDialog
from app.views.notice_bar import NoticeBar
from app.views.recent_menu import RecentMenu
from app.views.report_panel import ReportPage
from app.views.review.review import ReviewPage
from app.views.sample_bar import SampleBar
from app.views.status_bar import StatusBar
from app.wiring import add_buttons, connect_review

REVIEW, COMPARE, REPORT = range(3)
SMALLEST_PX = (1180, 680)


class MainWindow(QMainWindow):
    """Everything on one screen; pages for comparing and reporting.

    Signals:
        seen(): the window has been drawn for the first time.
    """

    seen = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("RoSTFine Assist")
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST_PX)
        self.settings = settings
        self._is_seen = False
        self.session = Session(self)
        self.questions = Questions(self)
        self._errors = Errors(self)
        self.controller = Controller(self.session, settings, self.questions, self)
        self.review = ReviewPage(self.session)
        self.sample_bar = SampleBar(self.session)
        self.actions_by_id = ActionSet(
            self,
            {
                "window": self,
                "controller": self.controller,
                "editor": self.controller.editor,
                "player": self.controller.player,
                "analysis": self.controller.analysis,
                "canvas": self.review.canvas,
            },
            before=self.sample_bar.commit,
        )
        add_buttons(self.review, self.actions_by_id)
        self.compare = ComparePage(self.session)
        self.report = ReportPage(self.session)
        self._build()
        self._connect()
        self._enabling = Enabling(self.session, self.controller, self.actions_by_id, self)
        self._apply_theme()
        restore_layout(self, settings)
        self.show_page(REVIEW)

    # Building ------------------------------------------------------------------------------

    def _build(self) -> None:
        self._recent = RecentMenu(self)
        self.actions_by_id.fill_menus(self._recent)
        bar = QToolBar(self.tr("Work"))
        bar.setObjectName("work")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        self.actions_by_id.fill_tool_bar(bar)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spacer)
        bar.addWidget(self.sample_bar)
        self.addToolBar(bar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.pages = QStackedWidget()
        for page in (self.review, self.compare, self.report):
            self.pages.addWidget(page)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(NoticeBar(self.session))
        column.addWidget(self.pages, 1)
        self.setCentralWidget(centre)
        self.status = StatusBar(self.session)
        self.setStatusBar(self.status)

    def _connect(self) -> None:
        controller, editor = self.controller, self.controller.editor
        connect_review(self.review, controller)
        self.compare.compared.connect(controller.compare)
        self.sample_bar.sample_edited.connect(editor.set_sample)
        self.sample_bar.calibration_edited.connect(editor.set_calibration)
        self.report.sample_edited.connect(editor.set_sample)
        self.report.export_requested.connect(self.sample_bar.commit)
        self.report.export_requested.connect(controller.export)
        self.report.folder_requested.connect(self.open_report_folder)
        self.report.preview_requested.connect(controller.preview)
        self.status.cancel_requested.connect(controller.cancel)
        controller.failed.connect(self.show_error)
        controller.previewed.connect(self.report.show_pages)
        controller.exported.connect(self._show_target)
        controller.recent_changed.connect(self._show_recent)
        self._recent.chosen.connect(controller.open_video)
        self.settings.changed.connect(self._on_setting_changed)
        self.session.video_changed.connect(self._on_video_changed)
        self.session.video_moved.connect(self._show_name)
        for changed in (
            self.session.sample_changed,
            self.session.results_changed,
            self.session.sperms_changed,
            self.session.calibration_changed,
        ):
            changed.connect(self._show_target)
        self.sample_bar.set_profiles(self.settings.profiles)
        self._show_recent()

    # Actions of the window -----------------------------------------------------------------

    def show_page(self, page: int) -> None:
        """Review, compare or report."""
        self.pages.setCurrentIndex(page)
        ids = ("page_review", "page_compare", "page_report")
        self.actions_by_id[ids[page]].setChecked(True)
        self._enabling.set_reviewing(page == REVIEW)
        self._show_target()

    def ask_open(self) -> None:
        """Choose a video to open."""
        recent = self.settings.recent
        path = ask_video(self, recent[0].parent if recent else Path.home())
        if path is not None:
            self.controller.open_video(path)

    def start_rename(self) -> None:
        """Type another name for the selected sperm."""
        self.show_page(REVIEW)
        self.review.sperm_list.edit_name()

    def toggle_theme(self) -> None:
        """Dark or light."""
        is_dark = self.settings.text("theme") == "dark"
        self.settings.set_value("theme", "light" if is_dark else "dark")

    def toggle_full_screen(self) -> None:
        """Fill the screen or not."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_settings(self) -> None:
        """Open the settings."""
        show_once(self, SettingsDialog, lambda: SettingsDialog(self.settings, self))

    def show_shortcuts(self) -> None:
        """Open the list of shortcuts."""
        show_once(self, ShortcutsDialog, lambda: ShortcutsDialog(self))

    def show_about(self) -> None:
        """Open versions, model card and licences."""
        is_own = bool(self.settings.text("model_path"))  # which the bundled card does not describe
        card = "" if is_own else bundled_text("models/README.md")
        licence = bundled_text("LICENSE")
        show_once(
            self,
            AboutDialog,
            lambda: AboutDialog(self.session.model, card=card, licence=licence, parent=self),
        )

    def open_report_folder(self) -> None:
        """Show the exported files."""
        if self.controller.last_report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.controller.last_report)))

    def open_log_folder(self) -> None:
        """Show the crash log."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_file().parent)))

    def ask_screenshot(self) -> None:
        """Save a picture of the window."""
        picture = self.grab()
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the screenshot"), "rostfine.png", "PNG (*.png)"
        )
        if name and not picture.save(name, "PNG"):
            self.show_error(
                self.tr("Cannot write {name}: choose another folder.").format(name=name)
            )

    # What happened -------------------------------------------------------------------------

    @Slot(str)
    def show_error(self, sentence: str, *, is_bug: bool = False) -> QMessageBox:
        """Say what went wrong without blocking the window, one dialog at a time."""
        return self._errors.tell(sentence, is_bug=is_bug)

    @Slot()
    def _on_video_changed(self) -> None:
        self._show_name()
        self.show_page(REVIEW)
        self.review.canvas.setFocus()

    @Slot()
    def _show_name(self) -> None:
        video = self.session.video
        self.setWindowTitle(f"{video.path.name} – RoSTFine Assist" if video else "RoSTFine Assist")

    @Slot()
    def _show_target(self) -> None:
        target, last = self.controller.report_folder, self.controller.last_report
        is_whole = target == last and not self.controller.has_unexported
        self.report.set_target(str(target), is_written=is_whole, can_open=target == last)

    @Slot()
    def _show_recent(self) -> None:
        self._recent.show_videos(self.settings.recent)

    @Slot(str)
    def _on_setting_changed(self, id: str) -> None:
        if id == "theme":
            self._apply_theme()
        elif id == "profiles":
            self.sample_bar.set_profiles(self.settings.profiles)
        elif id == "report_folder":
            self._show_target()

    def _apply_theme(self) -> None:
        theme = load_theme(self.settings.text("theme"))
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self.setWindowIcon(QIcon(icon("app", theme.colours["accent"], theme.colours["accent"])))
        self.actions_by_id.recolour(theme)
        self.review.recolour(theme)
        self.compare.recolour()

    # Events --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell the first time."""
        super().paintEvent(event)
        if not self._is_seen:
            self._is_seen = True
            self.seen.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, not links into the web."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file that was dropped."""
        names = [u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile()]
        if names:
            QTimer.singleShot(0, self, lambda: self.controller.open_video(Path(names[0])))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask when work would be lost, then vanish and end everything."""
        is_lost = self.controller.has_unexported
        if (self.controller.is_busy and not self.questions.may_stop()) or (
            is_lost and not self.questions.may_discard()
        ):
            event.ignore()
            return
        keep_layout(self, self.settings)
        self.hide()  # at once: a step that cannot be stopped, as an import, may take seconds
        self.controller.shut_down()
        event.accept()
