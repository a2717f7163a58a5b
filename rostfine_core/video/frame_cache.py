"""Keeps decoded frames in memory within a byte budget, filled in the background.

Frames are kept as decoded and converted on request. A video that fits is kept whole; for a longer
one, the frames around the one on screen are kept. The cache does not decode: it is given an open
video.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame, LongJob, Progress, VideoInfo
from rostfine_core.marking import marked

BYTES_PER_PIXEL = 3  # an upper bound for decoded frames (1.5 for most video)
WAIT_S = 0.05
BEHIND_SHARE = 0.25  # the share of kept frames before the one on screen, if not all fit


class CachedFrame(Protocol):
    """A decoded frame that is converted on request, as the cache keeps it."""

    @property
    def index(self) -> int:
        """The frame's number."""

    def grey(self) -> GreyFrame:
        """The frame for tracking."""

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        """The colours for the screen (``exact=False``) or the network."""


class FrameVideo(AbstractContextManager["FrameVideo"], Protocol):
    """An open video."""

    @property
    def info(self) -> VideoInfo:
        """What the video is."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[CachedFrame]:
        """Stream frames."""


@dataclass(frozen=True, eq=False)
class _Entry:
    frame: CachedFrame
    lock: threading.Lock = field(default_factory=threading.Lock)


class FrameCache:
    """The frames of one video; every method may be called from any thread."""

    def __init__(
        self,
        info: VideoInfo,
        *,
        budget_bytes: int,
        on_wanted: Callable[[int], None] = lambda _index: None,
    ) -> None:
        self._total = info.frame_count
        frame_bytes = info.width_px * info.height_px * BYTES_PER_PIXEL
        self._capacity = max(2, min(self._total, budget_bytes // frame_bytes))
        self._on_wanted = on_wanted
        self._entries: dict[int, _Entry] = {}
        self._changed = threading.Condition()
        self._wanted = self._looked_at = 0
        self._is_closed = False
        self.is_filler_gone = False
        """Whether a filler has ended and no other has started."""

    @property
    def holds_all(self) -> bool:
        """Whether the whole video fits the budget."""
        return self._capacity >= self._total

    @property
    def count(self) -> int:
        """How many frames are currently kept."""
        return len(self._entries)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The kept frames as (first, last) of each run without gaps, ascending."""
        kept = np.sort(list(self._entries))  # listing the keys is atomic and needs no lock
        ends = np.flatnonzero(np.diff(kept) > 1)
        firsts, lasts = (kept[:1], kept[ends + 1]), (kept[ends], kept[-1:])
        return tuple(zip(np.hstack(firsts).tolist(), np.hstack(lasts).tolist(), strict=True))

    def close(self) -> None:
        """Release the frames; a filler or waiting reader ends soon after."""
        with self._changed:
            self._is_closed = True
            self._entries.clear()
            self._changed.notify_all()

    def rgb(self, index: int, *, exact: bool) -> NDArray[np.uint8] | None:
        """The colours of a kept frame, (H, W, 3) uint8; None if it is not kept."""
        entry = self._entries.get(index)
        if entry is None:
            return None
        with entry.lock:
            return entry.frame.rgb(exact=exact)

    def grey(self, index: int) -> NDArray[np.uint8] | None:
        """The luma of a kept frame as the tracker sees it, (H, W) uint8; None if it is not kept."""
        entry = self._entries.get(index)
        if entry is None:
            return None
        with entry.lock:
            return entry.frame.grey().image

    def want(self, index: int) -> None:
        """Decode around this frame first; ``on_wanted`` is called when it is there.

        The call comes from the filler's thread.
        """
        with self._changed:
            before = self._kept_range()
            self._wanted, self._looked_at = index, 0
            kept = self._kept_range()
            for dropped in chain(
                range(before.start, min(before.stop, kept.start)),
                range(max(before.start, kept.stop), before.stop),
            ):
                self._entries.pop(dropped, None)
            self._changed.notify_all()

    def store(self, frame: CachedFrame) -> None:
        """Keep a frame if it is in the part of the video to keep."""
        with self._changed:
            if self._is_closed or frame.index not in self._kept_range():
                return
            self._entries[frame.index] = _Entry(frame)
            is_wanted = frame.index == self._wanted
            self._changed.notify_all()
        if is_wanted:
            self._on_wanted(frame.index)

    def fill(self, video: FrameVideo) -> LongJob[None]:
        """Decode the frames to keep, following the wanted frame until closed.

        Progress counts the frames to keep. Once the whole video is kept, filling ends; if it does
        not fit, filling waits until another frame is wanted.

        Raises:
            VideoError: the video can no longer be read; readers continue without the filler.
        """
        self.is_filler_gone = False
        try:
            with video:
                yield from self._filling(video)
        finally:
            with self._changed:
                self.is_filler_gone = True
                self._changed.notify_all()

    def _filling(self, video: FrameVideo) -> LongJob[None]:
        stream: Iterator[CachedFrame] = iter(())
        position = -1
        while (index := self._next_missing()) != STOP:
            if index is None:
                if self.holds_all:
                    return
                self._wait()
                yield self._progress()
                continue
            if index != position:
                stream, position = video.frames(start=index), index
            self.store(next(stream))
            position += 1
            yield self._progress()

    def stream(
        self, start: int, open_again: Callable[[], FrameVideo]
    ) -> Generator[CachedFrame | None, None, None]:
        """All frames from ``start`` on: kept ones as long as there are, then decoded ones.

        Yields None while it waits for the filler, so that a job can be cancelled. If the filler
        could not read the video, the frames are decoded from the file: it may be readable again.
        """
        index = start
        while index < self._total and not self._is_closed:
            is_filler_gone = self.is_filler_gone  # read first: it may store a frame and then end
            entry = self._entries.get(index)
            if entry is not None:
                yield entry.frame
                index += 1
            elif self.holds_all and not is_filler_gone:
                self._wait()
                yield None
            else:
                break
        if index < self._total and not self._is_closed:
            with open_again() as video:
                yield from video.frames(start=index)

    def _kept_range(self) -> range:
        if self.holds_all:
            return range(self._total)
        first = self._wanted - int(self._capacity * BEHIND_SHARE)
        first = min(max(0, first), self._total - self._capacity)
        return range(first, first + self._capacity)

    def _next_missing(self) -> int | None:
        """The frame to decode next: the wanted one, then later ones, then earlier ones."""
        with self._changed:
            if self._is_closed:
                return STOP
            kept = self._kept_range()
            # What was looked at stays kept until another frame is wanted.
            for place in range(self._looked_at, len(kept)):
                index = self._wanted + place
                index -= len(kept) if index >= kept.stop else 0
                if index not in self._entries:
                    return index
                self._looked_at = place + 1
            return None

    def _wait(self) -> None:
        with self._changed:
            if not self._is_closed:
                self._changed.wait(WAIT_S)

    def _progress(self) -> Progress:
        return Progress(stage=marked("decoding"), done=self.count, total=self._capacity)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


STOP = -1
