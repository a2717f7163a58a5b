"""Starts the window: ``rostfine-app [VIDEO]`` or ``python -m app``."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTimer, QTranslator, Signal
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication

from app.jobs.preload import answer_first, preload_pyqtgraph
from rostfine_core import __version__
from rostfine_core.bundled import bundled_path
from rostfine_core.errors import RostfineError
from rostfine_core.messages import Message


class _Teller(QObject):
    """Carries a sentence from any thread to the window's."""

    told = Signal(str)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the application; returns the exit status."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    answer_first()
    from app.crash import crash_log
    from app.state.settings import Settings, log_file

    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    application = _application()
    settings = Settings(arguments.settings)
    translators = _translate(application, arguments.language or settings.text("language"))
    teller = _Teller()
    with crash_log(log_file(), teller.told.emit):
        preload_pyqtgraph()
        from app.main_window import MainWindow

        window = MainWindow(settings)
        teller.told.connect(lambda sentence: window.errors.tell(_bug(sentence), is_bug=True))
        window.seen.connect(window.controller.start, Qt.ConnectionType.QueuedConnection)
        window.show()
        QTimer.singleShot(0, window, lambda: _open(window, arguments))
        status = application.exec()
        window.deleteLater()
    for translator in translators:
        application.removeTranslator(translator)
    return status


def _open(window: object, arguments: argparse.Namespace) -> None:
    from app.main_window import MainWindow

    assert isinstance(window, MainWindow)
    if not arguments.demo:
        if arguments.video is not None:
            window.controller.open_video(arguments.video)
        return
    from app.presentation.wording import say
    from rostfine_core.bundled import DEMO_SEEDS, DEMO_UM_PER_PX, DEMO_VIDEO
    from rostfine_core.store import read_seeds

    try:
        seeds = read_seeds(bundled_path(DEMO_SEEDS))
        video = bundled_path(DEMO_VIDEO)
        window.controller.open_video(video, seeds=seeds, um_per_px=DEMO_UM_PER_PX)
    except RostfineError as error:
        window.errors.tell(say(error.message))


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="rostfine-app",
        description="The window of RoSTFine Assist: track sperm in a video and grade them.",
    )
    parser.add_argument("video", nargs="?", type=Path, help="a microscope video to open")
    parser.add_argument("--demo", action="store_true", help="open the demonstration video")
    parser.add_argument("--language", choices=("en", "ja"), help="instead of the setting")
    parser.add_argument("--settings", type=Path, help="a settings file of its own")
    parser.add_argument("--version", action="version", version=f"RoSTFine Assist {__version__}")
    return parser.parse_args(argv)


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


def _translate(application: QApplication, language: str) -> list[QTranslator]:
    """Install the translations of the program and of Qt itself; English needs none."""
    locale = QLocale.system() if language == "system" else QLocale(language)
    installed = []
    try:
        folder = str(bundled_path("resources/translations"))
    except RostfineError:
        return []
    qt_folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if locale.language() == QLocale.Language.Japanese:
        _lend_japanese_font(application)
    for name, place in (("rostfine", folder), ("qtbase", qt_folder)):
        translator = QTranslator(application)
        if translator.load(locale, name, "_", place):
            application.installTranslator(translator)
            installed.append(translator)
    return installed


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
    sys.exit(main())
