"""Starts and ends the processes in which videos are decoded, and keeps one ready for the next.

Files from outside are parsed by native code, which may crash or be ended for lack of memory. In a
process of its own it takes nothing along. This module only starts it and imports no such code, so
that a program can start one first and import the rest meanwhile.
"""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any
from uuid import uuid4

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message

FROZEN_FLAG = "--decode-for-another-process"
"""Tells the installed program, which has no ``python``, to be a decoding process."""
CHILD = "rostfine_core.video.decoder.child"
KEPT_IDLE = 1
IS_WINDOWS = sys.platform == "win32"


class DecoderProcess:
    """A decoding process with a pipe and a block of memory that both sides see.

    Nothing of it can be left over: the memory has no name in any file system, and the process ends
    as soon as the other end of its pipe is gone, however that came about.
    """

    def __init__(self) -> None:
        """Start it; it is used from one thread at a time.

        Raises:
            VideoError: the system starts no process.
        """
        self._is_killed, self._owner = False, os.getpid()
        self._connection, theirs = Pipe()
        self._memory_file = None if IS_WINDOWS else _nameless_file()
        self._memory: mmap.mmap | None = None
        file = -1 if self._memory_file is None else self._memory_file
        try:
            process = _start(theirs, file)
        except OSError as error:
            self._connection.close()
            raise VideoError(
                Message(
                    "No process can be started to read videos ({reason}): close other programs.",
                    reason=error.strerror or str(error),
                )
            ) from error
        finally:
            theirs.close()
        self.pid = process.pid
        self._process = process
        self._end = weakref.finalize(
            self, _end, process, self._connection, self._memory_file, self._owner
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended and was not told to; after a fork it serves the first alone."""
        if self._is_killed or self._owner != os.getpid():
            return False
        return self._end.alive and self._process.poll() is None

    @property
    def memory(self) -> mmap.mmap:
        """The memory that both sides see, once it is shared."""
        assert self._memory is not None
        return self._memory

    def share(self, size: int) -> tuple[str, int]:
        """Make the shared memory ``size`` bytes large; returns what ``attach`` needs there."""
        tag = f"rostfine-{uuid4().hex}"
        if self._memory_file is None:
            self._memory = mmap.mmap(-1, size, tag)  # type: ignore[arg-type]  # Windows: its name
        else:
            size = max(size, os.fstat(self._memory_file).st_size)  # to shrink would end a reader
            os.ftruncate(self._memory_file, size)
            self._memory = mmap.mmap(self._memory_file, size)  # it keeps a copy of the file open
        return tag, size

    def send(self, request: object) -> None:
        """Send what can be pickled.

        Raises:
            OSError: the process has ended, or serves the program that this was forked from.
        """
        if self._owner != os.getpid():
            raise BrokenPipeError
        self._connection.send(request)

    def receive(self) -> Any:  # noqa: ANN401 - whatever the other side sends
        """Wait for what the process sends next.

        Raises:
            EOFError: the process has ended.
            OSError: likewise.
        """
        return self._connection.recv()

    def has_answer(self, within_s: float) -> bool:
        """Whether ``receive`` would not wait, after waiting at most so long."""
        return self._connection.poll(within_s)

    def kill(self) -> None:
        """Let it end at once, from any thread; the one that uses it is told by an error."""
        self._is_killed = True
        with suppress(OSError):
            self._process.kill()

    def end(self) -> Message:
        """End it at once if it has not ended, and say why it had; ending twice is harmless."""
        self._end()
        self._memory = None
        return _reason(self._process.returncode or 0)


def _start(theirs: Connection, memory_file: int) -> "subprocess.Popen[bytes]":
    """Start the process with its end of the pipe and the file of the shared memory."""
    handle = theirs.fileno()
    numbers = [str(handle), str(memory_file)]
    if getattr(sys, "frozen", False):
        command = [sys.executable, FROZEN_FLAG, *numbers]
    else:
        code = f"import sys; sys.path[:] = {sys.path!r}; import {CHILD} as child"
        command = [sys.executable, "-c", f"{code}; child.serve_program()", *numbers]
    # Its own group, as Ctrl+C in a terminal is for the program, which ends it when it is time.
    if IS_WINDOWS:
        os.set_handle_inheritable(handle, True)  # type: ignore[attr-defined,unused-ignore]
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined,unused-ignore]
        system: dict[str, Any] = {"creationflags": flags, "close_fds": False}
    else:
        system = {"process_group": 0, "pass_fds": (handle, memory_file)}
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent, **system)


def _nameless_file() -> int:
    """A file in memory without a name, which is gone with those who hold it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rostfine-frames", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _end(
    process: "subprocess.Popen[bytes]", connection: Connection, memory_file: int | None, owner: int
) -> None:
    connection.close()
    if owner == os.getpid():
        process.kill()
        process.wait()
    if memory_file is not None:
        os.close(memory_file)


def _reason(status: int) -> Message:
    """Why a process ended, by its exit status."""
    if status == -signal.SIGTERM or (not IS_WINDOWS and status == -signal.SIGKILL):
        return Message("the system ended it, perhaps for lack of memory")
    if status < 0:
        with suppress(ValueError):
            return Message("it crashed, {signal}", signal=signal.Signals(-status).name)
    return Message("it ended with status {status}", status=status)


class DecoderPool:
    """Idle decoding processes; every method may be called from any thread."""

    def __init__(self) -> None:
        self._idle: list[DecoderProcess] = []
        self._of_parent: list[DecoderProcess] = []
        self._turn = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def warm_up(self) -> None:
        """Have one ready for the next video."""
        with self._turn:
            is_ready = any(d.is_running for d in self._idle)
        if not is_ready:
            with suppress(VideoError):  # who needs one is told
                self.give_back(DecoderProcess())

    def take(self) -> DecoderProcess:
        """One that nobody uses.

        Raises:
            VideoError: the system starts no process.
        """
        with self._turn:
            while self._idle:
                decoder = self._idle.pop()
                if decoder.is_running:
                    return decoder
                decoder.end()
        return DecoderProcess()

    def give_back(self, decoder: DecoderProcess) -> None:
        """Keep it for the next video, or end it if there are enough."""
        with self._turn:
            if len(self._idle) < KEPT_IDLE and decoder.is_running:
                self._idle.append(decoder)
                return
        decoder.end()

    def end(self) -> None:
        """End those that nobody uses."""
        with self._turn:
            idle: Sequence[DecoderProcess] = self._idle
            self._idle = []
        for decoder in idle:
            decoder.end()

    def _forget(self) -> None:
        self._turn = threading.Lock()
        self._of_parent, self._idle = self._idle, []  # to let them go would warn that they run


decoders = DecoderPool()
"""The decoding processes of this program."""
