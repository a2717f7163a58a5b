"""Japanese can be read on every system."""

import subprocess
import sys
from pathlib import Path

JAPANESE_SCRIPT = """
import sys
from PySide6.QtGui import QFontDatabase, QRawFont
import app.__main__ as program

application = program._application()
program._translate(application, "ja")
assert QFontDatabase.families(QFontDatabase.WritingSystem.Japanese)
families = application.font().families()
faces = [QRawFont.fromFont(application.font())]
assert len(families) > 1 or faces[0].supportsCharacter(ord("精"))
"""


def test_japanese_is_shown_on_a_system_without_a_japanese_font() -> None:
    done = subprocess.run(
        [sys.executable, "-c", JAPANESE_SCRIPT],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
