"""The shortcuts do what the menus say."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.state.records import OverlayKind, Tool
from app.views.dialogs.manual import ManualDialog

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
NONE = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(window.focusWidget() or window, key, modifier)


def test_keys_step_play_and_choose_what_a_click_does(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        session = window.session
        press(window, Qt.Key.Key_L)
        press(window, Qt.Key.Key_L, SHIFT)
        hand.until(lambda: session.frame == 11)
        press(window, Qt.Key.Key_J)
        hand.until(lambda: session.frame == 10)
        for key, is_playing in ((Qt.Key.Key_K, True), (Qt.Key.Key_Space, False)):
            press(window, key)
            assert session.is_playing is is_playing
            assert window.actions_by_id["play"].isChecked() is is_playing
        window.review.sperm_list.view.setFocus()
        press(window, Qt.Key.Key_Space)
        assert session.is_playing
        window.tool_bar.widgetForAction(window.actions_by_id["page_compare"]).setFocus()
        press(window, Qt.Key.Key_Space)  # presses the button
        assert session.is_playing
        assert window.pages.currentWidget() is window.compare
        press(window, Qt.Key.Key_K)
        for key, tool in (
            (Qt.Key.Key_M, Tool.MEASURE),
            (Qt.Key.Key_C, Tool.CORRECT),
            (Qt.Key.Key_S, Tool.SELECT),
        ):
            press(window, key)
            assert session.tool is tool
            assert window.actions_by_id[f"tool_{tool.value}"].isChecked()

    drive(script, str(small_video))


def test_keys_grade_show_attention_change_pages_and_undo(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        session = window.session
        press(window, Qt.Key.Key_2)
        kinds = [session.overlay.kind]  # there is no overlay yet
        hand.click(window, 100, 90)
        press(window, Qt.Key.Key_G, CTRL)
        hand.until(lambda: len(session.reportable) == 1)
        press(window, Qt.Key.Key_2)
        kinds.append(session.overlay.kind)
        assert kinds == [OverlayKind.NONE, OverlayKind.ROLLOUT]
        press(window, Qt.Key.Key_F6)
        assert window.pages.currentWidget() is window.compare
        press(window, Qt.Key.Key_Delete)
        assert len(session.sperms) == 1  # the sperm is not visible
        press(window, Qt.Key.Key_F2)
        assert window.pages.currentWidget() is window.review  # names are edited in its list
        press(window, Qt.Key.Key_Escape)
        window.review.canvas.setFocus()
        for key, modifier, count in ((Qt.Key.Key_Delete, NONE, 0), (Qt.Key.Key_Z, CTRL, 1)):
            press(window, key, modifier)
            assert len(session.sperms) == count

    drive(script, str(small_video))


@pytest.mark.parametrize(("language", "words"), [("en", "Intended use"), ("ja", "使用目的")])
def test_f1_opens_the_manual_in_the_windows_language(
    hand: "Hand", drive: "Drive", tmp_path: Path, language: str, words: str
) -> None:
    file = tmp_path / "manual.pdf"

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.until(window.isActiveWindow)
        press(window, Qt.Key.Key_F1)
        (dialog,) = window.findChildren(ManualDialog)
        hand.until(dialog.isVisible)
        assert words in dialog.text.toPlainText()
        dialog.pdf_requested.emit(str(file))
        hand.until(file.exists)
        hand.until(lambda: str(file) in window.session.message)
        dialog.close()

    drive(script, "--language", language)
