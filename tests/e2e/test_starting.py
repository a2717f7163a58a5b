"""Starting the window: what it says when it cannot, its test of itself, and its probe."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app import main_window
from app.__main__ import main
from app.main_window import MainWindow
from app.state import settings
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_VIDEO, bundled_path

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def fail(*arguments: object) -> None:
    raise RuntimeError("the window is broken")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The crash log of a program whose window cannot be built."""
    file = tmp_path / "logs" / "rostfine.log"
    monkeypatch.setattr(settings, "log_file", lambda: file)
    monkeypatch.setattr(main_window, "MainWindow", fail)
    return file


@pytest.mark.requirement("R-62")
def test_a_crash_at_the_start_is_logged_and_shown(
    qapp: QApplication, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def read() -> None:
        box = qapp.activeModalWidget()
        assert isinstance(box, QMessageBox)
        shown.append(box.text())
        box.close()

    QTimer.singleShot(0, read)
    assert main(["--settings", str(tmp_path / "settings.ini")]) == 1
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    [sentence] = shown
    assert "could not start (RuntimeError: the window is broken)" in sentence
    assert str(log) in sentence
    assert "Traceback" in log.read_text()
    assert "the window is broken" in capsys.readouterr().err


def test_a_self_test_that_cannot_start_shows_no_dialog(
    qapp: QApplication, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--self-test", str(tmp_path / "test")]) == 1
    assert "could not start" in capsys.readouterr().err
    assert "Traceback" in log.read_text()


def test_the_self_test_grades_and_reports_the_demonstration(tmp_path: Path) -> None:
    folder = tmp_path / "self-test"
    command = [sys.executable, "-m", "app", "--self-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok      manual" in done.stdout
    assert "The window works" in done.stdout
    graded = json.loads((folder / "self-test.json").read_text())["graded"]
    assert [round(sum(shares.values()), 6) for shares in graded] == [1, 1, 1]
    assert (folder / "reports" / "SELF-TEST" / "report.pdf").is_file()
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 2
    assert "the folder is not empty" in again.stderr


def test_the_self_test_fails_with_the_window(tmp_path: Path) -> None:
    script = (
        "import sys; from app.controllers.controller import Controller as C;"
        "C.open_video = lambda self, *a, **k: self.failed.emit('no such codec');"
        "from app.__main__ import main; sys.exit(main(['--self-test', sys.argv[1]]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "test")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1, done.stderr
    assert "FAILED  open: no such codec" in done.stdout


def test_the_probe_tells_the_platform_or_fails() -> None:
    command = [sys.executable, "-m", "app", "--probe"]
    for platform, status in (("offscreen", 0), ("no-such-platform", -6)):
        environment = os.environ | {"QT_QPA_PLATFORM": platform}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == status
        assert (platform in done.stdout) == (status == 0)


def test_a_missing_system_library_is_told_in_one_sentence() -> None:
    script = (
        "import sys, runpy\n"
        "class Lacking:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'PySide6.QtGui':\n"
        "            raise ImportError('libEGL.so.1: cannot open shared object file')\n"
        "sys.meta_path.insert(0, Lacking())\n"
        "sys.argv = ['rostfine-app']\n"
        "sys.frozen = True\n"
        "runpy.run_module('app', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("rostfine-app: the window cannot start (libEGL.so.1:")
    assert sys.platform != "linux" or "libegl1" in sentence


def test_the_demonstration_is_no_recent_video(
    qtbot: QtBot, hand: "Hand", drive: "Drive", settings_file: Path, small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        window.controller.open_video(small_video)
        hand.until(lambda: window.session.video and window.session.video.path == small_video)

    drive(script, str(bundled_path(DEMO_VIDEO)))
    assert Settings(settings_file).recent == (small_video,)
