"""The decoding process: reads one video at a time for the program that started it."""

import mmap
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.decoder import wire
from rostfine_core.video.decoder.packing import pack, write
from rostfine_core.video.frame import Picture, Source
from rostfine_core.video.sources import open_source

MORE_LIKELY_ENDED = "500"
"""Where memory runs out, the system ends this process before the program (of -1000 to 1000)."""


def serve_program() -> None:
    """Serve the program at the other end of a pipe until it closes it or is gone."""
    handle, memory_file = (int(number) for number in sys.argv[-2:])
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(MORE_LIKELY_ENDED, encoding="ascii")
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        connection: Connection = PipeConnection(handle)
    else:
        connection = Connection(handle)
    requests: SimpleQueue[wire.Request] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests), daemon=True).start()
    _Server(connection, requests, memory_file).serve()


def _listen(connection: Connection, requests: "SimpleQueue[wire.Request]") -> None:
    """Take requests while others are worked on, so that the program's end is noticed at once."""
    with suppress(EOFError, OSError):
        while True:
            requests.put(connection.recv())
    os._exit(0)


@dataclass
class _Stream:
    pictures: Iterator[Picture]
    wanted: int


class _Server:
    def __init__(
        self, connection: Connection, requests: "SimpleQueue[wire.Request]", memory_file: int
    ) -> None:
        self._connection, self._requests, self._memory_file = connection, requests, memory_file
        self._source: Source | None = None
        self._streams: dict[int, _Stream] = {}
        self._memory: memoryview | None = None
        self._slot_bytes = 0
        self._free: list[int] = []

    def serve(self) -> None:
        """Answer requests, and decode ahead of them as far as there are slots."""
        while True:
            key = next((k for k, s in self._streams.items() if s.wanted), None)
            if key is None or not self._free:
                self._do(self._requests.get())
                continue
            try:
                self._do(self._requests.get_nowait())
            except Empty:
                self._send_next(key)

    def _do(self, request: wire.Request) -> None:
        match request:
            case wire.Open() | wire.Adopt():
                self._open(request)
            case wire.Share():
                self._share(request)
            case wire.Stream():
                self._start(request, request.ahead)
            case wire.Single():
                self._start(request, 1)
            case wire.More():
                if request.key in self._streams:
                    self._streams[request.key].wanted += 1
            case wire.Free():
                self._free += () if request.slot is None else (request.slot,)
            case wire.End():
                self._streams.pop(request.key, None)
            case wire.Close():
                self._streams.clear()
                if self._source is not None:
                    self._source.close()
                self._source = None

    def _open(self, request: wire.Open | wire.Adopt) -> None:
        try:
            if request.folder:
                with suppress(OSError):  # an absolute path may be read nevertheless
                    os.chdir(request.folder)
            if isinstance(request, wire.Open):
                self._source = open_source(request.path, request.choice)
                opened = _described(self._source)
            else:
                self._source, opened = pickle.loads(request.opened.state), request.opened
        except Exception as error:  # noqa: BLE001 - the boundary of the process
            self._fail(None, error)
            return
        self._connection.send(opened)

    def _share(self, request: wire.Share) -> None:
        if sys.platform == "win32":
            memory = mmap.mmap(-1, request.size, request.tag)
        else:
            memory = mmap.mmap(self._memory_file, request.size)
        self._memory = memoryview(memory)
        self._slot_bytes = request.size // request.slots
        self._free = list(range(request.slots))

    def _start(self, request: wire.Stream | wire.Single, wanted: int) -> None:
        assert self._source is not None
        self._source.note_damage(request.damaged)
        if isinstance(request, wire.Stream):
            pictures: Iterable[Picture] = self._source.pictures(request.start, request.stop)
        else:
            pictures = map(self._source.picture, (request.index,))
        self._streams[request.key] = _Stream(iter(pictures), wanted)

    def _send_next(self, key: int) -> None:
        stream = self._streams[key]
        try:
            picture = next(stream.pictures, None)
            arrays, packed = ((), None) if picture is None else pack(picture)
        except Exception as error:  # noqa: BLE001 - the boundary of the process
            del self._streams[key]
            self._fail(key, error)
            return
        if packed is None:
            del self._streams[key]
            self._connection.send(wire.Done(key))
            return
        stream.wanted -= 1
        size = sum(array.nbytes for array in arrays)
        assert self._memory is not None
        if size <= self._slot_bytes:
            slot = self._free.pop()
            write(arrays, self._memory[slot * self._slot_bytes :])
            self._connection.send(wire.Sent(key, slot, b"", packed))
        else:
            content = bytearray(size)
            write(arrays, memoryview(content))
            self._connection.send(wire.Sent(key, None, bytes(content), packed))

    def _fail(self, key: int | None, error: Exception) -> None:
        """Send an error; what the program's own would not tell stands in a note."""
        if not isinstance(error, VideoError):
            error.add_note(
                "In the decoding process:\n" + "".join(traceback.format_exception(error))
            )
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # noqa: BLE001 - whatever an error of a library holds
            error = VideoError(
                Message("The decoder failed ({error}): open the video again.", error=repr(error))
            )
        self._connection.send(wire.Failed(key, error))


def _described(source: Source) -> wire.Opened:
    arrays, _ = pack(source.picture(0))
    return wire.Opened(source.info, pickle.dumps(source), sum(a.nbytes for a in arrays))
