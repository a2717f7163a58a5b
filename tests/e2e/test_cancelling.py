"""Work that is cancelled or superseded midway leaves everything consistent."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs import report_tasks, sperm_tasks, video_tasks
from app.main_window import MainWindow
from app.state.records import Page
from rostfine_core.report.page_images import draw_pages
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand, Held, Hold

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


HOLDABLE = {
    "track": (sperm_tasks, "track_sperms"),
    "grade": (sperm_tasks, "grade_sperms"),
    "export": (report_tasks, "export"),
}


@pytest.mark.parametrize("kind", ["track", "grade", "export"])
def test_cancelling_midway_leaves_the_session_consistent(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path, kind: str
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        if kind != "track":
            window.actions_by_id["track"].trigger()
            hand.until(lambda: session.track(session.sperms[0]))
        if kind == "export":
            hand.grade(window, 1)
        held = hold(*HOLDABLE[kind])
        window.actions_by_id[kind].trigger()
        held.cancel(window)
        assert len(session.sperms) == 1
        if kind == "export":
            folder = window.controller.reporter.report_folder
            assert not folder.exists() or list(folder.iterdir()) == []
            with hand.waiting_for(window.controller.reporter.exported):
                window.actions_by_id["export"].trigger()
        else:
            hand.grade(window, 1)

    drive(script, str(small_video))


def test_cancelling_while_another_video_opens_keeps_the_first(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path, other_video: Path
) -> None:

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        held = hold(video_tasks, "open_source")
        window.controller.open_video(other_video)
        held.cancel(window)
        assert session.video is not None
        assert session.video.path == small_video
        assert len(session.sperms) == 1
        assert hand.boxes(window) == []
        hand.grade(window, 1)
        window.controller.open_video(other_video)
        hand.until(lambda: session.video is not None and session.video.path == other_video)

    drive(script, str(small_video))


def test_a_video_opened_just_after_another_is_the_one_shown(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path, other_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        held = hold(video_tasks, "open_source", steps=None)
        window.controller.open_video(small_video)
        overtake(hand, window, held, other_video)
        assert window.settings.recent == (other_video,)
        assert not window.controller.is_busy
        assert session.sperms == ()

    drive(script)


def overtake(hand: "Hand", window: MainWindow, held: "Held", path: Path) -> None:
    """Open another video while something works on the first."""
    session = window.session
    held.wait()
    window.controller.open_video(path)
    held.let_go()
    hand.until(lambda: session.video is not None and session.video.path == path)


def test_the_checksum_of_the_previous_video_is_cancelled(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path, other_video: Path
) -> None:
    """A result must never carry the checksum of the previous video."""
    expected = hashlib.sha256(other_video.read_bytes()).hexdigest()

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        held = hold(video_tasks, "checksum")
        window.controller.open_video(small_video)
        overtake(hand, window, held, other_video)
        hand.until(lambda: session.video is not None and session.video.sha256)
        assert held.closed == 1
        assert session.video is not None
        assert session.video.sha256 == expected

    drive(script)


def test_decoding_the_previous_video_is_cancelled(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path, other_video: Path
) -> None:
    """The frames of the previous video must not be kept, nor its file held open."""

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        held = hold(FrameCache, "fill")
        window.controller.open_video(small_video)
        held.wait()
        assert session.cached_frames[0] < session.cached_frames[1]
        overtake(hand, window, held, other_video)
        hand.until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
        hand.until(lambda: held.closed == 1)

    drive(script)


def test_typing_supersedes_a_running_preview(
    qtbot: QtBot, hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        shown: list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]] = []
        window.controller.reporter.previewed.connect(shown.append)
        held = hold(report_tasks, "preview")
        window.controller.show_page(Page.REPORT)
        held.wait()
        held.let_go()
        qtbot.keyClicks(window.report.sample, "S-9")
        hand.until(lambda: shown)
        assert held.closed == 1
        with hand.waiting_for(window.controller.reporter.exported):
            window.actions_by_id["export"].trigger()
        exported = tuple(draw_pages(window.controller.reporter.report_folder / "report.pdf"))
        assert window.controller.reporter.report_folder.name == "S-9"
        assert len(shown[-1]) == len(exported)
        assert all(np.array_equal(a, b) for a, b in zip(shown[-1], exported, strict=True))

    drive(script, str(small_video))


def test_closing_while_work_runs_asks_and_cleans_up(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        window.actions_by_id["grade"].trigger()
        assert window.controller.is_busy
        answers.yes = False
        assert not window.close()
        assert window.isVisible()
        answers.yes = True
        assert window.close()
        assert answers.asked[:1] == ["stop"]
        assert not window.controller.is_busy

    drive(script, str(small_video))
