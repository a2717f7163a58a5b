"""The status bar cuts a message where the room ends, and tells all of it in the tool tip."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.controllers.controller import USER_JOBS
from app.state.records import RunningJob
from app.state.session import Session
from app.views.elided_label import ElidedLabel
from app.views.status_bar import ORDER, StatusBar
from rostfine_core.domain import Progress

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
MESSAGE = "No head stands out here, so nothing will be graded. " * 4


def test_a_message_ends_visibly_where_the_room_ends(
    show: Callable[[QWidget], None], graded: Session
) -> None:
    session = graded
    bar = StatusBar(session)
    show(bar)
    bar.resize(900, 30)
    session.set_message(MESSAGE)
    assert bar.currentMessage().endswith("…")
    shown = bar.fontMetrics().horizontalAdvance(bar.currentMessage())
    first = min(w.x() for w in bar.children() if isinstance(w, QWidget) and w.isVisible())
    assert shown < first
    assert bar.toolTip() == MESSAGE
    bar.resize(4000, 30)
    assert bar.currentMessage() == MESSAGE


def test_resizing_neither_prolongs_a_message_nor_hides_what_an_action_says(
    show: Callable[[QWidget], None], graded: Session
) -> None:
    bar = StatusBar(graded)
    show(bar)
    bar._end.setInterval(0)
    graded.set_message(MESSAGE)
    bar._end.stop()
    bar.resize(800, 30)
    assert not bar._end.isActive()
    bar.showMessage("Open a microscope video")
    bar.resize(900, 30)
    bar._end.timeout.emit()
    assert bar.currentMessage() == "Open a microscope video"
    graded.set_message("Told.")
    bar._end.timeout.emit()
    assert bar.currentMessage() == ""


def test_a_message_fills_the_room_that_an_ended_job_leaves(
    show: Callable[[QWidget], None], graded: Session
) -> None:
    bar = StatusBar(graded)
    show(bar)
    bar.resize(1000, 30)
    graded.set_message(MESSAGE)
    alone = bar.currentMessage()
    graded.set_running_jobs(
        (RunningJob(kind="grade", progress=Progress(stage="grading", done=1, total=2)),)
    )
    beside = bar.currentMessage()
    assert len(beside) < len(alone)
    graded.set_running_jobs(())
    assert bar.currentMessage() == alone


def test_a_long_name_leaves_room_for_messages(
    show: Callable[[QWidget], None], graded: Session
) -> None:
    name = "a recording of some length " * 20 + ".mp4"
    graded.move_video(Path(name))
    bar = StatusBar(graded)
    show(bar)
    bar.resize(1280, 30)
    graded.set_message("Told.")
    assert bar.currentMessage() == "Told."
    (label,) = (one for one in bar.findChildren(ElidedLabel) if name in one.text())
    QApplication.processEvents()
    assert label.shown != label.text()
    assert label.text() in label.toolTip()
    assert bar.rect().contains(label.geometry())


def test_every_job_that_a_user_begins_has_its_place() -> None:
    assert set(USER_JOBS) <= set(ORDER)
