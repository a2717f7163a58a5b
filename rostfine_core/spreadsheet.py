"""Reads tables saved by spreadsheets, with any usual encoding, separator and decimal mark."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

if TYPE_CHECKING:
    import _csv

_WORKBOOK_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_NUMBER_WITH_COMMA = re.compile(r"\s*[+-]?\d+(,\d+)?(e[+-]?\d+)?\s*", re.IGNORECASE)
_JAPANESE = r"\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6"
# CP1252 text can be valid CP932: "née" then has one full-width character inside a Latin word and
# "Straße" a half-width one. Real Japanese text has neither.
_MISREAD = re.compile(rf"[A-Za-z][{_JAPANESE}](?![{_JAPANESE}])|[\uff61-\uff9f]")

Rows = list[tuple[int, dict[str, str]]]


def read_table(path: Path, *, columns: Iterable[str]) -> tuple[list[str], Rows]:
    """Read a table: its column names, and each row with its line number.

    The encoding is UTF-8, UTF-16 with a byte order mark, CP932 (Excel in Japan) or CP1252 (Western
    Europe). The separator is whichever of comma, semicolon and tab is most frequent in the header,
    or the one named in a first line ``sep=``. With semicolons, decimal commas become points. The
    names in ``columns`` match in upper or lower case. Missing cells are empty; empty rows are
    skipped.

    Raises:
        StoreError: the file cannot be read or is not a table.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot read {path} ({reason}): check its name and that you may read it.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error
    if content.startswith(_WORKBOOK_STARTS):
        raise StoreError(
            Message(
                "{path} is a workbook: save its sheet as CSV (UTF-8) and give that.",
                path=path,
            )
        )
    try:
        return _parse(_decoded(content), {name.lower(): name for name in columns})
    except (csv.Error, UnicodeDecodeError) as error:
        raise StoreError(
            Message(
                "{path} is not a table: save the sheet as CSV (UTF-8).",
                path=path,
            )
        ) from error


def whole_number(cell: str) -> int:
    """The whole number in a cell; "3.0" counts too, as statistics programs write it.

    Raises:
        ValueError: the cell does not hold a whole number.
    """
    try:
        return int(cell)
    except ValueError:
        number = float(cell)
        if not number.is_integer():
            raise
        return int(number)


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        japanese = content.decode("cp932")
    except UnicodeDecodeError:
        return content.decode("cp1252")
    return content.decode("cp1252", "replace") if _MISREAD.search(japanese) else japanese


def _parse(text: str, known: Mapping[str, str]) -> tuple[list[str], Rows]:
    if "\0" in text:
        raise csv.Error("binary data")
    first_line, _, rest = text.partition("\n")
    named = _SEPARATOR_LINE.fullmatch(first_line)
    if named:
        text, first_line = rest, rest.split("\n", 1)[0]
    delimiter = named[1] if named else max(",;\t", key=first_line.count)
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=False
    )
    header = [cell.strip() for cell in next(lines, [])]
    names = [known.get(name.lower(), name) for name in header]
    return names, list(
        _rows(lines, names, has_decimal_commas=delimiter == ";", first_line=1 + bool(named))
    )


def _rows(
    lines: "_csv.Reader", names: list[str], *, has_decimal_commas: bool, first_line: int
) -> Iterator[tuple[int, dict[str, str]]]:
    for cells in lines:
        if has_decimal_commas:
            cells = [c.replace(",", ".") if _NUMBER_WITH_COMMA.fullmatch(c) else c for c in cells]
        if any(cell.strip() for cell in cells):
            padded = cells + [""] * (len(names) - len(cells))
            yield lines.line_num + first_line - 1, dict(zip(names, padded, strict=False))
