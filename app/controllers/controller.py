"""The main controller: showing, exporting and closing; it owns the other controllers."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from app.controllers.analysis import GRADE, TRACK, Analysis
from app.controllers.editor import Editor
from app.controllers.first_start import FirstStart
from app.controllers.head_finder import HEADS, HeadFinder
from app.controllers.keeper import Keeper, Pictures
from app.controllers.opener import FIND, OPEN, PREVIEW, Opener
from app.controllers.player import Player
from app.jobs import tasks
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from app.presentation.wording import say
from app.state.exports import has_unexported_grades, reported_keys
from app.state.microscopes import fitted
from app.state.open_markers import OpenMarkers
from app.state.records import (
    Display,
    ModelStatus,
    OpenedVideo,
    Overlay,
    OverlayKind,
    Page,
    ReportTarget,
    Saving,
    Tool,
)
from app.state.session import Session
from app.state.settings import Settings, reports_folder
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.decoder_process import decoders
from rostfine_core.domain import (
    AssessmentKey,
    Calibration,
    CaseSummary,
    HeadMeasure,
    Seed,
    StoredCase,
)
from rostfine_core.errors import RostfineError
from rostfine_core.files import safe_name

EXPORT = "export"
SHORTEST_LINE_PX, SCALE_DECIMALS = 30.0, 4
"""Where a line's ends are a pixel off, a shorter one gives a scale that is wrong by over 5%."""
USER_JOBS = (OPEN, FIND, HEADS, TRACK, GRADE, EXPORT)
"""The kinds of jobs that the user began: cancelled by the user, asked about when closing."""


class Questions(Protocol):
    """What the controller must ask the user."""

    def may_discard(self, saving: Saving) -> bool:
        """Whether changes that cannot be kept may be lost."""

    def may_overwrite(self, folder: Path) -> bool:
        """Whether an existing report may be replaced."""

    def may_add(self, count: int) -> bool:
        """Whether so many sperm that were found may be added to the list."""

    def find_moved(self, path: Path, *, is_kept: bool = False) -> Path | None:
        """Where a video is now that is no longer in its place; ``is_kept``: it is a known case."""

    def line_length_um(self, length_px: float) -> float | None:
        """How long a line over the video is in micrometres; None where the user does not say."""


class Controller(QObject):
    """Acts on the session; owns the jobs, the opener, the editor, the player and the analysis.

    Signals:
        failed(str): something failed; the sentence is for the user.
        exported(object): the folder that now holds the report.
        previewed(object): the report's pages, a tuple of (H, W, 3) uint8 pictures.
        target_changed(object): where the report goes or is, a ``ReportTarget``.
    """

    failed = Signal(str)
    exported = Signal(object)
    previewed = Signal(object)
    target_changed = Signal(object)

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
        self.store = StoreThread(lambda: tasks.open_store(settings.store_place), self)
        self.keeper = Keeper(
            session, self.store, editor=self.editor, player=self.player, parent=self
        )
        self.markers = OpenMarkers(settings.data_folder / "open")
        self.first_start = FirstStart(session, settings, self.jobs, self)
        self.last_report: Path | None = None
        self._exported: set[AssessmentKey] = set()
        self._settled = session.draft  # as in the last report, or as the video was opened
        self._is_preview_stale = False
        session.set_overlay(Overlay(colour_map=settings.text("colour_map")))

    # Opening -------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Load the model and a decoder; called when the window is on screen."""
        decoders.warm_up()
        self.analysis.load_model()

    def go_on_after_crash(self) -> None:
        """Open again the video of a window that did not close."""
        video = self.markers.left_behind()
        if video is not None and self.session.video is None:
            self.keeper.expect_restored()
            self.open_video(video)

    def open_video(
        self, path: Path, *, seeds: tuple[Seed, ...] = (), um_per_px: float | None = None
    ) -> bool:
        """Open a video, with sperm that were clicked before and its scale, if known.

        False where the user keeps the present one for its grades.
        """
        if not self.may_leave():
            return False
        self.opener.open(path, seeds, um_per_px)
        return True

    def may_leave(self) -> bool:
        """Whether the open video may be left: all is kept, or may be lost."""
        if not self.session.saving.problem:
            return True
        if not self.questions.may_discard(self.session.saving):
            return False
        self.store.discard()
        return True

    def may_close(self) -> bool:
        """Whether the window may close: all is kept, or what cannot be kept may be lost."""
        saving = self.store.flush()
        return not saving.problem or self.questions.may_discard(saving)

    @Slot()
    def refuse(self) -> None:
        """Say why nothing can be edited."""
        self.session.set_message(
            self.tr("The video is not there, so this case can only be read: open it again.")
        )

    @Slot(object)
    def open_case(self, case: CaseSummary) -> None:
        """Open a video that is kept; where its file is missing, what is kept can be read."""
        path: Path | None = case.path
        if not case.path.exists():
            path = self.questions.find_moved(case.path, is_kept=True)
        if path is not None:
            self.open_video(path)
        elif self.may_leave():
            self.keeper.read(case)

    @Slot(object, object)
    def show_read(self, case: StoredCase, pictures: Pictures) -> None:
        """Put a case without its video on screen."""
        self.opener.leave()
        self.editor.reset()
        self.keeper.show_read(case, pictures)
        self.begin_anew()

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
    def begin_anew(self) -> None:
        """Count nothing of the video that was just opened as missing from a report."""
        self._exported, self._settled = set(), self.session.draft
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
        self.keeper.shut_down()
        self.markers.clear()
        self.settings.sync()

    @Slot()
    def show_running(self) -> None:
        """Tell the session which jobs run."""
        self.session.set_running_jobs(self.jobs.running)

    @Slot(str)
    def redraw_preview(self, kind: str) -> None:
        """Draw the preview again if it became stale while it was being drawn."""
        if kind == PREVIEW and self._is_preview_stale:
            self.preview()

    # Reporting -----------------------------------------------------------------------------

    @property
    def report_folder(self) -> Path:
        """Where this sample's report goes: a folder named after sample or video.

        It gets a number where that holds the report of another video, or one that is signed.
        """
        root = self.settings.text("report_folder")
        video = self.session.video
        name = self.session.sample.sample or (video.path.stem if video else "")
        folder = (Path(root) if root else reports_folder()) / safe_name(name)
        graded = self.session.reportable
        if not graded:
            return folder
        from rostfine_core.export import free_folder  # the window appears before it is imported

        return free_folder(folder, {a.provenance.video_sha256 for a in graded})

    @property
    def has_unexported(self) -> bool:
        """Whether there are sperm, corrections or grades that were not exported."""
        is_edited = bool(self.session.sperms) and self.session.draft != self._settled
        return is_edited or has_unexported_grades(self.session, self._exported)

    @Slot()
    def tell_target(self) -> None:
        """Emit where the report goes and whether it is there already, complete."""
        folder, is_last = self.report_folder, self.report_folder == self.last_report
        self.target_changed.emit(
            ReportTarget(
                folder=folder, is_written=is_last and not self.has_unexported, can_open=is_last
            )
        )

    @Slot()
    def export(self) -> None:
        """Write the report of this sample; an existing report is replaced only if allowed.

        If nothing is graded, for example since the microscope's values changed, it grades first.
        """
        assessments, video = self.session.reportable, self.session.video
        if self.jobs.is_running(EXPORT):
            self.session.set_message(self.tr("The report is being written."))
            return
        if not assessments and (self.analysis.untracked or self.analysis.ungraded):
            self.analysis.grade()  # the last field typed may have made every grade stale
            if self.session.model.status is not ModelStatus.FAILED:  # else that has been shown
                self.session.set_message(
                    self.tr("Sperm are being graded: export when they are done.")
                )
            return
        if not assessments or video is None:
            self.failed.emit(self.tr("Nothing is graded yet: grade a sperm, then export."))
            return
        order, folder = self._order(), self.report_folder
        exists = _holds_files(folder)
        if order is not None and (not exists or self.questions.may_overwrite(folder)):
            self._write(order, folder, video=video, overwrite=exists)

    def _order(self) -> tasks.ReportOrder | None:
        """What a report of the open video would hold now; None where there is nothing."""
        session = self.session
        if not session.reportable:
            return None
        return tasks.ReportOrder(
            assessments=session.reportable,
            names=session.names,
            left_out=session.left_out,
            footage=self.analysis.footage,
            colour_map=session.overlay.colour_map,
            language=self.settings.text("report_language"),
        )

    def _write(
        self, order: tasks.ReportOrder, folder: Path, *, video: OpenedVideo, overwrite: bool
    ) -> None:
        keys, draft = reported_keys(self.session), self.session.draft

        def note(written: Path) -> None:
            if self.session.video is not None and self.session.video.info is video.info:
                self._exported |= keys
                self._settled = draft
            self._on_exported(written)

        self.jobs.start(
            EXPORT,
            lambda: tasks.export(order, folder, overwrite=overwrite),
            on_success=note,
            on_failure=self.failed.emit,
        )

    def _on_exported(self, folder: Path) -> None:
        self.last_report = folder
        self.session.set_message(self.tr("The report is in {folder}.").format(folder=folder))
        self.exported.emit(folder)

    @Slot()
    def preview(self) -> None:
        """Draw the report's pages; a preview that is being drawn is cancelled and drawn again."""
        self._is_preview_stale = self.jobs.is_running(PREVIEW)
        if self._is_preview_stale:
            self.jobs.cancel(PREVIEW)
            return
        order = self._order()
        if order is None:
            self.previewed.emit(())
            return
        self.jobs.start(
            PREVIEW,
            lambda: tasks.preview(order),
            on_success=self.previewed.emit,
            on_failure=self._on_preview_failed,
        )

    def _on_preview_failed(self, sentence: str) -> None:
        self.previewed.emit(())  # drop the pages of earlier grades
        self.failed.emit(sentence)

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

    # The scale -------------------------------------------------------------------------------

    @Slot(str)
    def choose_microscope(self, name: str) -> None:
        """Use a known microscope's values, but its scale only where it was set for such videos."""
        profiles = {p.profile: p for p in self.settings.profiles}
        known = profiles.get(name, Calibration())
        fit = fitted(known, set_for=self.settings.size_of(name), video=self.session.info)
        self.session.offered_um_per_px = fit.offered_um_per_px
        self.editor.set_calibration(fit.calibration)
        if fit.offered_um_per_px is not None:
            self.session.set_message(self.opener.about_scale())

    @Slot(float)
    def set_scale_by_line(self, length_px: float) -> None:
        """Ask how long a line over a stage micrometer is, and use the scale that follows."""
        if length_px < SHORTEST_LINE_PX:
            self.session.set_message(
                self.tr("This line is short: drag one over many divisions of the micrometer.")
            )
            return
        length_um = self.questions.line_length_um(length_px)
        if length_um is None:
            return
        scale = round(length_um / length_px, SCALE_DECIMALS)
        self.editor.set_calibration(replace(self.session.calibration, um_per_px=scale))
        self.session.set_tool(Tool.SELECT)
        self.session.set_message(
            self.tr("Scale: {scale:.4f} µm/px ({um:g} µm over {px:.1f} px).").format(
                scale=scale, um=length_um, px=length_px
            )
        )

    # Remembering ---------------------------------------------------------------------------

    @Slot()
    def remember_microscope(self) -> None:
        """Save the microscope's values for later videos, but not those of an earlier day."""
        if self.keeper.is_restoring:
            return
        calibration, info = self.session.calibration, self.session.info
        self.settings.set_last_profile(calibration.profile)
        if calibration.um_per_px is None and self.session.offered_um_per_px is not None:
            return  # the known scale is kept, though it is not used for this video
        known = {p.profile: p for p in self.settings.profiles}
        if known.get(calibration.profile, calibration) != calibration:
            self.session.set_message(
                self.tr(
                    "The values of the microscope {name} have changed, for later videos too."
                ).format(name=calibration.profile)
            )
        if calibration.profile:
            size = None if info is None else (info.width_px, info.height_px)
            self.settings.save_profile(calibration, size_px=size)

    @Slot()
    def remember_operator(self) -> None:
        """Save the operator's name for the next start."""
        if not self.keeper.is_restoring:
            self.settings.set_operator(self.session.sample.operator)

    @Slot(str)
    def apply_setting(self, id: str) -> None:
        """Apply a changed setting."""
        if id in ("model_path", "device"):
            self.analysis.load_model()
        elif id == "colour_map":
            colour_map = self.settings.text("colour_map")
            self.session.set_overlay(replace(self.session.overlay, colour_map=colour_map))
        elif id == "report_folder":
            self.tell_target()
        elif id in ("auto_track", "auto_grade"):
            self.analysis.go_on()


def _holds_files(folder: Path) -> bool:
    """Whether a folder exists and is not empty; exporting reports any other problem with it."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False
