"""A report in another language says the same, and leaves names and data as they are."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from rostfine_core.bundled import bundled_path
from rostfine_core.catalogue import LANGUAGES, saying_in
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    TRACK_REJECTED,
    Assessment,
    QualityFlag,
    SampleInfo,
    Severity,
)
from rostfine_core.messages import Message
from rostfine_core.report import ReportStyle, write_explanation
from tests.core.report.writing import write_pdf

MakeAssessment = Callable[..., Assessment]
TOO_DARK = Message("The picture is too dark (median {level:.0f} of 255).", level=12.3)
DID_NOT_MOVE = Message("the sperm did not move")
SENTENCES = {
    message.findtext("source", "")
    for context in ET.parse(bundled_path("resources/translations/rostfine_ja.ts")).iter("context")
    if not context.findtext("name")
    for message in context.iter("message")
}


def full_assessment(make_assessment: MakeAssessment) -> Assessment:
    """With a flag and a withheld value as the core makes them, and a name that is also a word."""
    made = make_assessment("best", ensemble=True, demonstration=True)
    flag = QualityFlag(code="too_dark", severity=Severity.WARNING, reason=TOO_DARK)
    withheld = tuple((name, DID_NOT_MOVE) for name, _ in made.kinematics.withheld)
    return replace(
        made,
        flags=(flag,),
        kinematics=replace(made.kinematics, withheld=withheld),
        sample=SampleInfo(sample="good", operator="Model"),
    )


def text_of(pdf: Path) -> str:
    pages = (page.extract_text() for page in PdfReader(pdf).pages)
    return "".join("".join(page.split()) for page in pages)


def test_a_japanese_report_holds_no_english_sentence(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    shown = [full_assessment(make_assessment)]
    told = {}
    for language in LANGUAGES:
        pdf = tmp_path / f"{language}.pdf"
        write_pdf(pdf, shown, left_out=[("3", TRACK_REJECTED)], language=language)
        told[language] = text_of(pdf)
        assert len(PdfReader(pdf).pages) == 3
    plain = {"".join(s.split()) for s in SENTENCES if "{" not in s and len(s.split()) > 2}
    assert sum(sentence in told["en"] for sentence in plain) > 15
    assert [sentence for sentence in plain if sentence in told["ja"]] == []


@pytest.mark.requirement("R-44")
def test_what_must_be_said_is_said_in_japanese(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    pdf, say = tmp_path / "report.pdf", saying_in("ja")
    write_pdf(pdf, [full_assessment(make_assessment)], language="ja")
    standing = (Message(DISCLAIMER_AI_GRADE), Message(DISCLAIMER_DEMONSTRATION))
    for page in PdfReader(pdf).pages:
        text = "".join(page.extract_text().split())
        assert all("".join(say(note).split()) in text for note in standing)
    told = text_of(pdf)
    for message in (Message(DISCLAIMER_ATTENTION), TOO_DARK, DID_NOT_MOVE):
        assert "".join(say(message).split()) in told
        assert say(message) != str(message)


def test_names_are_not_taken_for_words(make_assessment: MakeAssessment, tmp_path: Path) -> None:
    pdf, picture = tmp_path / "report.pdf", tmp_path / "explanation.png"
    shown = full_assessment(make_assessment)
    write_pdf(pdf, [shown], left_out=[("grey", TRACK_REJECTED)], language="ja")
    told = text_of(pdf)
    for text in ("精子best", "検体good", "担当者Model", "精子grey:"):
        assert text in told
    write_explanation(picture, shown, style=ReportStyle(language="ja"))
    with Image.open(picture) as image:
        assert image.info["Title"] == "精子 best · 検体 good"
        assert saying_in("ja")(Message(DISCLAIMER_ATTENTION)) in image.info["Disclaimer"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_says_in_which_language_it_is(
    language: str, make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    pdf = tmp_path / "report.pdf"
    write_pdf(pdf, [make_assessment()], language=language)
    assert str(PdfReader(pdf).root_object["/Lang"]) == language
