"""The Japanese translation is complete, fits its placeholders and is the compiled one."""

import re
import string
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

import app
import rostfine_core
from app.actions import ACTIONS, MENUS
from app.jobs.runner import Job
from app.presentation.wording import flag_text, say
from app.state.setting_table import SETTINGS
from app.views.compare.compare_table import COLUMNS
from app.views.review.kinematics_table import KinematicsTable
from rostfine_core.bundled import bundled_path
from rostfine_core.catalogue import saying_in
from rostfine_core.domain import Kinematics, LongJob, Progress, QualityFlag, Severity
from rostfine_core.messages import Message
from rostfine_core.spreadsheet import read_table

Texts = dict[tuple[str, str], str | None]
"""Translations by context and source; None where there is none."""


def texts_of(catalogue: Path) -> Texts:
    return {
        (context.findtext("name") or "", message.findtext("source") or ""): (
            None
            if message.find("translation[@type]") is not None
            else message.findtext("translation")
        )
        for context in ET.parse(catalogue).getroot().iter("context")
        for message in context.iter("message")
    }


TEXTS = texts_of(bundled_path("resources/translations/rostfine_ja.ts"))
TABLES = {
    *(("Actions", t) for a in ACTIONS for t in (a.text, a.tip)),
    *(("Actions", m) for m in MENUS),
    *(("Settings", t) for s in SETTINGS for t in (s.group, s.label, s.tip)),
    *(("Settings", t) for s in SETTINGS for t in s.choice_labels if t not in s.choices),
    *(("CompareTable", c.tip) for c in COLUMNS),
    *(("" if ("", c.heading) in TEXTS else "CompareTable", c.heading) for c in COLUMNS),
}


def fields(text: str) -> set[tuple[str, str | None]]:
    return {(name, form) for _, name, form, _ in string.Formatter().parse(text) if name}


def test_every_text_is_translated_with_its_placeholders() -> None:
    wrong = [
        source
        for (_, source), translation in TEXTS.items()
        if not translation or fields(translation) != fields(source)
    ]
    assert wrong == []


def test_the_texts_are_those_of_the_program(tmp_path: Path) -> None:
    """What ``update.sh`` would collect: nothing is forgotten, nothing is out of date."""
    root = bundled_path("resources/translations").parent.parent
    folders = [Path(package.__file__ or "").parent for package in (app, rostfine_core)]
    listed = tmp_path / "files.txt"
    listed.write_text("\n".join(str(f) for d in folders for f in sorted(d.rglob("*.py"))))
    script = bundled_path("resources/translations/update.sh").read_text(encoding="utf-8")
    aliases = re.search(r"-tr-function-alias (\S+)", script)
    assert aliases is not None
    found = tmp_path / "found.ts"
    tool = Path(PySide6.__path__[0]) / "lupdate"
    subprocess.run(
        [tool, f"@{listed}", "-tr-function-alias", aliases[1], "-ts", found],
        cwd=root,
        check=True,
        capture_output=True,
    )
    assert texts_of(found).keys() == TEXTS.keys()


def test_every_text_of_the_tables_is_known_to_the_translators() -> None:
    assert TEXTS.keys() >= TABLES


def test_a_reason_is_said_in_the_users_language(japanese: None) -> None:
    template = "The sperm was lost in {lost} of {total} frames, first in frame {first}: "
    reason = Message(template + "check the track.", lost=3, total=241, first=17)
    track = QualityFlag(code="track_lost", severity=Severity.WARNING, reason=reason)
    assert flag_text(track) == (
        "精子が 241 フレーム中 3 フレームで見失われました(最初はフレーム 17)。"
        "追跡を確認してください。"
    )
    assert say(Message("the sperm did not move")) == "精子が動きませんでした"
    assert say(Message("Something new.")) == "Something new."


def test_what_failed_is_said_in_the_users_language(japanese: None) -> None:
    def work() -> LongJob[None]:
        yield Progress(stage="reading", done=0, total=1)
        read_table(Path("none.csv"), columns=())

    job = Job(work, lambda _: None)
    job.run()
    assert job.sentence.startswith("none.csv を読み込めません(")


def test_a_flags_meaning_leads_a_reason_without_a_translation(japanese: None) -> None:
    reason = Message("Median 12 of 255.")
    flag = QualityFlag(code="too_dark", severity=Severity.WARNING, reason=reason)
    assert flag_text(flag) == "暗すぎます: Median 12 of 255."
    new = Message("Something new.")
    unknown = QualityFlag(code="new", severity=Severity.NOTICE, reason=new)
    assert flag_text(unknown) == "Something new."


def test_in_english_a_flag_is_its_reason() -> None:
    reason = Message("Median 12 of 255.")
    flag = QualityFlag(code="too_dark", severity=Severity.WARNING, reason=reason)
    assert flag_text(flag) == str(reason)


def test_the_terms_of_the_velocities_are_translated(japanese: None, qtbot: QtBot) -> None:
    table = KinematicsTable()
    qtbot.addWidget(table)
    withheld = (("progress", Message("the sperm did not move")),)
    table.show_kinematics(
        Kinematics(
            unit="px/s", window_s=0.1, fps=15.0, span_s=1.0, measured_points=15, withheld=withheld
        )
    )
    shown = [label.text() for label in table.findChildren(QLabel)]
    assert "前進距離" in shown
    assert "前進距離: 精子が動きませんでした" in shown


@pytest.fixture
def japanese(qtbot: QtBot) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(bundled_path("resources/translations/rostfine_ja.qm")))
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def test_the_compiled_file_is_that_of_the_source(japanese: None) -> None:
    for (context, source), translation in TEXTS.items():
        assert QCoreApplication.translate(context, source) == translation


def test_window_and_report_say_the_same(japanese: None) -> None:
    in_report = saying_in("ja")
    for context, source in TEXTS:
        if not context:
            assert say(Message(source)) == in_report(Message(source))


def test_a_reason_within_a_reason_is_translated_too(japanese: None) -> None:
    reason = Message("the track lasts {span:.2f} s and at least one second is needed", span=0.5)
    template = "{reason} (counted from the correction in frame {frame} on)"
    told = say(Message(template, reason=reason, frame=90))
    assert told.startswith(say(reason))
    assert say(reason) != str(reason)
    assert "フレーム 90 " in told


@pytest.mark.requirement("R-04")
def test_no_text_claims_health_viability_or_fertility() -> None:
    said = " ".join(source for _, source in TEXTS).casefold()
    assert not re.findall(r"health|viab|fertil|\bnormal(?! forms)", said)
