"""The main way through: a video and clicks become tracks, clips, grades and assessments.

The video is decoded once for all sperm, their clips are graded in one batch. Every function is
a generator that yields progress and can be closed at any time.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rostfine_core import __version__
from rostfine_core.clips import MINIMUM_CLIP_FRAMES, ClipSettings, CropRecorder, cut_clip
from rostfine_core.domain import (
    Assessment,
    Clip,
    LongJob,
    Progress,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    Severity,
    Track,
    VideoInfo,
)
from rostfine_core.errors import ModelError, TrackingError
from rostfine_core.files import BLOCK_BYTES, blocks_of, sha256_of
from rostfine_core.quality.flags import quality_flags
from rostfine_core.quality.same_head import same_head_flags
from rostfine_core.tracking import Tracker, TrackerSettings, compute_kinematics
from rostfine_core.video import DecodedFrame, Video, open_video

if TYPE_CHECKING:  # at run time torch stays away from `rostfine track`
    from rostfine_core.assessor import Assessor, ClipAnswer


RATE_TOLERANCE = 0.005  # cameras call 29.97 fps thirty


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """The settings of each step, kept with every result.

    However many frames ``clip`` names, as many are cut as the model learned from.
    """

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    clip: ClipSettings = field(default_factory=ClipSettings)
    smoothing_window_s: float = 0.1


@dataclass(frozen=True, kw_only=True)
class AssessmentRequest:
    """What the user asks: these sperm of this video.

    ``fps`` corrects the frame rate of a file that states it wrongly; None trusts the file.
    """

    video: Path
    seeds: tuple[Seed, ...]
    sample: SampleInfo = field(default_factory=SampleInfo)
    um_per_px: float | None = None
    fps: float | None = None
    settings: PipelineSettings = field(default_factory=PipelineSettings)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The assessments, and by target the reason why a sperm could not be graded.

    Every sperm that was asked for is in one of them; there may be no assessment at all.
    """

    assessments: tuple[Assessment, ...]
    rejected: tuple[tuple[str, str], ...] = ()


def track_video(
    path: Path,
    *,
    seeds: Sequence[Seed],
    settings: TrackerSettings | None = None,
    fps: float | None = None,
) -> LongJob[tuple[Track, ...]]:
    """Track all seeds in one decoding pass, from the first seed's frame to the end.

    Raises:
        VideoError: the video cannot be read.
        TrackingError: a seed does not lie in the video.
    """
    with open_video(path) as video:
        tracker = Tracker(seeds, settings=settings or TrackerSettings())
        check_seeds(seeds, video.info)
        for frame, total in _frames_from_first_seed(video, seeds):
            tracker.step(timed(frame, fps).grey())
            yield Progress(stage="tracking", done=frame.index + 1, total=total)
    return tracker.tracks


def assess_video(request: AssessmentRequest, *, assessor: "Assessor") -> LongJob[Outcome]:
    """Track, cut, grade and explain the clicked sperm of a video.

    Raises:
        VideoError: the video cannot be read.
        TrackingError: a click does not lie in the video.
        ModelError: the model needs clips that cannot be cut.
    """
    request = _as_the_model_needs(request, assessor)
    settings = request.settings
    with open_video(request.video) as video:
        info = with_fps(video.info, request.fps)
        check_seeds(request.seeds, info)
        tracker = Tracker(request.seeds, settings=settings.tracker)
        recorders = {s.target: CropRecorder(settings=settings.clip) for s in request.seeds}
        for frame, total in _frames_from_first_seed(video, request.seeds):
            points = tracker.step(timed(frame, request.fps).grey())
            wanted = {t: p for t, p in points.items() if recorders[t].wants(p)}
            for target, point in wanted.items():
                recorders[target].record(point, frame.rgb())
            yield Progress(stage="tracking", done=frame.index + 1, total=total)
    sha256 = yield from hash_video(request.video)
    return (
        yield from _grade(
            request,
            tracker.tracks,
            info=info,
            video_sha256=sha256,
            clip_of=lambda track: recorders[track.target].clip(track),
            assessor=assessor,
        )
    )


def assess_tracks(
    request: AssessmentRequest,
    tracks: Sequence[Track],
    *,
    info: VideoInfo,
    video_sha256: str,
    image_at: Callable[[int], NDArray[np.uint8]],
    assessor: "Assessor",
) -> LongJob[Outcome]:
    """Grade and explain sperm that were tracked before, from frames that are decoded already.

    Args:
        request: the clicks, the sample and the settings.
        tracks: the finished tracks.
        info: the video's record, with the corrected frame rate if there is one.
        video_sha256: the checksum of the video's bytes.
        image_at: gives the (H, W, 3) uint8 RGB picture of a frame.
        assessor: the loaded model.
    """
    request = _as_the_model_needs(request, assessor)
    settings = request.settings.clip
    return (
        yield from _grade(
            request,
            tracks,
            info=info,
            video_sha256=video_sha256,
            clip_of=lambda track: cut_clip(track, image_at=image_at, settings=settings),
            assessor=assessor,
        )
    )


def check_seeds(seeds: Sequence[Seed], info: VideoInfo) -> None:
    """Refuse clicks that do not lie in the video.

    Raises:
        TrackingError: there is no seed, or one lies outside.
    """
    if not seeds:
        raise TrackingError("No sperm was clicked: give at least one position.")
    for seed in seeds:
        if not 0 <= seed.frame < info.frame_count:
            raise TrackingError(
                f"Sperm {seed.target} was clicked in frame {seed.frame}, but the video has frames "
                f"0 to {info.frame_count - 1}: click it in one of those."
            )
        if not (0 <= seed.x_px < info.width_px and 0 <= seed.y_px < info.height_px):
            raise TrackingError(
                f"The click ({seed.x_px:g}, {seed.y_px:g}) on sperm {seed.target} lies outside "
                f"the {info.width_px}x{info.height_px} frame: click inside the picture."
            )


def hash_video(path: Path) -> LongJob[str]:
    """The SHA-256 of a video file, or of all pictures of a folder in the order of their names.

    Raises:
        StoreError: the video cannot be read.
    """
    digest = hashlib.sha256()
    if not path.is_dir():
        # In blocks: Qt's progress bar counts no further than 2^31, which bytes would soon reach.
        total = -(-path.stat().st_size // BLOCK_BYTES) if path.exists() else 0
        for done, block in enumerate(blocks_of(path), start=1):
            digest.update(block)
            yield Progress(stage="checksum", done=done, total=max(done, total))
        return digest.hexdigest()
    pictures = sorted(p for p in path.iterdir() if p.is_file())
    for number, picture in enumerate(pictures, start=1):
        digest.update(f"{picture.name} {sha256_of(picture)}\n".encode())
        yield Progress(stage="checksum", done=number, total=len(pictures))
    return digest.hexdigest()


def with_fps(info: VideoInfo, fps: float | None) -> VideoInfo:
    """The same video with its frame rate corrected: frame k is then at k / fps seconds."""
    if fps is None:
        return info
    times = tuple(i / fps for i in range(info.frame_count))
    corrected = replace(info, fps=fps, duration_s=info.frame_count / fps, timestamps_s=times)
    if math.isclose(fps, info.fps, rel_tol=RATE_TOLERANCE):
        return corrected
    note = f"The frame rate was set to {fps:.4g} per second; the file says {info.fps:.4g}."
    return replace(corrected, notes=(*info.notes, note))


def _as_the_model_needs(request: AssessmentRequest, assessor: "Assessor") -> AssessmentRequest:
    """The request with clips of as many frames, as wide, as those that the model learned from."""
    settings = request.settings
    try:
        clip = replace(
            settings.clip, frame_count=assessor.clip_frames, size_px=assessor.clip_size_px
        )
    except ValueError as error:
        raise ModelError(
            f"The model {assessor.info.file_name} was trained on clips of {assessor.clip_frames} "
            f"frame(s), which show no motion: use one for at least {MINIMUM_CLIP_FRAMES}."
        ) from error
    return replace(request, settings=replace(settings, clip=clip))


def _frames_from_first_seed(
    video: Video, seeds: Sequence[Seed]
) -> Iterator[tuple[DecodedFrame, int]]:
    frames = video.frames(start=min(s.frame for s in seeds))
    for frame in frames:
        yield frame, video.info.frame_count


def timed(frame: DecodedFrame, fps: float | None) -> DecodedFrame:
    """The same frame at its time in ``with_fps``."""
    return frame if fps is None else replace(frame, time_s=frame.index / fps)


def _grade(
    request: AssessmentRequest,
    tracks: Sequence[Track],
    *,
    info: VideoInfo,
    video_sha256: str,
    clip_of: Callable[[Track], Clip],
    assessor: "Assessor",
) -> LongJob[Outcome]:
    clips: list[tuple[Track, Clip]] = []
    rejected: list[tuple[str, str]] = []
    for track in tracks:
        yield Progress(stage="grading", done=0, total=len(tracks))  # cutting may decode
        try:
            clips.append((track, clip_of(track)))
        except TrackingError as error:
            rejected.append((track.target, str(error)))
    answers = yield from assessor.assess([clip for _, clip in clips])
    twins = same_head_flags([track for track, _ in clips])
    assessments = tuple(
        _assessment(
            request,
            track,
            clip,
            answer,
            info=info,
            video_sha256=video_sha256,
            assessor=assessor,
            twin=twins.get(track.target),
        )
        for (track, clip), answer in zip(clips, answers, strict=True)
    )
    return Outcome(assessments=assessments, rejected=tuple(rejected))


def _assessment(
    request: AssessmentRequest,
    track: Track,
    clip: Clip,
    answer: "ClipAnswer",
    *,
    info: VideoInfo,
    video_sha256: str,
    assessor: "Assessor",
    twin: QualityFlag | None,
) -> Assessment:
    flags = quality_flags(
        track=track, clip=clip, video=info, um_per_px=request.um_per_px, model=assessor.info
    )
    if twin is not None:
        flags = (*flags, twin)
    notices = tuple(
        QualityFlag(code=code, severity=Severity.NOTICE, reason=reason)
        for code, reasons in (("video", info.notes), ("device", assessor.notices))
        for reason in reasons
    )
    return Assessment(
        target=track.target,
        seeds=tuple(s for s in request.seeds if s.target == track.target),
        sample=request.sample,
        video=info,
        track=track,
        clip=clip,
        prediction=answer.prediction,
        explanation=answer.explanation,
        kinematics=compute_kinematics(
            track, um_per_px=request.um_per_px, window_s=request.settings.smoothing_window_s
        ),
        flags=flags + notices,
        provenance=Provenance(
            software_version=__version__,
            model=assessor.info,
            video_name=request.video.name,
            video_sha256=video_sha256,
            device=assessor.device_label,
            precision=assessor.precision,
            um_per_px=request.um_per_px,
            settings_json=_settings_json(request, cpu_threads=assessor.cpu_threads),
            created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )


def _settings_json(request: AssessmentRequest, *, cpu_threads: int) -> str:
    """All settings, with the batch and the threads: both can move the last bits of a grade."""
    return json.dumps(
        {
            **asdict(request.settings),
            "fps_correction": request.fps,
            "cpu_threads": cpu_threads,
            "clicks_in_batch": [asdict(s) for s in request.seeds],
        },
        sort_keys=True,
    )
