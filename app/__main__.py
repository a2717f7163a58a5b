"""Starts the window: ``rostfine-app [VIDEO]`` or ``python -m app``."""

import argparse
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

try:
    from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTimer, QTranslator, Signal
    from PySide6.QtGui import QFontDatabase, QFontInfo, QGuiApplication
    from PySide6.QtWidgets import QApplication, QMessageBox
except ImportError as error:  # the system lacks a library that Qt loads, such as libEGL
    from rostfine_core.doctor import advice_on_window

    sys.exit(f"rostfine-app: the window cannot start ({error}). {advice_on_window()}")

from app.jobs.preload import answer_first, preload_pyqtgraph
from rostfine_core import __version__
from rostfine_core.bundled import bundled_path, free_children
from rostfine_core.errors import RostfineError
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from app.main_window import MainWindow


class _Teller(QObject):
    """Carries a sentence from any thread to the window's."""

    told = Signal(str)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the application; returns the exit status."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    if arguments.probe:
        return _probe()
    answer_first()
    from app.crash import crash_log
    from app.state.settings import log_file

    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    application = _application()
    teller, translators = _Teller(), _Translators(application)
    with crash_log(log_file(), teller.told.emit):
        try:
            window = _window(arguments, translators, teller)
        except Exception as error:  # noqa: BLE001 - the program's boundary: nothing else would tell
            _tell_failed_start(error, has_dialog=arguments.self_test is None)
            return 1
        status = application.exec()
        window.deleteLater()
    translators.remove()
    return status


def _window(
    arguments: argparse.Namespace, translators: "_Translators", teller: _Teller
) -> "MainWindow":
    """The window on screen, about to do what the arguments ask for."""
    from app.state.settings import Settings

    folder: Path | None = arguments.self_test
    settings = Settings(arguments.settings if folder is None else folder / "settings.ini")
    translators.install(arguments.language or settings.text("language"))
    preload_pyqtgraph()
    from app.main_window import MainWindow

    window = MainWindow(settings)
    teller.told.connect(lambda sentence: window.errors.tell(_bug(sentence), is_bug=True))
    window.seen.connect(window.controller.start, Qt.ConnectionType.QueuedConnection)
    window.show()
    if folder is None:
        window.seen.connect(window.guide.begin, Qt.ConnectionType.QueuedConnection)
        QTimer.singleShot(0, window, lambda: _open(window, arguments))
        return window
    from app.self_test import SelfTest

    settings.set_value("report_folder", str(folder / "reports"))
    test = SelfTest(window, folder)
    teller.told.connect(test.fail)
    return window


def _probe() -> int:
    """Tell by the exit status, and in a word, whether Qt can open a window here."""
    platform_name = QGuiApplication([]).platformName()
    if sys.stdout is not None:  # a program without a console has none on Windows
        sys.stdout.write(f"{platform_name}\n")
    return 0


def _tell_failed_start(error: Exception, *, has_dialog: bool) -> None:
    """Log why there is no window, and say it in a dialog and on the console."""
    from app.presentation.wording import say
    from app.state.settings import log_file

    sys.excepthook(type(error), error, error.__traceback__)
    sentence = say(
        Message(
            "RoSTFine Assist could not start ({error}): install it again, and if that does not "
            "help, send the log {log} to whoever looks after it.",
            error=f"{type(error).__name__}: {error}",
            log=str(log_file()),
        )
    )
    if sys.stderr is not None:
        sys.stderr.write(f"{sentence}\n")
    if has_dialog:
        box = QMessageBox(QMessageBox.Icon.Critical, "RoSTFine Assist", sentence)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.exec()


def _open(window: "MainWindow", arguments: argparse.Namespace) -> None:
    if arguments.demo:
        window.controller.open_demo()
    elif arguments.video is None:
        window.controller.go_on_after_crash()
    else:
        window.controller.open_video(arguments.video)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="rostfine-app",
        description="The window of RoSTFine Assist: track sperm in a video and grade them.",
    )
    parser.add_argument("video", nargs="?", type=Path, help="a microscope video to open")
    parser.add_argument("--demo", action="store_true", help="open the demonstration video")
    parser.add_argument("--language", choices=("en", "ja"), help="instead of the setting")
    parser.add_argument("--settings", type=Path, help="a settings file of its own")
    parser.add_argument(
        "--self-test",
        type=Path,
        metavar="DIR",
        help="test this installation: open the demonstration video, click, grade and export, leave "
        "report, grades and a screenshot in DIR, which must be new or empty, and end with 0 if all "
        "of it worked",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="print how Qt opens windows here, and end; with an error if it cannot",
    )
    parser.add_argument("--version", action="version", version=f"RoSTFine Assist {__version__}")
    arguments = parser.parse_args(argv)
    if arguments.self_test is not None:
        _prepare(arguments.self_test, parser)
    return arguments


def _prepare(folder: Path, parser: argparse.ArgumentParser) -> None:
    """Make the folder of the self-test; wrong use if it holds anything, such as a report."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        parser.error(f"--self-test {folder}: {error.strerror or error}")
    if not is_empty:
        parser.error(f"--self-test {folder}: the folder is not empty")


def _application() -> QApplication:
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    application = QApplication(sys.argv[:1])
    application.setApplicationName("RoSTFine Assist")
    application.setOrganizationName("RoSTFine Assist")
    application.setApplicationVersion(__version__)
    application.setStyle("Fusion")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in a terminal ends the program
    return application


class _Translators:
    """The translations of the program and of Qt itself; English needs none."""

    def __init__(self, application: QApplication) -> None:
        self._application = application
        self._installed: list[QTranslator] = []

    def install(self, language: str) -> None:
        """Translate all that is shown from now on; "system" is the system's language."""
        locale = QLocale.system() if language == "system" else QLocale(language)
        try:
            folder = str(bundled_path("resources/translations"))
        except RostfineError:
            return
        qt_folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if locale.language() == QLocale.Language.Japanese:
            _lend_japanese_font(self._application)
        for name, place in (("rostfine", folder), ("qtbase", qt_folder)):
            translator = QTranslator(self._application)
            if translator.load(locale, name, "_", place):
                self._application.installTranslator(translator)
                self._installed.append(translator)

    def remove(self) -> None:
        """Take them away again, for another start in the same process."""
        for translator in self._installed:
            self._application.removeTranslator(translator)


def _lend_japanese_font(application: QApplication) -> None:
    """Show Japanese in the reports' own font if the system has none."""
    if QFontDatabase.families(QFontDatabase.WritingSystem.Japanese):
        return
    font = application.font()
    real = QFontInfo(font).family()  # an alias such as Sans Serif would now mean the new font
    file = str(bundled_path("resources/report/fonts/MTLc3m.ttf"))
    families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(file))
    font.setFamilies([real, *families])
    application.setFont(font)


def _bug(sentence: str) -> str:
    from app.presentation.wording import say

    return say(
        Message(
            "Something went wrong inside the program ({error}). Your work is as it was before.",
            error=sentence,
        )
    )


if __name__ == "__main__":
    multiprocessing.freeze_support()
    free_children()
    sys.exit(main())
