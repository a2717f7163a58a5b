"""The Japanese translation is complete, fits its placeholders and is the compiled one."""

import ast
import inspect
import re
import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from pytestqt.qtbot import QtBot

import app
from app.actions import ACTIONS, MENUS
from app.settings import SETTINGS
from app.views.compare_table import COLUMNS
from app.wording import FLAG_TITLES, MARKED, flag_text
from rostfine_core import quality
from rostfine_core.bundled import bundled_path
from rostfine_core.domain import QualityFlag, Severity

MESSAGES = [
    (context.findtext("name") or "", message.findtext("source") or "", message)
    for context in ET.parse(bundled_path("resources/translations/rostfine_ja.ts"))
    .getroot()
    .iter("context")
    for message in context.iter("message")
]
APP = Path(app.__file__).parent
TABLES = {
    *(("Actions", t) for a in ACTIONS for t in (a.text, a.tip)),
    *(("Actions", m) for m in MENUS),
    *(("Core", t) for t in MARKED),
    *(("Settings", t) for s in SETTINGS for t in (s.group, s.label, s.tip)),
    *(("Settings", t) for s in SETTINGS for t in s.choice_labels if t not in s.choices),
    *(("CompareTable", t) for c in COLUMNS for t in (c.heading, c.tip)),
    *(("Flags", t) for t in FLAG_TITLES.values()),
}


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
    assert known >= TABLES


def texts_in(module: ast.Module) -> set[tuple[str, str]]:
    """Context and text of every literal that a module hands to ``tr`` or ``translate``."""
    found = set()
    for owner in ast.walk(module):
        for call in ast.walk(owner):
            match owner, call:
                case ast.ClassDef(name=name), ast.Call(
                    func=ast.Attribute(attr="tr"), args=[ast.Constant(value=str(text))]
                ):
                    found.add((name, text))
                case ast.Module(), ast.Call(
                    func=ast.Name(id="translate") | ast.Attribute(attr="translate"),
                    args=[ast.Constant(value=str(context)), ast.Constant(value=str(text))],
                ):
                    found.add((context, text))
    return found


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda p: p.name)
def test_every_text_of_a_module_is_known_to_the_translators(path: Path) -> None:
    known = {(context, source) for context, source, _ in MESSAGES}
    assert texts_in(ast.parse(path.read_text(encoding="utf-8"))) <= known


def test_no_text_is_translated_that_is_not_used() -> None:
    used = set(TABLES)
    for path in APP.rglob("*.py"):
        used |= texts_in(ast.parse(path.read_text(encoding="utf-8")))
    assert {(context, source) for context, source, _ in MESSAGES} <= used


def test_every_flag_of_the_core_has_a_title() -> None:
    """The codes are read from the core's source, so that a new flag cannot be forgotten."""
    made = inspect.getsource(quality)
    codes = set(re.findall(r"_(?:warning|notice)\(\s*\"([a-z_]+)\"", made))
    assert {"track_lost", "scale_unknown"} <= codes
    assert codes | {"video", "device"} == set(FLAG_TITLES)


def test_a_flags_meaning_leads_its_reason_in_another_language(japanese: None) -> None:
    flag = QualityFlag(code="too_dark", severity=Severity.WARNING, reason="Median 12 of 255.")
    assert flag_text(flag) == "暗すぎます: Median 12 of 255."
    unknown = QualityFlag(code="new", severity=Severity.NOTICE, reason="Something new.")
    assert flag_text(unknown) == "Something new."


def test_in_english_a_flag_is_its_reason() -> None:
    flag = QualityFlag(code="too_dark", severity=Severity.WARNING, reason="Median 12 of 255.")
    assert flag_text(flag) == flag.reason


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
