"""Makes the manual's pictures: ``python -m tests.e2e.make_manual_pictures``; look at every one.

The window shows the demonstration in each language; pictures are small, with few colours.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import __main__ as program
from app.__main__ import main
from app.main_window import MainWindow
from app.state.records import ModelStatus, OverlayKind, Page
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.result_files import read_seeds
from tests.e2e.make_screenshots import Yes, settle, until

FOLDER = Path(__file__).parents[2] / "resources" / "manual" / "pictures"
WINDOW_PX, WIDTH_PX, COLOURS = (1280, 800), 960, 224
REPORTS = "/home/lab/Documents/RoSTFine Assist"
DOUBTFUL = (874.5, 397.7)
"""A head in the demonstration's first frame that is in doubt where it leaves the picture."""


class Photographer:
    """Takes the pictures of one language."""

    def __init__(self, window: MainWindow, language: str) -> None:
        self._window, self._language = window, language

    def save(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of the window, or of a dialog."""
        settle()
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "picture.png")
            (widget or self._window).grab().save(file)
            with Image.open(file) as picture:
                size = (min(picture.width, WIDTH_PX), WIDTH_PX)
                small = picture.convert("RGB")
                small.thumbnail(size, Image.Resampling.LANCZOS)
        out = FOLDER / f"{name}-{self._language}.png"
        few = small.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE)
        few.save(out, optimize=True)

    def take_all(self) -> None:
        """Go through what the manual describes."""
        window, session, controller = self._window, self._window.session, self._window.controller
        window.showNormal()
        window.resize(*WINDOW_PX)
        self._take_first_start()
        until(lambda: session.model.status is ModelStatus.READY)
        self.save("start")
        seeds = read_seeds(bundled_path(DEMO_SEEDS))
        controller.open_video(bundled_path(DEMO_VIDEO), seeds=seeds, um_per_px=DEMO_UM_PER_PX)
        until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
        until(lambda: len(session.reportable) == len(seeds) and not controller.is_busy)
        until(lambda: session.selected_sperm is not None and session.film(session.selected_sperm))
        controller.player.seek(session.cached_frames[1] // 2)
        self.save("graded")
        controller.set_overlay_kind(OverlayKind.ROLLOUT)
        self.save("attention")
        controller.toggle_strip()
        controller.compare(tuple(s.key for s in session.sperms[:2]))
        controller.show_page(Page.COMPARE)
        self.save("compare")
        self._take_report()
        controller.show_page(Page.REVIEW)
        self._take_doubt()
        self._take_tour()

    def _take_first_start(self) -> None:
        guide = self._window.guide
        until(lambda: guide.dialog)
        assert guide.dialog is not None
        dialog = guide.dialog
        self.save("first", dialog)
        dialog.accept_use.setChecked(True)
        dialog.next.click()
        dialog.next.click()
        dialog.wants_tour.setChecked(False)
        dialog.folder.setText(REPORTS)
        dialog.next.click()

    def _take_tour(self) -> None:
        session, guide = self._window.session, self._window.guide
        opened: list[bool] = []
        self._window.controller.opener.opened.connect(lambda: opened.append(True))
        guide.start_tour()
        until(lambda: opened)
        until(lambda: len(session.reportable) == len(session.sperms) > 0)
        until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
        assert guide.tour is not None
        guide.tour.show_step(3)
        self.save("tour")

    def _take_report(self) -> None:
        controller = self._window.controller
        controller.editor.set_sample("S-0123", "A. Sato")
        previewed: list[object] = []
        controller.reporter.previewed.connect(previewed.append)
        controller.show_page(Page.REPORT)
        until(lambda: previewed)
        self.save("report")

    def _take_doubt(self) -> None:
        session, controller = self._window.session, self._window.controller
        controller.player.seek(0)
        until(lambda: session.frame == 0)
        controller.editor.add_sperm(*DOUBTFUL)
        until(lambda: len(session.reportable) == len(session.sperms) and not controller.is_busy)
        frame = session.frame
        self._window.actions_by_id["next_doubt"].trigger()
        until(lambda: session.frame != frame)
        self.save("doubt")
        controller.editor.remove_selected()  # the tour opens the demonstration as it was left


def run(language: str) -> None:
    """Take the pictures of a language."""
    application = program._application()
    failures: list[BaseException] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.ini"
        settings = Settings(file)
        settings.set_value("theme", "light")
        settings.set_value("report_language", language)
        settings.sync()

        def act() -> None:
            window = next(w for w in application.topLevelWidgets() if isinstance(w, MainWindow))
            window.questions = window.controller.questions = Yes()  # type: ignore[assignment]  # a stand-in for the user
            try:
                Photographer(window, language).take_all()
            except BaseException as error:  # noqa: BLE001 - raised outside the event loop
                failures.append(error)
            finally:
                window.close()
                QApplication.quit()

        QTimer.singleShot(0, act)
        main(["--settings", str(file), "--language", language])
    if failures:
        raise failures[0]


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in LANGUAGES:
        run(each)
    sys.exit(0)
