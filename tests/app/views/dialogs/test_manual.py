"""The manual's window: chapters, search, pictures, and the PDF."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader
from PySide6.QtGui import QFont
from pytestqt.qtbot import QtBot

from app.presentation.manual_pdf import manual_page, write_manual_pdf
from app.views.dialogs.manual import ManualDialog
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.errors import StoreError

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture(params=LANGUAGES)
def dialog(request: pytest.FixtureRequest, qtbot: QtBot) -> ManualDialog:
    shown = ManualDialog(manual_page(request.param))
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_a_chapter_is_shown(dialog: ManualDialog) -> None:
    bar = dialog.text.verticalScrollBar()
    places = []
    for row in range(dialog.contents.count()):
        dialog.contents.setCurrentRow(row)
        places.append(bar.value())
    assert places == sorted(places)
    assert len(set(places)) > 12


def test_every_picture_is_found(dialog: ManualDialog) -> None:
    assert dialog.is_whole


def test_a_page_without_its_pictures_is_not_whole(qtbot: QtBot, tmp_path: Path) -> None:
    page = tmp_path / "en.html"
    page.write_text(manual_page("en").read_text(encoding="utf-8"), encoding="utf-8")
    alone = ManualDialog(page)
    qtbot.addWidget(alone)
    assert alone.contents.count() > 0
    assert not alone.is_whole


def test_searching_goes_from_place_to_place_and_around(dialog: ManualDialog) -> None:
    dialog.search.setText("doctor")
    places = []
    for _ in range(30):
        dialog.find_next()
        places.append(dialog.text.textCursor().position())
    assert dialog.text.textCursor().selectedText() == "doctor"
    first_again = places.index(places[0], 1)
    assert places[:first_again] == sorted(places[:first_again])
    dialog.search.setText("no such word")
    dialog.find_next()
    assert dialog.text.textCursor().selectedText() == ""


def test_the_manual_is_written_as_pdf(qtbot: QtBot, tmp_path: Path) -> None:
    write_manual_pdf("en", tmp_path / "manual.pdf", QFont())
    pages = PdfReader(tmp_path / "manual.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert len(pages) > 8
    assert sum(len(page.images) for page in pages) > 5
    assert "not a WHO motility grade" in text
    assert "Glossary" in text


def test_a_pdf_that_cannot_be_written_says_why(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose a folder"):
        write_manual_pdf("en", tmp_path / "file" / "manual.pdf", QFont())


FULL_DISK_SCRIPT = """
import resource
import signal
from pathlib import Path

from PySide6.QtGui import QFont, QGuiApplication

from app.presentation.manual_pdf import write_manual_pdf
from rostfine_core.errors import StoreError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
application = QGuiApplication([])
file = Path({file!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    write_manual_pdf("en", file, QFont())
except StoreError as error:
    assert "free space" in str(error)
    assert file.read_text() == "what was there"
else:
    raise AssertionError("half a manual was written")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
def test_a_full_disk_is_told_and_leaves_what_was_there(
    tmp_path: Path, run_script: Callable[[str], None]
) -> None:
    file = tmp_path / "manual.pdf"
    file.write_text("what was there")
    run_script(FULL_DISK_SCRIPT.format(file=str(file)))
