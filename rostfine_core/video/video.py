"""Opens any kind of video and gives its frames, streamed or by number."""

from collections.abc import Generator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from rostfine_core.domain import LongJob, VideoInfo, finish
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.decoder import RemoteSource, opening_source
from rostfine_core.video.frame import DecodedFrame
from rostfine_core.video.identity import VideoIdentity
from rostfine_core.video.repeats import WINDOW_FRAMES, RepeatDetector

FRAMES_PER_CHECK = 100
"""After so many frames a folder's files are looked at again."""


class Video:
    """An open video; use it as a context manager and from one thread.

    Every ``frames()`` iterator reads the file separately, so several can run side by side.
    """

    def __init__(self, source: RemoteSource, identity: VideoIdentity) -> None:
        self._source = source
        self.identity = identity
        """What the video was opened from; frames of files that changed since are not given."""
        self._repeats: dict[int, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reopened(self) -> "Video":
        """The same video for another thread, without indexing the file again.

        May be called from any thread, even after this video was closed. The caller closes the new
        one.

        Raises:
            VideoError: the file can no longer be read, or is not the one that was opened.
        """
        self.identity.check()
        return Video(self._source.reopened(), self.identity)

    def interrupt(self) -> None:
        """Let every reader of this video, reopened or not, fail at once; from any thread."""
        self._source.interrupt()

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        self._source.close()

    @property
    def info(self) -> VideoInfo:
        """What the video is."""
        return self._source.info

    def frames(self, start: int = 0, stop: int | None = None) -> Generator[DecodedFrame]:
        """Stream frames ``start`` to ``stop`` (exclusive; None is the end) with constant memory.

        Raises:
            VideoError: the range is not in the video, or reading the file fails, or it was
                changed since it was opened, which is seen at the latest at the last frame.
        """
        stop = self.info.frame_count if stop is None else stop
        if not 0 <= start <= stop <= self.info.frame_count:
            raise VideoError(
                Message(
                    "Frames {start} to {stop} were asked for, but {path} has {frame_count}: ask "
                    "for frames in that range.",
                    start=start,
                    stop=stop,
                    path=self.info.path,
                    frame_count=self.info.frame_count,
                )
            )
        return self._stream(start, stop)

    def frame(self, index: int) -> DecodedFrame:
        """One frame, the same as when streamed.

        Raises:
            VideoError: there is no such frame, or reading the file fails, or it was changed since
                it was opened; whether a folder was, ``identity`` tells.
        """
        if not 0 <= index < self.info.frame_count:
            raise VideoError(
                Message(
                    "Frame {index} was asked for, but {path} has frames 0 to {last}: ask for one "
                    "of those.",
                    index=index,
                    path=self.info.path,
                    last=self.info.frame_count - 1,
                )
            )
        picture = self._source.picture(index)
        self._check_files(index)
        if index == 0:  # before which there is nothing to read
            self._repeats[0] = picture.is_repetition
        return DecodedFrame(
            index=index,
            time_s=self.info.timestamps_s[index],
            picture=picture,
            repeats=lambda: self._is_repeat(index),
        )

    def _stream(self, start: int, stop: int) -> Generator[DecodedFrame]:
        if start == stop:
            return
        self.identity.check()
        detector = RepeatDetector()
        first = max(0, start - WINDOW_FRAMES - 1)
        for index, picture in enumerate(self._source.pictures(first, stop), first):
            self._check_files(index, is_last=index == stop - 1)
            repeats = detector.is_repeat(picture.grey(), is_certain=picture.is_repetition)
            if index >= start:
                yield DecodedFrame(
                    index=index,
                    time_s=self.info.timestamps_s[index],
                    picture=picture,
                    repeats=partial(bool, repeats),
                )

    def _check_files(self, index: int, *, is_last: bool = False) -> None:
        """Refuse a picture of a file that changed; folders, being slow, are checked less often."""
        is_file = len(self.identity.stamps) == 1
        if is_file or is_last or index % FRAMES_PER_CHECK == 0:
            self.identity.check()

    def _is_repeat(self, index: int) -> bool:
        """Whether a frame repeats the one before; streams the frames before it when first asked."""
        if index not in self._repeats:
            self._repeats[index] = next(self._stream(index, index + 1)).is_duplicate
        return self._repeats[index]


def open_video(path: Path, choice: PlaneChoice | None = None) -> Video:
    """Open a video container, a TIFF stack or a folder of numbered pictures.

    ``choice`` says which channel and plane to read if the file holds several. A process of its own
    reads it: if native code crashes there, that is a ``VideoError`` like any other.

    Raises:
        VideoError: it is missing, unreadable, damaged or not a video, or is still being written.
    """
    return finish(opening_video(path, choice))


def opening_video(path: Path, choice: PlaneChoice | None = None) -> LongJob[Video]:
    """Open a video as ``open_video`` does; closing this gives up at once.

    Raises:
        VideoError: as ``open_video``.
    """
    identity = VideoIdentity.of(Path(path))
    source = yield from opening_source(identity.path, choice or PlaneChoice())
    video = Video(source, identity)
    try:
        identity.check()
    except VideoError:
        video.close()
        raise
    return video


def probe(path: Path, choice: PlaneChoice | None = None) -> VideoInfo:
    """What the video at ``path`` is.

    Raises:
        VideoError: as ``open_video``.
    """
    with open_video(path, choice) as video:
        return video.info
