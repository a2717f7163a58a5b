"""The main window: puts the session, the controllers, the views and the actions together."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QIcon,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions.action_set import ActionSet
from app.actions.context_menus import ContextMenus
from app.actions.guide import Guide
from app.actions.share_commands import ShareCommands
from app.actions.spec import Bar, Handlers
from app.actions.staff_commands import StaffCommands
from app.actions.table import ACTIONS
from app.actions.window_commands import WindowCommands
from app.controllers.controller import Controller
from app.presentation.theme import apply_theme, icon, load_theme
from app.state.session import Session
from app.state.settings import Settings
from app.views.compare.compare import ComparePage
from app.views.dialogs.dialogs import Errors, MessageBoxes
from app.views.notice_bar import NoticeBar
from app.views.recent_menu import RecentMenu
from app.views.report_panel import ReportPage
from app.views.review.review import ReviewPage
from app.views.sample_bar import SampleBar
from app.views.status_bar import StatusBar
from app.views.tool_bar import ToolBar
from app.wiring import Views, connect_actions, connect_controllers, connect_views

SMALLEST_PX = (1180, 680)
FIRST_SIZE = QSize(1280, 800)
"""The size when the user makes the window smaller than the screen."""


class MainWindow(QMainWindow):
    """Everything on one screen; pages for comparing and reporting.

    Signals:
        seen(): the window was drawn for the first time.
    """

    seen = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST_PX)
        self.settings = settings
        self._is_seen = False
        self.session = Session(self)
        self.questions = MessageBoxes(self)
        self.errors = Errors(self)
        self.controller = Controller(self.session, settings, self.questions, self)
        connect_controllers(self.controller)
        self._style_application()  # before there are widgets that measure their texts
        self._build_views()
        commands = WindowCommands(self, self.controller)
        self.guide = self._guide()
        self.actions_by_id = self._actions(commands)
        self._build()
        self.context_menus = ContextMenus(self, self.actions_by_id, self.review)
        connect_actions(self.actions_by_id, self.controller)
        connect_views(self._views(), self.controller, commands)
        settings.changed.connect(self._on_setting_changed)
        self.session.video_changed.connect(self._show_name)
        self.session.video_moved.connect(self._show_name)
        self.controller.staff.sign_in_wanted.connect(self._show_name)
        self.controller.staff.signed_in.connect(self._show_name)
        self.session.page_changed.connect(self._show_page)
        self.controller.reporter.tell_target()
        self._show_name()
        self._apply_theme()
        self._apply_loupe()
        self._restore_layout()

    # Building ------------------------------------------------------------------------------

    def _build_views(self) -> None:
        self.review = ReviewPage(self.session)
        self.compare = ComparePage(self.session)
        self.report = ReportPage(self.session)
        self.sample_bar = SampleBar(self.session)
        self.sample_bar.set_profiles(self.settings.profiles)
        self.status = StatusBar(self.session)
        self.tool_bar = ToolBar(self.tr("Tool bar"), self.sample_bar)
        self._recent = RecentMenu(self)
        self._recent.show_videos(self.settings.recent)

    def _views(self) -> Views:
        return Views(
            review=self.review,
            compare=self.compare,
            report=self.report,
            sample_bar=self.sample_bar,
            status=self.status,
            recent=self._recent,
            errors=self.errors,
        )

    def _actions(self, commands: WindowCommands) -> ActionSet:
        handlers = Handlers(
            window=commands,
            staff=StaffCommands(
                self, self.controller.staff, self.controller.panels, self.controller.signer
            ),
            share=ShareCommands(self, self.controller.sharing, self.session),
            guide=self.guide,
            controller=self.controller,
            editor=self.controller.editor,
            player=self.controller.player,
            analysis=self.controller.analysis,
            canvas=self.review.canvas,
            sperm_list=self.review.sperm_list,
            grade_panel=self.review.grade_panel,
        )
        theme = load_theme(self.settings.text("theme"))
        return ActionSet(self, handlers, theme, before=self.sample_bar.commit)

    def _guide(self) -> Guide:
        review = self.review
        return Guide(
            self,
            self.controller,
            targets={
                "canvas": review.canvas,
                "sperm_list": review.sperm_list,
                "timeline": review.timeline,
                "grade_panel": review.grade_panel,
                "film_strip": review.film_strip,
                "sample_bar": self.sample_bar,
                "tool_bar": self.tool_bar,
            },
            shortcuts={spec.id: spec.shortcut for spec in ACTIONS},
        )

    def _build(self) -> None:
        self.actions_by_id.fill_menus(self._recent)
        self.actions_by_id.fill_tool_bar(self.tool_bar)
        self.tool_bar.finish()
        self.addToolBar(self.tool_bar)
        review = self.review
        for row, layout in (
            (Bar.CANVAS, review.canvas_bar.buttons),
            (Bar.ZOOM, review.canvas_bar.zoom_buttons),
            (Bar.TIMELINE, review.timeline.buttons),
            (Bar.OVERLAY, review.film_strip.buttons),
            (Bar.SELECTION, review.grade_panel.buttons),
        ):
            self.actions_by_id.fill_buttons(row, layout)
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
        self.setStatusBar(self.status)

    # What it shows itself --------------------------------------------------------------------

    @Slot()
    def _show_page(self) -> None:
        self.pages.setCurrentIndex(self.session.page)

    @Slot()
    def _show_name(self) -> None:
        """Name the video in the title, but to nobody who has not signed in."""
        staff, video = self.controller.staff, self.session.video
        is_hidden = staff.is_locked or staff.is_asking
        name = "" if video is None or is_hidden else f"{video.path.name} – "
        self.setWindowTitle(f"{name}RoSTFine Assist")

    @Slot(str)
    def _on_setting_changed(self, id: str) -> None:
        if id == "theme":
            self._style_application()
            self._apply_theme()
        elif id == "loupe":
            self._apply_loupe()

    def _apply_loupe(self) -> None:
        self.review.loupe.is_wanted = self.settings.is_on("loupe")

    def _style_application(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            scale = int(self.settings.text("text_size").rstrip("%")) / 100
            apply_theme(application, load_theme(self.settings.text("theme")), text_scale=scale)

    def _apply_theme(self) -> None:
        theme = load_theme(self.settings.text("theme"))
        self.setWindowIcon(QIcon(icon("app", theme.colours["accent"], theme.colours["accent"])))
        self.actions_by_id.recolour(theme)
        self.review.recolour(theme)
        self.compare.recolour()

    # Where it stood, from one start to the next -----------------------------------------------

    def _restore_layout(self) -> None:
        """The window as it was when it was closed; the first time it fills the screen."""
        self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize()))
        if not self.restoreGeometry(self.settings.layout("window")):
            self.setWindowState(Qt.WindowState.WindowMaximized)
        for splitter in self._named_splitters():
            splitter.restoreState(self.settings.layout(splitter.objectName()))

    def _keep_layout(self) -> None:
        self.settings.set_layout("window", self.saveGeometry())
        for splitter in self._named_splitters():
            self.settings.set_layout(splitter.objectName(), splitter.saveState())

    def _named_splitters(self) -> list[QSplitter]:
        return [s for s in self.findChildren(QSplitter) if s.objectName()]

    # Events --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Emit ``seen`` the first time."""
        super().paintEvent(event)
        if not self._is_seen:
            self._is_seen = True
            self.seen.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files, but no web links."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the file that was dropped, or put several on the worklist."""
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            QTimer.singleShot(0, self, lambda: self.controller.take(paths))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask if something would be lost, then hide and end everything."""
        may_stop = not self.controller.is_busy or self.questions.may_stop()
        if not may_stop or not self.controller.may_close(self.close):
            event.ignore()
            return
        self._keep_layout()
        self.hide()  # at once: a step that cannot be stopped, such as an import, may take seconds
        self.controller.shut_down()
        event.accept()
