"""A video that is read in a decoding process, seen from the program."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from weakref import WeakSet

from rostfine_core.decoder_process import decoders
from rostfine_core.domain import LongJob, VideoInfo, finish
from rostfine_core.errors import VideoError
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.decoder import wire
from rostfine_core.video.decoder.link import Link
from rostfine_core.video.frame import Picture

AHEAD = 3
"""So many frames are decoded before they are asked for."""


def opening_source(path: Path, choice: PlaneChoice) -> LongJob["RemoteSource"]:
    """Open a video in a decoding process, which ends at once when this is closed.

    Raises:
        VideoError: as ``open_source``; or the decoder crashed.
    """
    link = Link(path, decoders.take())
    opened = yield from link.opening(wire.Open(path, choice))
    return RemoteSource(path, opened, _Family(), link)


class _Family:
    """What the sources of one video share: the damaged frames they met, and their decoders."""

    def __init__(self) -> None:
        self._damaged: set[int] = set()
        self._links: WeakSet[Link] = WeakSet()
        self._turn = threading.Lock()

    def note_damage(self, number: int) -> None:
        with self._turn:
            self._damaged.add(number)

    @property
    def damaged(self) -> tuple[int, ...]:
        with self._turn:
            return tuple(self._damaged)

    def add(self, link: Link) -> None:
        with self._turn:
            self._links.add(link)

    def remove(self, link: Link) -> None:
        with self._turn:
            self._links.discard(link)

    def interrupt(self) -> None:
        with self._turn:
            for link in self._links:
                link.interrupt()


class RemoteSource:
    """The pictures of one video; a decoder that stopped is started again when one is asked for."""

    def __init__(self, path: Path, opened: wire.Opened, family: _Family, link: Link | None) -> None:
        self._path, self._opened, self._family, self._link = path, opened, family, link
        self._streams = 0
        self._is_closed = False
        if link is not None:
            family.add(link)

    @property
    def info(self) -> VideoInfo:
        """What the source holds."""
        return self._opened.info

    def reopened(self) -> "RemoteSource":
        """The same pictures for another thread, from a decoder of their own."""
        return RemoteSource(self._path, self._opened, self._family, None)

    def close(self) -> None:
        """Release the file now, or let the streams that still run do so at their end."""
        self._is_closed = True
        if self._streams == 0 and self._link is not None:
            self._family.remove(self._link)
            self._link.release()
            self._link = None

    def interrupt(self) -> None:
        """End the decoders of this and all reopened sources at once, from any thread.

        Whoever waits for a picture gets a ``VideoError``.
        """
        self._family.interrupt()

    def pictures(self, start: int, stop: int) -> Generator[Picture]:
        """Stream pictures that are decoded ahead.

        Raises:
            VideoError: a picture cannot be read; or the decoder crashed.
        """
        return self._stream(
            lambda key: wire.Stream(key, start, stop, AHEAD, self._family.damaged), start
        )

    def picture(self, index: int) -> Picture:
        """The picture of one frame, the same as when streamed.

        Raises:
            VideoError: it cannot be read; or the decoder crashed.
        """
        stream = self._stream(lambda key: wire.Single(key, index, self._family.damaged), index)
        try:
            return next(stream)
        finally:
            stream.close()

    def _stream(self, request: Callable[[int], wire.Request], frame: int) -> Generator[Picture]:
        link = self._running()
        self._streams += 1
        key = link.new_key()
        try:
            link.send(request(key), frame)
            while (picture := link.next_picture(key, frame)) is not None:
                if picture.is_damaged:
                    self._family.note_damage(frame)
                yield picture
                frame += 1
        except (GeneratorExit, VideoError):
            raise
        except BaseException:  # what is on its way is in an unknown state
            link.end()
            raise
        finally:
            link.finish(key)
            self._streams -= 1
            if self._is_closed:
                self.close()

    def _running(self) -> Link:
        """The decoder, started again if it stopped or was released."""
        if self._link is None or not self._link.is_running:
            link = Link(self._path, decoders.take())
            self._family.add(link)
            try:
                finish(link.opening(wire.Adopt(self._opened)))
            except VideoError:
                self._family.remove(link)
                raise
            self._link = link
        return self._link
