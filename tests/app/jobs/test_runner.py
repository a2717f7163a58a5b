"""Jobs run in threads, report, fail, stop and are dropped without a trace."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from app.jobs.runner import Job, Jobs
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import VideoError

TIMEOUT_MS = 5000


class Task:
    """A job that goes on step by step when it is let, and notes that it was cleaned up."""

    def __init__(
        self, *, steps: int = 3, step_s: float = 0.01, error: Exception | None = None
    ) -> None:
        self.steps, self.step_s, self.error = steps, step_s, error
        self.go = threading.Event()
        self.started = threading.Event()
        self.cleaned = threading.Event()
        self.thread: int | None = None

    def run(self) -> LongJob[str]:
        self.thread = threading.get_ident()
        try:
            for done in range(self.steps):
                self.started.set()
                self.go.wait(self.step_s)
                yield Progress(stage="testing", done=done, total=self.steps)
            if self.error is not None:
                raise self.error
        finally:
            self.cleaned.set()
        return "result"


@pytest.fixture
def told() -> dict[str, list[Any]]:
    return {"success": [], "failure": [], "cancel": []}


@pytest.fixture
def start(qtbot: QtBot, told: dict[str, list[Any]]) -> Callable[[Jobs, Task], None]:
    def begin(jobs: Jobs, task: Task) -> None:
        jobs.start(
            "test",
            task.run,
            on_success=told["success"].append,
            on_failure=told["failure"].append,
            on_cancel=lambda: told["cancel"].append(True),
        )

    return begin


def test_the_result_comes_back_in_the_windows_thread(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, task = Jobs(), Task()
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        start(jobs, task)
        assert jobs.running[0].kind == "test"
    assert told == {"success": ["result"], "failure": [], "cancel": []}
    assert task.thread != threading.get_ident()
    assert task.cleaned.is_set()
    assert jobs.running == ()


def test_a_users_error_is_its_sentence_and_a_bug_is_logged(
    qtbot: QtBot,
    told: dict[str, list[Any]],
    start: Callable[[Jobs, Task], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    jobs = Jobs()
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        start(jobs, Task(error=VideoError("The file is cut off: copy it again.")))
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        start(jobs, Task(error=ZeroDivisionError("secret detail")))
    assert told["failure"][0] == "The file is cut off: copy it again."
    assert "ZeroDivisionError" in told["failure"][1]
    assert "secret detail" not in told["failure"][1]
    assert "secret detail" in caplog.text


def test_cancelling_closes_the_generator_and_is_told_once(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, task = Jobs(), Task(steps=10**6)
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        start(jobs, task)
        assert task.started.wait(5)
        jobs.cancel("test")
        assert jobs.running[0].is_cancelling
    assert told == {"success": [], "failure": [], "cancel": [True]}
    assert task.cleaned.is_set()


def test_stopping_waits_and_tells_nobody(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, task = Jobs(), Task(steps=10**6)
    start(jobs, task)
    assert task.started.wait(5)
    jobs.shut_down()
    assert task.cleaned.is_set()
    qtbot.wait(1)
    assert told == {"success": [], "failure": [], "cancel": []}
    assert not jobs.is_running("test")


def test_a_dropped_job_does_not_disturb_its_successor(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, first = Jobs(), Task(steps=10**6)
    start(jobs, first)
    assert first.started.wait(5)
    jobs.drop(("test",))
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        start(jobs, Task())
    assert told == {"success": ["result"], "failure": [], "cancel": []}


def test_dropping_does_not_wait_for_a_long_step_but_the_next_of_its_kind_does(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, first, second = Jobs(), Task(step_s=30), Task()
    start(jobs, first)
    assert first.started.wait(5)
    jobs.drop(("test",))
    assert not first.cleaned.is_set()
    start(jobs, second)
    assert jobs.is_running("test")
    assert not second.started.is_set()
    with qtbot.waitSignal(jobs.ended, timeout=TIMEOUT_MS):
        first.go.set()
    assert first.cleaned.is_set()
    assert second.cleaned.is_set()
    assert told == {"success": ["result"], "failure": [], "cancel": []}


def test_what_waits_for_a_dropped_job_can_be_dropped_too(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    jobs, first, second = Jobs(), Task(step_s=30), Task()
    start(jobs, first)
    assert first.started.wait(5)
    jobs.drop(("test",))
    start(jobs, second)
    jobs.drop(("test",))
    first.go.set()
    jobs.shut_down()
    qtbot.wait(1)
    assert first.cleaned.is_set()
    assert not second.started.is_set()
    assert told == {"success": [], "failure": [], "cancel": []}


def test_a_job_that_ended_just_before_it_was_dropped_is_forgotten(
    qtbot: QtBot, told: dict[str, list[Any]], start: Callable[[Jobs, Task], None]
) -> None:
    """Its signals come when it is gone; they must not fail nor reach anyone."""
    jobs = Jobs()
    start(jobs, Task())
    assert jobs.findChildren(Job)[0].wait(TIMEOUT_MS)
    jobs.drop(("test",))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert jobs.findChildren(Job) == []
    with qtbot.captureExceptions() as failures:
        QCoreApplication.processEvents()
    assert failures == []
    assert told == {"success": [], "failure": [], "cancel": []}


@pytest.mark.parametrize("is_late", [False, True])
def test_the_result_of_a_dropped_job_is_let_go(qtbot: QtBot, is_late: bool) -> None:
    """A job may finish before the window hears of it; a video that it opened must be closed."""
    jobs = Jobs()
    kept: list[object] = []
    let_go: list[object] = []
    finished, go = threading.Event(), threading.Event()

    def task() -> LongJob[str]:
        yield Progress(stage="testing", done=0, total=1)
        finished.set()
        go.wait(TIMEOUT_MS / 1000)
        return "result"

    jobs.start("test", task, on_success=kept.append, on_failure=kept.append, discard=let_go.append)
    assert finished.wait(TIMEOUT_MS / 1000)
    if is_late:
        go.set()
        assert jobs.findChildren(Job)[0].wait(TIMEOUT_MS)
    jobs.drop(("test",))
    go.set()
    qtbot.waitUntil(lambda: let_go == ["result"], timeout=TIMEOUT_MS)
    jobs.shut_down()
    assert kept == []
    assert let_go == ["result"]


def test_what_a_job_holds_is_let_go_though_it_never_began(qtbot: QtBot) -> None:
    """It waited for a dropped one of its kind, and was dropped too."""
    jobs, first = Jobs(), Task(steps=2, step_s=TIMEOUT_MS / 1000)
    began: list[bool] = []
    let_go: list[object] = []

    def second() -> LongJob[str]:
        began.append(True)
        yield Progress(stage="testing", done=0, total=1)
        return "result"

    jobs.start("test", first.run, on_success=let_go.append, on_failure=let_go.append)
    assert first.started.wait(TIMEOUT_MS / 1000)
    jobs.drop(("test",))
    jobs.start(
        "test", second, on_success=let_go.append, on_failure=let_go.append, discard=let_go.append
    )
    jobs.drop(("test",))
    first.go.set()
    jobs.shut_down()
    assert let_go == [None]
    assert began == []


def test_one_job_of_a_kind(qtbot: QtBot, start: Callable[[Jobs, Task], None]) -> None:
    jobs = Jobs()
    start(jobs, Task(steps=10**6))
    with pytest.raises(ValueError, match="running"):
        start(jobs, Task())
    jobs.shut_down()
