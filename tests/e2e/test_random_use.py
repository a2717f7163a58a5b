"""Any order of actions, clicks and keys leaves the window consistent with the session."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDoubleSpinBox, QFileDialog, QLineEdit

from app.actions import ACTIONS
from app.main_window import MainWindow

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

# Offscreen there is no window manager, and a combo box's list cannot grab the keyboard.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "grabbing the keyboard", "raise()")
STEPS = 150
LEAVING = ("quit", "open_folder", "open_log")
"""Actions that quit or pass a file to another program."""
KEYS = ["Left", "Right", "Up", "Down", "Return", "Escape", "Tab", "Delete", "Space", "A", "1", "F2"]
TYPED = ("S-1", "0,19", "20", "=x", "9999999", "-3", " ")


class User:
    """Does random things one after another; ``done`` lists them."""

    def __init__(
        self, window: MainWindow, hand: "Hand", videos: tuple[Path, ...], *, seed: int
    ) -> None:
        self.window, self.hand, self.videos = window, hand, videos
        self.random = random.Random(seed)
        self.done: list[str] = []
        self.habits: dict[Callable[[], str], int] = {
            self.act: 30,
            self.click: 15,
            self.press_keys: 10,
            self.type: 6,
            self.seek: 6,
            self.wait: 12,
            self.drag: 4,
            self.close_dialogs: 6,
            self.open: 1,
        }

    def do_something(self) -> None:
        (habit,) = self.random.choices(list(self.habits), list(self.habits.values()))
        self.done.append(habit())
        QApplication.processEvents()
        close_popup()

    def act(self) -> str:
        id = self.random.choice([a.id for a in ACTIONS if a.id not in LEAVING])
        action = self.window.actions_by_id[id]
        if action.isEnabled():
            action.trigger()
        return id

    def click(self) -> str:
        x, y = self._place()
        self.hand.click(self.window, x, y)
        return f"click {x:.0f}, {y:.0f}"

    def drag(self) -> str:
        start, end = self._place(), self._place()
        self.hand.drag(self.window, start, end)
        return f"drag {start} {end}"

    def _place(self) -> tuple[float, float]:
        """One of the two heads, or as often any point, including outside the picture."""
        from tests.e2e.conftest import places

        anywhere = (self.random.uniform(-10, 330), self.random.uniform(-10, 250))
        return self.random.choice([*places(self.window.session.frame), anywhere, anywhere])

    def press_keys(self) -> str:
        window, keys = self.window, self.random.sample(KEYS, 3)
        if QApplication.activeWindow() is None:
            window.activateWindow()
        if self.random.random() < 0.4:
            views = (window.review.canvas, window.review.sperm_list.view, window.compare.table)
            self.random.choice(views).setFocus()
        for key in keys:
            widget = QApplication.focusWidget()
            if widget is not None:
                QTimer.singleShot(0, close_popup)  # a button's menu waits for an answer
                QTest.keyClick(widget, getattr(Qt.Key, f"Key_{key}"))
                QApplication.processEvents()
        return f"keys {keys}"

    def type(self) -> str:
        bar, text = self.window.sample_bar, self.random.choice(TYPED)
        fields: tuple[QLineEdit | QDoubleSpinBox, ...]
        fields = (bar.sample, bar.operator, bar.um_per_px, bar.fps)
        field = self.random.choice(fields)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)
        return f"type {text!r} as {field.accessibleName()}"

    def seek(self) -> str:
        frame = self.random.randrange(-2, 45)
        self.window.controller.player.seek(frame)
        return f"seek {frame}"

    def wait(self) -> str:
        span_ms = self.random.choice([0, 5, 20, 100])
        QTest.qWait(span_ms)
        return f"wait {span_ms} ms"

    def close_dialogs(self) -> str:
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        return "close dialogs"

    def open(self) -> str:
        video = self.random.choice(self.videos)
        self.window.controller.open_video(video)
        return f"open {video.name}"


def close_popup() -> None:
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()


def check(window: MainWindow) -> None:
    """Check what must always hold."""
    session, numbers = window.session, window.review.grade_panel.numbers
    names = [sperm.name for sperm in session.sperms]
    assert len(set(names)) == len(names)
    assert session.selected is None or session.selected_sperm is not None
    assert all(assessment.sample == session.sample for assessment in session.reportable)
    if window.pages.currentWidget() is window.review and numbers.isVisible():
        assert session.selected_sperm is not None
        assessment = session.assessment(session.selected_sperm)
        assert assessment is not None
        expected = f"{assessment.prediction.grade.expected_grade:.2f}"
        assert numbers.values["expected"].text() == expected


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """File dialogs that the user closes."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")


@pytest.mark.usefixtures("no_files")
@pytest.mark.parametrize("seed", [2, 11])
def test_any_order_of_use_leaves_the_window_consistent(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path, seed: int
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        for id in ("auto_track", "auto_grade"):
            window.settings.set_value(id, bool(seed % 2))
        user = User(window, hand, (small_video, other_video), seed=seed)
        for _ in range(STEPS):
            user.do_something()
            told = [box.text() for box in hand.boxes(window)]
            assert not [text for text in told if "went wrong" in text], user.done
            check(window)
        window.controller.cancel()
        hand.until(lambda: not window.controller.is_busy)
        check(window)

    drive(script, str(small_video))
