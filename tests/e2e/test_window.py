"""The work of an embryologist from the click to the report, through the real main()."""

import csv
import hashlib
import itertools
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pyqtgraph
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app import frame_cache, work
from app.main_window import REPORT, MainWindow
from app.pdf_pages import draw_pages
from app.records import ModelStatus, OverlayKind, Tool
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    LongJob,
    Progress,
    TrackStatus,
)

# The offscreen platform says this of every dialog; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
WAIT_MS = 180_000
FRAMES = 40  # of the small video
Drive = Callable[..., None]


class Answers(Protocol):
    """The user's answers; the fixture `drive` gives them."""

    asked: list[str]
    found: Path | None
    yes: bool


def until(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)


def on_screen(window: MainWindow, x_px: float, y_px: float) -> QPoint:
    """Where a place of the video is in the canvas."""
    canvas = window.review.canvas
    assert canvas.centralWidget is not None
    return QPoint(canvas.mapFromScene(canvas.centralWidget.mapViewToScene(QPointF(x_px, y_px))))


def click(qtbot: QtBot, window: MainWindow, x_px: float, y_px: float) -> None:
    qtbot.mouseClick(
        window.review.canvas.viewport(),
        Qt.MouseButton.LeftButton,
        pos=on_screen(window, x_px, y_px),
    )


def opened(qtbot: QtBot, window: MainWindow) -> None:
    until(qtbot, lambda: window.session.image is not None)
    until(qtbot, lambda: window.session.cached_frames[0] == window.session.info.frame_count)  # type: ignore[union-attr]  # there is a video
    until(qtbot, lambda: window.session.model.status is ModelStatus.READY)


def graded(qtbot: QtBot, window: MainWindow, count: int) -> None:
    window.actions_by_id["grade"].trigger()
    until(qtbot, lambda: len(window.session.reportable) == count)


def test_the_keys_reach_the_video_as_soon_as_it_is_open(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        canvas = window.review.canvas
        assert window.focusWidget() is canvas
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(canvas, key)
        assert len(window.session.sperms) == 1

    drive(script, str(small_video))


JAPANESE_SCRIPT = """
import sys
from PySide6.QtGui import QFontDatabase, QRawFont
import app.__main__ as program

application = program._application()
program._translate(application, "ja")
assert QFontDatabase.families(QFontDatabase.WritingSystem.Japanese)
families = application.font().families()
faces = [QRawFont.fromFont(application.font())]
assert len(families) > 1 or faces[0].supportsCharacter(ord("精"))
"""


def test_japanese_is_shown_on_a_system_without_a_japanese_font() -> None:
    done = subprocess.run(
        [sys.executable, "-c", JAPANESE_SCRIPT],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_from_the_click_to_the_report(
    qtbot: QtBot, drive: Drive, small_video: Path, tmp_path: Path
) -> None:
    expected: list[float] = []

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        click(qtbot, window, 90, 160)
        assert [s.name for s in session.sperms] == ["1", "2"]
        seed = session.sperms[0].seeds[0]
        assert math.hypot(seed.x_px - 100, seed.y_px - 90) < 1.5

        window.actions_by_id["track"].trigger()
        until(qtbot, lambda: all(session.track(s) for s in session.sperms))
        track = session.track(session.sperms[0])
        assert track is not None
        last = track.points[-1]
        assert (last.x_px, last.y_px) == pytest.approx((178, 90), abs=2.5)

        graded(qtbot, window, 2)
        expected.append(session.reportable[0].prediction.grade.expected_grade)
        panel = window.review.grade_panel
        grade = session.reportable[1].prediction.grade
        assert panel.numbers.values["expected"].text() == f"{grade.expected_grade:.2f}"
        assert DISCLAIMER_DEMONSTRATION in shown_texts(window)
        assert DISCLAIMER_AI_GRADE in shown_texts(window)

        for kind in OverlayKind:
            before = window.grab().toImage()
            window.actions_by_id[f"overlay_{kind.value}"].trigger()
            assert session.overlay.kind is kind
            if kind is not OverlayKind.NONE:
                assert window.grab().toImage() != before

        window.sample_bar.sample.setFocus()
        qtbot.keyClicks(window.sample_bar.sample, "=S-1")
        qtbot.keyClicks(window.sample_bar.operator, "Sato")
        with qtbot.waitSignal(window.controller.exported, timeout=WAIT_MS):
            window.actions_by_id["export"].trigger()

    drive(script, str(small_video))
    folder = tmp_path / "reports" / "S-1"
    check_report(folder, expected[0])


def shown_texts(window: MainWindow) -> set[str]:
    from PySide6.QtWidgets import QLabel

    return {w.text() for w in window.findChildren(QLabel) if w.isVisible()}


def check_report(folder: Path, expected_grade: float) -> None:
    from pypdf import PdfReader

    pages = [" ".join(p.extract_text().split()) for p in PdfReader(folder / "report.pdf").pages]
    assert all(DISCLAIMER_DEMONSTRATION in page for page in pages)
    assert "S-1" in " ".join(pages)
    with (folder / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=S-1" in cells
    assert not any(cell.startswith("=") for cell in cells)
    records = sorted(folder.glob("sperm-*/assessment.json"))
    assert len(records) == 2
    record = json.loads(records[0].read_text(encoding="utf-8"))
    assert record["schema"] == "rostfine.assessment/1"
    assert record["derived"]["expected_grade"] == pytest.approx(expected_grade)
    assert record["sample"] == {"sample": "=S-1", "operator": "Sato"}
    assert (records[0].parent / "track.csv").is_file()
    assert (records[0].parent / "explanation.png").is_file()


def test_correcting_a_track_and_taking_it_back(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        session, editor = window.session, window.controller.editor
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        graded(qtbot, window, 1)
        first = session.track(session.sperms[0])
        window.controller.player.seek(10)
        until(qtbot, lambda: session.frame == 10)
        window.actions_by_id["tool_correct"].trigger()
        assert session.tool is Tool.CORRECT
        click(qtbot, window, 112, 160)
        assert len(session.sperms[0].seeds) == 2
        assert session.track(session.sperms[0]) is None
        window.actions_by_id["track"].trigger()
        until(qtbot, lambda: session.track(session.sperms[0]))
        corrected = session.track(session.sperms[0])
        assert corrected is not None
        point = corrected.at(10)
        assert point is not None
        assert point.status is TrackStatus.MANUAL
        assert corrected.points[-1].y_px == pytest.approx(160, abs=3)

        window.actions_by_id["undo"].trigger()
        assert session.track(session.sperms[0]) == first
        assert session.assessment(session.sperms[0]) is not None
        window.actions_by_id["redo"].trigger()
        assert session.track(session.sperms[0]) == corrected
        while editor.undo_stack.canUndo():
            window.actions_by_id["undo"].trigger()
        assert session.sperms == ()

    drive(script, str(small_video))


def drag(
    qtbot: QtBot, window: MainWindow, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """Press at one place of the video, move there in steps, and let go at the other."""
    viewport = window.review.canvas.viewport()
    places = [on_screen(window, *start), on_screen(window, *end)]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [places[0] + (places[1] - places[0]) * k / 8 for k in range(1, 9)]
    limit = pyqtgraph.getConfigOption("mouseRateLimit")
    pyqtgraph.setConfigOption("mouseRateLimit", 0)  # no hand moves as fast as these events follow
    for kind, place, button, buttons in (
        (QEvent.Type.MouseButtonPress, places[0], left, left),
        *((QEvent.Type.MouseMove, place, none, left) for place in steps),
        (QEvent.Type.MouseButtonRelease, places[1], left, none),
    ):
        seen = QPointF(place), QPointF(viewport.mapToGlobal(place))
        event = QMouseEvent(kind, *seen, button, buttons, Qt.KeyboardModifier.NoModifier)
        QCoreApplication.sendEvent(viewport, event)
    pyqtgraph.setConfigOption("mouseRateLimit", limit)


def test_a_marker_is_dragged_to_the_right_place_with_the_mouse(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        window.actions_by_id["track"].trigger()
        until(qtbot, lambda: session.track(session.sperms[0]))
        window.controller.player.seek(10)
        until(qtbot, lambda: session.frame == 10)
        before = session.sperms[0].seeds

        drag(qtbot, window, (260, 40), (290, 60))  # an empty place: the picture is moved
        assert session.sperms[0].seeds == before
        window.review.canvas.zoom_fit()
        drag(qtbot, window, (120, 90), (112, 160))
        assert len(session.sperms) == 1
        assert len(session.sperms[0].seeds) == 2
        said = session.sperms[0].seeds[1]
        assert said.frame == 10
        assert (said.x_px, said.y_px) == pytest.approx((112, 160), abs=1.5)
        window.actions_by_id["track"].trigger()
        until(qtbot, lambda: session.track(session.sperms[0]))
        corrected = session.track(session.sperms[0])
        assert corrected is not None
        assert corrected.points[-1].y_px == pytest.approx(160, abs=3)

    drive(script, str(small_video))


def test_the_crop_runs_as_a_looping_film(qtbot: QtBot, drive: Drive, small_video: Path) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        session, loupe = window.session, window.review.loupe
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        window.actions_by_id["track"].trigger()
        until(qtbot, lambda: session.film(session.sperms[0]))
        loupe.look_away()
        film = session.film(session.sperms[0])
        assert film is not None
        seen: list[str] = []

        def is_seen_twice() -> bool:
            text = loupe.caption.text()
            if not seen or seen[-1] != text:
                seen.append(text)
            return seen.count(seen[0]) >= 2

        until(qtbot, is_seen_twice)
        assert len(film.frames) == FRAMES
        assert len(set(seen)) > FRAMES / 2  # a busy machine may skip some
        numbers = [int(text.rsplit(" ", 1)[1]) for text in seen]
        assert sum(b < a for a, b in itertools.pairwise(numbers)) == 1
        shown = loupe.grab().toImage()
        until(qtbot, lambda: loupe.grab().toImage() != shown)

    drive(script, str(small_video))


def test_with_track_and_grade_at_once_a_click_is_enough(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        window.settings.set_value("auto_track", True)
        window.settings.set_value("auto_grade", True)
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        click(qtbot, window, 90, 160)
        until(qtbot, lambda: len(window.session.reportable) == 2)
        until(qtbot, lambda: window.session.film(window.session.sperms[1]))

    drive(script, str(small_video))


class Held:
    """Holds one kind of work in its middle until it is cancelled, so that it cannot end first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, *, owner: object = work) -> None:
        self.reached, self._go_on = threading.Event(), threading.Event()
        self.closed = 0
        self._patch, self._name, self._owner = monkeypatch, name, owner
        self._real = getattr(owner, name)
        # A plain function, so that a class that owns it passes its object on.
        monkeypatch.setattr(owner, name, lambda *args, **named: self._run(*args, **named))

    def _run(self, *args: object, **named: object) -> LongJob[object]:
        inner = self._real(*args, **named)
        try:
            yield next(inner)
            self.reached.set()
            self._go_on.wait(30)
            while True:
                yield Progress(stage="opening", done=1, total=2)
        finally:
            inner.close()
            self.closed += 1

    def let_go(self) -> None:
        """Run what is started from now on to its end, and what is held until it is cancelled."""
        self._patch.setattr(self._owner, self._name, self._real)
        self._go_on.set()


HOLDABLE = {"track": "track_sperms", "grade": "grade_sperms", "export": "export"}


@pytest.mark.parametrize("kind", ["track", "grade", "export"])
def test_cancelling_in_the_middle_leaves_the_session_whole(
    qtbot: QtBot, drive: Drive, small_video: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        if kind != "track":
            window.actions_by_id["track"].trigger()
            until(qtbot, lambda: session.track(session.sperms[0]))
        if kind == "export":
            graded(qtbot, window, 1)
        held = Held(monkeypatch, HOLDABLE[kind])
        window.actions_by_id[kind].trigger()
        until(qtbot, held.reached.is_set)
        assert window.controller.is_busy
        window.actions_by_id["cancel"].trigger()
        held.let_go()
        until(qtbot, lambda: not window.controller.is_busy)
        assert held.closed == 1
        assert len(session.sperms) == 1
        if kind == "export":
            folder = window.controller.report_folder
            assert list(folder.iterdir()) == []
            with qtbot.waitSignal(window.controller.exported, timeout=WAIT_MS):
                window.actions_by_id["export"].trigger()
        else:
            graded(qtbot, window, 1)

    drive(script, str(small_video))


def test_cancelling_while_another_video_opens_keeps_the_first(
    qtbot: QtBot,
    drive: Drive,
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(small_video.read_bytes())

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        held = Held(monkeypatch, "open_source")
        window.controller.open_video(other)
        until(qtbot, held.reached.is_set)
        assert window.controller.is_busy
        window.actions_by_id["cancel"].trigger()
        held.let_go()
        until(qtbot, lambda: not window.controller.is_busy)
        assert held.closed == 1
        assert session.video is not None
        assert session.video.path == small_video
        assert len(session.sperms) == 1
        assert visible_boxes(window) == []
        graded(qtbot, window, 1)
        window.controller.open_video(other)
        until(qtbot, lambda: session.video is not None and session.video.path == other)

    drive(script, str(small_video))


def test_the_checksum_of_a_video_that_is_left_is_cancelled(
    qtbot: QtBot,
    drive: Drive,
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A result must never name the checksum of the video before."""
    other = tmp_path / "other.mp4"
    other.write_bytes(small_video.read_bytes() + b"other bytes at the end")
    expected = hashlib.sha256(other.read_bytes()).hexdigest()

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        held = Held(monkeypatch, "checksum")
        window.controller.open_video(small_video)
        until(qtbot, held.reached.is_set)
        held.let_go()
        window.controller.open_video(other)
        until(qtbot, lambda: session.video is not None and session.video.path == other)
        until(qtbot, lambda: session.video is not None and session.video.sha256)
        assert held.closed == 1
        assert session.video is not None
        assert session.video.sha256 == expected

    drive(script)


def test_decoding_a_video_that_is_left_is_cancelled(
    qtbot: QtBot,
    drive: Drive,
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The frames of the video before must not be kept, nor its file held open."""
    other = tmp_path / "other.mp4"
    other.write_bytes(small_video.read_bytes())

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        held = Held(monkeypatch, "fill", owner=frame_cache.FrameCache)
        window.controller.open_video(small_video)
        until(qtbot, held.reached.is_set)
        assert session.cached_frames[0] < session.cached_frames[1]
        held.let_go()
        window.controller.open_video(other)
        until(qtbot, lambda: session.video is not None and session.video.path == other)
        until(qtbot, lambda: session.cached_frames[0] == session.cached_frames[1] == FRAMES)
        until(qtbot, lambda: held.closed == 1)

    drive(script)


def test_a_model_chosen_while_another_loads_takes_its_place(
    qtbot: QtBot, drive: Drive, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, "load_model")

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        until(qtbot, held.reached.is_set)
        assert session.model.status is ModelStatus.LOADING
        held.let_go()
        window.controller.analysis.load_model()
        until(qtbot, lambda: session.model.status is ModelStatus.READY)
        assert held.closed == 1
        assert session.model.info is not None
        assert session.model.info.file_name == model_file.name

    drive(script)


def test_closing_while_the_model_loads_ends_the_load(
    qtbot: QtBot, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, "load_model")

    def script(window: MainWindow, answers: Answers) -> None:
        until(qtbot, held.reached.is_set)
        held.let_go()
        assert window.close()
        assert held.closed == 1
        assert window.session.model.status is ModelStatus.LOADING
        assert visible_boxes(window) == []

    drive(script)


def test_a_file_dropped_on_the_window_is_opened_or_refused_in_a_sentence(
    qtbot: QtBot, drive: Drive, small_video: Path, tmp_path: Path
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

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        drop(window, QUrl("https://example.org/sperm.mp4"))
        drop(window, QUrl.fromLocalFile(str(small_video)))
        until(qtbot, lambda: session.video is not None)
        with qtbot.waitSignal(window.controller.failed, timeout=WAIT_MS) as told:
            drop(window, QUrl.fromLocalFile(str(text)))
        assert told.args is not None
        assert "notes.txt" in told.args[0]
        assert session.video is not None
        assert session.video.path == small_video
        for box in visible_boxes(window):
            box.close()

    drive(script)


def test_a_preview_in_its_middle_gives_way_to_what_is_typed(
    qtbot: QtBot, drive: Drive, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        graded(qtbot, window, 1)
        shown: list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]] = []
        window.controller.previewed.connect(shown.append)
        held = Held(monkeypatch, "preview")
        window.show_page(REPORT)
        until(qtbot, held.reached.is_set)
        held.let_go()
        qtbot.keyClicks(window.report.sample, "S-9")
        until(qtbot, lambda: shown)
        assert held.closed == 1
        with qtbot.waitSignal(window.controller.exported, timeout=WAIT_MS):
            window.actions_by_id["export"].trigger()
        exported = tuple(draw_pages(window.controller.report_folder / "report.pdf"))
        assert window.controller.report_folder.name == "S-9"
        assert len(shown[-1]) == len(exported)
        assert all(np.array_equal(a, b) for a, b in zip(shown[-1], exported, strict=True))

    drive(script, str(small_video))


def test_a_second_click_on_grade_changes_nothing(
    qtbot: QtBot, drive: Drive, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    real = work.grade_sperms

    def counting(order: work.GradeOrder, **named: object) -> object:
        batches.append(len(order.tracks))
        return real(order, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(work, "grade_sperms", counting)

    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        click(qtbot, window, 90, 160)
        window.actions_by_id["grade"].trigger()
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: window.session.work("grade"))
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: len(window.session.reportable) == 2)
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: not window.controller.is_busy)
        assert batches == [2]

    drive(script, str(small_video))


def test_a_bad_file_is_told_and_the_open_video_stays(
    qtbot: QtBot, drive: Drive, small_video: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all" * 50)

    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
        window.controller.open_video(bad)
        until(qtbot, lambda: visible_boxes(window))
        (box,) = visible_boxes(window)
        assert "bad.mp4" in box.text()
        box.close()
        assert window.session.video is not None
        assert window.session.video.path == small_video
        assert len(window.session.sperms) == 1

    drive(script, str(small_video))


def visible_boxes(window: MainWindow) -> list[QMessageBox]:
    return [b for b in window.findChildren(QMessageBox) if b.isVisible()]


def test_a_moved_video_is_found_again(
    qtbot: QtBot, drive: Drive, small_video: Path, tmp_path: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        answers.found = small_video
        window.controller.open_video(tmp_path / "gone.mp4")
        opened(qtbot, window)
        assert answers.asked == ["moved"]
        assert window.settings.recent[0] == small_video

    drive(script)


def video_with_few_kept_frames(
    qtbot: QtBot, window: MainWindow, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Open a copy of which most frames must be read again from its file."""
    path = folder / "moving.mp4"
    path.write_bytes(source.read_bytes())
    monkeypatch.setattr(frame_cache, "BYTES_PER_PIXEL", 400)
    window.settings.set_value("cache_mib", 64)
    window.controller.open_video(path)
    until(qtbot, lambda: window.session.video is not None and window.session.video.sha256)
    until(qtbot, lambda: window.session.model.status is ModelStatus.READY)
    return path


def test_a_video_that_moves_while_it_is_open_is_found_again(
    qtbot: QtBot,
    drive: Drive,
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved, other = tmp_path / "moved.mp4", tmp_path / "other.mp4"
    other.write_bytes(small_video.read_bytes() + b"another")

    def script(window: MainWindow, answers: Answers) -> None:
        session = window.session
        path = video_with_few_kept_frames(qtbot, window, small_video, tmp_path, monkeypatch)
        click(qtbot, window, 100, 90)
        path.rename(moved)

        window.actions_by_id["grade"].trigger()  # the user does not find it
        told_once(qtbot, window, "moving.mp4 is not there any more")
        assert len(session.sperms) == 1

        answers.found = other  # then shows a wrong one
        window.actions_by_id["grade"].trigger()
        told_once(qtbot, window, "other.mp4 is another video than moving.mp4")
        assert session.video is not None
        assert session.video.path == path

        answers.found = moved
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: len(session.reportable) == 1)
        assert answers.asked == ["moved"] * 3
        assert session.video is not None
        assert session.video.path == moved
        assert window.settings.recent[0] == moved
        assert window.windowTitle().startswith("moved.mp4")
        window.controller.player.seek(FRAMES - 1)
        until(qtbot, lambda: session.frame == FRAMES - 1)

    drive(script)


def told_once(qtbot: QtBot, window: MainWindow, part: str) -> None:
    until(qtbot, lambda: visible_boxes(window))
    until(qtbot, lambda: not window.controller.is_busy)
    (box,) = visible_boxes(window)
    assert part in box.text()
    box.close()


def test_a_model_that_is_none_is_told_and_can_be_replaced(
    qtbot: QtBot, drive: Drive, small_video: Path, tmp_path: Path, model_file: Path
) -> None:
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"not a model")

    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        window.settings.set_value("model_path", str(foreign))
        until(qtbot, lambda: visible_boxes(window))
        for box in visible_boxes(window):
            assert "foreign.safetensors" in box.text()
            box.close()
        click(qtbot, window, 100, 90)
        window.settings.set_value("model_path", str(model_file))
        until(qtbot, lambda: window.session.model.status is ModelStatus.READY)
        graded(qtbot, window, 1)

    drive(script, str(small_video))


def test_closing_while_work_runs_asks_and_cleans_up(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    def script(window: MainWindow, answers: Answers) -> None:
        opened(qtbot, window)
        click(qtbot, window, 100, 90)
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
