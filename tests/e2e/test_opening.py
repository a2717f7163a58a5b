"""Videos that are dropped onto the window, bad, or moved, even while open."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from app.main_window import MainWindow
from app.state.records import ModelStatus
from rostfine_core.decoder_process import DecoderProcess
from rostfine_core.video import frame_cache, open_video
from rostfine_core.video.decoder import wire

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def test_a_dropped_file_is_opened_or_refused_with_a_sentence(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no video", encoding="utf-8")

    def drop(window: MainWindow, url: QUrl) -> None:
        data = QMimeData()
        data.setUrls([url])
        arguments = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, *arguments)
        QCoreApplication.sendEvent(window, enter)
        assert enter.isAccepted() == url.isLocalFile()
        event = QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, *arguments)
        QCoreApplication.sendEvent(window, event)

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        drop(window, QUrl("https://example.org/sperm.mp4"))
        drop(window, QUrl.fromLocalFile(str(small_video)))
        hand.until(lambda: session.video is not None)
        with hand.waiting_for(window.controller.failed) as told:
            drop(window, QUrl.fromLocalFile(str(text)))
        assert told.args is not None
        assert "notes.txt" in told.args[0]
        assert session.video is not None
        assert session.video.path == small_video
        for box in hand.boxes(window):
            box.close()

    drive(script)


def test_heads_are_measured_on_the_luma_that_is_tracked(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    """The colours on screen are stretched: other heads would stand out in their grey."""
    with open_video(small_video) as video:
        tracked = [video.frame(k).grey().image.copy() for k in (0, 7)]

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        for frame, luma in zip((0, 7), tracked, strict=True):
            window.controller.player.seek(frame)
            assert session.frame == frame
            assert session.grey is not None
            assert np.array_equal(session.grey, luma)

    drive(script, str(small_video))


def test_a_bad_file_is_reported_and_the_open_video_stays(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all" * 50)

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        window.controller.open_video(bad)
        hand.until(lambda: hand.boxes(window))
        (box,) = hand.boxes(window)
        assert "bad.mp4" in box.text()
        box.close()
        assert window.session.video is not None
        assert window.session.video.path == small_video
        assert len(window.session.sperms) == 1

    drive(script, str(small_video))


def test_a_moved_video_is_found_again(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        answers.found = small_video
        window.controller.open_video(tmp_path / "gone.mp4")
        hand.wait_until_open(window)
        assert answers.asked == ["moved"]
        assert window.settings.recent[0] == small_video

    drive(script)


def video_with_few_kept_frames(
    hand: "Hand", window: MainWindow, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Open a copy with so small a cache that most frames must be read again from the file."""
    path = folder / "moving.mp4"
    path.write_bytes(source.read_bytes())
    monkeypatch.setattr(frame_cache, "BYTES_PER_PIXEL", 400)
    window.settings.set_value("cache_mib", 64)
    window.controller.open_video(path)
    hand.until(lambda: window.session.video is not None and window.session.video.sha256)
    hand.until(lambda: window.session.model.status is ModelStatus.READY)
    return path


def test_a_video_that_moves_while_it_is_open_is_found_again(
    hand: "Hand",
    drive: "Drive",
    small_video: Path,
    other_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = tmp_path / "moved.mp4"

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        path = video_with_few_kept_frames(hand, window, small_video, tmp_path, monkeypatch)
        hand.click(window, 100, 90)
        path.rename(moved)

        window.actions_by_id["grade"].trigger()  # the user does not find it
        hand.read_message(window, "moving.mp4 is not there any more")
        assert len(session.sperms) == 1

        answers.found = other_video  # then shows a wrong one
        window.actions_by_id["grade"].trigger()
        hand.read_message(window, "other.mp4 is another video than moving.mp4")
        assert session.video is not None
        assert session.video.path == path

        answers.found = moved
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: len(session.reportable) == 1)
        assert answers.asked == ["moved"] * 3
        assert session.video is not None
        assert session.video.path == moved
        assert window.settings.recent[0] == moved
        assert window.windowTitle().startswith("moved.mp4")
        last = session.cached_frames[1] - 1
        window.controller.player.seek(last)
        hand.until(lambda: session.frame == last)

    drive(script)


@pytest.mark.requirement("R-14")
def test_when_the_decoder_dies_the_window_says_so_and_decodes_on(
    hand: "Hand",
    drive: "Drive",
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = DecoderProcess.send
    to_kill: list[int] = []

    def send_and_die(process: DecoderProcess, request: object) -> None:
        if isinstance(request, wire.Stream) and to_kill:
            to_kill.clear()
            process.kill()
        send(process, request)

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        video_with_few_kept_frames(hand, window, small_video, tmp_path, monkeypatch)
        hand.click(window, 100, 90)
        to_kill.append(1)
        window.controller.player.seek(30)
        hand.read_message(window, "The decoder stopped while reading")
        window.controller.player.seek(20)
        hand.until(lambda: session.frame == 20)
        assert len(session.sperms) == 1

    monkeypatch.setattr(DecoderProcess, "send", send_and_die)
    drive(script, str(small_video))
