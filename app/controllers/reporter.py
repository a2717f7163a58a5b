"""The report: where it goes, its preview, its export, and what is in no report yet."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.controllers.analysis import Analysis
from app.controllers.editor import Editor
from app.controllers.keeper import Keeper
from app.controllers.opener import PREVIEW
from app.jobs import report_tasks
from app.jobs.runner import Jobs
from app.jobs.sample_tasks import KeptVideo
from app.state.exports import has_unexported_grades, reported_keys
from app.state.records import Leaving, ModelStatus, OpenedVideo, ReportTarget, Saving
from app.state.session import Session
from app.state.settings import Settings, reports_folder
from rostfine_core.domain import AssessmentKey
from rostfine_core.files import safe_name

EXPORT = "export"


class Questions(Protocol):
    """What the controller must ask the user."""

    def before_leaving(self, saving: Saving, *, can_export: bool) -> Leaving:
        """What to do about changes that cannot be kept, before they are lost."""

    def sample_name(self) -> str | None:
        """The pseudonym of the sample that is to be reported; None where the user gives none."""

    def may_overwrite(self, folder: Path) -> bool:
        """Whether an existing report may be replaced."""

    def may_add(self, count: int) -> bool:
        """Whether so many sperm that were found may be added to the list."""

    def find_moved(self, path: Path, *, is_kept: bool = False) -> Path | None:
        """Where a video is now that is no longer in its place; ``is_kept``: it is a known case."""

    def line_length_um(self, length_px: float) -> float | None:
        """How long a line over the video is in micrometres; None where the user does not say."""


class Reporter(QObject):
    """Writes reports, and knows what is in none yet.

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
        jobs: Jobs,
        *,
        editor: Editor,
        keeper: Keeper,
        analysis: Analysis,
        questions: Callable[[], Questions],
        parent: QObject | None = None,
    ) -> None:
        """Args: ``questions`` gives who asks the user."""
        super().__init__(parent)
        self._session, self._settings, self._jobs = session, settings, jobs
        self._editor, self._keeper = editor, keeper
        self._analysis, self._questions = analysis, questions
        self.last_report: Path | None = None
        self._exported: set[AssessmentKey] = set()
        self._settled = session.draft  # as in the last report, or as the video was opened
        self._is_preview_stale = False
        self._go_on: Callable[[], object] | None = None  # after the export

    @Slot()
    def begin_anew(self) -> None:
        """Count nothing of the video that was just opened as missing from a report."""
        self._exported, self._settled = set(), self._session.draft

    @property
    def report_folder(self) -> Path:
        """Where this sample's report goes: a folder named after sample or video.

        It gets a number where that holds the report of another video, or one that is signed.
        """
        root = self._settings.text("report_folder")
        video = self._session.video
        name = self._session.sample.sample or (video.path.stem if video else "")
        folder = (Path(root) if root else reports_folder()) / safe_name(name)
        graded = self._session.reportable
        if not graded:
            return folder
        from rostfine_core.export import free_folder  # the window appears before it is imported

        videos = {a.provenance.video_sha256 for a in graded}
        return free_folder(folder, videos | self._keeper.siblings)

    @property
    def has_unexported(self) -> bool:
        """Whether there are sperm, corrections or grades that were not exported."""
        is_edited = bool(self._session.sperms) and self._session.draft != self._settled
        return is_edited or has_unexported_grades(self._session, self._exported)

    @property
    def can_export(self) -> bool:
        """Whether there are grades to report, of a video that the store holds."""
        return self._keeper.is_known and bool(self._session.reportable)

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
    def export(self, *, then: Callable[[], object] | None = None) -> bool:
        """Write the report of this sample; an existing report is replaced only if allowed.

        If nothing is graded, for example since the microscope's values changed, it grades first.
        A sample without a name is given one. False where no report is to be written yet.

        Args: ``then`` is called when the report is there.
        """
        assessments, video = self._session.reportable, self._session.video
        if self._jobs.is_running(EXPORT):
            self._session.set_message(self.tr("The report is being written."))
            return False
        if not assessments and (self._analysis.untracked or self._analysis.ungraded):
            self._analysis.grade()  # the last field typed may have made every grade stale
            if self._session.model.status is not ModelStatus.FAILED:  # else that has been shown
                self._session.set_message(
                    self.tr("Sperm are being graded: export when they are done.")
                )
            return False
        if not assessments or video is None:
            self.failed.emit(self.tr("Nothing is graded yet: grade a sperm, then export."))
            return False
        if not self._is_sample_named():
            return False
        self._go_on = then
        self._keeper.when_kept(lambda kept: self._export(video, kept))
        return True

    def _export(self, video: OpenedVideo, kept: KeptVideo | None) -> None:
        """Write the report, over all the sample's videos where the store knows them."""
        order, folder = self._order(), self.report_folder
        is_open = self._session.video is not None and self._session.video.info is video.info
        if order is None or not is_open:
            self._stay()
            return
        if kept is None:  # nothing leaves the program without its right and its entry in the trail
            self._on_export_failed(
                self.tr(
                    "The case store does not hold this video, so no report of it is written: "
                    "mend what the status bar says of the store, or sign in as somebody who may "
                    "edit cases."
                )
            )
            return
        exists = _holds_files(folder)
        if exists and not self._questions().may_overwrite(folder):
            self._stay()
            return
        self._write(order, kept, folder, video=video, overwrite=exists)

    def _is_sample_named(self) -> bool:
        """Whether the sample has a name, after asking for it."""
        sample = self._session.sample
        if not sample.sample.strip():
            name = self._questions().sample_name()
            if name is None:
                return False
            self._editor.set_sample(name, sample.operator)
        return True

    def _order(self) -> report_tasks.ReportOrder | None:
        """What a report of the open video would hold now; None where there is nothing."""
        session = self._session
        if not session.reportable:
            return None
        return report_tasks.ReportOrder(
            assessments=session.reportable,
            names=session.names,
            left_out=session.left_out,
            footage=self._analysis.footage,
            colour_map=session.overlay.colour_map,
            language=self._settings.text("report_language"),
            model_sha256=session.model.info.sha256 if session.model.info else "",
        )

    def _write(
        self,
        order: report_tasks.ReportOrder,
        kept: KeptVideo,
        folder: Path,
        *,
        video: OpenedVideo,
        overwrite: bool,
    ) -> None:
        keys, draft = reported_keys(self._session), self._session.draft

        def note(written: Path) -> None:
            if self._session.video is not None and self._session.video.info is video.info:
                self._exported |= keys
                self._settled = draft
            self._on_exported(written)

        self._jobs.start(
            EXPORT,
            lambda: report_tasks.export(order, kept, folder, overwrite=overwrite),
            on_success=note,
            on_failure=self._on_export_failed,
            on_cancel=self._stay,
        )

    def _stay(self) -> None:
        """Go on to nothing: what was to be exported before is not."""
        self._go_on = None

    def _on_export_failed(self, sentence: str) -> None:
        self._stay()
        self.failed.emit(sentence)

    def _on_exported(self, folder: Path) -> None:
        self.last_report = folder
        self._session.set_message(self.tr("The report is in {folder}.").format(folder=folder))
        self.exported.emit(folder)
        if self._go_on is not None:
            QTimer.singleShot(0, self, self._go_on)
            self._stay()

    @Slot()
    def preview(self) -> None:
        """Draw the report's pages; a preview that is being drawn is cancelled and drawn again."""
        self._is_preview_stale = self._jobs.is_running(PREVIEW)
        if self._is_preview_stale:
            self._jobs.cancel(PREVIEW)
            return
        if self._session.reportable:
            self._keeper.when_kept(self._preview)
        else:
            self.previewed.emit(())

    def _preview(self, kept: KeptVideo | None) -> None:
        order = self._order()
        if order is None:
            self.previewed.emit(())
            return
        if self._jobs.is_running(PREVIEW):
            self.preview()  # it was asked for twice
            return
        self._jobs.start(
            PREVIEW,
            lambda: report_tasks.preview(order, kept),
            on_success=self.previewed.emit,
            on_failure=self._on_preview_failed,
        )

    def _on_preview_failed(self, sentence: str) -> None:
        self.previewed.emit(())  # drop the pages of earlier grades
        self.failed.emit(sentence)

    @Slot(str)
    def redraw_preview(self, kind: str) -> None:
        """Draw the preview again if it became stale while it was being drawn."""
        if kind == PREVIEW and self._is_preview_stale:
            self.preview()


def _holds_files(folder: Path) -> bool:
    """Whether a folder exists and is not empty; exporting reports any other problem with it."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False
