"""Japanese is readable on every system."""

from collections.abc import Callable

FONT_SCRIPT = """
from PySide6.QtGui import QFontDatabase, QRawFont
import app.__main__ as program

application = program._application()
had_japanese = bool(QFontDatabase.families(QFontDatabase.WritingSystem.Japanese))
own = application.font().families()
latin = QRawFont.fromFont(application.font()).familyName()
program._Translators(application).install("ja")
assert QFontDatabase.families(QFontDatabase.WritingSystem.Japanese)
families = application.font().families()
assert families == own if had_japanese else len(families) > 1, families
face = QRawFont.fromFont(application.font()).familyName()
assert face == latin, face
"""
LINES_SCRIPT = """
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
import app.__main__ as program

application = program._application()
program._Translators(application).install("ja")
from app.presentation.theme import apply_theme, load_theme
from app.views.review.flag_list import FlagList
from rostfine_core.domain import QualityFlag, Severity
from rostfine_core.messages import Message

apply_theme(application, load_theme("dark"))
reason = Message("No um/px is set, so gjpqy speeds " * 4 + "gjpqy gjpqy")
flags = FlagList()
flags.show_flags([QualityFlag(code="too_dark", severity=s, reason=reason) for s in Severity])
labels = [label for label in flags.findChildren(QLabel) if label.text()]
assert len(labels) == 2
for label in labels:
    label.setParent(None)
    label.ensurePolished()
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    height = label.heightForWidth(270)
    label.resize(270, height + 10)
    image = label.grab().toImage()
    ground = image.pixel(0, height + 9)
    below = {image.pixel(x, y) for x in range(270) for y in range(height, height + 10)}
    assert below == {ground}, "the last line is cut off"
    assert {image.pixel(x, y) for x in range(270) for y in range(height)} != {ground}
"""


def test_japanese_is_shown_and_latin_stays_on_a_system_without_a_japanese_font(
    run_script: Callable[[str], None],
) -> None:
    run_script(FONT_SCRIPT)


def test_the_last_line_of_a_flags_reason_is_not_cut_off(run_script: Callable[[str], None]) -> None:
    run_script(LINES_SCRIPT)
