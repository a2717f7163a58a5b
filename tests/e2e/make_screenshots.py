"""Makes a picture of every main state: ``python tests/e2e/make_screenshots.py OUT [--video V]``.

Each state is taken at 1280x800 and 1920x1080 in both themes, on the demonstration video unless
another is given. It runs offscreen; look at every picture before it goes into the README.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.__main__ import main
from app.main_window import MainWindow
from app.state.records import Leaving, ModelStatus, OverlayKind, Page, Saving
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO, bundled_path
from rostfine_core.intended_use import statement_id
from rostfine_core.result_files import read_seeds

SIZES = ((1280, 800), (1920, 1080))
WAIT_S = 300
LEAVING = ((851.6, 653.8), (579.0, 957.0))
"""Heads in the demo video's first frame that swim out of the picture."""


def shoot(window: MainWindow, theme: str, given: argparse.Namespace) -> None:
    """Go through the states at each size."""
    session, controller, out = window.session, window.controller, given.out
    taken = 0

    def save(name: str, widget: QWidget | None = None) -> None:
        nonlocal taken
        settle()
        size = "" if widget else f"-{window.width()}x{window.height()}"
        (widget or window).grab().save(str(out / f"{name}{size}-{theme}.png"))
        taken += 1

    def every_size(name: str) -> None:
        for width, height in SIZES:
            window.resize(width, height)
            settle()
            window.review.canvas.zoom_fit()
            save(name)

    window.showNormal()
    every_size("empty")
    seeds = read_seeds(given.seeds) if given.seeds else ()
    controller.open_video(given.video, seeds=seeds, um_per_px=given.um_per_px)
    until(lambda: session.image is not None)
    until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
    until(lambda: session.model.status is not ModelStatus.LOADING)
    every_size("chosen")
    window.actions_by_id["track"].trigger()
    until(lambda: all(map(session.track, session.sperms)))
    every_size("tracked")
    window.actions_by_id["grade"].trigger()
    until(lambda: not controller.is_busy and len(session.reportable) > 0)
    until(lambda: session.selected_sperm is not None and session.film(session.selected_sperm))
    controller.player.seek(session.cached_frames[1] // 2)
    every_size("graded")
    for kind in (OverlayKind.ROLLOUT, OverlayKind.BRANCH, OverlayKind.PATCHES):
        controller.set_overlay_kind(kind)
        every_size(kind.value)
    controller.set_overlay_kind(OverlayKind.NONE)
    if show_leaving(window):
        every_size("left")
        controller.editor.remove_selected()
    controller.compare(tuple(s.key for s in session.sperms[:3]))
    window.controller.show_page(Page.COMPARE)
    every_size("compare")
    controller.editor.set_sample("S-0123", "M. Sato")
    previewed: list[object] = []
    controller.reporter.previewed.connect(previewed.append)
    window.controller.show_page(Page.REPORT)
    until(lambda: previewed)
    every_size("report")
    window.controller.show_page(Page.REVIEW)
    for name in ("settings", "shortcuts", "about"):
        window.actions_by_id[name].trigger()
        settle()
        dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
        save(name, dialog)
        dialog.close()
    box = window.errors.tell(
        "Cannot write /media/usb/S-0123 (No space left on device): choose a folder that can be "
        "written to and has free space."
    )
    save("error", box)
    box.close()
    print(f"{taken} pictures of the {theme} theme are in {out}")


def show_leaving(window: MainWindow) -> bool:
    """Select a sperm that leaves the picture and show where; False if none does."""
    session, controller = window.session, window.controller
    controller.player.seek(0)
    for x_px, y_px in LEAVING:
        controller.editor.add_sperm(x_px, y_px)
        window.actions_by_id["track"].trigger()
        until(lambda: session.track(session.sperms[-1]))
        track = session.track(session.sperms[-1])
        assert track is not None
        if track.left_frame is not None:
            controller.editor.select(session.sperms[-1].key)
            controller.player.seek(track.left_frame)
            return True
        controller.editor.remove_selected()
    return False


def settle() -> None:
    """Let everything be drawn."""
    for _ in range(10):
        QApplication.processEvents()
        time.sleep(0.01)


def until(condition: Callable[[], object]) -> None:
    """Wait for the background work."""
    end = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a state was not reached")
        settle()


class Yes:
    """Answers yes to every question."""

    def before_leaving(self, saving: Saving, *, can_export: bool) -> Leaving:
        """Leave them."""
        return Leaving.DISCARD

    def sample_name(self) -> str | None:
        """Any."""
        return "S-1"

    def may_add(self, count: int) -> bool:
        """Add them."""
        return True

    def may_overwrite(self, folder: Path) -> bool:
        return True

    def may_stop(self) -> bool:
        return True

    def line_length_um(self, length_px: float) -> float | None:
        return None

    def find_moved(self, path: Path, *, is_kept: bool = False) -> Path | None:
        return None


def run(arguments: argparse.Namespace) -> int:
    """Take all pictures of both themes."""
    from PySide6.QtCore import QTimer

    from app import __main__ as program

    application = program._application()
    arguments.out.mkdir(parents=True, exist_ok=True)
    failures: list[BaseException] = []
    for theme in ("dark", "light"):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(Path(folder) / "settings.ini")
            for name, value in (
                ("theme", theme),
                ("auto_track", False),
                ("auto_grade", False),
                ("report_folder", "/home/lab/Documents/RoSTFine Assist"),
                ("model_path", str(arguments.model or "")),
            ):
                settings.set_value(name, value)
            settings.accept_use(statement_id(), datetime.now(UTC))
            settings.sync()

            def act(theme: str = theme) -> None:
                window = next(w for w in application.topLevelWidgets() if isinstance(w, MainWindow))
                window.questions = window.controller.questions = Yes()  # type: ignore[assignment]  # a stand-in for the user
                try:
                    shoot(window, theme, arguments)
                except BaseException as error:  # noqa: BLE001 - raised outside the event loop
                    failures.append(error)
                finally:
                    window.close()
                    application.quit()

            QTimer.singleShot(0, act)
            main(["--settings", str(Path(folder) / "settings.ini"), *arguments.language])
        if failures:
            raise failures[0]
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--video", type=Path, default=None)
    parser.add_argument("--seeds", type=Path, default=None)
    parser.add_argument("--um-per-px", type=float, default=None)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--language", choices=("en", "ja"), default="en")
    given = parser.parse_args()
    if given.video is None:
        given.video, given.seeds = bundled_path(DEMO_VIDEO), bundled_path(DEMO_SEEDS)
        given.um_per_px = given.um_per_px or DEMO_UM_PER_PX
    given.language = ["--language", given.language]
    sys.exit(run(given))
