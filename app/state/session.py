"""The window's session: how its state is changed, with a signal for each change."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

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
from app.state.session_state import SessionState
from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Calibration,
    Draft,
    HeadMeasure,
    Track,
    TrackKey,
    Verdict,
)
from rostfine_core.interlace import one_field
from rostfine_core.messages import Message


class Session(SessionState):
    """What the views show.

    Signals: each is emitted after the state that it is named after has changed.
    ``results_changed`` is emitted for new tracks and grades, ``sperms_changed`` for edits of the
    list, ``frame_changed`` when another frame is on screen, ``video_moved`` when the file of the
    video has moved. ``tracked`` and ``graded`` carry what was made just now, by its keys, the
    latter with the reasons of those that failed.
    """

    video_changed = Signal()
    video_moved = Signal()
    frame_changed = Signal()
    cached_changed = Signal()
    sperms_changed = Signal()
    results_changed = Signal()
    film_changed = Signal()
    selection_changed = Signal()
    compared_changed = Signal()
    sample_changed = Signal()
    calibration_changed = Signal()
    overlay_changed = Signal()
    display_changed = Signal()
    page_changed = Signal()
    tool_changed = Signal()
    playing_changed = Signal()
    model_changed = Signal()
    running_changed = Signal()
    message_changed = Signal()
    head_changed = Signal()
    strip_changed = Signal()
    checksum_changed = Signal()
    saving_changed = Signal()
    worklist_changed = Signal()
    tracked = Signal(object)
    graded = Signal(object, object)

    def set_video(
        self,
        video: OpenedVideo | None,
        draft: Draft,
        *,
        offered: Calibration | None = None,
    ) -> None:
        """Start with another video: no sperm, no results, and the review page.

        Args: ``offered`` are a microscope's values whose scale may not hold for this video.
        """
        self.offered = offered
        self.video, self.draft, self.results = video, draft, Results()
        self._presenter = Presenter()
        self.selected, self.compared = None, ()
        self.frame, self.image, self.grey = 0, None, None
        self.cached_frames, self.cached_spans = (0, 0), ()
        self.set_page(Page.REVIEW)
        for signal in (
            self.video_changed,
            self.sperms_changed,
            self.results_changed,
            self.selection_changed,
            self.compared_changed,
            self.sample_changed,
            self.calibration_changed,
            self.frame_changed,
            self.cached_changed,
        ):
            signal.emit()

    def move_video(self, path: Path) -> None:
        """Note where the file of the open video is now."""
        if self.video is not None:
            self.video = replace(self.video, path=path)
            self.video_moved.emit()

    def set_checksum(self, sha256: str) -> None:
        """Set the checksum of the open video, which is known later than its picture."""
        if self.video is not None:
            self.video = replace(self.video, sha256=sha256)
            self.checksum_changed.emit()

    def restore_results(
        self,
        tracks: Mapping[TrackKey, Track],
        assessments: Mapping[AssessmentKey, Assessment],
        rejected: Mapping[AssessmentKey, Message],
    ) -> None:
        """Bring back what was made in an earlier run; what was made since stays."""
        now = self.results
        self.results = replace(
            now,
            tracks={**tracks, **now.tracks},
            assessments={**assessments, **now.assessments},
            rejected={**rejected, **now.rejected},
        )
        self._follow()
        self.results_changed.emit()

    def set_draft(self, draft: Draft) -> None:
        """Replace what the user edits and emit which parts have changed."""
        before, crop_px = self.draft, self.crop_px
        self.draft = draft
        self._forget_films(crop_px)
        self._follow()
        if before.calibration != draft.calibration:
            self.calibration_changed.emit()
        if before.sample != draft.sample:
            self.sample_changed.emit()
        if before.sperms != draft.sperms:
            self.sperms_changed.emit()
        known = {s.key for s in before.sperms}
        new = [s.key for s in draft.sperms if s.key not in known]
        if new:
            self.select(new[0])
        elif self.selected is not None and self.selected_sperm is None:
            self.select(self.sperms[-1].key if self.sperms else None)
        kept = tuple(k for k in self.compared if self.sperm(k))
        self.set_compared(kept)
        if before.sperms != draft.sperms or before.calibration != draft.calibration:
            self.results_changed.emit()

    def add_tracks(self, tracks: Mapping[TrackKey, Track]) -> None:
        """Keep finished tracks."""
        self.results = replace(self.results, tracks={**self.results.tracks, **tracks})
        self._follow()
        self.tracked.emit(tracks)
        self.results_changed.emit()

    def add_film(self, key: TrackKey, film: Film) -> None:
        """Keep a finished film."""
        self.results = replace(self.results, films={**self.results.films, key: film})
        self.film_changed.emit()

    def add_assessments(
        self,
        assessments: Mapping[AssessmentKey, Assessment],
        rejected: Mapping[AssessmentKey, Message],
    ) -> None:
        """Keep finished assessments and the reasons of those that failed."""
        self.results = replace(
            self.results,
            assessments={**self.results.assessments, **assessments},
            rejected={**self.results.rejected, **rejected},
        )
        self.graded.emit(assessments, rejected)
        self.results_changed.emit()

    def _follow(self) -> None:
        """Pass on the tracks that were not rejected."""
        kept = (s for s in self.sperms if s.verdict is not Verdict.REJECTED)
        tracks = map(self.track, kept)
        self._presenter.follow([track for track in tracks if track is not None])

    def select(self, key: int | None) -> None:
        """Make one sperm the one that the panels are about."""
        if key != self.selected:
            self.selected = key
            self.selection_changed.emit()

    def set_compared(self, keys: tuple[int, ...]) -> None:
        """Choose the sperm to compare."""
        if keys != self.compared:
            self.compared = keys
            self.compared_changed.emit()

    def set_frame(self, frame: int, image: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
        """Show a decoded frame: its colours (H, W, 3), and its luma (H, W), that is measured."""
        is_woven = self.video is not None and self.video.is_interlaced
        self.frame, self.image, self.grey = frame, image, one_field(grey) if is_woven else grey
        self.frame_changed.emit()

    def set_cached(self, spans: tuple[tuple[int, int], ...], total: int) -> None:
        """Note which runs of frames, each (first, last), are decoded and kept."""
        count = sum(last - first + 1 for first, last in spans)
        if (self.cached_frames, self.cached_spans) != ((count, total), spans):
            self.cached_frames, self.cached_spans = (count, total), spans
            self.cached_changed.emit()

    def set_overlay(self, overlay: Overlay) -> None:
        """Show attention differently."""
        if overlay != self.overlay:
            self.overlay = overlay
            self.overlay_changed.emit()

    def set_display(self, display: Display) -> None:
        """Show the picture brighter or with more contrast."""
        if display != self.display:
            self.display = display
            self.display_changed.emit()

    def set_page(self, page: Page) -> None:
        """Show another page."""
        if page is not self.page:
            self.page = page
            self.page_changed.emit()

    def set_tool(self, tool: Tool) -> None:
        """Choose what a click does."""
        if tool is not self.tool:
            self.tool = tool
            self.tool_changed.emit()

    def set_playing(self, is_playing: bool, speed: float) -> None:
        """Note whether and how fast the video plays."""
        if (is_playing, speed) != (self.is_playing, self.speed):
            self.is_playing, self.speed = is_playing, speed
            self.playing_changed.emit()

    def set_model(self, model: ModelState) -> None:
        """Set the model's state; assessments by another model are no longer shown."""
        crop_px, self.model = self.crop_px, model
        self._forget_films(crop_px)
        self.model_changed.emit()
        self.results_changed.emit()

    def _forget_films(self, crop_px: float) -> None:
        """Forget films whose pictures were ``crop_px`` wide if that is not so any more."""
        if self.crop_px != crop_px:
            self.results = replace(self.results, films={})

    def set_running_jobs(self, running_jobs: tuple[RunningJob, ...]) -> None:
        """Note what runs."""
        if running_jobs != self.running_jobs:
            self.running_jobs = running_jobs
            self.running_changed.emit()

    def set_head(self, head: HeadMeasure | None) -> None:
        """Show the head that was measured under the pointer, or none."""
        if head != self.head:
            self.head = head
            self.head_changed.emit()

    def set_strip_open(self, is_open: bool) -> None:
        """Show or fold the frames that the network saw."""
        if is_open != self.is_strip_open:
            self.is_strip_open = is_open
            self.strip_changed.emit()

    def set_worklist(self, items: tuple[WorklistItem, ...]) -> None:
        """Show other videos to work on, or their states."""
        if items != self.worklist:
            self.worklist = items
            self.worklist_changed.emit()

    def set_saving(self, saving: Saving) -> None:
        """Note what is not in the case store yet."""
        if saving != self.saving:
            self.saving = saving
            self.saving_changed.emit()

    def set_message(self, message: str) -> None:
        """Show a sentence in the status bar, even if it is the same as before."""
        self.message = message
        self.message_changed.emit()
