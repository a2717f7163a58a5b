"""The state of the window, of frozen records that are replaced whole, and what follows from it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from app.state.presenter import Presenter
from app.state.records import (
    Display,
    Film,
    ModelState,
    OpenedVideo,
    Overlay,
    Page,
    Results,
    RunningJob,
    Saving,
    Tool,
    WorklistItem,
)
from rostfine_core.domain import (
    NOT_GRADED,
    TRACK_REJECTED,
    Assessment,
    AssessmentKey,
    Calibration,
    Draft,
    HeadMeasure,
    LeftOut,
    SampleInfo,
    Sperm,
    Track,
    TrackKey,
    Verdict,
    VideoInfo,
)
from rostfine_core.messages import Message


class SessionState(QObject):
    """What the views show; ``Session`` changes it and says so."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.video: OpenedVideo | None = None
        self.draft = Draft()
        self.results = Results()
        self.selected: int | None = None
        self.compared: tuple[int, ...] = ()
        self.frame = 0
        self.image: NDArray[np.uint8] | None = None
        self.grey: NDArray[np.uint8] | None = None
        self.cached_frames: tuple[int, int] = (0, 0)
        self.cached_spans: tuple[tuple[int, int], ...] = ()
        self.overlay = Overlay()
        self.display = Display()
        self.page = Page.REVIEW
        self.tool = Tool.SELECT
        self.is_playing = False
        self.speed = 1.0
        self.model = ModelState()
        self.running_jobs: tuple[RunningJob, ...] = ()
        self.message = ""
        self.head: HeadMeasure | None = None
        self.is_strip_open = False
        self.offered: Calibration | None = None
        self.saving = Saving()
        self.worklist: tuple[WorklistItem, ...] = ()
        self.may_edit = True
        """Whether who is signed in may change cases."""
        self._presenter = Presenter()

    @property
    def sperms(self) -> tuple[Sperm, ...]:
        """The chosen sperm in the user's order."""
        return self.draft.sperms

    @property
    def sample(self) -> SampleInfo:
        """The sample and the operator as typed."""
        return self.draft.sample

    @property
    def calibration(self) -> Calibration:
        """The microscope as the user describes it."""
        return self.draft.calibration

    @property
    def info(self) -> VideoInfo | None:
        """The video's record as the file says; see ``time_s`` for corrected times."""
        return self.video.info if self.video else None

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be edited, as the video is missing or who is here may only look."""
        return not self.may_edit or (self.video is not None and self.video.is_missing)

    @property
    def fps(self) -> float:
        """The frame rate in use: the user's correction, else the file's; 0 without a video."""
        return self.calibration.fps or (self.video.info.fps if self.video else 0.0)

    @property
    def offered_um_per_px(self) -> float | None:
        """The present microscope's scale, where it may not hold for this video."""
        offered = self.offered
        is_present = offered is not None and offered.profile == self.calibration.profile
        return offered.um_per_px if offered is not None and is_present else None

    @property
    def scale_offer(self) -> float | None:
        """A scale that is used only once the user takes it: the file's, or one that may not fit."""
        stated = self.video.info.um_per_px if self.video else None
        return stated or self.offered_um_per_px

    @property
    def magnification(self) -> float:
        """Pixels of a clip for each pixel of the video, at the scale and by the model in use."""
        info = self.model.info
        return 1.0 if info is None else info.magnification(self.calibration.um_per_px)

    @property
    def crop_px(self) -> float:
        """The side of what the model sees around a head, in pixels of the video."""
        return self.model.crop_px / self.magnification

    def time_s(self, frame: int) -> float:
        """The time of a frame at the frame rate in use."""
        if self.video is None:
            return 0.0
        if self.calibration.fps:
            return frame / self.calibration.fps
        return self.video.info.timestamps_s[frame]

    def sperm(self, key: int | None) -> Sperm | None:
        """The sperm with a key; None if it is not in the list."""
        return next((s for s in self.sperms if s.key == key), None)

    @property
    def names(self) -> dict[str, str]:
        """What the user calls each sperm, by its target: what an export writes."""
        return {s.target: s.name for s in self.sperms}

    def number(self, key: int) -> int:
        """The place in the list, from 1; markers show the name instead."""
        return [s.key for s in self.sperms].index(key) + 1

    @property
    def selected_sperm(self) -> Sperm | None:
        """The sperm that the panels are about."""
        return self.sperm(self.selected)

    def track_key(self, sperm: Sperm) -> TrackKey:
        """What this sperm's track depends on."""
        return (sperm.target, sperm.seeds, self.calibration.fps)

    def track(self, sperm: Sperm) -> Track | None:
        """The track made from exactly this sperm's clicks."""
        return self.results.tracks.get(self.track_key(sperm))

    def film(self, sperm: Sperm) -> Film | None:
        """The film of the present track."""
        return self.results.films.get(self.track_key(sperm))

    def assessment_key(self, sperm: Sperm) -> AssessmentKey:
        """What this sperm's assessment would depend on now."""
        return AssessmentKey(
            target=sperm.target,
            seeds=sperm.seeds,
            fps=self.calibration.fps,
            um_per_px=self.calibration.um_per_px,
            model_sha256=self.model.info.sha256 if self.model.info else "",
            mode=self.model.mode,
        )

    def assessment(self, sperm: Sperm) -> Assessment | None:
        """The assessment of this sperm as it is now, see ``presenter``.

        None while its track is rejected: what was graded was not this sperm.
        """
        if sperm.verdict is Verdict.REJECTED:
            return None
        graded = self.results.assessments.get(self.assessment_key(sperm))
        if graded is None:
            return None
        same = self._presenter.same(sperm.target)
        return self._presenter.assessment(
            graded,
            sample=self.sample,
            sperm=sperm,
            same=None if same is None else (self.names[same[0]], self.names[same[1]]),
        )

    def rejection(self, sperm: Sperm) -> Message | None:
        """Why the sperm could not be graded; None where it could or was not tried."""
        return self.results.rejected.get(self.assessment_key(sperm))

    @property
    def reportable(self) -> tuple[Assessment, ...]:
        """The assessments that a report holds."""
        found = map(self.assessment, self.sperms)
        return tuple(a for a in found if a is not None)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The sperm that a report says nothing about, and why, in its language."""
        return tuple(
            (sperm.name, self._why_left_out(sperm))
            for sperm in self.sperms
            if self.assessment(sperm) is None
        )

    def _why_left_out(self, sperm: Sperm) -> Message:
        if sperm.verdict is Verdict.REJECTED:
            return TRACK_REJECTED
        return self.rejection(sperm) or NOT_GRADED

    def running_job(self, kind: str) -> RunningJob | None:
        """The running job of a kind."""
        return next((job for job in self.running_jobs if job.kind == kind), None)
