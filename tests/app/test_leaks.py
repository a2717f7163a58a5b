"""The watch over the window's tests: what it must find, and what it must let pass."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from PySide6.QtCore import QObject, QThread, QTimer
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

FindLeft = Callable[[], list[QObject]]


class Waiting(QThread):
    """A thread that runs until it is let go."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.go = threading.Event()

    def run(self) -> None:
        self.go.wait()


@contextmanager
def running_thread() -> Iterator[QObject]:
    thread = Waiting()
    thread.start()
    yield thread
    thread.go.set()
    thread.wait()


@contextmanager
def active_timer() -> Iterator[QObject]:
    owner = QObject()  # the application does not know it
    timer = QTimer(owner, interval=10_000)
    timer.start()
    yield timer
    timer.stop()


@contextmanager
def hidden_window() -> Iterator[QObject]:
    window = QWidget()
    yield window
    delete(window)


@contextmanager
def timer_in_a_hidden_window() -> Iterator[QObject]:
    with hidden_window() as window:
        timer = QTimer(window, interval=10_000)
        timer.start()
        yield timer


LEAKS = (running_thread, active_timer, hidden_window, timer_in_a_hidden_window)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_what_is_left_is_found(
    qtbot: QtBot, find_left: FindLeft, leak: Callable[[], AbstractContextManager[QObject]]
) -> None:
    assert find_left() == []
    with leak() as left:
        assert left in find_left()
    assert find_left() == []


def test_what_has_ended_or_belongs_to_nobody_passes(qtbot: QtBot, find_left: FindLeft) -> None:
    thread, timer, unreachable = Waiting(), QTimer(interval=10_000), QWidget()
    thread.go.set()
    thread.start()
    thread.wait()
    timer.start()
    timer.stop()
    unreachable.circle = unreachable  # type: ignore[attr-defined]  # only a search finds it
    child = QLabel(unreachable)
    del unreachable, child
    assert find_left() == []
