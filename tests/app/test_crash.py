"""Uncaught exceptions are logged, and told to the user once."""

import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

import pytest

from app.crash import crash_log


@pytest.mark.requirement("R-62")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_caught_is_logged_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    before = sys.excepthook
    file = tmp_path / "logs" / "rostfine.log"
    with crash_log(file, told.append):
        error = ValueError("the reason")
        sys.excepthook(ValueError, error, None)

        def fail() -> None:
            raise KeyError("in a thread")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert told == ["ValueError: the reason", "KeyError: 'in a thread'"]
    text = file.read_text()
    assert "the reason" in text
    assert "in a thread" in text
    assert sys.excepthook is before
    assert not [
        h for h in logging.getLogger().handlers if getattr(h, "baseFilename", "") == str(file)
    ]


def test_a_log_that_cannot_be_written_does_not_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told: list[str] = []
    with crash_log(tmp_path / "file" / "rostfine.log", told.append):
        sys.excepthook(ValueError, ValueError("x"), None)
    assert told == ["ValueError: x"]


def test_the_same_bug_is_told_once_and_counted_in_the_log(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "rostfine.log"

    def fail(number: int) -> None:
        raise ValueError(f"number {number}")

    def fail_elsewhere() -> None:
        raise ValueError("elsewhere")

    with crash_log(file, told.append):
        for number in range(25):
            sys.excepthook(ValueError, *raised(partial(fail, number)))
        sys.excepthook(ValueError, *raised(fail_elsewhere))
    assert told == ["ValueError: number 0", "ValueError: elsewhere"]
    text = file.read_text()
    assert text.count("Traceback") == 2
    assert f"Uncaught for the 10th time: ValueError in {__file__}, line" in text
    assert text.count("Uncaught 25 times in all") == text.count("times in all") == 1


def test_two_bugs_that_end_in_one_line_are_two(tmp_path: Path) -> None:
    told: list[str] = []

    def library(reason: str) -> None:
        raise ValueError(reason)

    def one() -> None:
        library("one")

    def other() -> None:
        library("other")

    with crash_log(tmp_path / "rostfine.log", told.append):
        for fail in (one, other, one):
            sys.excepthook(ValueError, *raised(fail))
    assert told == ["ValueError: one", "ValueError: other"]


def raised(fail: Callable[[], None]) -> tuple[BaseException, TracebackType | None]:
    try:
        fail()
    except ValueError as error:
        return error, error.__traceback__
    pytest.fail("nothing was raised")
