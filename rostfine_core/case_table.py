"""Writes all cases into one table: a row for each sperm, as CSV or as a workbook (XLSX).

Rows are written as they come, so that a table of any length takes little memory. The columns are
those of ``report.csv`` after what the store knows of patient, sample and video.
"""

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.domain import (
    NOT_GRADED,
    TRACK_REJECTED,
    Grade,
    LongJob,
    Progress,
    Sperm,
    Verdict,
    WhoValues,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.moments import moment_of
from rostfine_core.report.csv_table import BYTE_ORDER_MARK, Cell, cells, csv_text
from rostfine_core.report.fonts import one_line, shortened
from rostfine_core.store import Store
from rostfine_core.store.current import CaseResults, case_results

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Row = Mapping[str, Cell]
AddRow = Callable[[Row], None]

CASE_COLUMNS = (
    "patient",
    "sample",
    "operator",
    "video_number",
    "video",
    "target",
    "selection",
    "sperm_note",
    "track_verdict",
    "left_out",
    "collected_utc",
    "analysed_utc",
    "medium",
    "temperature_c",
    "abstinence_days",
    *(f"lab_{f.name}" for f in fields(WhoValues)),
    "sample_note",
)
"""What stands before a result's own columns."""


def _shares(prefix: str = "") -> tuple[str, ...]:
    return tuple(f"{prefix}share_{grade.name}" for grade in Grade)


# fmt: off
RESULT_COLUMNS = (
    "click_frame", "click_x_px", "click_y_px", "corrections",
    *_shares(), "expected_grade", "disagreement_bits", "votes_a_or_b", "ensemble_members",
    "ensemble_spread",
    *_shares("global_"), *_shares("spatial_"), *_shares("temporal_"),
    "speed_unit", "vcl", "vsl", "vap", "lin_ratio", "str_ratio", "wob_ratio", "alh_unit",
    "alh_mean", "bcf_hz", "mad_deg", "progress", "who_motility", "kinematics_fps",
    "smoothing_window_s", "track_span_s", "measured_points", "withheld", "flags", "um_per_px",
    "model", "model_sha256", "trained_on", "video_sha256", "software_version", "device",
    "precision", "created_utc", "note_ai_grade", "note_demonstration", "note_validation",
    "placed_by_hand", "views", "view_spread", "view_spread_a_or_b", "calibrated", "range_coverage",
    *(f"range_{end}_{grade.name}" for grade in Grade for end in ("low", "high")),
    "doubtful",
)
# fmt: on
"""The columns of ``report.csv`` that are not among those before."""
COLUMNS = (*CASE_COLUMNS, *RESULT_COLUMNS)
TIME_ENDING = "_utc"
MOST_ROWS, LONGEST_CELL = 2**20, 32_767
"""What a sheet of a workbook holds."""
FIRST_YEAR = 1900
"""The first that a workbook has dates of."""
_NO_XML = re.compile("[\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Workbooks write characters by number as ``_x000D_``; text that looks so must be escaped."""


def export_cases(store: Store, path: Path, *, query: str = "") -> LongJob[tuple[int, int]]:
    """Write the cases whose names hold each word of ``query``; how many, and their sperm.

    Raises:
        StoreError: as ``write_case_table``, or the operator may not export.
    """
    found = store.case_list(query, limit=sys.maxsize)
    store.note_export(path.name)
    cases = (case_results(store, case.video_id) for case in found)
    count = yield from write_case_table(path, cases, total=len(found))
    return len(found), count


def write_case_table(path: Path, cases: Iterable[CaseResults], *, total: int = 0) -> LongJob[int]:
    """Write a row for each sperm of the cases and return how many there are.

    Text cannot become a formula. Numbers are numbers; in a workbook, times are dates (UTC).

    Args:
        path: ending in .csv or .xlsx.
        cases: read one at a time.
        total: how many cases there are, for the progress.

    Raises:
        StoreError: the ending is another, the file cannot be written, or there are more rows than a
            workbook holds.
    """
    writers = {".csv": _csv_rows, ".xlsx": _workbook_rows}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise StoreError(Message("{path} must end in .csv or .xlsx: name it so.", path=path))
    count = 0
    with atomic_write(path) as temporary, writer(temporary) as add_row:
        for done, case in enumerate(cases):
            yield Progress(stage=marked("writing"), done=done, total=total)
            for row in table_rows(case):
                add_row(row)
                count += 1
    return count


def table_rows(case: CaseResults) -> Iterator[Row]:
    """A row for each sperm of a case, in the order of its list."""
    known = _case_cells(case)
    for sperm in case.draft.sperms:
        left_out = _left_out(case, sperm)
        about: dict[str, Cell] = {
            "target": sperm.name,
            "selection": sperm.selection.value,
            "sperm_note": sperm.note,
            "track_verdict": sperm.verdict.value,
            "left_out": left_out,
        }
        result = {} if left_out else dict(cells(case.records[sperm.target]))
        yield {**result, **known, **about}


def _left_out(case: CaseResults, sperm: Sperm) -> str | None:
    """Why a report leaves the sperm out."""
    if sperm.verdict is Verdict.REJECTED:
        return str(TRACK_REJECTED)
    if sperm.target in case.records:
        return None
    return str(case.rejected.get(sperm.target, "")) or str(NOT_GRADED)


def _case_cells(case: CaseResults) -> dict[str, Cell]:
    sample = case.sample
    return {
        "patient": case.patient.pseudonym if case.patient else None,
        "sample": sample.label,
        "operator": sample.operator,
        "video_number": case.video.number,
        "video": case.video.name,
        "video_sha256": case.video.sha256,
        "collected_utc": sample.collected_utc,
        "analysed_utc": sample.analysed_utc,
        "medium": sample.medium,
        "temperature_c": sample.temperature_c,
        "abstinence_days": sample.abstinence_days,
        **{f"lab_{name}": value for name, value in asdict(sample.who).items()},
        "sample_note": sample.note,
    }


@contextmanager
def _csv_rows(path: Path) -> Iterator[AddRow]:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BYTE_ORDER_MARK)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)

        def add(row: Row) -> None:
            writer.writerow(csv_text(row.get(name)) for name in COLUMNS)

        yield add


@contextmanager
def _workbook_rows(path: Path) -> Iterator[AddRow]:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("sperm")
    sheet.freeze_panes = "A2"
    heads = [_text_cell(sheet, name) for name in COLUMNS]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    count = 1

    def add(row: Row) -> None:
        nonlocal count
        count += 1
        if count > MOST_ROWS:
            raise StoreError(
                Message(
                    "A workbook holds {most} rows, and there are more: write the table as CSV.",
                    most=MOST_ROWS,
                )
            )
        sheet.append([_workbook_cell(sheet, name, row.get(name)) for name in COLUMNS])

    try:
        yield add
        book.save(path)
    finally:
        if not sheet.closed:
            sheet.close()  # else its parts, which are temporary files, stay open


def _workbook_cell(sheet: "WriteOnlyWorksheet", name: str, value: Cell) -> object:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    if not value:
        return None
    moment = moment_of(value) if name.endswith(TIME_ENDING) else None
    if moment is None or moment.year < FIRST_YEAR:
        return _text_cell(sheet, value)
    if isinstance(moment, datetime):
        cell = WriteOnlyCell(sheet, moment.replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    else:
        cell = WriteOnlyCell(sheet, datetime.combine(moment, time()))
        cell.number_format = "yyyy-mm-dd"
    return cell


def _text_cell(sheet: "WriteOnlyWorksheet", text: str) -> "SheetCell":
    """A cell of text, which stays text even where it looks like a formula."""
    from openpyxl.cell import WriteOnlyCell

    plain = _NO_XML.sub("\ufffd", one_line(text))
    cell = WriteOnlyCell(sheet, shortened(_LOOKS_ESCAPED.sub("_x005F_", plain), LONGEST_CELL))
    cell.data_type = "s"
    return cell
