"""Typed text takes effect before an action, and typing changes nothing else."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from app.main_window import MainWindow
from app.state.records import Leaving, Page, Saving, Tool
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.video import write_video

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def type_scale(window: MainWindow, text: str) -> None:
    """Type into the um/px field and keep the focus there."""
    field = window.sample_bar.um_per_px
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def test_a_typed_scale_takes_effect_at_once(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        type_scale(window, "0.19")
        hand.grade(window, 1)
        assert window.session.calibration.um_per_px == 0.19
        with hand.waiting_for(window.controller.reporter.exported) as exported:
            window.actions_by_id["export"].trigger()
        assert exported.args is not None
        (file,) = Path(exported.args[0]).rglob("assessment.json")
        made = json.loads(file.read_text(encoding="utf-8"))
        assert made["provenance"]["um_per_px"] == 0.19
        assert made["kinematics"]["unit"] == "um/s"
        window.review.canvas.setFocus()  # leaving the field changes nothing more
        assert len(window.session.reportable) == 1

    drive(script, str(small_video))


def test_no_report_is_written_while_a_typed_scale_is_being_computed(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        type_scale(window, "0.19")
        window.sample_bar.commit()  # as when a mouse click takes the focus
        assert not window.session.reportable
        assert window.actions_by_id["export"].isEnabled()
        assert window.report.export.isEnabled()  # otherwise the click that ended the typing is lost
        window.report.export.click()
        assert "being graded" in window.session.message
        hand.until(lambda: len(window.session.reportable) == 1)
        with hand.waiting_for(window.controller.reporter.exported):
            window.actions_by_id["export"].trigger()

    drive(script, str(small_video))


def test_text_typed_before_opening_a_video_is_kept(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session, bar = window.session, window.sample_bar
        QTest.keyClicks(bar.sample, "S-0123")
        QTest.keyClicks(bar.operator, "Sato")
        line = bar.profile.lineEdit()
        assert line is not None
        QTest.keyClicks(line, "Nikon")
        bar.commit()
        type_scale(window, "0.19")
        bar.commit()
        window.controller.open_video(small_video)
        hand.wait_until_open(window)
        assert (session.sample.sample, session.sample.operator) == ("S-0123", "Sato")
        assert (session.calibration.profile, session.calibration.um_per_px) == ("Nikon", 0.19)
        assert [p.um_per_px for p in window.settings.profiles] == [0.19]
        window.controller.open_video(other_video)  # another sample, the same operator
        hand.until(lambda: session.video is not None and session.video.path == other_video)
        assert (session.sample.sample, session.sample.operator) == ("", "Sato")

    drive(script)


def test_another_scale_for_a_known_microscope_is_reported(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        line = window.sample_bar.profile.lineEdit()
        assert line is not None
        QTest.keyClicks(line, "Nikon")
        window.sample_bar.commit()
        assert "Nikon" not in window.session.message
        type_scale(window, "0.19")
        window.sample_bar.commit()
        assert "Nikon" in window.session.message
        assert [p.um_per_px for p in window.settings.profiles] == [0.19]

    drive(script, str(small_video))


@pytest.mark.qt_log_ignore("grabbing the keyboard", "raise()")  # a combo box opens offscreen
def test_keys_that_edit_text_do_not_change_sperm(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session, bar = window.session, window.sample_bar
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        chosen = session.sperms
        for field in (bar.sample, bar.um_per_px, bar.profile):
            window.activateWindow()
            field.setFocus()
            hand.until(field.hasFocus)
            for key, modifiers in (
                (Qt.Key.Key_Backspace, CTRL),
                (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier),
                (Qt.Key.Key_Down, ALT),
                (Qt.Key.Key_Up, ALT),
            ):
                QTest.keyClick(field, key, modifiers)
                popup = QApplication.activePopupWidget()
                if popup is not None:
                    popup.close()
            assert session.sperms == chosen
        window.review.canvas.setFocus()
        QTest.keyClick(window.review.canvas, Qt.Key.Key_Delete)
        assert session.sperms == chosen[:1]

    drive(script, str(small_video))


def test_a_name_being_typed_is_discarded_when_another_video_opens(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path
) -> None:
    """Its sperm is gone: the name must neither fail nor be given to another."""

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        window.actions_by_id["rename"].trigger()
        (editor,) = window.review.sperm_list.view.findChildren(QLineEdit)
        QTest.keyClicks(editor, "best")
        window.controller.open_video(other_video)
        hand.until(lambda: window.session.sperms == ())
        hand.wait_until_open(window)
        hand.click(window, 90, 160)
        assert [s.name for s in window.session.sperms] == ["1"]

    drive(script, str(small_video))


def test_the_mouse_wheel_does_not_change_fields_without_focus(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        window.settings.save_profile(window.session.calibration)
        window.review.canvas.setFocus()
        before = window.session.calibration
        for field in (window.sample_bar.profile, window.sample_bar.um_per_px):
            place = QPointF(field.rect().center())
            event = QWheelEvent(
                place,
                QPointF(field.mapToGlobal(place)),
                QPoint(),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(field, event)
        window.sample_bar.commit()
        assert window.session.calibration == before

    drive(script, str(small_video))


def test_only_a_visible_sperm_can_be_removed(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        ids = ("remove", "accept", "reject", "move_up", "move_down")
        for page, is_seen in ((Page.COMPARE, False), (Page.REPORT, False), (Page.REVIEW, True)):
            window.controller.show_page(page)
            assert {window.actions_by_id[id].isEnabled() for id in ids} == {is_seen}

    drive(script, str(small_video))


def test_a_dialog_is_opened_once(hand: "Hand", drive: "Drive") -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        for id in ("settings", "shortcuts", "about"):
            for _ in range(2):
                window.actions_by_id[id].trigger()
            (dialog,) = (d for d in window.findChildren(QDialog) if d.isVisible())
            dialog.close()
            hand.until(lambda: not [d for d in window.findChildren(QDialog) if d.isVisible()])

    drive(script)


@pytest.mark.requirement("R-91")
def test_a_scale_is_neither_carried_to_another_size_nor_to_another_microscope(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    write_video(large, [np.full((480, 640, 3), 120, dtype=np.uint8)] * 5, fps=20)

    def script(window: MainWindow, answers: "Answers") -> None:
        session, bar = window.session, window.sample_bar
        line = bar.profile.lineEdit()
        assert line is not None

        def used() -> tuple[str, float | None]:
            return session.calibration.profile, session.calibration.um_per_px

        def open_video(path: Path) -> None:
            window.controller.open_video(path)
            hand.until(lambda: session.video is not None and session.video.path == path)
            hand.until(lambda: window.controller.keeper.is_known)

        hand.wait_until_open(window)
        QTest.keyClicks(line, "Nikon")
        bar.commit()
        type_scale(window, "0.19")
        bar.commit()
        open_video(other_video)  # of the same size, and that is said
        assert used()[1] == 0.19
        assert "Nikon: 0.19" in session.message
        open_video(large)
        assert used() == ("Nikon", None)
        assert "another size of picture" in session.message
        assert bar.take_scale.isVisible()
        assert [p.um_per_px for p in window.settings.profiles] == [0.19]
        bar.take_scale.trigger()
        assert used()[1] == 0.19
        line.selectAll()
        QTest.keyClicks(line, "Zeiss")
        bar.commit()
        assert used() == ("Zeiss", None)
        bar.profile.setCurrentText("Nikon")
        bar.commit()  # taken for this size by now
        assert used()[1] == 0.19
        open_video(small_video)
        assert used() == ("Nikon", 0.19)  # as it was left
        bar.profile.setCurrentText("")
        bar.commit()
        bar.profile.setCurrentText("Nikon")
        bar.commit()
        assert used()[1] is None
        assert "another size of picture" in session.message

    drive(script, str(small_video))


def test_the_scale_is_set_by_a_line_over_a_stage_micrometer(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        window.actions_by_id["tool_scale"].trigger()
        hand.drag(window, (100, 40), (110, 40))
        assert "short" in session.message
        assert answers.asked == []
        hand.drag(window, (60, 40), (260, 40))
        assert answers.asked == ["line of 200 px"]
        assert session.calibration.um_per_px is None  # the user did not say
        answers.length_um = 50.0
        hand.drag(window, (60, 40), (260, 40))
        assert session.calibration.um_per_px == pytest.approx(0.25, rel=0.02)
        assert session.tool is Tool.SELECT
        window.actions_by_id["undo"].trigger()
        assert session.calibration.um_per_px is None

    drive(script, str(small_video))


def test_a_sample_without_a_name_is_asked_for_before_the_export(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        reporter = window.controller.reporter
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        answers.sample = None
        assert not reporter.export()
        assert answers.asked == ["sample"]
        answers.sample = "S-0815"
        with hand.waiting_for(reporter.exported):
            assert reporter.export()
        assert window.sample_bar.sample.text() == "S-0815"
        assert (tmp_path / "reports" / "S-0815" / "report.pdf").is_file()
        window.controller.editor.undo()
        assert window.session.sample.sample == ""

    drive(script, str(small_video))


def test_what_still_cannot_be_kept_is_not_exported(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path
) -> None:
    """The user learns so at once, and no later report leads them on."""
    is_full = True

    def keep(_: object) -> None:
        if is_full:
            raise StoreError(Message("The disk is full."))

    def script(window: MainWindow, answers: "Answers") -> None:
        nonlocal is_full
        session, controller = window.session, window.controller
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        controller.store.keep(keep)
        hand.until(lambda: session.saving.problem)
        answers.leaving = Leaving.EXPORT
        with hand.waiting_for(controller.failed) as refused:
            controller.open_video(other_video)
        assert refused.args is not None
        assert "still cannot be kept: The disk is full." in refused.args[0]
        assert answers.asked == ["export or discard 1"]
        is_full = False
        assert not controller.open_video(other_video)
        hand.until(lambda: session.video is not None and session.video.path == other_video)
        assert not session.saving.problem

    drive(script, str(small_video))


def test_what_cannot_be_kept_is_exported_before_going_on(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path, tmp_path: Path
) -> None:
    full = Saving(unsaved=2, problem="The disk is full.")

    def script(window: MainWindow, answers: "Answers") -> None:
        session, controller = window.session, window.controller
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        session.set_saving(full)
        answers.leaving = Leaving.STAY
        assert not controller.open_video(other_video)
        assert answers.asked == ["export or discard 2"]
        answers.leaving, answers.sample = Leaving.EXPORT, None
        assert not controller.open_video(other_video)  # without a name nothing is exported
        hand.until(lambda: not controller.is_busy)
        assert session.video is not None
        assert session.video.path == small_video
        answers.sample = "S-1"
        assert not controller.open_video(other_video)
        session.set_saving(Saving())  # as when what could not be kept is dropped
        hand.until(lambda: session.video is not None and session.video.path == other_video)
        assert (tmp_path / "reports" / "S-1" / "report.pdf").is_file()

    drive(script, str(small_video))
