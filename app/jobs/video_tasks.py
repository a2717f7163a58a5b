"""Jobs about the open video: opening and finding it, its checksum, and its pictures."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import LongJob, Progress, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:
    from rostfine_core.video import DecodedFrame, Video


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """An open video, its first frame and whether it is interlaced; who takes it closes it."""

    video: "Video"
    first_frame: "DecodedFrame"
    image: NDArray[np.uint8]
    is_interlaced: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage:
    """What jobs read of the open video: kept frames, the file for the others, its checksum.

    ``video`` belongs to the job that fills ``cache``; the others read it reopened.
    """

    cache: FrameCache
    video: "Video"
    checksum: VideoChecksum


def open_source(path: Path) -> LongJob[Opened]:
    """Open a video and decode its first frame.

    Raises:
        VideoError: it cannot be read.
    """
    from rostfine_core.tracking import is_interlaced
    from rostfine_core.video import opening_video

    yield Progress(stage=marked("opening"), done=0, total=1)
    video = yield from opening_video(path)
    try:
        first = video.frame(0)
        with closing(video.frames()) as frames:
            is_woven = is_interlaced(frames)
        opened = Opened(
            video=video,
            first_frame=first,
            image=first.rgb(exact=False),
            is_interlaced=is_woven,
        )
        yield Progress(stage=marked("opening"), done=1, total=1)
    except BaseException:
        video.close()
        raise
    return opened


def find_again(path: Path, *, info: VideoInfo, sha256: str) -> LongJob[Opened]:
    """Open the video that ``info`` describes at its new place.

    Raises:
        VideoError: it cannot be read, or it is another video.
    """
    opened = yield from open_source(path)
    found = opened.video.info
    try:
        is_same = _shape(found) == _shape(info)
        if is_same and sha256:
            is_same = sha256 == (yield from VideoChecksum(opened.video.identity).get())
        if not is_same:
            raise VideoError(
                Message(
                    "{name} is another video than {open}: choose the file that was open.",
                    name=path.name,
                    open=Path(info.path).name,
                )
            )
    except BaseException:
        opened.video.close()
        raise
    return opened


def _shape(info: VideoInfo) -> tuple[int, int, int]:
    return info.width_px, info.height_px, info.frame_count


def checksum(footage: Footage) -> LongJob[str]:
    """The checksum of the video's bytes, which every result names."""
    return (yield from footage.checksum.get())


@contextmanager
def pictures(footage: Footage, *, exact: bool) -> Iterator[Callable[[int], NDArray[np.uint8]]]:
    """Pictures by number: from the cache, else from the file, which is closed at the end.

    Raises:
        VideoError: at the end, if files were changed since they were opened.
    """
    opened: list[Video] = []

    def image_at(index: int) -> NDArray[np.uint8]:
        kept = footage.cache.rgb(index, exact=exact)
        if kept is not None:
            return kept
        if not opened:
            opened.append(footage.video.reopened())
        return opened[0].frame(index).rgb(exact=exact)

    try:
        yield image_at
        for video in opened:
            video.identity.check()  # single pictures of a folder are not
    finally:
        for video in opened:
            video.close()
