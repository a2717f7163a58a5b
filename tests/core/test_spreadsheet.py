"""Tables saved by spreadsheets of several countries, and files that are not tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.errors import StoreError
from rostfine_core.spreadsheet import Rows, read_table, whole_number


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def read(folder: Path, content: str | bytes, *columns: str) -> tuple[list[str], Rows]:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, columns=columns)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("separator_line", [False, True])
@given(rows=st.lists(st.lists(st.text("abc01", min_size=1, max_size=5), min_size=3, max_size=3)))
def test_tables_are_read_with_any_separator(
    folder: Path, delimiter: str, separator_line: bool, rows: list[list[str]]
) -> None:
    lines = [delimiter.join(row) for row in [["x", "y", "z"], *rows, ["", "", ""]]]
    names, found = read(folder, "\r\n".join([f"sep={delimiter}"] * separator_line + lines))
    assert names == ["x", "y", "z"]
    assert [list(row.values()) for _, row in found] == rows
    first = 2 + separator_line
    assert [line for line, _ in found] == list(range(first, first + len(rows)))


def test_decimal_commas_become_points_but_texts_are_unchanged(folder: Path) -> None:
    _, rows = read(folder, "a;b;c;d\n-1,5;left, right;1,2,3;2e3\n")
    assert rows == [(2, {"a": "-1.5", "b": "left, right", "c": "1,2,3", "d": "2e3"})]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("患者-01", "cp932"),
        ("患者１.mp4", "cp932"),
        ("A患者", "cp932"),
        ("備考 良好", "cp932"),
        ("ﾃﾞｰﾀ", "utf-8"),
        ("Müller.mp4", "cp1252"),
        ("Straße 5", "cp1252"),
        ("née Générique", "cp1252"),
        ("André", "cp1252"),
        ("µm", "cp1252"),
        ("患者 Müller", "utf-16"),
        ("患者 Müller", "utf-8-sig"),
    ],
)
def test_encodings_are_recognised(folder: Path, text: str, encoding: str) -> None:
    names, rows = read(folder, f"clip,Note\r\na,{text}\r\n".encode(encoding), "note")
    assert names == ["clip", "note"]
    assert rows == [(2, {"clip": "a", "note": text})]


def test_columns_are_found_despite_case_and_blanks(folder: Path) -> None:
    names, rows = read(folder, "Clip, VOTES_a, Other\n p1, 3, x\n", "clip", "votes_A")
    assert names == ["clip", "votes_A", "Other"]
    assert rows == [(2, {"clip": "p1", "votes_A": "3", "Other": "x"})]


def test_a_short_row_is_padded_and_a_long_one_cut(folder: Path) -> None:
    assert read(folder, "a,b\n1\n1,2,3\n")[1] == [
        (2, {"a": "1", "b": ""}),
        (3, {"a": "1", "b": "2"}),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04rest", "is a workbook: save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "is a workbook: save its sheet as CSV"),
        (b"a,b\n\0\0\0", "is not a table: save the sheet as CSV"),
    ],
    ids=["xlsx", "xls", "binary"],
)
def test_other_files_are_refused_with_advice(folder: Path, content: bytes, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        read(folder, content)


def test_whole_numbers_may_have_a_decimal_point() -> None:
    assert [whole_number(text) for text in ("3", " 3 ", "3.0", "1e2")] == [3, 3, 3, 100]
    for bad in ("", "3.5", "nan", "inf", "three", "9" * 5000):
        with pytest.raises(ValueError, match=r"convert|invalid|int"):
            whole_number(bad)
