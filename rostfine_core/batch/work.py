"""Grades one video, in whatever process: everything that it needs is in its task."""

from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from rostfine_core.batch.plan import OF_FILE
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import AnswerMode, LongJob, SampleInfo, Seed, Sperm, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.pipeline import AssessmentRequest, Outcome, assess_video, find_seeds
from rostfine_core.tracking import check_seeds
from rostfine_core.video import PlaneChoice, Video, opening_video

if TYPE_CHECKING:
    from rostfine_core.assessor import Assessor, DeviceChoice

JPEG_QUALITY = 85


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model to grade with: None for the bundled one; ``threads`` of the CPU, None for all."""

    path: Path | None = None
    device: "DeviceChoice" = "auto"
    mode: AnswerMode = AnswerMode.FULL
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class BatchTask:
    """A video to grade; ``sperms`` empty means every head of its first frame."""

    number: int
    video: Path
    sha256: str
    sperms: tuple[Sperm, ...]
    choice: PlaneChoice
    sample: SampleInfo
    um_per_px: float | str | None
    fps: float | None
    model: ModelChoice


@dataclass(frozen=True, kw_only=True, eq=False)
class GradedVideo:
    """A video's sperm and their grades; ``overview`` is its first frame as a JPEG file."""

    info: VideoInfo
    sperms: tuple[Sperm, ...]
    um_per_px: float | None
    outcome: Outcome
    overview: bytes


def grade_video(task: BatchTask) -> LongJob[GradedVideo]:
    """Track and grade the sperm of a video.

    Raises:
        RostfineError: the video cannot be read or was changed, a click is not in it, or the model
            cannot be used.
    """
    video = yield from opening_video(task.video, task.choice)
    with video:
        um_per_px = scale_of(video.info, task.um_per_px)
        sperms = task.sperms or numbered((yield from find_seeds(video)))
        seeds = tuple(seed for sperm in sperms for seed in sperm.seeds)
        check_seeds(seeds, video.info)
        request = AssessmentRequest(
            video=task.video,
            seeds=seeds,
            sample=task.sample,
            um_per_px=um_per_px,
            fps=task.fps,
            choice=task.choice,
        )
        outcome = yield from assess_video(request, video=video, assessor=_assessor(task.model))
        return GradedVideo(
            info=video.info,
            sperms=sperms,
            um_per_px=um_per_px,
            outcome=outcome,
            overview=_overview(video),
        )


def scale_of(info: VideoInfo, um_per_px: float | str | None) -> float | None:
    """The scale to use, which may be the file's.

    Raises:
        VideoError: the file states none.
    """
    if um_per_px != OF_FILE:
        return None if um_per_px is None else float(um_per_px)
    if info.um_per_px is None:
        raise VideoError(
            Message(
                "{path} states no scale: give a number with --um-per-px or in the list.",
                path=info.path,
            )
        )
    return info.um_per_px


def numbered(seeds: tuple[Seed, ...], *, first: int = 1) -> tuple[Sperm, ...]:
    """The sperm that seeds mean, with keys from ``first`` on and named as the seeds are."""
    names = list(dict.fromkeys(seed.target for seed in seeds))
    return tuple(
        Sperm(
            key=key,
            name=name,
            seeds=tuple(
                replace(seed, target=str(key))
                for seed in sorted(seeds, key=lambda s: s.frame)
                if seed.target == name
            ),
        )
        for key, name in enumerate(names, start=first)
    )


def model_sha256(model: ModelChoice) -> str:
    """The checksum of the model, as results name it.

    Raises:
        ModelError: it cannot be used.
    """
    return _assessor(model).info.sha256


@lru_cache(maxsize=1)
def _assessor(model: ModelChoice) -> "Assessor":
    """The model, loaded once in a process."""
    import torch

    from rostfine_core.assessor import Assessor

    if model.threads is not None:
        torch.set_num_threads(model.threads)
    path = model.path or bundled_path(DEMO_MODEL)
    return Assessor.load(path, device=model.device, mode=model.mode)


def _overview(video: Video) -> bytes:
    file = BytesIO()
    picture = Image.fromarray(video.frame(0).rgb(exact=False))
    picture.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
