"""Jobs about sperm: finding heads, tracking, grading, and the film of a track."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.jobs.video_tasks import Footage, pictures
from app.state.records import Film
from rostfine_core.domain import (
    HeadMeasure,
    LongJob,
    Progress,
    SampleInfo,
    Seed,
    Track,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.marking import marked
from rostfine_core.video.frame_cache import CachedFrame

if TYPE_CHECKING:
    from rostfine_core.assessor import Assessor
    from rostfine_core.pipeline import Outcome

FILM_FRAMES = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class GradeOrder:
    """Everything a grading job needs, fixed when it starts."""

    path: Path
    info: VideoInfo
    seeds: tuple[Seed, ...]
    tracks: tuple[Track, ...]
    sample: SampleInfo
    um_per_px: float | None
    fps: float | None


def track_sperms(
    footage: Footage, *, seeds: Sequence[Seed], info: VideoInfo, fps: float | None
) -> LongJob[tuple[Track, ...]]:
    """Track all seeds in one pass over the frames.

    Raises:
        VideoError: the video cannot be read any more.
        TrackingError: a seed does not lie in the video.
    """
    from rostfine_core.tracking import track
    from rostfine_core.video.timing import with_fps

    def frames_from(start: int) -> Generator[CachedFrame | None]:
        return footage.cache.stream(start, footage.video.reopened)

    return (yield from track(frames_from, seeds, video=with_fps(info, fps)))


def measure_head(
    image: NDArray[np.uint8], *, x_px: float, y_px: float
) -> LongJob[HeadMeasure | None]:
    """The head that a click in a grey picture (H, W) would mean, if there is one."""
    from rostfine_core.tracking.head_measure import find_head

    yield Progress(stage=marked("heads"), done=0, total=1)
    return find_head(image, x_px=x_px, y_px=y_px)


def find_all_heads(image: NDArray[np.uint8]) -> LongJob[tuple[HeadMeasure, ...]]:
    """Every head of a grey picture (H, W)."""
    from rostfine_core.tracking.head_detection import find_heads

    return (yield from find_heads(image))


def grade_sperms(
    order: GradeOrder, *, footage: Footage, assessor: "Assessor"
) -> LongJob["Outcome"]:
    """Cut the clips of finished tracks and grade them in one batch.

    Raises:
        VideoError: the video cannot be read any more.
    """
    from rostfine_core.pipeline import AssessmentRequest, assess_tracks
    from rostfine_core.video.timing import with_fps

    yield Progress(stage=marked("grading"), done=0, total=len(order.tracks))
    request = AssessmentRequest(
        video=order.path,
        seeds=order.seeds,
        sample=order.sample,
        um_per_px=order.um_per_px,
        fps=order.fps,
    )
    sha256 = yield from footage.checksum.get()
    with pictures(footage, exact=True) as image_at:
        return (
            yield from assess_tracks(
                request,
                order.tracks,
                info=with_fps(order.info, order.fps),
                video_sha256=sha256,
                image_at=image_at,
                assessor=assessor,
            )
        )


def cut_film(
    track: Track, *, footage: Footage, crop_px: int, magnification: float = 1.0
) -> LongJob[Film]:
    """Cut the crop in at most ``FILM_FRAMES`` frames, spread over those where the sperm was seen.

    ``crop_px`` and ``magnification`` are those of the model's clips, and it shows one field where
    they do.

    Raises:
        VideoError: the video cannot be read any more.
    """
    from rostfine_core.interlace import one_field
    from rostfine_core.squares import cut_square

    is_woven = track.field is not None and track.field.is_one_field
    seen = [p for p in track.points if p.status is not TrackStatus.LOST]
    chosen = seen[:: max(1, -(-len(seen) // FILM_FRAMES))]
    images = []
    with pictures(footage, exact=False) as image_at:
        for done, point in enumerate(chosen):
            yield Progress(stage=marked("film"), done=done, total=len(chosen))
            image = image_at(point.frame)
            image = one_field(image) if is_woven else image
            square = cut_square(
                image,
                x_px=point.x_px,
                y_px=point.y_px,
                size_px=crop_px,
                magnification=magnification,
            )
            images.append(square)
    return Film(frames=tuple(p.frame for p in chosen), images=tuple(images))
