"""Runs long jobs in worker threads: a generator runs there, its yields come back as signals."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from app.presentation.wording import say
from app.state.records import RunningJob
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import RostfineError
from rostfine_core.marking import marked
from rostfine_core.messages import Message

STACK_BYTES = 16 * 2**20  # macOS gives threads only 512 KiB, too little for the network
PROGRESS_INTERVAL_S = 1 / 30  # more often would be more than the screen shows

log = logging.getLogger(__name__)


class Job(QThread):
    """Runs one generator and keeps its outcome for the thread that started it.

    ``is_done`` is True with the generator's ``result``; else it failed with ``sentence`` for the
    user, or was cancelled when that is empty.

    Signals:
        progressed(Progress): at most thirty a second.
    """

    progressed = Signal(object)

    def __init__(
        self,
        make: Callable[[], LongJob[Any]],
        discard: Callable[[Any], None],
        parent: QObject | None = None,
    ) -> None:
        """Args: ``discard`` releases what the job holds or made, see ``Jobs.start``."""
        super().__init__(parent)
        self._make, self._discard = make, discard
        self._cancelled = threading.Event()  # Qt's own request is forgotten when a thread starts
        self.is_done, self.result, self.sentence = False, None, ""
        self.setStackSize(STACK_BYTES)

    @property
    def is_cancelling(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to stop at its next step, or not to start."""
        self._cancelled.set()

    def run(self) -> None:
        """Exhaust the generator in this thread; no exception leaves it."""
        try:
            self._exhaust(self._make())
        except RostfineError as error:
            self.sentence = say(error.message)
        except Exception as error:  # the boundary of the thread: logged and told
            log.exception("A job failed")
            self.sentence = say(
                Message(
                    "Something went wrong inside the program ({error}): your work is as it was "
                    "before; the log holds the details.",
                    error=type(error).__name__,
                )
            )

    def discard(self) -> None:
        """Release everything once its thread has ended."""
        self.wait()
        self._discard(self.result)
        self.deleteLater()

    def _exhaust(self, task: Generator[Progress, None, Any]) -> None:
        told_s = float("-inf")
        try:
            while not self.is_cancelling:
                progress = next(task)
                if time.monotonic() - told_s >= PROGRESS_INTERVAL_S:
                    told_s = time.monotonic()
                    self.progressed.emit(progress)
        except StopIteration as stop:
            self.is_done, self.result = True, stop.value
        finally:
            task.close()


@dataclass(frozen=True)
class _Callbacks:
    on_success: Callable[[Any], None]
    on_failure: Callable[[str], None]
    on_cancel: Callable[[], None]


class Jobs(QObject):
    """The running jobs, at most one of a kind.

    A job can stop only between two steps, and a step may be long (an import, sixteen grades).
    Dropped jobs are therefore left to end by themselves, and the next of their kind waits.

    Signals:
        running_changed(): a job started, progressed or ended.
        ended(str): the job of a kind has ended and its thread is gone.
    """

    running_changed = Signal()
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[str, Job] = {}
        self._dropped: list[Job] = []
        self._callbacks: dict[str, _Callbacks] = {}
        self._progress: dict[str, Progress] = {}

    def start(
        self,
        kind: str,
        make: Callable[[], LongJob[Any]],
        *,
        on_success: Callable[[Any], None],
        on_failure: Callable[[str], None],
        on_cancel: Callable[[], None] = lambda: None,
        discard: Callable[[Any], None] = lambda _: None,
    ) -> None:
        """Run a generator; the callbacks are called in the thread of the window.

        ``discard`` is called in place of them when the job was dropped: with its result if it
        had one by then, else with None; it may not even have started.

        Raises:
            ValueError: a job of that kind is running.
        """
        if kind in self._jobs:
            raise ValueError(f"a job of kind {kind} is running")
        job = Job(make, discard, self)
        job.setObjectName(kind)
        self._jobs[kind] = job
        self._callbacks[kind] = _Callbacks(on_success, on_failure, on_cancel)
        self._progress[kind] = Progress(stage=marked("starting"), done=0, total=0)
        job.progressed.connect(self._on_progressed)  # slots of this object run in its thread
        job.finished.connect(self._on_finished)
        self._start_when_free(job)
        self.running_changed.emit()

    def is_running(self, kind: str) -> bool:
        """Whether a job of that kind runs."""
        return kind in self._jobs

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """The running jobs, oldest first."""
        return tuple(
            RunningJob(kind=k, progress=self._progress[k], is_cancelling=j.is_cancelling)
            for k, j in self._jobs.items()
        )

    def cancel(self, kind: str) -> None:
        """Ask a job to stop; its ``on_cancel`` follows unless it finishes first."""
        if kind in self._jobs:
            self._jobs[kind].cancel()
            self.running_changed.emit()

    def drop(self, kinds: Iterable[str]) -> None:
        """Cancel jobs without waiting; none of their callbacks is called any more."""
        dropped = [self._jobs.pop(kind) for kind in kinds if kind in self._jobs]
        for job in dropped:
            job.cancel()
            del self._progress[job.objectName()], self._callbacks[job.objectName()]
            if job.isRunning():
                self._dropped.append(job)
            else:
                job.discard()
        if dropped:
            self.running_changed.emit()

    def shut_down(self) -> None:
        """Cancel everything and wait until all threads have ended."""
        self.drop(tuple(self._jobs))
        for job in self._dropped:
            job.discard()
        self._dropped.clear()

    def _start_when_free(self, job: Job) -> None:
        kind = job.objectName()
        if all(dropped.objectName() != kind for dropped in self._dropped):
            job.start()

    @Slot(object)
    def _on_progressed(self, progress: Progress) -> None:
        job = self.sender()  # None when it was dropped and is gone by now
        if isinstance(job, Job) and self._jobs.get(job.objectName()) is job:
            self._progress[job.objectName()] = progress
            self.running_changed.emit()

    @Slot()
    def _on_finished(self) -> None:
        job = self.sender()
        if not isinstance(job, Job):
            return  # it had ended when it was dropped, and is gone by now
        kind = job.objectName()
        if self._jobs.get(kind) is not job:
            self._on_dropped_finished(job)
            return
        del self._jobs[kind], self._progress[kind]
        callbacks = self._callbacks.pop(kind)
        job.wait()
        job.deleteLater()
        self.running_changed.emit()
        if job.is_done:
            callbacks.on_success(job.result)
        elif job.sentence:
            callbacks.on_failure(job.sentence)
        else:
            callbacks.on_cancel()
        self.ended.emit(kind)

    def _on_dropped_finished(self, job: Job) -> None:
        """Start the job that waited for a dropped one; those of ``shut_down`` are not known."""
        if job not in self._dropped:
            return
        self._dropped.remove(job)
        job.discard()
        successor = self._jobs.get(job.objectName())
        if successor is not None and not successor.isRunning():
            self._start_when_free(successor)
