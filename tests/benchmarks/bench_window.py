"""Times how fast the window responds: ``python tests/benchmarks/bench_window.py``.

Prints the time until the window is visible, the longest stretch that the window's thread was busy
during each kind of work (in clock time, and in the thread's processor time, which a busy machine
does not lengthen), and the time from click to grade with the bundled model on the bundled video,
already decoded. Each figure is printed with its budget; nothing is asserted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app.__main__ import main
from app.main_window import MainWindow
from app.state.records import Leaving, ModelStatus, Saving
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_SEEDS, DEMO_VIDEO, bundled_path
from rostfine_core.intended_use import statement_id
from rostfine_core.result_files import read_seeds

STARTS, CLICKS = 5, 7
WAIT_S = 300
POLL_S = 0.004  # each poll takes Python's lock from the worker
START = """
import time
began = time.perf_counter()
import sys
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
    import os
    print(f"{time.perf_counter() - began:.3f} {time.process_time():.3f}", flush=True)
    os._exit(0)

preload, program.preload_pyqtgraph = program.preload_pyqtgraph, preload_and_watch
program.main(["--settings", sys.argv[1]])
"""


class Metronome(QObject):
    """Beats every millisecond; the longest gap is the longest time the thread was busy."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._last = self.longest_s = (0.0, 0.0)
        self._timer.start()

    def restart(self) -> None:
        """Start measuring afresh."""
        self._last, self.longest_s = _now(), (0.0, 0.0)

    @Slot()
    def _on_beat(self) -> None:
        now = _now()
        clock_s, used_s = (n - b for n, b in zip(now, self._last, strict=True))
        self.longest_s = (max(self.longest_s[0], clock_s), max(self.longest_s[1], used_s))
        self._last = now


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


class Watch:
    """Runs the window until a condition holds or its work fails."""

    def __init__(self, window: MainWindow) -> None:
        self._session = window.session
        self._failures: list[str] = []
        window.controller.failed.connect(self._failures.append)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds.

        Raises:
            RuntimeError: work failed or a sperm cannot be graded; with the window's message.
            TimeoutError: the condition did not hold in time.
        """
        end = time.monotonic() + WAIT_S
        while not condition():
            QApplication.processEvents()
            rejections = map(self._session.rejection, self._session.sperms)
            told = next(filter(None, (*self._failures, *rejections)), "")
            if told:
                raise RuntimeError(told)
            if time.monotonic() > end:
                raise TimeoutError("a state was not reached")
            time.sleep(POLL_S)


class Yes:
    """Lets the window close with results that are not exported."""

    def before_leaving(self, saving: Saving, *, can_export: bool) -> Leaving:
        """Leave them."""
        return Leaving.DISCARD

    def sample_name(self) -> str | None:
        """Any."""
        return "S-1"

    def may_stop(self) -> bool:
        """Always."""
        return True


def measure_start(settings: Path) -> None:
    """Time to the first painted window, each in a new process."""
    seen, used = [], []
    for _ in range(STARTS):
        command = [sys.executable, "-c", START, str(settings)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        clock, processor = done.stdout.split()
        seen.append(float(clock))
        used.append(float(processor))
    print(
        f"visible window: median {statistics.median(seen):.2f} s, best {min(seen):.2f} s, "
        f"processor {statistics.median(used):.2f} s (budget 1.5 s)"
    )


def measure_work(window: MainWindow) -> None:
    """Measure the longest busy stretch of each kind of work, then clicks to grades."""
    session, controller = window.session, window.controller
    watch, beat = Watch(window), Metronome()

    def stretch(name: str, begin: Callable[[], object], is_done: Callable[[], object]) -> None:
        beat.restart()
        begin()
        watch.until(is_done)
        clock, used = (1000 * s for s in beat.longest_s)
        print(f"longest stretch, {name}: {clock:.0f} ms, processor {used:.0f} ms (budget 50 ms)")

    def is_ready() -> bool:
        return session.model.status is ModelStatus.READY

    stretch("import of torch and loading the model", lambda: None, is_ready)
    video, seeds = bundled_path(DEMO_VIDEO), read_seeds(bundled_path(DEMO_SEEDS))
    stretch("open", lambda: controller.open_video(video), lambda: is_decoded(session))
    controller.editor.add_seeds(seeds)
    stretch("track", controller.analysis.track, lambda: all(map(session.track, session.sperms)))
    stretch("grade", controller.analysis.grade, lambda: len(session.reportable) == len(seeds))
    exported: list[object] = []
    controller.reporter.exported.connect(exported.append)
    stretch("export", controller.reporter.export, lambda: exported)
    beat.deleteLater()  # its beats would slow down the next measurement
    measure_clicks(window, watch, seeds[0].x_px, seeds[0].y_px)


def measure_clicks(window: MainWindow, watch: Watch, x_px: float, y_px: float) -> None:
    """Measure from click to grade, each at another pixel, so that no result is reused.

    A sperm that is chosen already is not chosen again, so each is taken back.
    """
    session, editor = window.session, window.controller.editor
    for id in ("auto_track", "auto_grade"):
        window.settings.set_value(id, True)
    tracked, graded = [], []
    for number in range(CLICKS):
        while session.sperms:  # exporting named the sample, which is an edit too
            editor.undo()
        began = time.perf_counter()
        editor.add_sperm(x_px + 0.25 * (number + 1), y_px)
        watch.until(lambda: session.track(session.sperms[-1]) is not None)
        tracked.append(time.perf_counter() - began)
        watch.until(lambda: session.reportable)
        graded.append(time.perf_counter() - began)
    print(
        f"click to grade: median {statistics.median(graded):.2f} s, best {min(graded):.2f} s, "
        f"to the track {statistics.median(tracked):.2f} s (budget 1 s)"
    )


def is_decoded(session: Session) -> bool:
    """Whether all frames are kept."""
    return 0 < session.cached_frames[1] == session.cached_frames[0]


def run() -> int:
    """Measure everything in a temporary folder."""
    failures: list[BaseException] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.ini"
        settings = Settings(file)
        for id, value in (("auto_track", False), ("auto_grade", False), ("report_folder", folder)):
            settings.set_value(id, value)
        settings.accept_use(statement_id(), datetime.now(UTC))
        settings.sync()
        measure_start(file)
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")

        def act() -> None:
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            window = next(w for w in application.topLevelWidgets() if isinstance(w, MainWindow))
            window.controller.questions = window.questions = Yes()  # type: ignore[assignment]  # a stand-in for the user
            try:
                measure_work(window)
            except BaseException as error:  # noqa: BLE001 - raised outside the event loop
                failures.append(error)
            finally:
                window.close()
                application.quit()

        QTimer.singleShot(0, act)
        main(["--settings", str(file)])
    if failures:
        raise failures[0]
    return 0


if __name__ == "__main__":
    sys.exit(run())
