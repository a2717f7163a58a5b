"""The window tests itself: it takes the demonstration from the click to the report."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.presentation.manual_pdf import manual_page
from app.state.records import ModelStatus, Page
from app.views.dialogs.manual import ManualDialog
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.domain import Grade
from rostfine_core.result_files import read_seeds

RESULT_NAME, SCREENSHOT_NAME = "self-test.json", "window.png"
SAMPLE = "SELF-TEST"
LOOK_MS = 50
STEP_MS = 300_000
"""How long one step may take on a slow machine."""


@dataclass(frozen=True)
class Step:
    """What to do, and whether it is done."""

    name: str
    act: Callable[[], object]
    is_done: Callable[[], bool]


class SelfTest(QObject):
    """Ends the application with 0 if every step was done in time and nothing was reported."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        """Args: ``folder`` is empty or new; reports and settings of ``window`` go there too."""
        super().__init__(window)
        self._window, self._folder = window, folder
        self._seeds = read_seeds(bundled_path(DEMO_SEEDS))
        self._steps = iter(self._all_steps())
        self._step: Step | None = None
        self._waited_ms = 0
        window.controller.failed.connect(self.fail)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    @Slot(str)
    def fail(self, sentence: str) -> None:
        """End the test, since something failed."""
        name = self._step.name if self._step else "start"
        self._end(f"FAILED  {name}: {sentence}", 1)

    @Slot()
    def _look(self) -> None:
        """Begin the next step once this one is done."""
        if self._step is not None and not self._step.is_done():
            self._waited_ms += LOOK_MS
            if self._waited_ms > STEP_MS:
                self.fail(f"not done after {STEP_MS // 1000} s")
            return
        if self._step is not None:
            _say(f"ok      {self._step.name}")
        self._step, self._waited_ms = next(self._steps, None), 0
        if self._step is None:
            self._end(f"The window works: see {self._folder}", 0)
        else:
            self._step.act()

    def _end(self, sentence: str, status: int) -> None:
        self._timer.stop()
        _say(sentence)
        self._window.controller.shut_down()
        QApplication.exit(status)

    def _all_steps(self) -> tuple[Step, ...]:
        """What a user does."""
        session, controller = self._window.session, self._window.controller
        count = len(self._seeds)
        return (
            Step(
                "open",
                lambda: controller.open_video(bundled_path(DEMO_VIDEO), um_per_px=DEMO_UM_PER_PX),
                lambda: session.cached_frames[0] == session.cached_frames[1] > 0,
            ),
            Step("load", lambda: None, lambda: session.model.status is ModelStatus.READY),
            Step("click", self._click_all, lambda: len(session.sperms) == count),
            Step(
                "grade",
                self._window.actions_by_id["grade"].trigger,
                lambda: len(session.reportable) == count,
            ),
            Step("save", self._save, lambda: all(map(_holds_something, self._saved))),
            Step("export", self._export, lambda: _holds_something(self._report)),
            Step("manual", lambda: None, lambda: all(map(self._has_manual, LANGUAGES))),
        )

    @property
    def _saved(self) -> tuple[Path, ...]:
        return self._folder / SCREENSHOT_NAME, self._folder / RESULT_NAME

    @property
    def _report(self) -> Path | None:
        folder = self._window.controller.reporter.last_report
        return None if folder is None else folder / "report.pdf"

    def _has_manual(self, language: str) -> bool:
        """Whether the manual can be shown with its chapters and pictures."""
        dialog = ManualDialog(manual_page(language), self._window)
        is_whole = dialog.is_whole
        dialog.deleteLater()
        return is_whole

    def _click_all(self) -> None:
        canvas = self._window.review.canvas
        assert canvas.centralWidget is not None
        for seed in self._seeds:
            place = canvas.centralWidget.mapViewToScene(QPointF(seed.x_px, seed.y_px))
            QTest.mouseClick(
                canvas.viewport(), Qt.MouseButton.LeftButton, pos=canvas.mapFromScene(place)
            )

    def _save(self) -> None:
        screenshot, result = self._saved
        self._window.grab().save(str(screenshot))
        _write_result(result, self._window)

    def _export(self) -> None:
        controller = self._window.controller
        controller.editor.set_sample(SAMPLE, "")
        controller.show_page(Page.REPORT)
        self._window.actions_by_id["export"].trigger()


def _holds_something(file: Path | None) -> bool:
    return file is not None and file.is_file() and file.stat().st_size > 0


def _write_result(file: Path, window: MainWindow) -> None:
    """The shares of each sperm's grades, in the order of the clicks."""
    graded = [
        {g.name: s for g, s in zip(Grade, a.prediction.grade.probabilities, strict=True)}
        for a in window.session.reportable
    ]
    file.write_text(json.dumps({"graded": graded}, indent=1) + "\n", encoding="utf-8")


def _say(sentence: str) -> None:
    if sys.stdout is not None:  # a program without a console has none on Windows
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()
