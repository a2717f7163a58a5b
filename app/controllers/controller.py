"""The main controller: showing, exporting and closing; it owns the other controllers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.controllers.analysis import GRADE, TRACK, Analysis
from app.controllers.backups import Backups
from app.controllers.editor import Editor
from app.controllers.first_start import FirstStart
from app.controllers.head_finder import HEADS, HeadFinder
from app.controllers.keeper import Keeper, Pictures
from app.controllers.microscope import Microscope
from app.controllers.opener import FIND, OPEN, Opener
from app.controllers.panels import VOTES, Panels
from app.controllers.player import Player
from app.controllers.reporter import EXPORT, Questions, Reporter
from app.controllers.sharing import SHARE, Sharing
from app.controllers.signer import SIGN, Signer
from app.controllers.staff import Staff
from app.controllers.worklist import Worklist
from app.jobs.runner import Jobs
from app.jobs.store_door import StoreDoor
from app.jobs.store_thread import StoreThread
from app.presentation.wording import say
from app.state.open_markers import OpenMarkers
from app.state.records import (
    Display,
    Leaving,
    Overlay,
    OverlayKind,
    Page,
    Saving,
    Tool,
)
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.decoder_process import decoders
from rostfine_core.domain import (
    Action,
    CaseSummary,
    HeadMeasure,
    Seed,
    StoredCase,
)
from rostfine_core.errors import RostfineError

USER_JOBS = (OPEN, FIND, HEADS, TRACK, GRADE, EXPORT, SIGN, SHARE, VOTES)
"""The kinds of jobs that the user began: cancelled by the user, asked about when closing."""


class Controller(QObject):
    """Acts on the session; owns the jobs, the opener, the editor, the player and the analysis.

    Signals:
        failed(str): something failed; the sentence is for the user.
    """

    failed = Signal(str)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        questions: Questions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session, self.settings, self.questions = session, settings, questions
        self.jobs = Jobs(self)
        self.editor = Editor(session, self)
        self.head_finder = HeadFinder(session, self.jobs, self)
        self.player = Player(session, self)
        self.analysis = Analysis(session, self.jobs, settings, self)
        self.opener = Opener(
            session,
            settings,
            self.jobs,
            editor=self.editor,
            player=self.player,
            analysis=self.analysis,
            find_moved=lambda path: self.questions.find_moved(path),
            parent=self,
        )
        door = StoreDoor(lambda: settings.store_place)
        self.store = StoreThread(door.open, self)
        self.staff = Staff(self.store, door, settings, self)
        self.panels = Panels(self.store, self.jobs, self)
        self.keeper = Keeper(
            session,
            self.store,
            editor=self.editor,
            player=self.player,
            staff=self.staff,
            parent=self,
        )
        self.backups = Backups(self.store, self.jobs, self)
        self.worklist = Worklist(session, settings, self.jobs, self.store, self)
        self.markers = OpenMarkers(settings.data_folder / "open")
        self.microscope = Microscope(
            session,
            settings,
            self.editor,
            self.opener,
            ask_length=lambda px: self.questions.line_length_um(px),
            parent=self,
        )
        self.reporter = Reporter(
            session,
            settings,
            self.jobs,
            editor=self.editor,
            keeper=self.keeper,
            analysis=self.analysis,
            questions=lambda: self.questions,
            parent=self,
        )
        self.signer = Signer(
            session,
            settings,
            self.jobs,
            thread=self.store,
            keeper=self.keeper,
            reporter=self.reporter,
            parent=self,
        )
        self.sharing = Sharing(
            session, settings, self.jobs, store=self.store, keeper=self.keeper, parent=self
        )
        self.first_start = FirstStart(session, settings, self.jobs, self)
        session.set_overlay(Overlay(colour_map=settings.text("colour_map")))

    # Opening -------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Ask who is here, load the model and a decoder; called when the window is on screen."""
        self.staff.begin()
        decoders.warm_up()
        self.analysis.load_model()
        self.worklist.begin()

    def go_on_after_crash(self) -> None:
        """Open again the video of a window that did not close."""
        video = self.markers.left_behind()
        if video is not None and self.session.video is None:
            self.keeper.expect_restored()
            self.open_video(video)

    def take(self, paths: Sequence[Path]) -> None:
        """Open a video that was dropped; several, or a folder of some, go on the worklist."""
        if len(paths) == 1 and not paths[0].is_dir() and not self.session.worklist:
            self.open_video(paths[0])
        else:
            self.worklist.add(paths)

    @Slot(object)
    def work_on(self, path: Path) -> None:
        """Open a video of the worklist; one without a sample joins that of the video before."""
        if self.worklist.is_new_to(path):
            self.keeper.carry_sample()
        self.open_video(path)

    def open_video(
        self, path: Path, *, seeds: tuple[Seed, ...] = (), um_per_px: float | None = None
    ) -> bool:
        """Open a video, with sperm that were clicked before and its scale, if known.

        False where the user keeps the present one for its grades.
        """

        def go_on() -> None:
            self.open_video(path, seeds=seeds, um_per_px=um_per_px)

        if not self.may_leave(go_on):
            return False
        self.opener.open(path, seeds, um_per_px)
        return True

    def may_leave(self, go_on: Callable[[], object]) -> bool:
        """Whether the open video may be left: all is kept, or may be lost.

        Args: ``go_on`` is called after the export that the user wants first.
        """
        return self._may_lose(self.session.saving, go_on)

    def may_close(self, go_on: Callable[[], object]) -> bool:
        """Whether the window may close, see ``may_leave``."""
        return self._may_lose(self.store.flush(), go_on)

    def _may_lose(self, saving: Saving, go_on: Callable[[], object]) -> bool:
        if not saving.problem:
            return True

        can_export = self.staff.may(Action.WRITE_REPORTS) and self.reporter.can_export
        choice = self.questions.before_leaving(saving, can_export=can_export)
        if choice is Leaving.EXPORT:
            self._export_before(go_on)
        elif choice is Leaving.DISCARD:
            self.store.discard()
        return choice is Leaving.DISCARD

    def _export_before(self, go_on: Callable[[], object]) -> None:
        """Export the report, and go on when it is there; first try again to keep all changes."""
        problem = self.store.flush().problem
        if problem:  # a report is made of what the store holds
            self.failed.emit(
                self.tr(
                    "The report was not written, as changes still cannot be kept: {problem}"
                ).format(problem=problem)
            )
        else:
            self.reporter.export(then=go_on)

    @Slot()
    def refuse(self) -> None:
        """Say why nothing can be edited."""
        self.session.set_message(
            self.tr("The video is not there, so this case can only be read: open it again.")
            if self.session.may_edit
            else self.tr("You may look at cases but not change them: ask an administrator.")
        )

    @Slot()
    def follow_rights(self) -> None:
        """Let who signed in edit, if they may."""
        self.session.may_edit = self.staff.may(Action.EDIT_CASES)

    @Slot(object)
    def open_case(self, case: CaseSummary) -> None:
        """Open a video that is kept; where its file is missing, what is kept can be read."""
        path: Path | None = case.path
        if not case.path.exists():
            path = self.questions.find_moved(case.path, is_kept=True)
        if path is not None:
            self.open_video(path)
        elif self.may_leave(lambda: self.open_case(case)):
            self.keeper.read(case)

    @Slot(object, object)
    def show_read(self, case: StoredCase, pictures: Pictures) -> None:
        """Put a case without its video on screen."""
        self.opener.leave()
        self.editor.reset()
        self.keeper.show_read(case, pictures)
        self.note_opened()

    @Slot(Path)
    def restore_store(self, backup: Path) -> None:
        """Put a backup in the place of the store, once all that is edited is kept."""
        if self.may_leave(lambda: self.restore_store(backup)):
            self.cancel()
            self.backups.restore(backup)

    @Slot()
    def begin_again(self) -> None:
        """The store was restored: ask who is here, then show the open video as it holds it."""
        once = Qt.ConnectionType.SingleShotConnection
        self.staff.signed_in.connect(self._open_again, once)  # before, nothing could be kept
        self.staff.begin()

    @Slot()
    def _open_again(self) -> None:
        video = self.session.video
        if video is not None and not video.is_missing:
            self.opener.open(video.path)

    def open_demo(self) -> bool:
        """Open the demonstration with its sperm; False where it is not opened."""
        from rostfine_core.result_files import (
            read_seeds,
        )  # the window appears before it is imported

        try:
            seeds = read_seeds(bundled_path(DEMO_SEEDS))
            video = bundled_path(DEMO_VIDEO)
        except RostfineError as error:
            self.failed.emit(say(error.message))
            return False
        return self.open_video(video, seeds=seeds, um_per_px=DEMO_UM_PER_PX)

    @Slot()
    def note_opened(self) -> None:
        """Count nothing of the video as missing from a report, and mark it as open."""
        self.reporter.begin_anew()
        video = self.session.video
        self.markers.set_video(video.path if video and not video.is_missing else None)

    @Slot(int, object)
    def offer_heads(self, frame: int, heads: tuple[HeadMeasure, ...]) -> None:
        """Add the heads found in a frame that are not in the list yet, if the user wants them."""
        new = self.editor.not_chosen(frame, heads)
        if not new:
            self.session.set_message(
                self.tr("No further head was found in frame {frame}.").format(frame=frame)
            )
        elif self.questions.may_add(len(new)):
            self.editor.add_heads(frame, new)

    # Jobs ----------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a job runs that the user began."""
        return any(self.jobs.is_running(kind) for kind in USER_JOBS)

    @Slot()
    def cancel(self) -> None:
        """Stop what the user started; finished results stay."""
        self.opener.cancel()
        self.analysis.cancel()
        for kind in USER_JOBS:
            self.jobs.cancel(kind)

    def shut_down(self) -> None:
        """End everything; the window is closing."""
        self.editor.undo_stack.blockSignals(True)  # it would emit signals while it is destroyed
        self.opener.leave()
        self.jobs.shut_down()
        self.staff.leave()
        self.keeper.shut_down()
        self.markers.clear()
        self.settings.sync()

    @Slot()
    def show_running(self) -> None:
        """Tell the session which jobs run."""
        self.session.set_running_jobs(self.jobs.running)

    # Showing -------------------------------------------------------------------------------

    @Slot(object)
    def set_overlay(self, overlay: Overlay) -> None:
        """Change how attention is shown."""
        self.session.set_overlay(overlay)
        self.settings.set_value("colour_map", overlay.colour_map)

    @Slot(object)
    def set_overlay_kind(self, kind: OverlayKind) -> None:
        """Choose what is laid over the frames; the strip says what attention is not."""
        self.session.set_overlay(replace(self.session.overlay, kind=kind))
        if kind is not OverlayKind.NONE:
            self.session.set_strip_open(True)

    def toggle_strip(self) -> None:
        """Show the frames that the network saw, or fold them and lay nothing over the video."""
        self.session.set_strip_open(not self.session.is_strip_open)
        if not self.session.is_strip_open:
            self.set_overlay_kind(OverlayKind.NONE)

    @Slot(object)
    def set_display(self, display: Display) -> None:
        """Change brightness and contrast of the view."""
        self.session.set_display(display)

    def show_page(self, page: Page) -> None:
        """Show one of the window's pages."""
        self.session.set_page(page)

    @Slot(object)
    def set_tool(self, tool: Tool) -> None:
        """Choose what a click does."""
        self.session.set_tool(tool)

    @Slot(tuple)
    def compare(self, keys: tuple[int, ...]) -> None:
        """Choose the sperm to compare."""
        self.session.set_compared(keys)

    # Remembering ---------------------------------------------------------------------------

    @Slot()
    def remember_microscope(self) -> None:
        """Save the microscope's values for later videos, but not those of an earlier day."""
        if not self.keeper.is_restoring:
            self.microscope.remember()

    @Slot()
    def remember_operator(self) -> None:
        """Save the operator's name for the next start."""
        if not self.keeper.is_restoring:
            self.settings.set_operator(self.session.sample.operator)

    @Slot(str)
    def apply_setting(self, id: str) -> None:
        """Apply a changed setting."""
        if id in ("model_path", "device", "answer_mode"):
            self.analysis.load_model()
        elif id == "colour_map":
            colour_map = self.settings.text("colour_map")
            self.session.set_overlay(replace(self.session.overlay, colour_map=colour_map))
        elif id == "report_folder":
            self.reporter.tell_target()
        elif id == "store":
            try:
                self.settings.share_store_place()
            except RostfineError as error:
                self.failed.emit(say(error.message))
        elif id in ("auto_track", "auto_grade"):
            self.analysis.go_on()
