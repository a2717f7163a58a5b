"""What users and files are called is shown letter by letter, even if it looks like HTML."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import Qt, QTextDocumentFragment
from PySide6.QtWidgets import QLabel, QWidget

from app.main_window import MainWindow
from app.views.recent_menu import RecentMenu

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
NAME = "a&b <b>bold<i>.mp4"
BAD = "<u>bad<i>.mp4"


def not_plain(window: QWidget) -> Iterator[str]:
    """Texts and tool tips that Qt would take for HTML, though they hold a name."""
    for label in window.findChildren(QLabel):
        is_plain = label.textFormat() is Qt.TextFormat.PlainText
        if not is_plain and Qt.mightBeRichText(label.text()) and "<i>" in label.text():
            yield label.text()
    for widget in window.findChildren(QWidget):
        tip = widget.toolTip()
        shown = QTextDocumentFragment.fromHtml(tip).toPlainText()
        if Qt.mightBeRichText(tip) and "bold" in tip and "<b>bold<i>" not in shown:
            yield tip


def test_names_that_look_like_html_are_shown_as_they_are(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    video, bad = tmp_path / NAME, tmp_path / BAD
    video.write_bytes(small_video.read_bytes())
    bad.write_bytes(b"no video at all" * 50)

    def script(window: MainWindow, answers: "Answers") -> None:
        window.controller.open_video(video)
        hand.wait_until_open(window)
        window.controller.editor.set_sample("<i>S-1", "<i>A. Sato")
        window.controller.editor.add_sperm(100, 90)
        window.controller.editor.rename_sperm(window.session.sperms[0].key, "<i>left<i>")
        with hand.waiting_for(window.controller.failed):
            window.controller.open_video(bad)
        (box,) = hand.boxes(window)
        assert f"{bad}" in box.text()
        assert not list(not_plain(window))
        box.close()
        (recent,) = window.findChildren(RecentMenu)
        assert recent.actions()[0].text() == NAME.replace("&", "&&")
        assert window.statusBar().findChildren(QLabel)[0].text().startswith(NAME)

    drive(script)
