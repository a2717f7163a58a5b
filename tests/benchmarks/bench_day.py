"""Counts what a day costs its user: ``python -m tests.benchmarks.bench_day [--videos N]``.

Ten simulated videos of one patient in one folder go from dropping them to the signed report in the
real window, with mouse and key events: one sperm is clicked in each. Clicks, shortcuts and letters
are counted; dropping the folder counts as one click. The time is that of the machine alone, as
nobody thinks between.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.main_window import MainWindow
from app.state.records import ModelStatus
from app.state.settings import Settings
from app.views.dialogs.reports import ReportsDialog
from app.views.dialogs.sign_in import SignInDialog
from rostfine_core.domain import Role
from rostfine_core.intended_use import statement_id
from rostfine_core.simulation import Scene, SceneSettings
from rostfine_core.store import Store, people
from rostfine_core.video import write_video

FRAMES, FPS, WAIT_S = 45, 15.0, 300
WORDS, SAMPLE = "a quiet morning in May", "P07-1"
LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


def wait(condition: Callable[[], object]) -> None:
    """Let the window work until a condition holds."""
    end = time.monotonic() + WAIT_S
    while not condition():
        QApplication.processEvents()
        if time.monotonic() > end:
            raise TimeoutError("a state was not reached")
        time.sleep(0.004)


class User:
    """Presses and types as a user does, and counts it."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """One click; without a place, in the middle."""
        self.made["clicks"] += 1
        QTest.mouseClick(widget, LEFT, pos=widget.rect().center() if place is None else place)

    def press(self, widget: QWidget, key: Qt.Key) -> None:
        """One shortcut with Ctrl."""
        self.made["shortcuts"] += 1
        widget.activateWindow()
        wait(widget.isActiveWindow)
        QTest.keyClick(widget, key, CTRL)

    def write(self, widget: QWidget, text: str) -> None:
        """Text typed into a field."""
        self.made["letters"] += len(text)
        QTest.keyClicks(widget, text)


def main() -> None:
    """Make the videos, work through them, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--videos", type=int, default=10)
    count = parser.parse_args().videos
    application = QApplication([])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = [_make_video(folder / "day" / f"{k + 1:02}.mp4", seed=k) for k in range(count)]
        window = _window(folder)
        user, began = User(), time.perf_counter()
        _sign_in(window, user)
        for number, place in enumerate(places):
            _work_on(window, user, folder / "day", number, place)
        per_video = Counter(user.made)
        _report(window, user)
        seconds = time.perf_counter() - began
        versions = window.session.reportable
        assert versions, "nothing was graded"
        window.close()
        _print(count, per_video, user.made, seconds)
    application.quit()


def _make_video(path: Path, *, seed: int) -> tuple[float, float]:
    """A video of one sperm and others, and where the first is in the first frame."""
    path.parent.mkdir(exist_ok=True)
    scene = Scene(
        SceneSettings(frame_count=FRAMES, fps=FPS, sperm_count=6, blurred_share=0, seed=seed)
    )
    write_video(path, scene.frames(), fps=FPS)
    x_px, y_px = max(
        (tuple(target.xy_px[0]) for target in scene.truth.targets),
        key=lambda p: min(p[0], 1392 - p[0], p[1], 976 - p[1]),
    )
    return float(x_px), float(y_px)


def _window(folder: Path) -> MainWindow:
    with Store.open(folder / "cases") as store:
        people.add_operator(
            store, login="mori", name="Dr. Mori", role=Role.ADMINISTRATOR, passphrase=WORDS
        )
    settings = Settings(folder / "settings.ini")
    settings.set_value("report_folder", str(folder / "reports"))
    settings.accept_use(statement_id(), datetime.now(UTC))
    window = MainWindow(settings)
    window.resize(1280, 800)
    window.show()
    window.controller.start()
    wait(lambda: window.session.model.status is ModelStatus.READY)
    return window


def _sign_in(window: MainWindow, user: User) -> None:
    wait(lambda: [d for d in window.findChildren(SignInDialog) if d.isVisible()])
    (door,) = [d for d in window.findChildren(SignInDialog) if d.isVisible()]
    user.write(door.login, "mori")
    user.write(door.passphrase, WORDS)
    user.click(door.enter)
    wait(lambda: not door.isVisible())


def _work_on(
    window: MainWindow, user: User, folder: Path, number: int, place: tuple[float, float]
) -> None:
    session = window.session
    if number == 0:
        user.made["clicks"] += 1  # dropping the folder
        window.controller.take([folder])
    else:
        user.press(window, Qt.Key.Key_PageDown)
    wait(lambda: session.video is not None and session.video.path.stem == f"{number + 1:02}")
    wait(lambda: window.controller.keeper.is_known)
    if number == 0:
        user.click(window.sample_bar.sample)
        user.write(window.sample_bar.sample, SAMPLE)
        window.sample_bar.commit()
    canvas = window.review.canvas
    assert canvas.centralWidget is not None
    on_screen = canvas.mapFromScene(canvas.centralWidget.mapViewToScene(QPointF(*place)))
    user.click(canvas.viewport(), on_screen)
    wait(lambda: session.reportable)
    wait(lambda: session.saving.unsaved == 0)


def _report(window: MainWindow, user: User) -> None:
    done: list[object] = []
    window.controller.reporter.exported.connect(done.append)
    user.press(window, Qt.Key.Key_P)
    wait(lambda: done)
    window.actions_by_id["sign"].trigger()
    user.made["shortcuts"] += 1
    wait(lambda: [d for d in window.findChildren(ReportsDialog) if d.isVisible()])
    (dialog,) = window.findChildren(ReportsDialog)
    signed: list[str] = []
    window.controller.signer.done.connect(signed.append)
    wait(lambda: dialog.passphrase.isVisible())
    user.click(dialog.passphrase)
    user.write(dialog.passphrase, WORDS)
    user.click(dialog.sign)
    wait(lambda: signed)


def _print(count: int, before: Counter[str], after: Counter[str], seconds: float) -> None:
    def told(made: Counter[str]) -> str:
        return ", ".join(f"{made[kind]} {kind}" for kind in ("clicks", "shortcuts", "letters"))

    print(f"{count} videos, one sperm each, signing in included: {told(before)}")
    print(f"the signed report over all of them: {told(after - before)}")
    print(f"together {told(after)}; {seconds:.0f} s of the machine")


if __name__ == "__main__":
    main()
