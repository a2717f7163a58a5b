"""Tracking and grading: what is needed, in batches, one job of each kind at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import program_tasks, sperm_tasks, video_tasks
from app.jobs.runner import Jobs
from app.state.records import Film, ModelState, ModelStatus, OpenedVideo
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import AnswerMode, AssessmentKey, Seed, Sperm, Track, TrackKey, Verdict

if TYPE_CHECKING:
    from rostfine_core.assessor import Assessor
    from rostfine_core.pipeline import Outcome

MODEL, TRACK, GRADE, FILM = "model", "track", "grade", "film"


class Analysis(QObject):
    """Owns the model and starts the tracking and grading that is wanted and not running yet.

    What failed or was cancelled is skipped until the user asks for it again or changes it.

    Signals:
        failed(str): the model cannot be used; the sentence is for the user.
        job_failed(str): tracking or grading failed; the sentence is for the user.
    """

    failed = Signal(str)
    job_failed = Signal(str)

    def __init__(
        self, session: Session, jobs: Jobs, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._settings = session, jobs, settings
        self._footage: video_tasks.Footage | None = None
        self._assessor: Assessor | None = None
        self._is_load_stale = False
        self._is_track_wanted = self._is_grade_wanted = False
        self._repeat: Callable[[], None] | None = None
        self._skipped_tracks: set[TrackKey] = set()
        self._skipped_grades: set[AssessmentKey] = set()
        self._skipped_films: set[TrackKey] = set()

    # Requests ------------------------------------------------------------------------------

    @property
    def footage(self) -> video_tasks.Footage | None:
        """What jobs read of the open video."""
        return self._footage

    def use(self, footage: video_tasks.Footage | None) -> None:
        """Switch to another video."""
        self._footage = footage
        self._is_track_wanted = self._is_grade_wanted = False
        self._repeat = None
        self._skipped_tracks.clear()
        self._skipped_grades.clear()
        self._skipped_films.clear()

    def track(self) -> None:
        """Track what has no track; sperm added while tracking runs follow in the next batch."""
        self._skipped_tracks.clear()
        self._is_track_wanted = True
        self.go_on()

    def grade(self) -> None:
        """Track and grade what has no grade; a running batch is neither stopped nor repeated."""
        self._skipped_tracks.clear()
        self._skipped_grades.clear()
        self._is_grade_wanted = True
        if self._session.model.status is ModelStatus.FAILED:
            self._is_grade_wanted = False
            self.failed.emit(self._session.model.problem)
            return
        self.go_on()

    def try_again(self, footage: video_tasks.Footage) -> None:
        """Retry what failed, with frames that can be read."""
        repeat, self._repeat = self._repeat, None
        self._footage = footage
        self._skipped_films.clear()
        if repeat is not None:
            repeat()

    def cancel(self) -> None:
        """Stop tracking and grading, and drop what was wanted."""
        self._is_track_wanted = self._is_grade_wanted = False
        self._skipped_tracks |= {self._session.track_key(s) for s in self.untracked}
        self._skipped_grades |= {self._session.assessment_key(s) for s in self.ungraded}
        self._jobs.cancel(TRACK)
        self._jobs.cancel(GRADE)

    @property
    def untracked(self) -> tuple[Sperm, ...]:
        """The sperm that have no track."""
        session = self._session
        return tuple(
            s
            for s in session.sperms
            if s.verdict is not Verdict.REJECTED and session.track(s) is None
        )

    @property
    def ungraded(self) -> tuple[Sperm, ...]:
        """The tracked sperm that have no grade and can be graded, as far as is known."""
        session = self._session
        return tuple(
            s
            for s in session.sperms
            if s.verdict is not Verdict.REJECTED
            and session.track(s) is not None
            and session.assessment(s) is None
            and not session.rejection(s)
        )

    # The model -----------------------------------------------------------------------------

    def load_model(self) -> None:
        """Load the model of the settings in the background, after a load that is still running."""
        if self._jobs.is_running(MODEL):
            self._jobs.cancel(MODEL)
            self._is_load_stale = True
            return
        # The old model must not grade meanwhile: its results would be stored under no model.
        self._assessor, self._is_load_stale = None, False
        path = self._settings.text("model_path")
        device: Any = self._settings.text("device")
        mode = AnswerMode(self._settings.text("answer_mode"))
        self._session.set_model(ModelState())
        self._jobs.start(
            MODEL,
            lambda: program_tasks.load_model(
                Path(path) if path else None, device=device, mode=mode
            ),
            on_success=self._on_model_loaded,
            on_failure=self._on_model_failed,
            on_cancel=self.load_model,
        )

    def _on_model_loaded(self, assessor: "Assessor") -> None:
        if self._is_load_stale:  # another model was chosen when it was too late to cancel
            self.load_model()
            return
        self._assessor = assessor
        self._session.set_model(
            ModelState(
                status=ModelStatus.READY,
                info=assessor.info,
                device_label=assessor.device_label,
                precision=assessor.precision,
                member_count=assessor.member_count,
                crop_px=assessor.clip_size_px,
                mode=assessor.mode,
            )
        )
        self.go_on()

    def _on_model_failed(self, sentence: str) -> None:
        if self._is_load_stale:
            self.load_model()
            return
        self._assessor, self._is_grade_wanted = None, False
        self._session.set_model(ModelState(status=ModelStatus.FAILED, problem=sentence))
        self.failed.emit(sentence)

    # The jobs ------------------------------------------------------------------------------

    @Slot()
    def go_on(self) -> None:
        """Start what is wanted, possible and not running yet."""
        video, footage = self._session.video, self._footage
        if video is None or footage is None:
            return
        is_tracking = self._jobs.is_running(TRACK) or self._start_tracking(video, footage)
        if is_tracking:
            return
        if not (self._jobs.is_running(GRADE) or self._start_grading(video, footage)):
            self._start_film(video, footage)

    @Slot(str)
    def continue_after(self, kind: str) -> None:
        """Start what was waiting for a job of this kind."""
        if kind in (TRACK, GRADE, FILM):
            self.go_on()

    def _start_tracking(self, video: OpenedVideo, footage: video_tasks.Footage) -> bool:
        session = self._session
        wanted = [s for s in self.untracked if session.track_key(s) not in self._skipped_tracks]
        is_wanted = self._is_track_wanted or self._is_grade_wanted
        if not wanted:
            self._is_track_wanted = False
            return False
        if not (is_wanted or self._settings.is_on("auto_track")):
            return False
        keys = {s.target: session.track_key(s) for s in wanted}
        seeds, fps = _seeds(wanted), session.calibration.fps

        def skip() -> None:
            self._skipped_tracks |= set(keys.values())

        def fail(sentence: str) -> None:
            self._repeat = self.grade if self._is_grade_wanted else self.track
            skip()
            self.job_failed.emit(sentence)

        self._jobs.start(
            TRACK,
            lambda: sperm_tasks.track_sperms(footage, seeds=seeds, info=video.info, fps=fps),
            on_success=lambda tracks: self._on_tracked(video, keys, tracks),
            on_failure=fail,
            on_cancel=skip,
        )
        return True

    def _on_tracked(
        self, video: OpenedVideo, keys: dict[str, TrackKey], tracks: tuple[Track, ...]
    ) -> None:
        if self._is_current(video):
            self._session.add_tracks({keys[t.target]: t for t in tracks})

    def _start_grading(self, video: OpenedVideo, footage: video_tasks.Footage) -> bool:
        session = self._session
        wanted = [s for s in self.ungraded if session.assessment_key(s) not in self._skipped_grades]
        if not wanted:
            self._is_grade_wanted = False
            return False
        is_wanted = self._is_grade_wanted or self._settings.is_on("auto_grade")
        if not is_wanted or self._assessor is None:
            return False
        assessor = self._assessor
        keys = {s.target: session.assessment_key(s) for s in wanted}
        order = sperm_tasks.GradeOrder(
            path=video.path,
            info=video.info,
            seeds=_seeds(wanted),
            tracks=tuple(t for t in map(session.track, wanted) if t is not None),
            sample=session.sample,
            um_per_px=session.calibration.um_per_px,
            fps=session.calibration.fps,
        )

        def skip() -> None:
            self._skipped_grades |= set(keys.values())

        def fail(sentence: str) -> None:
            self._repeat = self.grade
            skip()
            self.job_failed.emit(sentence)

        self._jobs.start(
            GRADE,
            lambda: sperm_tasks.grade_sperms(order, footage=footage, assessor=assessor),
            on_success=lambda outcome: self._on_graded(video, keys, outcome),
            on_failure=fail,
            on_cancel=skip,
        )
        return True

    def _on_graded(
        self, video: OpenedVideo, keys: dict[str, AssessmentKey], outcome: "Outcome"
    ) -> None:
        if self._is_current(video):
            self._session.add_assessments(
                {keys[a.target]: a for a in outcome.assessments},
                {keys[target]: reason for target, reason in outcome.rejected},
            )

    def _start_film(self, video: OpenedVideo, footage: video_tasks.Footage) -> None:
        session, sperm = self._session, self._session.selected_sperm
        track = session.track(sperm) if sperm else None
        if sperm is None or track is None or self._jobs.is_running(FILM):
            return
        key, crop = session.track_key(sperm), (session.model.crop_px, session.magnification)
        if session.film(sperm) is not None or key in self._skipped_films:
            return

        def keep(film: Film) -> None:
            if self._is_current(video) and crop == (session.model.crop_px, session.magnification):
                session.add_film(key, film)

        def skip(_: str = "") -> None:
            self._skipped_films.add(key)

        self._jobs.start(
            FILM,
            lambda: sperm_tasks.cut_film(
                track, footage=footage, crop_px=crop[0], magnification=crop[1]
            ),
            on_success=keep,
            on_failure=skip,
            on_cancel=skip,
        )

    def _is_current(self, video: OpenedVideo) -> bool:
        return self._session.video is not None and self._session.video.info is video.info


def _seeds(sperms: Sequence[Sperm]) -> tuple[Seed, ...]:
    return tuple(seed for sperm in sperms for seed in sperm.seeds)
