"""The pipeline from a video and clicks to tracks, clips, grades and assessments.

The video is decoded once for all sperm, and their clips are graded in one batch. The public
functions are generators that yield progress and can be closed at any time.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rostfine_core import __version__
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.clips import MINIMUM_CLIP_FRAMES, ClipSettings, CropRecorders, cut_clip
from rostfine_core.domain import (
    Assessment,
    Clip,
    LongJob,
    Progress,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    Track,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.errors import ModelError, TrackingError
from rostfine_core.interlace import one_field
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.quality.flags import hand_flags, is_on_a_head, quality_flags
from rostfine_core.quality.same_head import same_head_flags
from rostfine_core.result_files import read_seeds
from rostfine_core.tracking import TrackerSettings, compute_kinematics, is_interlaced, track
from rostfine_core.tracking.head_detection import find_heads, seeds_of
from rostfine_core.video import PlaneChoice, Video, open_video
from rostfine_core.video.checksum import hash_video
from rostfine_core.video.timing import with_fps

if TYPE_CHECKING:  # `rostfine track` starts without importing torch
    from rostfine_core.assessor import Assessor, ClipAnswer


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """The settings of each step, kept with every result.

    The model overrides the frame count, size and magnification of ``clip`` with those that make
    them like its training clips.
    """

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    clip: ClipSettings = field(default_factory=ClipSettings)
    smoothing_window_s: float = 0.1


@dataclass(frozen=True, kw_only=True)
class AssessmentRequest:
    """What the user asks for: these sperm in this video.

    ``fps`` corrects the frame rate if the file states it wrongly; None trusts the file.
    ``choice`` says which channel and plane to read if the file holds several.
    ``magnification`` is that of the clips; None resamples them to the scale of the model's
    training, where both are known. With ``insist`` a sperm is graded even if no head stands out at
    its click, with a warning.
    """

    video: Path
    seeds: tuple[Seed, ...]
    sample: SampleInfo = field(default_factory=SampleInfo)
    um_per_px: float | None = None
    fps: float | None = None
    choice: PlaneChoice = field(default_factory=PlaneChoice)
    magnification: float | None = None
    insist: bool = False
    settings: PipelineSettings = field(default_factory=PipelineSettings)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The assessments, and the target of each sperm that could not be graded with the reason.

    Every requested sperm is in one of the two; there may be no assessment at all.
    """

    assessments: tuple[Assessment, ...]
    rejected: tuple[tuple[str, Message], ...] = ()


def demo_request() -> AssessmentRequest:
    """The demonstration: the bundled video, its clicks and its scale.

    Raises:
        StoreError: the installation lacks one of them.
    """
    return AssessmentRequest(
        video=bundled_path(DEMO_VIDEO),
        seeds=read_seeds(bundled_path(DEMO_SEEDS)),
        sample=SampleInfo(sample="DEMO", operator="demonstration"),
        um_per_px=DEMO_UM_PER_PX,
    )


def track_video(
    path: Path,
    *,
    seeds: Sequence[Seed] | None,
    settings: TrackerSettings | None = None,
    fps: float | None = None,
    choice: PlaneChoice | None = None,
) -> LongJob[tuple[Track, ...]]:
    """Track all seeds in one decoding pass, from the first seed's frame to the end.

    Without ``seeds`` every head of the first frame is one.

    Raises:
        VideoError: the video cannot be read.
        TrackingError: a seed is not in the video.
    """
    with open_video(path, choice) as video:
        info = with_fps(video.info, fps)
        is_found = seeds is None
        if seeds is None:
            seeds = yield from find_seeds(video)
        tracks = yield from track(video.frames, seeds, video=info, settings=settings)
        return tuple(map(_begun_by_nobody, tracks)) if is_found else tracks


def _begun_by_nobody(track: Track) -> Track:
    """The track of a head that was found and not clicked: its first point was measured too."""
    first, *others = track.points
    return replace(track, points=(replace(first, status=TrackStatus.MEASURED), *others))


def find_seeds(video: Video) -> LongJob[tuple[Seed, ...]]:
    """A click on every head of a video's first frame.

    Raises:
        VideoError: the video cannot be read.
        TrackingError: no head was found.
    """
    image = video.frame(0).grey().image
    with closing(video.frames()) as frames:
        image = one_field(image) if is_interlaced(frames) else image
    seeds = seeds_of((yield from find_heads(image)), frame=0)
    if not seeds:
        raise TrackingError(
            Message(
                "No sperm head was found in the first frame of {name}: click the sperm.",
                name=Path(video.info.path).name,
            )
        )
    return seeds


def assess_video(
    request: AssessmentRequest, *, video: Video, assessor: "Assessor"
) -> LongJob[Outcome]:
    """Track, cut, grade and explain the clicked sperm of a video.

    Args:
        request: the clicks, the sample and the settings.
        video: the request's video, open; the caller closes it.
        assessor: the loaded model.

    Raises:
        VideoError: the video can no longer be read, or was changed since it was opened.
        TrackingError: a click is not in the video.
        ModelError: the model needs clips that cannot be cut.
    """
    request = _as_the_model_needs(request, assessor)
    info, settings = with_fps(video.info, request.fps), request.settings
    recorders = CropRecorders([s.target for s in request.seeds], settings=settings.clip)
    tracks = yield from track(
        video.frames,
        request.seeds,
        video=info,
        settings=settings.tracker,
        on_point=recorders.record,
    )
    sha256 = yield from hash_video(video.identity)
    return (
        yield from _grade(
            request,
            tracks,
            info=info,
            video_sha256=sha256,
            clip_of=recorders.clip,
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
    """Grade and explain sperm that are already tracked, from frames that are already decoded.

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


def _as_the_model_needs(request: AssessmentRequest, assessor: "Assessor") -> AssessmentRequest:
    """The request with the frame count, size and scale of the model's training clips."""
    settings, magnification = request.settings, request.magnification
    if magnification is None:
        magnification = assessor.info.magnification(request.um_per_px)
    try:
        clip = replace(
            settings.clip,
            frame_count=assessor.clip_frames,
            size_px=assessor.clip_size_px,
            magnification=magnification,
        )
    except ValueError as error:
        raise ModelError(
            Message(
                "The model {file_name} was trained on clips of {clip_frames} frame(s), which show "
                "no motion: use one for at least {fewest}.",
                file_name=assessor.info.file_name,
                clip_frames=assessor.clip_frames,
                fewest=MINIMUM_CLIP_FRAMES,
            )
        ) from error
    return replace(request, settings=replace(settings, clip=clip))


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
    rejected: list[tuple[str, Message]] = []
    for followed in tracks:
        yield Progress(stage=marked("grading"), done=0, total=len(tracks))  # cutting may decode
        try:
            clip = clip_of(followed)
            _check_click(request, clip)
            clips.append((followed, clip))
        except TrackingError as error:
            rejected.append((followed.target, error.message))
    answers = yield from assessor.assess([clip for _, clip in clips])
    same_heads = same_head_flags([track for track, _ in clips])
    assessments = tuple(
        _assessment(
            request,
            track,
            clip,
            answer,
            info=info,
            video_sha256=video_sha256,
            assessor=assessor,
            same_head=same_heads.get(track.target),
        )
        for (track, clip), answer in zip(clips, answers, strict=True)
    )
    return Outcome(assessments=assessments, rejected=tuple(rejected))


def _check_click(request: AssessmentRequest, clip: Clip) -> None:
    """Refuse what was clicked by mistake; a place that was set by hand is meant.

    Raises:
        TrackingError: no head stands out where the sperm was clicked.
    """
    frame = clip.boxes[0].frame
    is_exact = any(s.is_exact for s in request.seeds if (s.target, s.frame) == (clip.target, frame))
    if not (request.insist or is_exact or is_on_a_head(clip)):
        raise TrackingError(
            Message(
                "No head stands out at the click in frame {frame}. Click the head of a sperm. To "
                "grade this place anyway, use --insist, or click it with Shift held in the "
                "window.",
                frame=frame,
            )
        )


def _assessment(
    request: AssessmentRequest,
    track: Track,
    clip: Clip,
    answer: "ClipAnswer",
    *,
    info: VideoInfo,
    video_sha256: str,
    assessor: "Assessor",
    same_head: QualityFlag | None,
) -> Assessment:
    seeds = tuple(s for s in request.seeds if s.target == track.target)
    flags = hand_flags(seeds) + quality_flags(
        track=track,
        clip=clip,
        video=info,
        um_per_px=request.um_per_px,
        model=assessor.info,
        gate=assessor.gate,
    )
    if same_head is not None:
        flags = (*flags, same_head)
    notices = (
        *(QualityFlag.notice("video", note) for note in info.notes),
        *(QualityFlag.notice("device", note) for note in assessor.notices),
    )
    return Assessment(
        target=track.target,
        seeds=seeds,
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
        provenance=_provenance(request, assessor, video_sha256=video_sha256),
    )


def _provenance(
    request: AssessmentRequest, assessor: "Assessor", *, video_sha256: str
) -> Provenance:
    return Provenance(
        software_version=__version__,
        model=assessor.info,
        video_name=request.video.name,
        video_sha256=video_sha256,
        device=assessor.device_label,
        precision=assessor.precision,
        um_per_px=request.um_per_px,
        settings_json=_settings_json(request, assessor),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _settings_json(request: AssessmentRequest, assessor: "Assessor") -> str:
    """All settings, with the batch and the threads, as both can change the last bits of a grade."""
    return json.dumps(
        {
            **asdict(request.settings),
            "fps_correction": request.fps,
            "channel": request.choice.channel,
            "plane": request.choice.plane,
            "insist": request.insist,
            "answer_mode": assessor.mode,
            "cpu_threads": assessor.cpu_threads,
            "clicks_in_batch": [asdict(s) for s in request.seeds],
        },
        sort_keys=True,
    )
