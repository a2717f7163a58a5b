"""A day's videos: put on the list by the folder, worked through by key, each with its state."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main_window import MainWindow
from rostfine_core.domain import CaseState

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def day(tmp_path: Path, small_video: Path) -> Path:
    """A folder with three recordings, the last of which cannot be read."""
    folder = tmp_path / "day"
    (folder / "second").mkdir(parents=True)
    shutil.copy(small_video, folder / "a 1.mp4")
    (folder / "second" / "a 2.mp4").write_bytes(small_video.read_bytes() + b"other bytes")
    (folder / "z.avi").write_bytes(b"no video at all" * 50)
    return folder


def test_a_folder_is_worked_through_with_one_sample(
    hand: "Hand", drive: "Drive", day: Path
) -> None:
    def first(window: MainWindow, answers: "Answers") -> None:
        session, editor = window.session, window.controller.editor

        def states() -> list[CaseState]:
            return [item.state for item in session.worklist]

        window.controller.take([day])
        hand.until(lambda: len(session.worklist) == 3)
        hand.wait_until_open(window)  # the first is opened by itself
        hand.until(lambda: all(i.video_id or i.problem for i in session.worklist))
        assert window.review.worklist.isVisible()
        assert [i.path.name for i in session.worklist] == ["a 1.mp4", "z.avi", "a 2.mp4"]
        assert "z.avi" in session.worklist[1].problem
        assert all(session.worklist[k].thumbnail for k in (0, 2))
        editor.set_sample("S-9", "Ada")
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        hand.until(lambda: states()[0] is CaseState.GRADED)
        window.review.worklist.removed.emit(session.worklist[1].path)
        assert len(session.worklist) == 2
        window.actions_by_id["next_video"].trigger()
        hand.until(lambda: session.video is not None and session.video.path.name == "a 2.mp4")
        hand.until(lambda: window.controller.keeper.is_known)
        assert session.sample.sample == "S-9"
        assert "as the video before" in session.message
        window.actions_by_id["next_video"].trigger()
        assert "no further video" in session.message
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        with hand.waiting_for(window.controller.reporter.exported):
            window.actions_by_id["export"].trigger()
        hand.until(lambda: states() == [CaseState.REPORTED] * 2)  # one report over both

    def again(window: MainWindow, answers: "Answers") -> None:
        hand.until(lambda: [i.state for i in window.session.worklist] == [CaseState.REPORTED] * 2)
        hand.until(lambda: all(i.thumbnail for i in window.session.worklist))
        assert window.review.worklist.list.count() == 2
        window.actions_by_id["clear_worklist"].trigger()
        assert not window.review.worklist.isVisible()

    drive(first)
    drive(again)


def test_a_watched_folder_adds_what_is_recorded(
    hand: "Hand", drive: "Drive", tmp_path: Path, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.controllers.worklist.WATCH_MS", 20)
    folder = tmp_path / "recorder"
    folder.mkdir()

    def script(window: MainWindow, answers: "Answers") -> None:
        window.controller.worklist.watch(folder)
        assert window.actions_by_id["watch_folder"].isChecked()
        shutil.copy(small_video, folder / "new.mp4")
        hand.until(lambda: [i.path.name for i in window.session.worklist] == ["new.mp4"])
        hand.wait_until_open(window)
        shutil.rmtree(folder)
        hand.read_message(window, "recorder")
        assert window.controller.worklist.watched is None

    drive(script)
