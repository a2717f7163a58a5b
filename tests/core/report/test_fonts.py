"""Every character is either shown by a face or written as its code point."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.platypus import Paragraph

from rostfine_core.report.fonts import (
    BOLD,
    JAPANESE,
    REGULAR,
    markup,
    one_line,
    pdf_width,
    prepare_reportlab,
    printable,
    runs,
    shortened,
    unprintable,
    wrapped,
)


def test_letters_that_no_face_has_are_told_once_each() -> None:
    assert unprintable("S-123 患者 Müller Ω Ж") == ""
    assert unprintable("시료-시 د") == "시료د"


def test_stretches_are_set_in_a_face_that_has_them() -> None:
    assert list(runs("Sample 検体 µm")) == [
        (REGULAR, "Sample "),
        (JAPANESE, "検体"),
        (REGULAR, " µm"),
    ]
    assert next(runs("x", bold=True)) == (BOLD, "x")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("😀", "[U+1F600]"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\x00b\n\tc", "a b c"),
        ("か\u3099", "が"),
        ("\ud800", "?"),
        ("髙橋①ﾊ", "髙橋①ﾊ"),
        ("Ærø Δ Ж", "Ærø Δ Ж"),
    ],
)
def test_what_no_face_has_is_seen_as_its_code_point(text: str, shown: str) -> None:
    assert printable(text) == shown


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(), max_size=40))
def test_any_text_survives_a_paragraph(text: str) -> None:
    prepare_reportlab()
    paragraph = Paragraph(markup(text))
    assert paragraph.getPlainText().split() == printable(text).split()
    assert pdf_width(text, size_pt=9) >= 0


@settings(max_examples=60, deadline=None)
@given(text=st.text("ab 検、(\u3000", max_size=60), width=st.integers(20, 300))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    prepare_reportlab()
    lines = wrapped(text, size_pt=9, width_pt=width)
    assert all(pdf_width(line, size_pt=9) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == printable(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Sample 検体の名前", ["Sample 検体", "の名前"]),
        ("あいうえおか、きくけ", ["あいうえお", "か、きくけ"]),
        ("あいうえお(かきく)", ["あいうえお", "(かきく)"]),
        ("one two three", ["one two", "three"]),
    ],
)
def test_lines_break_beside_japanese_but_not_before_its_stops(text: str, lines: list[str]) -> None:
    prepare_reportlab()
    assert wrapped(text, size_pt=20, width_pt=122) == lines


def test_shortening_keeps_what_fits() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert one_line("  a \r\n b ") == "a b"
