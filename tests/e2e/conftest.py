"""Drives the real main(): a script runs inside its event loop, as a user would."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QStandardPaths, QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.main_window import MainWindow
from app.settings import Settings
from rostfine_core.video import write_video

WIDTH_PX, HEIGHT_PX, FRAMES, FPS = 320, 240, 40, 20.0
SPEED_PX = 2.0
Drive = Callable[..., None]


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a window, a thread or a running timer behind."""
    QStandardPaths.setTestModeEnabled(True)
    threads = threading.active_count()
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    assert [w for w in qapp.topLevelWidgets() if w.isVisible()] == []
    assert [w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow)] == []
    assert [t for t in qapp.findChildren(QThread) if t.isRunning()] == []
    assert [t for t in qapp.findChildren(QTimer) if t.isActive()] == []
    assert threading.active_count() <= threads


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights, said to be a demonstration."""
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
    """Two dark heads on a textured ground; both swim to the right."""
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
def settings_file(tmp_path: Path, model_file: Path) -> Path:
    """Settings with the small model; reports go to the test's folder."""
    path = tmp_path / "settings.ini"
    settings = Settings(path)
    settings.set_value("model_path", str(model_file))
    settings.set_value("report_folder", str(tmp_path / "reports"))
    settings.set_value("auto_track", False)
    settings.set_value("auto_grade", False)
    settings.sync()
    return path


class Answers:
    """Answers the controller's questions as a test wants, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.found: Path | None = None
        self.yes = True

    def _say(self, name: str) -> bool:
        self.asked.append(name)
        return self.yes

    def may_discard(self) -> bool:
        return self._say("discard")

    def may_overwrite(self, folder: Path) -> bool:
        return self._say("overwrite")

    def may_stop(self) -> bool:
        return self._say("stop")

    def find_moved(self, path: Path) -> Path | None:
        self._say("moved")
        return self.found


@pytest.fixture
def drive(qtbot: QtBot, qapp: QApplication, settings_file: Path) -> Drive:
    """Run main() with arguments and a script that is given its window."""

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
                answers.yes = True
                window.close()
                qapp.quit()

        QTimer.singleShot(0, act)
        assert main(["--settings", str(settings_file), *arguments]) == 0
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if failures:
            raise failures[0]

    return run
