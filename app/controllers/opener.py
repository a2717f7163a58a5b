"""The video on screen: opens it, decodes it in the background, and finds it when it has moved."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.controllers.analysis import FILM, GRADE, TRACK, Analysis
from app.controllers.editor import Editor
from app.controllers.head_finder import HEAD
from app.controllers.player import Player
from app.jobs import video_tasks
from app.jobs.runner import Jobs
from app.presentation.wording import say
from app.state.microscopes import fitted
from app.state.records import OpenedVideo
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.bundled import is_demo_video
from rostfine_core.domain import Calibration, Draft, SampleInfo, Seed, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:  # the window appears before the core is imported
    from rostfine_core.video import Video

OPEN, FRAMES, CHECKSUM, FIND, PREVIEW = "open", "frames", "checksum", "find", "preview"
VIDEO_JOBS = (FRAMES, CHECKSUM, FIND, HEAD, TRACK, GRADE, FILM, PREVIEW)
"""The kinds of jobs that end with the video."""
READERS = (FRAMES, TRACK, GRADE, FILM)
"""Those that read frames of it."""


class Opener(QObject):
    """Owns the frames of the open video.

    Signals:
        failed(str): the video cannot be opened, read or found; the sentence is for the user.
        opened(): another video is on screen.
    """

    failed = Signal(str)
    opened = Signal()

    def __init__(
        self,
        session: Session,
        settings: Settings,
        jobs: Jobs,
        *,
        editor: Editor,
        player: Player,
        analysis: Analysis,
        find_moved: Callable[[Path], Path | None],
        parent: QObject | None = None,
    ) -> None:
        """Args: ``find_moved`` asks the user where a missing video is."""
        super().__init__(parent)
        self._session, self._settings, self._jobs = session, settings, jobs
        self._editor, self._player, self._analysis = editor, player, analysis
        self._find_moved = find_moved
        self._footage: video_tasks.Footage | None = None
        self._next: tuple[Path, tuple[Seed, ...], float | None] | None = None
        self._is_asking = False
        player.starved.connect(self._decode_again)

    def open(
        self, path: Path, seeds: tuple[Seed, ...] = (), um_per_px: float | None = None
    ) -> None:
        """Open a video; the old one stays until the new one's first frame is decoded.

        Args: ``um_per_px`` is the video's own scale, used if the user has no microscope yet.
        """
        path = path.absolute()  # the recent videos must not depend on the working folder
        if self._jobs.is_running(OPEN):
            self._next = (path, seeds, um_per_px)
            self._jobs.cancel(OPEN)
            return
        if _is_missing(path):
            self._settings.remove_recent(path)
            found = self._find_moved(path)
            if found is None:
                return
            path = found
        self._jobs.start(
            OPEN,
            lambda: video_tasks.open_source(path),
            on_success=lambda opened: self._on_opened(path, seeds, um_per_px, opened),
            on_failure=self.failed.emit,
            discard=_close,
        )

    def cancel(self) -> None:
        """Keep the video that is on screen."""
        self._next = None
        self._jobs.cancel(OPEN)

    def leave(self) -> None:
        """End every job on the video and let its frames go."""
        self._next = None
        self._player.use(None)
        self._analysis.use(None)
        self._let_frames_go()
        self._jobs.drop(VIDEO_JOBS)

    def _let_frames_go(self) -> None:
        if self._footage is not None:
            self._footage.cache.close()
            if any(map(self._jobs.is_running, READERS)):
                self._footage.video.interrupt()  # a job may wait for a frame that takes long
            self._footage = None
        self._jobs.drop((FRAMES,))

    # A video that was opened -----------------------------------------------------------------

    def _on_opened(
        self,
        path: Path,
        seeds: tuple[Seed, ...],
        um_per_px: float | None,
        opened: video_tasks.Opened,
    ) -> None:
        if self._next is not None:  # another video was asked for when it was too late to cancel
            _close(opened)
            return
        self.leave()
        info = opened.video.info
        self._editor.reset()
        draft, offered = self._first_draft(info)
        if draft.calibration == Calibration():
            draft = replace(draft, calibration=Calibration(um_per_px=um_per_px))
        opened_video = OpenedVideo(path=path, info=info, is_interlaced=opened.is_interlaced)
        self._session.set_video(opened_video, draft, offered=offered)
        self._session.set_frame(0, opened.image, opened.first_frame.grey().image)
        footage = self._keep_frames(path, opened)  # last, as its thread would delay the panels
        self._analysis.use(footage)
        self._start_checksum(footage)
        self._remember(path)
        self._editor.add_seeds(seeds)
        self._session.set_message(self.about_scale())
        self.opened.emit()

    def about_scale(self) -> str:
        """What is said of a scale that comes from earlier videos, or is not used for this one."""
        calibration, offered = self._session.calibration, self._session.offered_um_per_px
        if offered is not None:
            return self.tr(
                "The scale {scale:.4g} µm/px of the microscope {name} was set for another size of "
                "picture, so it is not used: take it in the field µm/px only if it is right."
            ).format(scale=offered, name=calibration.profile)
        if calibration.profile and calibration.um_per_px:
            return self.tr("Scale of the microscope {name}: {scale:.4g} µm/px.").format(
                name=calibration.profile, scale=calibration.um_per_px
            )
        return ""

    def _remember(self, path: Path) -> None:
        """Offer a video again, but not the demonstration: its folder is the program's own."""
        if not is_demo_video(path):
            self._settings.add_recent(path)

    def _first_draft(self, info: VideoInfo) -> tuple[Draft, Calibration | None]:
        """What a video starts with: what was typed before opening, else what is remembered.

        Second are remembered values whose scale may not hold for this video.
        """
        typed, last = self._session.draft, self._settings.last_profile
        operator = typed.sample.operator or self._settings.operator
        known = fitted(last, set_for=self._settings.size_of(last.profile), video=info)
        if self._session.video is not None:  # it was typed for another video
            draft = Draft(sample=SampleInfo(operator=operator), calibration=known.calibration)
            return draft, known.offered
        sample = replace(typed.sample, operator=operator)
        if typed.calibration != Calibration():
            return Draft(sample=sample, calibration=typed.calibration), None
        return Draft(sample=sample, calibration=known.calibration), known.offered

    def _keep_frames(self, path: Path, opened: video_tasks.Opened) -> video_tasks.Footage:
        """Decode an open video in the background and show its frames from now on."""
        info = opened.video.info
        budget = self._settings.number("cache_mib") * 2**20
        cache = FrameCache(info, budget_bytes=budget, on_wanted=self._player.note_arrival)
        cache.store(opened.first_frame)
        checksum = VideoChecksum(opened.video.identity, known=self._sha256)
        self._footage = video_tasks.Footage(cache=cache, video=opened.video, checksum=checksum)
        self._player.use(cache)
        self._fill(cache, opened.video)
        return self._footage

    def _fill(self, cache: FrameCache, video: "Video") -> None:
        self._jobs.start(
            FRAMES,
            lambda: cache.fill(video),
            on_success=lambda _: None,
            on_failure=self._stop_and_report,
            discard=lambda _: video.close(),  # it may not have started
        )

    def _stop_and_report(self, sentence: str) -> None:
        self._player.pause()
        self.report_failure(sentence)

    @Slot()
    def _decode_again(self) -> None:
        """Decode on when a frame is wanted after decoding failed: it may work elsewhere."""
        footage, video = self._footage, self._session.video
        if footage is None or video is None or _is_missing(video.path):
            return
        if not self._jobs.is_running(FRAMES):
            try:
                self._fill(footage.cache, footage.video.reopened())
            except VideoError as error:
                self._stop_and_report(say(error.message))

    def _start_checksum(self, footage: video_tasks.Footage) -> None:
        self._jobs.start(
            CHECKSUM,
            lambda: video_tasks.checksum(footage),
            on_success=self._session.set_checksum,
            on_failure=self.report_failure,
        )

    # A video that moved while it was open ----------------------------------------------------

    @Slot(str)
    def report_failure(self, sentence: str) -> None:
        """Say what failed, or ask where the video is if its file has moved."""
        video = self._session.video
        if video is None or video.path.exists():
            self.failed.emit(sentence)
        elif not (self._is_asking or self._jobs.is_running(FIND)):
            self._ask_again(video)

    def _ask_again(self, video: OpenedVideo) -> None:
        self._is_asking = True
        found = self._find_moved(video.path)
        self._is_asking = False
        if self._session.video is None or self._session.video.info is not video.info:
            return
        if found is None:
            self.failed.emit(
                self.tr(
                    "{path} is not there any more: what was computed stays, and Track or Grade "
                    "asks for the video again."
                ).format(path=video.path)
            )
            return
        self._jobs.start(
            FIND,
            lambda: video_tasks.find_again(found, info=video.info, sha256=self._sha256),
            on_success=lambda opened: self._on_found(found, opened),
            on_failure=self.failed.emit,
            discard=_close,
        )

    @property
    def _sha256(self) -> str:
        return self._session.video.sha256 if self._session.video else ""

    def _on_found(self, path: Path, opened: video_tasks.Opened) -> None:
        """Continue with the same video at its new place."""
        frame = self._session.frame
        self._let_frames_go()
        self._session.move_video(path)
        self._remember(path)
        footage = self._keep_frames(path, opened)
        self._player.seek(frame)
        if not self._sha256:
            self._jobs.drop((CHECKSUM,))
            self._start_checksum(footage)
        self._analysis.try_again(footage)

    # The rest --------------------------------------------------------------------------------

    @Slot(str)
    def open_next(self, kind: str) -> None:
        """Open the video that was asked for while another was being opened."""
        if kind == OPEN and self._next is not None:
            (path, seeds, um_per_px), self._next = self._next, None
            self.open(path, seeds, um_per_px)

    @Slot()
    def show_decoded(self) -> None:
        """Tell the session which frames are decoded."""
        info = self._session.info
        if self._footage is not None and info is not None:
            self._session.set_cached(self._footage.cache.spans, info.frame_count)


def _close(opened: video_tasks.Opened | None) -> None:
    """Close a video that was opened too late to be wanted."""
    if opened is not None:
        opened.video.close()


def _is_missing(path: Path) -> bool:
    """Whether there is no such file; if that cannot be told, opening it says why."""
    try:
        return not path.exists()
    except OSError:
        return False
