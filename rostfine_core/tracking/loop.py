"""The one loop that tracks clicked sperm through a video, whoever asks for it."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
from rostfine_core.interlace import one_field
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.tracking.combing import is_combed
from rostfine_core.tracking.field import FieldWatch
from rostfine_core.tracking.seeds import check_seeds
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.tracker import Tracker

TRACKING = marked("tracking")


LOOKED_AT = 6
"""Frames that are waited for before it is decided whether a video is interlaced."""


class TrackableFrame(Protocol):
    """A decoded frame of a video."""

    @property
    def index(self) -> int:
        """Its number."""

    def grey(self) -> GreyFrame:
        """Its luma."""

    def rgb(self) -> NDArray[np.uint8]:
        """Its colours, (H, W, 3) uint8."""


@dataclass(frozen=True)
class OneField:
    """An interlaced frame: heads are measured and colours shown by every other line."""

    frame: TrackableFrame

    @property
    def index(self) -> int:
        """Its number."""
        return self.frame.index

    def grey(self) -> GreyFrame:
        """Its luma, whole and of one field."""
        grey = self.frame.grey()
        return replace(grey, one_field=one_field(grey.image))

    def rgb(self) -> NDArray[np.uint8]:
        """Its colours, (H, W, 3) uint8."""
        return one_field(self.frame.rgb())


def track(
    frames_from: Callable[[int], Generator[TrackableFrame | None]],
    seeds: Sequence[Seed],
    *,
    video: VideoInfo,
    settings: TrackerSettings | None = None,
    on_point: Callable[[str, TrackPoint, TrackableFrame], None] | None = None,
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
        on_point: is told each target's name and point in each frame, with the frame, which shows
            only one field where the video is interlaced.
        stage: what the progress is called.

    Raises:
        TrackingError: a seed does not lie in the video, or the frames end before the video does.
        VideoError: the frames cannot be read.
    """
    check_seeds(seeds, video)
    tracker = Tracker(seeds, settings=settings)
    done = min(seed.frame for seed in seeds)
    is_one_field = False
    watch = FieldWatch(first_frame=done, frame_count=video.frame_count)
    with closing(frames_from(done)) as frames:
        for frame in _with_fields(frames):
            if frame is not None:
                is_one_field = isinstance(frame, OneField)
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
    tracks = tracker.tracks
    spans = [(track.first_frame, track.points[-1].frame) for track in tracks]
    fields = {  # of the sperm's own frames
        (first, last): replace(watch.motion(first=first, last=last), is_one_field=is_one_field)
        for first, last in set(spans)
    }
    return tuple(
        replace(track, field=fields[span]) for track, span in zip(tracks, spans, strict=True)
    )


def _with_fields(frames: Generator[TrackableFrame | None]) -> Generator[TrackableFrame | None]:
    """The frames, with one field of each if the first of them are interlaced."""
    first: list[TrackableFrame] = []
    for frame in frames:
        if frame is None:
            yield None
        else:
            first.append(frame)
        if len(first) == LOOKED_AT:
            break
    is_woven = is_interlaced(first)
    for frame in chain(first, frames):
        yield OneField(frame) if is_woven and frame is not None else frame


def is_interlaced(first: Iterable[TrackableFrame]) -> bool:
    """Whether a video is interlaced, by its ``first`` few frames."""
    greys = [frame.grey() for frame in islice(first, LOOKED_AT)]
    return is_combed([grey.image for grey in greys if not grey.is_duplicate])
