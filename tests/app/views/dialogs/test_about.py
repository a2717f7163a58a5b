"""The About dialog: notice, model card, and the licences of all packages."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from app.state.session import Session
from app.views.dialogs.about import PACKAGES, AboutDialog
from rostfine_core.domain import (
    DISCLAIMER_DEMONSTRATION,
)

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

ROOT = Path(__file__).parents[4]


def test_about_holds_the_notice_the_card_and_the_licences(qtbot: QtBot, graded: Session) -> None:
    assert graded.model.info is not None
    model = replace(graded.model, info=replace(graded.model.info, trained_clips=15600))
    dialog = AboutDialog(model, card="# Card of the model", licence="Apache License")
    qtbot.addWidget(dialog)
    pages = [dialog.tabs.widget(k) for k in range(3)]
    texts = [page.toPlainText() for page in pages if isinstance(page, QTextBrowser)]
    assert DISCLAIMER_DEMONSTRATION in texts[1]
    assert "Card of the model" in texts[1]
    assert "simulated, 15,600 clips" in texts[1]
    assert "Apache License" in texts[2]
    assert "PySide6" in texts[2]


def test_an_installed_program_names_all_that_it_is_made_of(qtbot: QtBot, graded: Session) -> None:
    dialog = AboutDialog(
        graded.model,
        card="",
        licence="Apache License",
        third_parties="# Parts\n- FFmpeg: LGPL-3.0-or-later (libavcodec.so)\n",
    )
    qtbot.addWidget(dialog)
    page = dialog.tabs.widget(2)
    assert isinstance(page, QTextBrowser)
    text = page.toPlainText()
    assert "FFmpeg: LGPL-3.0-or-later (libavcodec.so)" in text
    assert "Apache License" in text


def test_it_names_every_package_that_is_installed_with_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    assert {_normal(name) for name in PACKAGES} == {_normal(name) for name in needed}


def _normal(package: str) -> str:
    return package.lower().replace("_", "-")
