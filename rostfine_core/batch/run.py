"""Goes through a batch: asks the store what is left, has it graded, and keeps the results."""

import csv
import io
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rostfine_core.batch.cases import BatchCases, Prepared
from rostfine_core.batch.plan import BatchItem
from rostfine_core.batch.work import BatchTask, GradedVideo, ModelChoice
from rostfine_core.batch.workers import Answer, Workers, ticking
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import RostfineError
from rostfine_core.files import csv_cell, write_text
from rostfine_core.marking import marked
from rostfine_core.messages import Message, first_of, joined
from rostfine_core.store import Store

MOST_UNKEPT = 2
"""So many videos in a row whose grades cannot be kept end a batch: the store must be failing."""
OUTDATED_SHOWN = 100
FAILURE_COLUMNS = ("video", "sperm", "reason")


@dataclass(frozen=True, kw_only=True)
class BatchFailure:
    """A video, or one ``sperm`` of it by its name, that was not graded."""

    video: Path
    sperm: str
    reason: Message


class Batch:
    """A batch and how far it is; what is done stays in the store if it is stopped."""

    def __init__(self, store: Store, *, model: ModelChoice, workers: Workers) -> None:
        self._store, self._model, self._workers = store, model, workers
        self._prepared: dict[int, Prepared] = {}
        self.videos = self.graded = self.graded_before = 0
        """Videos looked at, and sperm graded now and before."""
        self.failures: list[BatchFailure] = []
        self.outdated: list[str] = []
        """The names of videos that were graded again after a report of them."""
        self._unkept = 0

    def run(self, items: Iterable[BatchItem | None], *, total: int) -> LongJob[None]:
        """Grade what is not graded yet; progress counts videos of ``total``, 0 if unknown.

        An item None means that there is none at the moment.

        Raises:
            RostfineError: the model or the store cannot be used.
        """
        sha256 = self._workers.model_sha256(self._model)
        cases = BatchCases(self._store, model=self._model, model_sha256=sha256)
        with closing(self._workers.results(self._tasks(items, cases))) as results:
            for result in results:
                if result is not None:
                    task, answer = result
                    self._take(cases, self._prepared.pop(task.number), answer)
                yield Progress(stage=marked("grading"), done=self.videos, total=total)

    def _tasks(
        self, items: Iterable[BatchItem | None], cases: BatchCases
    ) -> Generator[BatchTask | None]:
        for number, item in enumerate(items):
            if item is None:
                yield None
                continue
            try:
                prepared = yield from ticking(cases.prepare(number, item))
            except RostfineError as error:
                self.videos += 1
                self._fail(item, "", error.message)
                continue
            self.graded_before += prepared.graded
            for name, reason in prepared.rejected:
                self._fail(item, name, reason)
            if prepared.task is None:
                self.videos += 1
                yield None
            else:
                self._prepared[number] = prepared
                yield prepared.task

    def _take(self, cases: BatchCases, prepared: Prepared, answer: Answer) -> None:
        self.videos += 1
        if isinstance(answer, GradedVideo):
            try:
                cases.keep(prepared, answer)
                self._unkept = 0
                if prepared.is_reported:
                    self.outdated.append(prepared.item.video.name)
            except RostfineError as error:
                self._unkept += 1
                if self._unkept == MOST_UNKEPT:
                    raise
                answer = error.message
        if isinstance(answer, Message):
            self._fail(prepared.item, "", answer)
            return
        self.graded += len(answer.outcome.assessments)
        names = {s.target: s.name for s in answer.sperms}
        for target, reason in answer.outcome.rejected:
            self._fail(prepared.item, names[target], reason)

    def _fail(self, item: BatchItem, sperm: str, reason: Message) -> None:
        self.failures.append(BatchFailure(video=item.video, sperm=sperm, reason=reason))

    @property
    def summary(self) -> Message:
        """What was done, in one sentence."""
        return Message(
            "{videos} video(s): {graded} sperm graded, {before} graded before, {failures} "
            "failure(s).",
            videos=self.videos,
            graded=self.graded,
            before=self.graded_before,
            failures=len(self.failures),
        )

    @property
    def warning(self) -> Message | None:
        """Which reports do not show what is graded now; None if there are none."""
        if not self.outdated:
            return None
        return Message(
            "Graded again after their report, which is out of date now: {videos}. Write or amend "
            "their reports.",
            videos=first_of([joined((n,)) for n in self.outdated], OUTDATED_SHOWN),
        )

    def write_failures(self, path: Path) -> None:
        """Write the failures as a table; without any it has only its header.

        Raises:
            StoreError: it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FAILURE_COLUMNS)
        for failure in self.failures:
            cells = (str(failure.video), failure.sperm, str(failure.reason))
            writer.writerow(csv_cell(cell) for cell in cells)
        write_text(path, text.getvalue())
