"""Long work in worker threads: a core generator runs there, its yields come back as signals."""

import logging
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from app.records import Work
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import RostfineError

STACK_BYTES = 16 * 2**20  # macOS gives threads 512 KiB, too little for the network
PROGRESS_INTERVAL_S = 1 / 30  # more often than the screen shows is work for nothing
UNEXPECTED = (
    "Something went wrong inside the program ({error}): your work is as it was before; "
    "the log holds the details."
)

log = logging.getLogger(__name__)


class Job(QThread):
    """Runs one generator; exactly one of the last three signals ends it.

    Signals:
        progressed(Progress): at most thirty a second.
        succeeded(object): the generator's result.
        failed(str): one sentence for the user.
        cancelled(): it was closed before its end.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, make: Callable[[], LongJob[Any]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self.setStackSize(STACK_BYTES)

    def run(self) -> None:
        """Exhaust the generator in this thread; the thread's boundary catches everything."""
        try:
            self._exhaust(self._make())
        except RostfineError as error:
            self.failed.emit(str(error))
        except Exception as error:  # the boundary of the thread: logged and told
            log.exception("A job failed")
            self.failed.emit(UNEXPECTED.format(error=type(error).__name__))

    def _exhaust(self, work: Generator[Progress, None, Any]) -> None:
        told_s = float("-inf")
        try:
            while not self.isInterruptionRequested():
                progress = next(work)
                if time.monotonic() - told_s >= PROGRESS_INTERVAL_S:
                    told_s = time.monotonic()
                    self.progressed.emit(progress)
        except StopIteration as stop:
            self.succeeded.emit(stop.value)
            return
        finally:
            work.close()
        self.cancelled.emit()


class Jobs(QObject):
    """The running jobs, at most one of a kind.

    Signals:
        works_changed(): a job began, went on or ended.
        ended(str): the job of a kind has ended and its thread is gone.
    """

    works_changed = Signal()
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[str, Job] = {}
        self._progress: dict[str, Progress] = {}

    def start(
        self,
        kind: str,
        make: Callable[[], LongJob[Any]],
        *,
        on_success: Callable[[Any], None],
        on_failure: Callable[[str], None],
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Run a generator; the callbacks are called in the thread of the window.

        Raises:
            ValueError: a job of that kind is running.
        """
        if kind in self._jobs:
            raise ValueError(f"a job of kind {kind} is running")
        job = Job(make, self)
        job.setObjectName(kind)
        self._jobs[kind] = job
        self._progress[kind] = Progress(stage=kind, done=0, total=0)
        job.progressed.connect(self._on_progressed)
        outcome: list[Callable[[], None]] = []
        job.succeeded.connect(lambda result: outcome.append(lambda: on_success(result)))
        job.failed.connect(lambda sentence: outcome.append(lambda: on_failure(sentence)))
        job.cancelled.connect(lambda: outcome.append(on_cancel))
        job.finished.connect(lambda: self._end(job, outcome))
        job.start()
        self.works_changed.emit()

    def is_running(self, kind: str) -> bool:
        """Whether a job of that kind runs."""
        return kind in self._jobs

    @property
    def works(self) -> tuple[Work, ...]:
        """What runs, oldest first."""
        return tuple(
            Work(kind=k, progress=self._progress[k], is_cancelling=j.isInterruptionRequested())
            for k, j in self._jobs.items()
        )

    def cancel(self, kind: str) -> None:
        """Ask a job to end; its ``on_cancel`` follows unless it finished first."""
        if kind in self._jobs:
            self._jobs[kind].requestInterruption()
            self.works_changed.emit()

    def stop(self, kinds: Iterable[str]) -> None:
        """Cancel jobs and wait until their threads are gone; no callback of theirs is called."""
        stopped = [self._jobs.pop(kind) for kind in kinds if kind in self._jobs]
        for job in stopped:
            job.requestInterruption()
        for job in stopped:
            job.wait()
            del self._progress[job.objectName()]
            job.deleteLater()
        if stopped:
            self.works_changed.emit()

    def shut_down(self) -> None:
        """Stop everything."""
        self.stop(tuple(self._jobs))

    @Slot(object)
    def _on_progressed(self, progress: Progress) -> None:
        job = self.sender()
        kind = job.objectName()
        if self._jobs.get(kind) is job:
            self._progress[kind] = progress
            self.works_changed.emit()

    def _end(self, job: Job, outcome: list[Callable[[], None]]) -> None:
        kind = job.objectName()
        if self._jobs.get(kind) is not job:
            return
        del self._jobs[kind], self._progress[kind]
        job.wait()
        job.deleteLater()
        self.works_changed.emit()
        for tell in outcome:
            tell()
        self.ended.emit(kind)
