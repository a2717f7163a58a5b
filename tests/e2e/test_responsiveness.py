"""How long the window's thread is busy at a stretch, and how soon the window appears.

The design's limits are 50 ms and 1.5 s on an otherwise idle machine. A busy machine takes the
processor away at any time, so what is limited here is the processor time that the thread itself
used. The time on the clock is printed too (pytest -s); ``bench_window.py`` measures it.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, QPoint, QRect, QTimer, Slot
from pytestqt.qtbot import QtBot

from app.main_window import SMALLEST_PX, MainWindow
from app.state.records import ModelStatus
from app.state.session import Session
from app.state.setting_table import TEXT_SIZES
from app.state.settings import Settings

if TYPE_CHECKING:
    from tests.e2e.conftest import Hand

LIMIT_MS, FACTOR = 50, 3
WINDOW_LIMIT_S, WINDOW_FACTOR = 1.5, 2
WAIT_MS = 180_000
Drive = Callable[..., None]


class Metronome(QObject):
    """Beats every millisecond; the longest gap is the longest time the thread was busy."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=1)
        self._timer.timeout.connect(self._on_beat)
        self._last = (0.0, 0.0)
        self.longest_ms = (0.0, 0.0)

    def start(self) -> None:
        self._last, self.longest_ms = _now(), (0.0, 0.0)
        self._timer.start()

    def stop(self) -> tuple[float, float]:
        """The longest gaps in clock time and in processor time of this thread."""
        self._timer.stop()
        return self.longest_ms

    @Slot()
    def _on_beat(self) -> None:
        now = _now()
        clock_ms, used_ms = (1000 * (n - b) for n, b in zip(now, self._last, strict=True))
        self.longest_ms = (max(self.longest_ms[0], clock_ms), max(self.longest_ms[1], used_ms))
        self._last = now


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


@pytest.mark.requirement("R-60")
def test_the_window_never_blocks_during_the_work(
    qtbot: QtBot, drive: Drive, small_video: Path
) -> None:
    longest: dict[str, tuple[float, float]] = {}

    def script(window: MainWindow, answers: object) -> None:
        session, beat = window.session, Metronome()

        def measured(name: str, begin: Callable[[], object], is_done: Callable[[], object]) -> None:
            beat.start()
            begin()
            qtbot.waitUntil(lambda: bool(is_done()), timeout=WAIT_MS)
            qtbot.wait(20)
            longest[name] = beat.stop()

        qtbot.waitUntil(lambda: session.model.status is ModelStatus.READY, timeout=WAIT_MS)
        exported: list[object] = []
        window.controller.reporter.exported.connect(exported.append)
        measured(
            "open",
            lambda: window.controller.open_video(small_video),
            lambda: is_decoded(session),
        )
        window.controller.editor.add_sperm(100, 90)
        window.controller.editor.place_sperm(90, 160)
        measured("track", window.controller.analysis.track, lambda: not untracked(session))
        measured("grade", window.controller.analysis.grade, lambda: len(session.reportable) == 2)
        measured("export", window.controller.reporter.export, lambda: exported)

    drive(script)
    print({name: f"{clock:.0f} ms, {used:.0f} used" for name, (clock, used) in longest.items()})
    assert set(longest) == {"open", "track", "grade", "export"}
    limit_ms = FACTOR * LIMIT_MS
    assert {name: used for name, (_, used) in longest.items() if used > limit_ms} == {}


def is_decoded(session: Session) -> bool:
    return session.info is not None and session.cached_frames[0] == session.info.frame_count


def untracked(session: Session) -> list[object]:
    return [s for s in session.sperms if session.track(s) is None]


START = """
import sys, time
began = time.perf_counter()
import app.__main__ as program

def preload_and_watch():
    preload()
    from app import main_window

    class Window(main_window.MainWindow):
        def paintEvent(self, event):
            super().paintEvent(event)
            tell()

    main_window.MainWindow = Window

def tell():
    seen, used = time.perf_counter() - began, time.process_time()
    print(f"{seen:.3f} {used:.3f} {int('torch' in sys.modules)}", flush=True)
    import os
    os._exit(0)

preload, program.preload_pyqtgraph = program.preload_pyqtgraph, preload_and_watch
program.main(["--settings", sys.argv[1]])
"""


def test_the_window_appears_soon_and_without_torch(settings_file: Path) -> None:
    seen, used = [], []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", START, str(settings_file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 0, done.stderr
        clock_s, used_s, has_torch = done.stdout.split()
        assert has_torch == "0"
        seen.append(float(clock_s))
        used.append(float(used_s))
    print(f"window seen after {min(seen):.2f} s, {min(used):.2f} s of them used")
    assert min(used) < WINDOW_FACTOR * WINDOW_LIMIT_S


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("text_size", [TEXT_SIZES[0], TEXT_SIZES[-1]])
@pytest.mark.parametrize("size", [SMALLEST_PX, (1280, 800), (1920, 1080)])
def test_everything_fits_the_screen(
    qtbot: QtBot,
    hand: "Hand",
    drive: Drive,
    small_video: Path,
    settings_file: Path,
    size: tuple[int, int],
    text_size: str,
    language: str,
) -> None:
    """The fields, the status bar and, from 1280x800 on, a video of half of the window."""
    settings = Settings(settings_file)
    settings.set_value("text_size", text_size)
    settings.sync()

    def script(window: MainWindow, answers: object) -> None:
        hand.wait_until_open(window)
        window.resize(*size)
        qtbot.wait(1)
        assert (window.width(), window.height()) == size
        for widget in (window.sample_bar.operator, window.status):
            area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
            assert window.rect().contains(area)
            assert widget.isVisible()
        canvas, whole = window.review.canvas, size[0] * size[1]
        share = canvas.width() * canvas.height() / whole
        assert not window.review.film_strip.isVisible()
        assert share >= 0.5 or size == SMALLEST_PX or text_size != TEXT_SIZES[0]
        window.actions_by_id["attention_strip"].trigger()
        qtbot.wait(1)
        assert window.review.film_strip.isVisible()
        assert canvas.width() * canvas.height() / whole < share
        assert window.height() == size[1]

    drive(script, str(small_video), "--language", language)


def test_the_window_fills_the_screen_until_the_user_makes_it_smaller(drive: Drive) -> None:
    def make_smaller(window: MainWindow, answers: object) -> None:
        assert window.isMaximized()
        window.showNormal()

    def look(window: MainWindow, answers: object) -> None:
        assert not window.isMaximized()

    drive(make_smaller)
    drive(look)
