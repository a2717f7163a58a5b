"""Drives the real main(): a script in its event loop acts as the user."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyqtgraph
import pytest
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QPoint,
    QPointF,
    Qt,
    QTimer,
)
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.main_window import MainWindow
from app.state.records import Leaving, ModelStatus, Saving
from app.state.settings import Settings
from rostfine_core.domain import LongJob, Progress
from rostfine_core.intended_use import statement_id
from rostfine_core.video import write_video

WAIT_MS = 180_000
WIDTH_PX, HEIGHT_PX, FRAMES, FPS = 320, 240, 40, 20.0
SPEED_PX = 2.0
Drive = Callable[..., None]


@pytest.fixture(autouse=True)
def no_leaks(nothing_left: None) -> None:
    """Watch over every test of this folder."""


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights, marked as a demonstration model."""
    torch = pytest.importorskip("torch")
    from rostfine_core.model import Preprocessing, RoSTFine, RoSTFineConfig, save_model

    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = RoSTFineConfig(embed_dim=48, depth=2, num_heads=4, branch_heads=4)
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    save_model(
        path,
        RoSTFine(config).eval(),
        preprocessing=Preprocessing(),
        training={"fps": FPS},
        dataset_kind="simulated",
    )
    return path


def picture(index: int, *, frames: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Two dark heads on a textured background; both swim to the right."""
    random = np.random.default_rng(3)
    image = random.normal(170, 6, (HEIGHT_PX, WIDTH_PX))
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    for head_x, head_y in places(index):
        image -= 110 * np.exp(-(((x - head_x) / 5) ** 2 + ((y - head_y) / 3) ** 2))
        tail = (np.abs(y - head_y - 4 * np.sin((x - head_x) / 6)) < 1) & (x < head_x)
        image -= 30 * (tail & (x > head_x - 35))
    grey = np.clip(image, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def places(index: int) -> tuple[tuple[float, float], ...]:
    """Where the heads are in a frame."""
    return ((100 + SPEED_PX * index, 90.0), (90 + SPEED_PX * index, 160.0))


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty frames of two sperm."""
    path = tmp_path_factory.mktemp("video") / "small.mp4"
    write_video(path, (picture(k, frames=FRAMES) for k in range(FRAMES)), fps=FPS)
    return path


@pytest.fixture
def other_video(tmp_path: Path, small_video: Path) -> Path:
    """The same frames in another file, with another checksum."""
    path = tmp_path / "other.mp4"
    path.write_bytes(small_video.read_bytes() + b"other bytes at the end")
    return path


@pytest.fixture
def settings_file(tmp_path: Path, model_file: Path) -> Path:
    """Settings with the small model; reports go to the test's folder."""
    path = tmp_path / "settings.ini"
    settings = Settings(path)
    settings.set_value("model_path", str(model_file))
    settings.set_value("report_folder", str(tmp_path / "reports"))
    settings.set_value("auto_track", False)
    settings.set_value("auto_grade", False)
    settings.accept_use(statement_id(), datetime.now(UTC))
    settings.sync()
    return path


class Answers:
    """Answers the controller's questions as set by a test, and records them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.found: Path | None = None
        self.yes = True
        self.length_um: float | None = None
        self.leaving: Leaving | None = None
        self.sample: str | None = "S-1"

    def _say(self, name: str) -> bool:
        self.asked.append(name)
        return self.yes

    def before_leaving(self, saving: Saving, *, can_export: bool) -> Leaving:
        is_discarded = self._say(f"{'export or ' if can_export else ''}discard {saving.unsaved}")
        return self.leaving or (Leaving.DISCARD if is_discarded else Leaving.STAY)

    def sample_name(self) -> str | None:
        self._say("sample")
        return self.sample

    def may_overwrite(self, folder: Path) -> bool:
        return self._say("overwrite")

    def may_add(self, count: int) -> bool:
        return self._say(f"add {count}")

    def may_stop(self) -> bool:
        return self._say("stop")

    def line_length_um(self, length_px: float) -> float | None:
        self._say(f"line of {length_px:.0f} px")
        return self.length_um

    def find_moved(self, path: Path, *, is_kept: bool = False) -> Path | None:
        self._say("moved case" if is_kept else "moved")
        return self.found


@pytest.fixture
def drive(qtbot: QtBot, qapp: QApplication, settings_file: Path) -> Drive:
    """Run main() with arguments and a script that gets its window."""

    def run(script: Callable[[MainWindow, Answers], None], *arguments: str) -> None:
        failures: list[BaseException] = []

        def act() -> None:
            window = next(w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow))
            answers = Answers()
            window.questions = answers  # type: ignore[assignment]  # a stand-in for the user
            window.controller.questions = answers
            try:
                script(window, answers)
            except BaseException as error:  # noqa: BLE001 - raised again outside the event loop
                failures.append(error)
            finally:
                answers.yes, answers.leaving = True, None
                window.close()
                qapp.quit()

        QTimer.singleShot(0, act)
        assert main(["--settings", str(settings_file), *arguments]) == 0
        # A second request to quit, from the last window, would end the loops of later tests.
        QCoreApplication.removePostedEvents(qapp, QEvent.Type.Quit)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.setStyleSheet("")  # main() gave the application its theme
        qapp.setPalette(qapp.style().standardPalette())
        if failures:
            raise failures[0]

    return run


class Hand:
    """Acts on the window as a user would, and waits for what it shows."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)

    def waiting_for(self, signal: Any) -> AbstractContextManager[Any]:  # noqa: ANN401 - Qt's signals
        """Wait at the end of a block for a signal."""
        waiting: AbstractContextManager[Any] = self._qtbot.waitSignal(signal, timeout=WAIT_MS)
        return waiting

    def wait_until_open(self, window: MainWindow) -> None:
        """Wait until the video is decoded and the model is loaded."""
        session = window.session
        self.until(lambda: session.info is not None and session.image is not None)
        self.until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
        self.until(lambda: session.model.status is ModelStatus.READY)
        self.until(lambda: window.controller.keeper.is_known)

    def click(self, window: MainWindow, x_px: float, y_px: float) -> None:
        """Click a point in the video."""
        self._qtbot.mouseClick(
            window.review.canvas.viewport(),
            Qt.MouseButton.LeftButton,
            pos=on_screen(window, x_px, y_px),
        )

    def drag(
        self, window: MainWindow, start: tuple[float, float], end: tuple[float, float]
    ) -> None:
        """Drag from one point of the video to another, in steps."""
        viewport = window.review.canvas.viewport()
        places = [on_screen(window, *start), on_screen(window, *end)]
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        steps = [places[0] + (places[1] - places[0]) * k / 8 for k in range(1, 9)]
        limit = pyqtgraph.getConfigOption("mouseRateLimit")
        pyqtgraph.setConfigOption("mouseRateLimit", 0)  # these events come faster than any user's
        for kind, place, button, buttons in (
            (QEvent.Type.MouseButtonPress, places[0], left, left),
            *((QEvent.Type.MouseMove, place, none, left) for place in steps),
            (QEvent.Type.MouseButtonRelease, places[1], left, none),
        ):
            seen = QPointF(place), QPointF(viewport.mapToGlobal(place))
            event = QMouseEvent(kind, *seen, button, buttons, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.sendEvent(viewport, event)
        pyqtgraph.setConfigOption("mouseRateLimit", limit)

    def grade(self, window: MainWindow, count: int) -> None:
        """Press Grade and wait until this many sperm have grades."""
        window.actions_by_id["grade"].trigger()
        self.until(lambda: len(window.session.reportable) == count)

    def boxes(self, window: MainWindow) -> list[QMessageBox]:
        """The messages on screen."""
        return [b for b in window.findChildren(QMessageBox) if b.isVisible()]

    def read_message(self, window: MainWindow, part: str) -> None:
        """Wait for the only message, which must contain ``words``, and close it."""
        self.until(lambda: self.boxes(window))
        self.until(lambda: not window.controller.is_busy)
        (box,) = self.boxes(window)
        assert part in box.text()
        box.close()


def on_screen(window: MainWindow, x_px: float, y_px: float) -> QPoint:
    """Where a point of the video is in the canvas."""
    canvas = window.review.canvas
    assert canvas.centralWidget is not None
    return QPoint(canvas.mapFromScene(canvas.centralWidget.mapViewToScene(QPointF(x_px, y_px))))


@pytest.fixture
def hand(qtbot: QtBot) -> Hand:
    return Hand(qtbot)


class Held:
    """Pauses one kind of job after some of its steps, so that it cannot end too soon.

    With ``steps`` None it pauses when the result is ready and it is too late to cancel.
    """

    def __init__(
        self, hand: Hand, patch: pytest.MonkeyPatch, name: str, *, owner: object, steps: int | None
    ) -> None:
        self.reached, self._go_on = threading.Event(), threading.Event()
        self.closed = 0
        self._hand, self._patch, self._name, self._owner = hand, patch, name, owner
        self._steps = steps
        self._real = getattr(owner, name)
        # A plain function, so that it binds as a method when a class owns it.
        patch.setattr(owner, name, lambda *args, **named: self._run(*args, **named))

    def _run(self, *args: object, **named: object) -> LongJob[object]:
        inner = self._real(*args, **named)
        try:
            if self._steps is None:
                result = yield from inner
                self._stay()
                return result
            for _ in range(self._steps):
                yield next(inner)
            self._stay()
            while True:
                yield Progress(stage="opening", done=1, total=2)
        finally:
            inner.close()
            self.closed += 1

    def _stay(self) -> None:
        self.reached.set()
        self._go_on.wait(30)

    def wait(self) -> None:
        """Wait until the job has paused."""
        self._hand.until(self.reached.is_set)

    def let_go(self) -> None:
        """Let new jobs run to their end, and the paused one until it is cancelled."""
        self._patch.setattr(self._owner, self._name, self._real)
        self._go_on.set()

    def cancel(self, window: MainWindow) -> None:
        """Press Cancel while the job is paused, and check that it cleans up once."""
        self.wait()
        assert window.controller.is_busy
        window.actions_by_id["cancel"].trigger()
        self.let_go()
        self._hand.until(lambda: not window.controller.is_busy)
        assert self.closed == 1


class Hold(Protocol):
    """Pause a function of a module or class after some of its steps."""

    def __call__(self, owner: object, name: str, *, steps: int | None = 1) -> Held: ...


@pytest.fixture
def hold(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Hold:
    def make(owner: object, name: str, *, steps: int | None = 1) -> Held:
        return Held(hand, monkeypatch, name, owner=owner, steps=steps)

    return make
