"""The Japanese translation is complete, fits its placeholders and is the compiled one."""

import ast
import inspect
import re
import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QTranslator
from pytestqt.qtbot import QtBot

import app
from app.actions import ACTIONS, MENUS
from app.presentation.reasons import REASONS, match, translated_reason
from app.presentation.wording import FLAG_TITLES, MARKED, flag_text
from app.state.settings import SETTINGS
from app.views.compare.compare_table import COLUMNS
from rostfine_core import assessor, clips, pipeline
from rostfine_core.bundled import bundled_path
from rostfine_core.domain import QualityFlag, Severity
from rostfine_core.quality import flags as quality
from rostfine_core.quality import same_head
from rostfine_core.tracking import kinematics
from rostfine_core.video import container, index, pages, picture, stills, timing

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
    *(("Reasons", t) for t in REASONS),
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
    assert codes | {"video", "device", same_head.SAME_HEAD} == set(FLAG_TITLES)


def shape(text: str) -> str:
    """A template without the names of its values."""
    return re.sub(r"\{\w*\}", "{}", text)


def literal(node: ast.AST) -> str | None:
    """A text of the source, with {} for each value in it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join("{}" if isinstance(p, ast.FormattedValue) else p.value for p in parts)  # type: ignore[attr-defined]  # constants
    return None


def sentences(module: ModuleType) -> set[str]:
    found = map(literal, ast.walk(ast.parse(inspect.getsource(module))))
    return {text for text in found if text is not None}


def test_the_reasons_are_those_of_the_core() -> None:
    tracks = (quality, same_head, pipeline, kinematics, assessor, clips)
    modules = (*tracks, index, container, picture, pages, stills, timing)
    said = set[str]().union(*map(sentences, modules))
    assert {shape(r) for r in REASONS} <= said


def test_every_flag_of_the_core_has_its_reason_translated() -> None:
    calls = [
        call
        for call in ast.walk(ast.parse(inspect.getsource(quality)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("_warning", "_notice")
    ]
    assert len(calls) > 15
    reasons = {shape(r) for r in REASONS}
    assert {literal(call.args[1]) for call in calls} <= reasons
    assert sentences(same_head) & reasons == {"Sperm {} is the same one: count it once."}


def test_a_reason_is_said_in_the_users_language(japanese: None) -> None:
    track = QualityFlag(
        code="track_lost",
        severity=Severity.WARNING,
        reason="The sperm was lost in 3 of 241 frames, first in frame 17: check the track.",
    )
    assert flag_text(track) == (
        "精子が 241 フレーム中 3 フレームで見失われました(最初はフレーム 17)。"
        "追跡を確認してください。"
    )
    assert translated_reason("the sperm did not move") == "精子が動きませんでした"
    assert translated_reason("Something new.") == "Something new."


@given(reason=st.sampled_from(REASONS), value=st.from_regex(r"[0-9][0-9.,%]{0,5}", fullmatch=True))
def test_a_reason_is_taken_for_no_other(reason: str, value: str) -> None:
    """Else a value would be lost, or a sentence said that was not meant."""
    names = [name for name, _ in fields(reason)]
    said = reason.format(**dict.fromkeys(filter(None, names), value))
    assert next(t for t in REASONS if match(t, said)) == reason


def test_a_flags_meaning_leads_a_reason_without_a_translation(japanese: None) -> None:
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


def test_a_reason_within_a_reason_is_translated_too(japanese: None) -> None:
    reason = "the track lasts 0.50 s and at least one second is needed"
    told = translated_reason(f"{reason} (counted from the correction in frame 90 on)")
    assert told.startswith(translated_reason(reason))
    assert translated_reason(reason) != reason
    assert "フレーム 90 " in told


def test_no_text_claims_health_viability_or_fertility() -> None:
    said = " ".join(source for _, source, _ in MESSAGES).casefold()
    assert not re.findall(r"health|viab|fertil|\bnormal", said)
