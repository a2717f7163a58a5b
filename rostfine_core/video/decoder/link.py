"""The program's end of the talk with a decoding process."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from rostfine_core.decoder_process import DecoderProcess, decoders
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import VideoError
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.video.decoder import wire
from rostfine_core.video.decoder.packing import unpack
from rostfine_core.video.frame import Picture

SLOTS = 4
SLOTS_BYTES = 2**28
"""Pictures so large that their slots would take more have fewer."""
WAIT_S = 0.05

_keys = count()
_LOST = (EOFError, OSError)
"""What the pipe raises when the process at its other end has ended."""


class Link:
    """A decoding process that reads one video."""

    def __init__(self, path: Path, process: DecoderProcess) -> None:
        self._path, self._process = path, process
        self._first_key = next(_keys)
        self._arrived: dict[int, deque[Picture | Exception | None]] = {}

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_running

    def opening(self, request: wire.Open | wire.Adopt) -> LongJob[wire.Opened]:
        """Open the video; the process ends at once when this is closed.

        Raises:
            VideoError: it cannot be read; or the process crashed.
        """
        try:
            with self._telling(None):
                self._process.send(request)
                yield Progress(stage=marked("opening"), done=0, total=1)
                while not self._process.has_answer(WAIT_S):
                    yield Progress(stage=marked("opening"), done=0, total=1)
                while not isinstance(answer := self._process.receive(), wire.Opened | wire.Failed):
                    pass  # what the video before had on its way
            if isinstance(answer, wire.Failed):
                self.release()
                raise answer.error
            self._share(answer.picture_bytes)
        except VideoError:
            raise
        except BaseException:
            self.end()
            raise
        return answer

    def _share(self, picture_bytes: int) -> None:
        slot_bytes = -(-max(1, picture_bytes) // 64) * 64
        slots = max(1, min(SLOTS, SLOTS_BYTES // slot_bytes))
        tag, size = self._process.share(slots * slot_bytes)
        self._slot_bytes = size // slots
        with self._telling(None):
            self._process.send(wire.Share(tag, size, slots))

    def new_key(self) -> int:
        """A number for a stream that is about to start."""
        key = next(_keys)
        self._arrived[key] = deque()
        return key

    def send(self, request: wire.Request, frame: int) -> None:
        """Send a request that concerns a frame.

        Raises:
            VideoError: the process has ended.
        """
        with self._telling(frame):
            self._process.send(request)

    def next_picture(self, key: int, frame: int) -> Picture | None:
        """Wait for the next picture of a stream, ``frame``; None at its end.

        Raises:
            VideoError: it cannot be read; or the process crashed.
        """
        arrived = self._arrived[key]
        with self._telling(frame):
            while not arrived:
                self._take(self._process.receive())
            if not isinstance(arrived[0], Exception | None):
                self._process.send(wire.More(key))
        found = arrived.popleft()
        if isinstance(found, Exception):
            raise found
        return found

    def _take(self, answer: wire.Answer) -> None:
        """Keep what arrived for the stream that asked for it."""
        if isinstance(answer, wire.Opened) or answer.key is None or answer.key < self._first_key:
            return  # for the video before, whose slots are free
        arrived = self._arrived.get(answer.key, deque())
        match answer:
            case wire.Sent():
                arrived.append(self._picture(answer))
                self._process.send(wire.Free(answer.slot))
            case wire.Done():
                arrived.append(None)
            case wire.Failed():
                arrived.append(answer.error)

    def _picture(self, sent: wire.Sent) -> Picture:
        if sent.slot is None:
            return unpack(sent.picture, sent.content)
        start = sent.slot * self._slot_bytes
        return unpack(sent.picture, memoryview(self._process.memory)[start:])

    def finish(self, key: int) -> None:
        """Let a stream end, at its end or before."""
        del self._arrived[key]
        with suppress(*_LOST):
            self._process.send(wire.End(key))

    def release(self) -> None:
        """Close the file and leave the process to other videos."""
        with suppress(*_LOST):
            self._process.send(wire.Close())
        decoders.give_back(self._process)

    def end(self) -> None:
        """End the process at once."""
        self._process.end()

    def interrupt(self) -> None:
        """Kill the process, from any thread; who uses it notices."""
        self._process.kill()

    @contextmanager
    def _telling(self, frame: int | None) -> Iterator[None]:
        """Say it in one sentence when the process has ended."""
        try:
            yield
        except _LOST as error:
            raise self._stopped(frame) from error

    def _stopped(self, frame: int | None) -> VideoError:
        reason = self._process.end()
        if frame is None:
            return VideoError(
                Message(
                    "The decoder stopped while opening {path}: {reason}. Open it again; if that "
                    "does not help, the file is damaged, so copy or export it again.",
                    path=self._path,
                    reason=reason,
                )
            )
        return VideoError(
            Message(
                "The decoder stopped while reading {path} at frame {frame}: {reason}. Try it "
                "again; if it stops there again, the file is damaged, so copy or export it again.",
                path=self._path,
                frame=frame,
                reason=reason,
            )
        )
