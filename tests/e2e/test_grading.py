"""From click to grade and report, through the real main()."""

import csv
import itertools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.jobs import report_tasks, sperm_tasks
from app.main_window import MainWindow
from app.state.records import OverlayKind
from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION
from tests.e2e.conftest import on_screen

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand, Hold

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def test_the_keys_reach_the_video_as_soon_as_it_is_open(
    qtbot: QtBot, hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        canvas = window.review.canvas
        assert window.focusWidget() is canvas
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(canvas, key)
        assert "No head stands out here" in window.session.message
        hand.click(window, 100, 90)
        hand.click(window, 20, 20)
        assert "No head stands out here" in window.session.message
        hand.click(window, 100, 90)  # chosen already
        assert window.session.message == ""

    drive(script, str(small_video))


def test_from_the_click_to_the_report(
    qtbot: QtBot, hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    expected: list[float] = []

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        assert [s.name for s in session.sperms] == ["1", "2"]
        seed = session.sperms[0].seeds[0]
        assert math.hypot(seed.x_px - 100, seed.y_px - 90) < 1.5

        window.actions_by_id["track"].trigger()
        hand.until(lambda: all(session.track(s) for s in session.sperms))
        track = session.track(session.sperms[0])
        assert track is not None
        last = track.points[-1]
        assert (last.x_px, last.y_px) == pytest.approx((178, 90), abs=2.5)

        hand.grade(window, 2)
        expected.append(session.reportable[0].prediction.grade.expected_grade)
        panel = window.review.grade_panel
        grade = session.reportable[1].prediction.grade
        assert panel.numbers.values["expected"].text() == f"{grade.expected_grade:.2f}"
        assert DISCLAIMER_DEMONSTRATION in shown_texts(window)
        assert DISCLAIMER_AI_GRADE in shown_texts(window)

        window.actions_by_id["overlay_none"].trigger()
        plain = window.grab().toImage()
        for kind in OverlayKind:
            window.actions_by_id[f"overlay_{kind.value}"].trigger()
            assert session.overlay.kind is kind
            assert (window.grab().toImage() == plain) is (kind is OverlayKind.NONE), kind

        window.sample_bar.sample.setFocus()
        qtbot.keyClicks(window.sample_bar.sample, "=S-1")
        qtbot.keyClicks(window.sample_bar.operator, "Sato")
        with hand.waiting_for(window.controller.reporter.exported):
            window.actions_by_id["export"].trigger()
        window.controller.settings.set_value("report_language", "ja")
        qtbot.keyClicks(window.sample_bar.sample, "J")
        with hand.waiting_for(window.controller.reporter.exported):
            window.actions_by_id["export"].trigger()

    drive(script, str(small_video))
    folder = tmp_path / "reports" / "S-1"
    check_report(folder, expected[0])
    first_page, *_ = PdfReader(tmp_path / "reports" / "S-1J" / "report.pdf").pages
    assert "AI 品質評価レポート" in first_page.extract_text()


def shown_texts(window: MainWindow) -> set[str]:
    return {w.text() for w in window.findChildren(QLabel) if w.isVisible()}


def check_report(folder: Path, expected_grade: float) -> None:
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


def test_edits_during_an_export_count_as_not_exported(
    hand: "Hand", drive: "Drive", hold: "Hold", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        controller, bar = window.controller, window.sample_bar
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        QTest.keyClicks(bar.sample, "S-1")
        held = hold(report_tasks, "export", steps=None)
        window.actions_by_id["export"].trigger()
        held.wait()
        QTest.keyClicks(bar.sample, "2")  # merges into one edit with the letters before
        with hand.waiting_for(controller.reporter.exported):
            held.let_go()
        assert controller.reporter.has_unexported
        with hand.waiting_for(controller.reporter.exported):
            window.actions_by_id["export"].trigger()
        assert not controller.reporter.has_unexported

    drive(script, str(small_video))


def test_a_sperm_that_cannot_be_graded_says_why_without_a_dialog(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    """It is seen only in the last frame; beside a sperm that can be graded it says the same."""

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        last = session.cached_frames[1] - 1
        window.controller.player.seek(last)
        hand.until(lambda: session.frame == last)
        hand.click(window, 178, 90)
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: session.rejection(session.sperms[0]))
        rejection = str(session.rejection(session.sperms[0]))
        assert "too few to grade" in rejection
        assert rejection in shown_texts(window)
        hand.until(lambda: not window.controller.is_busy)
        assert hand.boxes(window) == []

    drive(script, str(small_video))


def test_with_track_and_grade_at_once_a_click_is_enough(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        window.settings.set_value("auto_track", True)
        window.settings.set_value("auto_grade", True)
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        hand.until(lambda: len(window.session.reportable) == 2)
        hand.until(lambda: window.session.film(window.session.sperms[1]))

    drive(script, str(small_video))


def test_a_second_click_on_grade_changes_nothing(
    hand: "Hand", drive: "Drive", small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    real = sperm_tasks.grade_sperms

    def counting(order: sperm_tasks.GradeOrder, **named: object) -> object:
        batches.append(len(order.tracks))
        return real(order, **named)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(sperm_tasks, "grade_sperms", counting)

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        window.actions_by_id["grade"].trigger()
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: window.session.running_job("grade"))
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: len(window.session.reportable) == 2)
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: not window.controller.is_busy)
        assert batches == [2]

    drive(script, str(small_video))


def test_the_crop_runs_as_a_looping_film(hand: "Hand", drive: "Drive", small_video: Path) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session, view = window.session, window.review.grade_panel.film
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        window.actions_by_id["track"].trigger()
        hand.until(lambda: session.film(session.sperms[0]))
        film = session.film(session.sperms[0])
        assert film is not None
        seen: list[str] = []

        def is_seen_twice() -> bool:
            text = view.toolTip()
            if not seen or seen[-1] != text:
                seen.append(text)
            return seen.count(seen[0]) >= 2

        hand.until(is_seen_twice)
        assert len(film.frames) == session.cached_frames[1]
        assert len(set(seen)) > len(film.frames) / 2  # a busy machine may skip some
        numbers = [int(text.rsplit(" ", 1)[1]) for text in seen]
        assert sum(b < a for a, b in itertools.pairwise(numbers)) == 1
        shown = view.grab().toImage()
        hand.until(lambda: view.grab().toImage() != shown)

    drive(script, str(small_video))


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen has no menus of its own
def test_the_right_button_opens_what_can_be_done_there(
    qtbot: QtBot, hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def open_menu(window: MainWindow, area: QAbstractScrollArea, place: QPoint) -> list[str]:
        seen = QPointF(place), QPointF(area.viewport().mapToGlobal(place))
        right, none = Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
        if area is window.review.canvas:
            qtbot.mouseClick(area.viewport(), right, pos=place)
        else:
            reason = QContextMenuEvent.Reason.Mouse
            event = QContextMenuEvent(reason, place, seen[1].toPoint(), none)
            QCoreApplication.sendEvent(area.viewport(), event)
        menu = window.context_menus.latest
        assert menu is not None
        ids = [a.objectName() for a in menu.actions() if a.isEnabled() and a.objectName()]
        menu.close()
        return ids

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        review, session = window.review, window.session
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: len(session.reportable) == 2)
        assert "find_heads" in open_menu(window, review.canvas, on_screen(window, 250, 30))
        on_sperm = open_menu(window, review.canvas, on_screen(window, 100, 90))
        assert {"chosen", "remove", "copy_numbers"} <= set(on_sperm)
        assert session.selected == session.sperms[0].key
        row = review.sperm_list.view.visualRect(review.sperm_list.view.model().index(1, 0))
        assert "rename" in open_menu(window, review.sperm_list.view, row.center())
        assert "play" in open_menu(window, review.timeline.plot, QPoint(60, 20))
        plot = review.grade_panel.histogram.plot
        assert open_menu(window, plot, QPoint(60, 40)) == ["copy_numbers"]
        window.actions_by_id["copy_numbers"].trigger()
        assert "Votes A or B" in QApplication.clipboard().text()

    drive(script, str(small_video))
