"""Building a data set from videos: each planned sperm is tracked, cut out and listed, or rejected.

Each video is decoded once and then recorded in ``build.jsonl``, so that an interrupted build
resumes with the next one, and a corrected plan builds only what changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rostfine_core.clips import ClipSettings, CropRecorders
from rostfine_core.domain import (
    LongJob,
    Progress,
    Severity,
    Track,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.errors import DatasetError, TrackingError, VideoError
from rostfine_core.files import append_json_line, read_json_lines
from rostfine_core.quality.flags import recording_flags
from rostfine_core.tracking import TrackerSettings, check_seeds, track
from rostfine_core.training.data.build_lists import BuildResult, write_lists
from rostfine_core.training.data.build_plan import PlannedClip, read_plan
from rostfine_core.training.data.clip_file import load_clip, save_clip
from rostfine_core.training.data.dataset import DatasetHeader
from rostfine_core.video import open_video
from rostfine_core.video.timing import with_fps

MOST_PLACES = 1024
"""The journal keeps a sperm's position in at most this many frames."""
UNREAD = "video_unread"
"""Beside a rejection in the journal: the next build tries the video again."""
RECORDED = {
    "video": str,
    "fps": float,
    "frames_seen": int,
    "score_min": float,
    "padded_max": float,
    "has_path_um": bool,
    "is_simulated": bool,
    "warnings": list,
    "path": list,
}
"""What the journal holds of a clip that was made; a clip with less is made again."""


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How clips are made; a sperm seen in fewer than ``minimum_frames`` is rejected."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    clip: ClipSettings = field(default_factory=ClipSettings)
    minimum_frames: int = 16


def build_dataset(
    plan: Path,
    *,
    out: Path,
    name: str,
    panel_size: int,
    abstentions: bool = False,
    um_per_px: float | None = None,
    settings: BuildSettings | None = None,
) -> LongJob[BuildResult]:
    """Build a data set; an interrupted build resumes when it is started again.

    Args:
        plan: see ``build_plan``.
        out: the data set's folder, where ``rejected.csv`` lists what could not be made and
            ``doubtful.csv`` the warnings (missed clicks, lost tracks) about what was.
        name: the data set's name, and that of its data in results unless a video is simulated.
        panel_size: number of experts that voted on each clip; unused if the plan has no votes.
        abstentions: whether a clip may have fewer votes than that.
        um_per_px: resample all clips to this scale; the plan states that of each video.
        settings: how clips are tracked, cut and rejected.

    Raises:
        DatasetError: the plan has mistakes (all listed), the folder holds only clips of another
            plan, or every sperm was rejected.
        StoreError: the folder cannot be written.
    """
    settings = settings or BuildSettings()
    header = DatasetHeader(
        name=name,
        kind=name,
        panel_size=panel_size,
        clip_frames=settings.clip.frame_count,
        clip_size_px=settings.clip.size_px,
        abstentions=abstentions,
        um_per_px=um_per_px,
    )
    videos = read_plan(plan, header=header)
    journal = out / "build.jsonl"
    outcomes = _read_journal(journal)
    planned = [c for clips in videos.values() for c in clips]
    if not planned[0].votes:
        header = replace(header, panel_size=0)
    unlisted = _unlisted(outcomes, planned, out=out, plan=plan)
    for number, (video, clips) in enumerate(videos.items()):
        left = tuple(
            c for c in clips if not _is_made(c, outcomes.get(c.clip, {}), out, header=header)
        )
        if left:
            cut = _resampled(settings, clips[0].um_per_px, header.um_per_px)
            made = yield from _build_video(video, left, out, settings=cut)
            for clip in left:
                outcomes[clip.clip] = made[clip.clip] | {"source": _source(clip, header)}
            append_json_line(journal, {c.clip: outcomes[c.clip] for c in left})
        yield Progress(stage="videos", done=number + 1, total=len(videos))
    return replace(write_lists(out, header, planned, outcomes), unlisted=unlisted)


def _unlisted(
    outcomes: Mapping[str, Mapping[str, Any]],
    planned: Sequence[PlannedClip],
    *,
    out: Path,
    plan: Path,
) -> tuple[str, ...]:
    """The clips that were made by an earlier plan and are not in this one.

    Raises:
        DatasetError: there are clips, and none of them is in this one.
    """
    before = {clip for clip, outcome in outcomes.items() if "rejected" not in outcome}
    unlisted = before - {c.clip for c in planned}
    if before and unlisted == before:
        raise DatasetError(
            f"{out} holds only clips of another plan, none of {plan}: give --out another folder."
        )
    return tuple(sorted(unlisted))


def _resampled(
    settings: BuildSettings, um_per_px: float | None, wanted_um_per_px: float | None
) -> BuildSettings:
    """The settings for a video of this scale, with clips of the scale that is wanted, if any."""
    if um_per_px is None or wanted_um_per_px is None:
        return settings
    magnification = um_per_px / wanted_um_per_px
    return replace(settings, clip=replace(settings.clip, magnification=magnification))


def _source(clip: PlannedClip, header: DatasetHeader) -> list[str | int | float]:
    """What a clip is cut from and how: if this changes, it must be cut again."""
    if header.um_per_px is None or clip.um_per_px is None:
        return clip.source
    return [*clip.source, f"{clip.um_per_px} resampled to {header.um_per_px}"]


def _build_video(
    path: Path, clips: Sequence[PlannedClip], out: Path, *, settings: BuildSettings
) -> LongJob[dict[str, dict[str, Any]]]:
    """Track the sperm of one video and write their clips; return facts or ``rejected`` by clip."""
    outcomes: dict[str, dict[str, Any]] = {}
    try:
        with open_video(path) as video:
            info = with_fps(video.info, clips[0].fps)  # the same in all rows of a video
            outcomes |= _missed_clicks(clips, info)
            seeds = [c.seed for c in clips if c.clip not in outcomes]
            if not seeds:
                return outcomes
            recorders = CropRecorders([s.target for s in seeds], settings=settings.clip)
            tracks = yield from track(
                video.frames,
                seeds,
                video=info,
                settings=settings.tracker,
                on_point=recorders.record,
                stage=f"tracking in {path.name}",
            )
            for one in tracks:
                made = _finish_clip(
                    one, recorders, out, settings=settings, um_per_px=clips[0].um_per_px
                )
                outcomes[one.target] = made | {
                    "fps": info.fps * one.distinct_share,
                    "video": path.name,
                    "is_simulated": info.is_simulated,
                }
    except TrackingError as error:
        outcomes |= {c.clip: {"rejected": str(error)} for c in clips if c.clip not in outcomes}
    except VideoError as error:
        unread = {"rejected": str(error), UNREAD: True}
        outcomes |= {c.clip: unread for c in clips if c.clip not in outcomes}
    return outcomes


def _missed_clicks(clips: Sequence[PlannedClip], info: VideoInfo) -> dict[str, dict[str, Any]]:
    """The outcomes of the clips whose click is outside the video."""
    outcomes: dict[str, dict[str, Any]] = {}
    for clip in clips:
        try:
            check_seeds([clip.seed], info)
        except TrackingError as error:
            outcomes[clip.clip] = {"rejected": str(error)}
    return outcomes


def _finish_clip(
    track: Track,
    recorders: CropRecorders,
    out: Path,
    *,
    settings: BuildSettings,
    um_per_px: float | None,
) -> dict[str, Any]:
    seen = sum(p.status is not TrackStatus.LOST and not p.is_duplicate for p in track.points)
    if seen < settings.minimum_frames:
        return {"rejected": f"seen in {seen} frames, {settings.minimum_frames} are needed"}
    try:
        clip = recorders.clip(track)
    except TrackingError as error:
        return {"rejected": str(error)}
    # A square shows as many um whatever it was resampled to.
    places = None if um_per_px is None else clip.path_um(um_per_px / clip.magnification)
    save_clip(_clip_file(out, track.target), clip.images, places=places)
    return {
        "frames_seen": seen,
        "has_path_um": places is not None,
        "score_min": min(p.score for p in track.points if p.status is not TrackStatus.LOST),
        "padded_max": max(box.padded_share for box in clip.boxes),
        "span_s": round(clip.span_s, 4),
        "warnings": [
            str(flag.reason)
            for flag in recording_flags(track, clip)
            if flag.severity is Severity.WARNING
        ],
        "path": _path(track),
    }


def _path(track: Track) -> list[tuple[int, float, float]]:
    """Positions (frame, x, y) where it was seen, in the same at most ``MOST_PLACES`` frames."""
    every = -(-(track.points[-1].frame + 1) // MOST_PLACES)
    seen = (p for p in track.points if p.status is not TrackStatus.LOST and p.frame % every == 0)
    return [(p.frame, round(p.x_px, 1), round(p.y_px, 1)) for p in seen]


def _read_journal(path: Path) -> dict[str, dict[str, Any]]:
    """Outcomes so far by clip, without what is damaged."""
    outcomes: dict[str, dict[str, Any]] = {}
    for of_one_video in read_json_lines(path):
        outcomes |= {clip: o for clip, o in of_one_video.items() if isinstance(o, dict)}
    return outcomes


def _is_made(
    clip: PlannedClip, outcome: Mapping[str, Any], out: Path, *, header: DatasetHeader
) -> bool:
    """Whether a clip was made as it is now planned, by a version that recorded all facts.

    If its video could not be read it is not, since the file may have been repaired; nor if its own
    file is missing or damaged.
    """
    if outcome.get(UNREAD) or outcome.get("source") != _source(clip, header):
        return False
    if "rejected" in outcome:
        return True
    if not _is_whole(outcome):
        return False
    try:
        load_clip(
            _clip_file(out, clip.clip), frames=header.clip_frames, size_px=header.clip_size_px
        )
    except DatasetError:
        return False
    return True


def _is_whole(outcome: Mapping[str, Any]) -> bool:
    if not all(isinstance(outcome.get(name), kind) for name, kind in RECORDED.items()):
        return False
    return all(isinstance(place, list) and len(place) == 3 for place in outcome["path"])


def _clip_file(out: Path, clip: str) -> Path:
    return out / "clips" / f"{clip}.npz"
