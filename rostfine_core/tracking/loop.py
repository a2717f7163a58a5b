"""The one loop that tracks clicked sperm through a video, whoever asks for it."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol, TypeVar

from rostfine_core.domain import (
    GreyFrame,
    LongJob,
    Progress,
    Seed,
    Track,
    TrackPoint,
    VideoInfo,
)
from rostfine_core.errors import TrackingError
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.tracking.field import FieldWatch
from rostfine_core.tracking.seeds import check_seeds
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.tracker import Tracker

TRACKING = marked("tracking")


class TrackableFrame(Protocol):
    """A decoded frame of a video."""

    @property
    def index(self) -> int:
        """Its number."""

    def grey(self) -> GreyFrame:
        """Its luma."""


AnyFrame = TypeVar("AnyFrame", bound=TrackableFrame)


def track(
    frames_from: Callable[[int], Generator[AnyFrame | None, None, None]],
    seeds: Sequence[Seed],
    *,
    video: VideoInfo,
    settings: TrackerSettings | None = None,
    on_point: Callable[[str, TrackPoint, AnyFrame], None] | None = None,
    stage: str = TRACKING,
) -> LongJob[tuple[Track, ...]]:
    """Track all ``seeds`` in one pass, from the first seed's frame to the video's end.

    Args:
        frames_from: streams the frames from a number on; None stands for a wait, so that the job
            can be cancelled meanwhile. The stream is closed at the end.
        seeds: the clicks.
        video: what the video is; frame k is at ``video.timestamps_s[k]``, so that a corrected
            frame rate is one of ``video``.
        settings: the tracker's.
        on_point: is told each target's name and point in each frame, with the frame.
        stage: what the progress is called.

    Raises:
        TrackingError: a seed does not lie in the video, or the frames end before the video does.
        VideoError: the frames cannot be read.
    """
    check_seeds(seeds, video)
    tracker = Tracker(seeds, settings=settings)
    done = min(seed.frame for seed in seeds)
    watch = FieldWatch(first_frame=done, frame_count=video.frame_count)
    with closing(frames_from(done)) as frames:
        for frame in frames:
            if frame is not None:
                grey = replace(frame.grey(), time_s=video.timestamps_s[frame.index])
                watch.see(grey)
                for target, point in tracker.step(grey).items():
                    if on_point is not None:
                        on_point(target, point, frame)
                done = frame.index + 1
            yield Progress(stage=stage, done=done, total=video.frame_count)
    if done < video.frame_count:
        raise TrackingError(
            Message(
                "Tracking stopped after {done} of {frame_count} frames, because the video was "
                "closed: track again.",
                done=done,
                frame_count=video.frame_count,
            )
        )
    field = watch.motion()
    return tuple(replace(track, field=field) for track in tracker.tracks)
