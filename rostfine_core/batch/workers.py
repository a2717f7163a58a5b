"""Where a batch's videos are graded: in this process, in several, or on a Dask cluster."""

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Protocol, TypeAlias

from rostfine_core.batch.work import (
    BatchTask,
    GradedVideo,
    ModelChoice,
    grade_video,
    model_sha256,
)
from rostfine_core.domain import LongJob, Result, finish
from rostfine_core.errors import RostfineError
from rostfine_core.messages import Message

WAIT_S = 0.2
Answer: TypeAlias = GradedVideo | Message
"""What came of a task: grades, or why there are none."""
Tasks: TypeAlias = Iterator[BatchTask | None]
"""None means that there is no task at the moment."""

log = logging.getLogger(__name__)


class Workers(Protocol):
    """Grades videos, some at a time."""

    def model_sha256(self, model: ModelChoice) -> str:
        """The checksum of the model where it is used.

        Raises:
            ModelError: it cannot be used.
        """

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        """Take tasks as there is room for them, and give what came of each in any order.

        None is given while there is nothing to give. Closing this ends what is going on.
        """


def attempt(task: BatchTask) -> LongJob[Answer]:
    """Grade a video, or say why that failed."""
    try:
        return (yield from grade_video(task))
    except RostfineError as error:
        return error.message
    except Exception as error:  # the boundary of the process: one video must not end a batch
        log.exception("Grading %s failed", task.video)
        return Message(
            "Something went wrong inside the program ({error}): report it.",
            error=f"{type(error).__name__}: {error}",
        )


class WorkHere:
    """Grades one video after another in this process."""

    def model_sha256(self, model: ModelChoice) -> str:
        """See ``Workers``."""
        return model_sha256(model)

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        """See ``Workers``."""
        for task in tasks:
            if task is None:
                yield None
                continue
            with closing(attempt(task)) as job:
                answer = yield from ticking(job)
            yield task, answer


def ticking(job: LongJob[Result]) -> Generator[None, None, Result]:
    """A job whose steps tell nothing."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        yield None


class WorkInProcesses:
    """Grades several videos at once, each in a process of its own.

    If a process ends, as for lack of memory, the videos that were in work are tried one at a time.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._context = multiprocessing.get_context("spawn")
        # An event would wait for processes that were killed.
        self._theirs, self._life = self._context.Pipe(duplex=False)
        self._threads = max(1, _processors() // jobs)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._jobs,
            mp_context=self._context,
            initializer=_begin,
            initargs=(self._theirs, self._threads),
        )

    def model_sha256(self, model: ModelChoice) -> str:
        """See ``Workers``."""
        return self._pool.submit(model_sha256, self._shared(model)).result()

    def _shared(self, model: ModelChoice) -> ModelChoice:
        return replace(model, threads=self._threads)

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        """See ``Workers``."""
        self._working: dict[Future[Answer], BatchTask] = {}
        self._suspects: deque[BatchTask] = deque()
        is_over = False
        try:
            while not is_over or self._working or self._suspects:
                is_over = self._hand_out(tasks) or is_over
                yield None
                yield from self._collect()
        finally:
            self._life.close()
            self._pool.shutdown(cancel_futures=True)
            self._theirs.close()

    def _hand_out(self, tasks: Tasks) -> bool:
        """Let every process work; whether there are no more tasks."""
        if self._suspects:
            if not self._working:
                self._submit(self._suspects.popleft())
            return False
        while len(self._working) < self._jobs:
            task = next(tasks, _OVER)
            if task is None:
                return False
            if isinstance(task, _Over):
                return True
            self._submit(task)
        return False

    def _submit(self, task: BatchTask) -> None:
        task = replace(task, model=self._shared(task.model))
        try:
            future = self._pool.submit(attempt_at_once, task)
        except BrokenProcessPool:  # a process ended since the last look
            self._pool.shutdown()
            self._pool = self._new_pool()
            future = self._pool.submit(attempt_at_once, task)
        self._working[future] = task

    def _collect(self) -> Iterator[tuple[BatchTask, Answer]]:
        """Wait a little for what is done."""
        if not self._working:
            return
        done, _ = wait(self._working, timeout=WAIT_S, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            yield from self._begin_again()
            return
        for future in done:
            yield self._working.pop(future), future.result()

    def _begin_again(self) -> Iterator[tuple[BatchTask, Answer]]:
        """Start new processes; a task that was alone when they ended is to blame."""
        in_work = list(self._working.values())
        self._working.clear()
        self._pool.shutdown()
        self._pool = self._new_pool()
        if len(in_work) == 1:
            yield in_work[0], _ended(in_work[0])
        else:
            self._suspects.extend(in_work)


class _Over:
    """There are no more tasks."""


_OVER = _Over()


def _begin(program: Connection, threads: int) -> None:
    """Set a process up; Ctrl+C is for the program, which stops it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported
    threading.Thread(target=_end_with, args=(program,), daemon=True).start()


def _end_with(program: Connection) -> None:
    """End when the program closes its end of the pipe or is gone; nothing is written here."""
    with suppress(EOFError, OSError):
        program.recv()
    os._exit(0)


def _ended(task: BatchTask) -> Message:
    return Message(
        "The process that graded {name} was ended, perhaps for lack of memory: close other "
        "programs or use fewer --jobs.",
        name=task.video.name,
    )


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def attempt_at_once(task: BatchTask) -> Answer:
    """What a cluster's worker does with a task."""
    return finish(attempt(task))
