"""The Japanese translation is complete, fits its placeholders and is the compiled one."""

import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS, MENUS
from app.settings import SETTINGS
from app.views.compare_table import COLUMNS
from app.wording import MARKED
from rostfine_core.bundled import bundled_path

MESSAGES = [
    (context.findtext("name") or "", message.findtext("source") or "", message)
    for context in ET.parse(bundled_path("resources/translations/rostfine_ja.ts"))
    .getroot()
    .iter("context")
    for message in context.iter("message")
]


def fields(text: str) -> set[tuple[str | None, str | None]]:
    return {(name, form) for _, name, form, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("context", "source", "message"), MESSAGES, ids=lambda m: str(m)[:40])
def test_every_text_is_translated_with_its_placeholders(
    context: str, source: str, message: ET.Element
) -> None:
    translation = message.find("translation")
    assert translation is not None
    assert translation.get("type") is None
    assert translation.text
    assert fields(translation.text) == fields(source)


def test_every_text_of_the_tables_is_known_to_the_translators() -> None:
    known = {(context, source) for context, source, _ in MESSAGES}
    tables = {("Actions", t) for a in ACTIONS for t in (a.text, a.tip)}
    tables |= {("Actions", m) for m in MENUS} | {("Core", t) for t in MARKED}
    tables |= {("Settings", t) for s in SETTINGS for t in (s.group, s.label, s.tip)}
    tables |= {("CompareTable", t) for c in COLUMNS for t in (c.heading, c.tip)}
    assert tables <= known


@pytest.fixture
def japanese(qtbot: QtBot) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(bundled_path("resources/translations/rostfine_ja.qm")))
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def test_the_compiled_file_is_that_of_the_source(japanese: None) -> None:
    for context, source, message in MESSAGES:
        assert QCoreApplication.translate(context, source) == message.findtext("translation")
