"""The slots behind the requests that are no edits: opening, showing, exporting, ending."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from app import paths, work
from app.analysis import FILM, GRADE, TRACK, Analysis
from app.editor import Editor
from app.frame_cache import FrameCache
from app.jobs import Jobs
from app.player import Player
from app.records import (
    AssessmentKey,
    Calibration,
    Display,
    Draft,
    OpenedVideo,
    Overlay,
    OverlayKind,
    Tool,
)
from app.session import Session
from app.settings import Settings
from rostfine_core.domain import SampleInfo, Seed
from rostfine_core.files import safe_name

OPEN, FRAMES, CHECKSUM, EXPORT, PREVIEW = "open", "frames", "checksum", "export", "preview"
USER_WORK = (OPEN, TRACK, GRADE, EXPORT)
"""The kinds of work that the user began: cancelled by the user, asked about when closing."""
VIDEO_WORK = (FRAMES, CHECKSUM, TRACK, GRADE, FILM, PREVIEW)
"""The kinds of work that end with the video."""


class Questions(Protocol):
    """What the controller must ask the user."""

    def may_discard(self) -> bool:
        """Whether results that were never exported may be let go."""

    def may_overwrite(self, folder: Path) -> bool:
        """Whether a report that exists may be replaced."""

    def find_moved(self, path: Path) -> Path | None:
        """Where a video that is not in its place any more lies now."""


class Controller(QObject):
    """Acts on the session; owns the jobs, the undo stack's editor, the player and the analysis.

    Signals:
        failed(str): something failed; the sentence is for the user.
        exported(object): the folder that now holds the report.
        previewed(object): the report's pages, a tuple of (H, W, 3) uint8 pictures.
        recent_changed(): the list of recent videos is different.
    """

    failed = Signal(str)
    exported = Signal(object)
    previewed = Signal(object)
    recent_changed = Signal()

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
        self.player = Player(session, self)
        self.analysis = Analysis(session, self.jobs, settings, self)
        self.last_report: Path | None = None
        self._cache: FrameCache | None = None
        self._exported: set[AssessmentKey] = set()
        self._next: tuple[Path, tuple[Seed, ...]] | None = None
        self._is_preview_stale = False
        session.set_overlay(Overlay(colour_map=settings.text("colour_map")))
        session.calibration_changed.connect(self._on_calibration_changed)
        session.sample_changed.connect(self._on_sample_changed)
        settings.changed.connect(self._on_setting_changed)
        self.jobs.works_changed.connect(self._on_works_changed)
        self.jobs.ended.connect(self._on_ended)
        self.analysis.failed.connect(self.failed)

    # Opening -------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Load the model; called when the window is on screen."""
        self.analysis.load_model()

    def open_video(self, path: Path, *, seeds: tuple[Seed, ...] = ()) -> None:
        """Open a video; the old one stays until the new one's first frame is decoded."""
        if self.jobs.is_running(OPEN):
            self._next = (path, seeds)
            self.jobs.cancel(OPEN)
            return
        if self.has_unexported and not self.questions.may_discard():
            return
        if not path.exists():
            self._forget(path)
            found = self.questions.find_moved(path)
            if found is None:
                return
            path = found
        self.jobs.start(
            OPEN,
            lambda: work.open_source(path),
            on_success=lambda opened: self._on_opened(path, seeds, opened),
            on_failure=self.failed.emit,
        )

    def _on_opened(self, path: Path, seeds: tuple[Seed, ...], opened: work.Opened) -> None:
        self._leave_video()
        info = opened.video.info
        budget = self.settings.number("cache_mib") * 2**20
        cache = FrameCache(info, budget_bytes=budget, on_wanted=self.player.note_arrival)
        cache.store(opened.first_frame)
        self._cache = cache
        self.player.use(cache)
        self.analysis.use(cache)
        self.editor.reset()
        self._exported = set()
        operator = self.session.sample.operator or self.settings.operator
        draft = Draft(sample=SampleInfo(operator=operator), calibration=self.settings.last_profile)
        self.session.set_video(OpenedVideo(path=path, info=info), draft)
        self.session.set_frame(0, opened.image)
        self.jobs.start(
            FRAMES,
            lambda: cache.fill(opened.video),
            on_success=lambda _: None,
            on_failure=self.failed.emit,
        )
        self.jobs.start(
            CHECKSUM,
            lambda: work.checksum(path),
            on_success=self.session.set_checksum,
            on_failure=self.failed.emit,
        )
        self.settings.add_recent(path)
        self.recent_changed.emit()
        self.editor.add_seeds(seeds)
        self.session.set_message(" ".join(info.notes))

    def _forget(self, path: Path) -> None:
        self.settings.remove_recent(path)
        self.recent_changed.emit()

    def _leave_video(self) -> None:
        """Let everything go that works on the old video."""
        self.player.use(None)
        self.analysis.use(None)
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        self.jobs.drop(VIDEO_WORK)

    # Work ----------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether work runs that the user began."""
        return any(self.jobs.is_running(kind) for kind in USER_WORK)

    @Slot()
    def cancel(self) -> None:
        """Stop what the user began; what is finished stays."""
        self._next = None
        self.analysis.cancel()
        for kind in USER_WORK:
            self.jobs.cancel(kind)

    def shut_down(self) -> None:
        """End everything; the window is closing."""
        self._next = None
        self.editor.undo_stack.blockSignals(True)  # it tells of its own end
        self._leave_video()
        self.jobs.shut_down()
        self.settings.sync()

    @Slot()
    def _on_works_changed(self) -> None:
        self.session.set_works(self.jobs.works)
        info = self.session.info
        if self._cache is not None and info is not None:
            self.session.set_cached(self._cache.count, info.frame_count)

    @Slot(str)
    def _on_ended(self, kind: str) -> None:
        if kind == OPEN and self._next is not None:
            (path, seeds), self._next = self._next, None
            self.open_video(path, seeds=seeds)
        if kind == PREVIEW and self._is_preview_stale:
            self.preview()

    # Reporting -----------------------------------------------------------------------------

    @property
    def report_folder(self) -> Path:
        """Where this sample's report goes: named by the sample, else by the video."""
        root = self.settings.text("report_folder")
        video = self.session.video
        name = self.session.sample.sample or (video.path.stem if video else "")
        return (Path(root) if root else paths.reports_folder()) / safe_name(name)

    @property
    def has_unexported(self) -> bool:
        """Whether there are grades that no export holds."""
        return not self._graded_keys() <= self._exported

    @Slot()
    def export(self) -> None:
        """Write the report of this sample; a report that exists is replaced only when allowed."""
        assessments = self.session.reportable
        if self.jobs.is_running(EXPORT):
            self.session.set_message(self.tr("The report is being written."))
            return
        if not assessments:
            self.failed.emit(self.tr("Nothing is graded yet: grade a sperm, then export."))
            return
        folder = self.report_folder
        exists = (folder / "report.pdf").exists()
        if exists and not self.questions.may_overwrite(folder):
            return
        keys = self._graded_keys()
        self.jobs.start(
            EXPORT,
            lambda: work.export(assessments, folder, overwrite=exists),
            on_success=lambda written: self._on_exported(written, keys),
            on_failure=self.failed.emit,
        )

    def _on_exported(self, folder: Path, keys: set[AssessmentKey]) -> None:
        self._exported |= keys
        self.last_report = folder
        self.session.set_message(self.tr("The report is in {folder}.").format(folder=folder))
        self.exported.emit(folder)

    @Slot()
    def preview(self) -> None:
        """Draw the report's pages; a preview that runs is drawn again when it has ended."""
        self._is_preview_stale = self.jobs.is_running(PREVIEW)
        if self._is_preview_stale:
            self.jobs.cancel(PREVIEW)
            return
        assessments = self.session.reportable
        if not assessments:
            self.previewed.emit(())
            return
        self.jobs.start(
            PREVIEW,
            lambda: work.preview(assessments),
            on_success=self.previewed.emit,
            on_failure=self.failed.emit,
        )

    def _graded_keys(self) -> set[AssessmentKey]:
        session = self.session
        graded = (s for s in session.sperms if session.assessment(s) is not None)
        return {session.assessment_key(s) for s in graded}

    # Showing -------------------------------------------------------------------------------

    @Slot(object)
    def set_overlay(self, overlay: Overlay) -> None:
        """Change how attention is shown."""
        self.session.set_overlay(overlay)
        self.settings.set_value("colour_map", overlay.colour_map)

    @Slot(object)
    def set_overlay_kind(self, kind: OverlayKind) -> None:
        """Lay something else over the frames."""
        self.session.set_overlay(replace(self.session.overlay, kind=kind))

    @Slot(object)
    def set_display(self, display: Display) -> None:
        """Change brightness and contrast of the view."""
        self.session.set_display(display)

    @Slot(object)
    def set_tool(self, tool: Tool) -> None:
        """Choose what a click does."""
        self.session.set_tool(tool)

    @Slot(tuple)
    def compare(self, keys: tuple[int, ...]) -> None:
        """Put sperm side by side."""
        self.session.set_compared(keys)

    # Remembering ---------------------------------------------------------------------------

    @Slot()
    def _on_calibration_changed(self) -> None:
        calibration: Calibration = self.session.calibration
        if self.session.video is not None and calibration.profile:
            self.settings.save_profile(calibration)
        self.settings.set_last_profile(calibration.profile)

    @Slot()
    def _on_sample_changed(self) -> None:
        self.settings.set_operator(self.session.sample.operator)

    @Slot(str)
    def _on_setting_changed(self, id: str) -> None:
        if id in ("model_path", "device"):
            self.analysis.load_model()
        elif id == "colour_map":
            colour_map = self.settings.text("colour_map")
            self.session.set_overlay(replace(self.session.overlay, colour_map=colour_map))
        elif id in ("auto_track", "auto_grade"):
            self.analysis.go_on()
