"""The table of all cases holds every sperm, typed, and no text in it does harm."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from rostfine_core.case_table import COLUMNS, LONGEST_CELL, write_case_table
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    AssessmentKey,
    Calibration,
    Draft,
    Patient,
    SampleInfo,
    SampleRecord,
    Seed,
    Selection,
    Sperm,
    Verdict,
    VideoInfo,
    WhoValues,
    finish,
)
from rostfine_core.domain.grade import FORMER_NAMES
from rostfine_core.errors import StoreError
from rostfine_core.files import FORMULA_STARTS
from rostfine_core.messages import Message
from rostfine_core.report.csv_table import cells
from rostfine_core.report.fonts import one_line
from rostfine_core.store import Store
from rostfine_core.store.current import CaseResults, case_results
from tests.core.any_text import any_text, filled
from tests.core.report.conftest import build_assessment

CALIBRATION = Calibration(um_per_px=0.1132)


def chosen(key: int, **more: Any) -> Sperm:  # noqa: ANN401
    seed = Seed(target=str(key), frame=0, x_px=100.0 * key, y_px=50.0)
    return Sperm(key=key, name=f"n{key}", seeds=(seed,), **more)


SPERMS = (
    chosen(1, selection=Selection.CHOSEN, note="best"),
    chosen(2),
    chosen(3, verdict=Verdict.REJECTED),
    chosen(4),
)


@pytest.fixture
def case(tmp_path: Path, info: VideoInfo) -> Iterator[CaseResults]:
    """Sperm that are graded, not gradable, rejected, and moved since they were graded."""
    with Store.open(tmp_path / "store") as store:
        patient = store.set_patient(Patient(pseudonym="P-7"))
        sample = SampleRecord(
            label="S-1",
            operator="Mori",
            patient_id=patient,
            collected_utc="2026-11-22",
            analysed_utc="2026-11-22T18:30:00+09:00",
            temperature_c=37.0,
            who=WhoValues(volume_ml=1.5),
        )
        video = store.add_video(
            info,
            sha256="cd" * 32,
            draft=Draft(sperms=SPERMS, sample=SampleInfo(), calibration=CALIBRATION),
            sample_id=store.set_sample(sample),
        )
        for sperm in SPERMS:
            seeds = sperm.seeds if sperm.key != 4 else (replace(sperm.seeds[0], x_px=1.0),)
            key = AssessmentKey(
                target=sperm.target, seeds=seeds, fps=None, um_per_px=0.1132, model_sha256="0f" * 32
            )
            if sperm.key == 2:
                store.keep_rejections(video, {key: Message("No head.")})
            else:
                made = build_assessment(sperm.target, seeds=seeds, flagged=True)
                store.keep_assessments(video, {key: made})
        yield case_results(store, video)


def read_csv(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    before = csv.field_size_limit(2**20)
    try:
        return list(csv.DictReader(StringIO(text, newline=""), strict=True))
    finally:
        csv.field_size_limit(before)


def read_workbook(path: Path) -> list[dict[str, Any]]:
    (sheet,) = load_workbook(path)
    head, *rows = sheet.iter_rows()
    assert all(cell.data_type != "f" for row in (head, *rows) for cell in row)
    names = [str(cell.value) for cell in head]
    return [dict(zip(names, (cell.value for cell in row), strict=True)) for row in rows]


def test_the_columns_are_those_of_a_report() -> None:
    names = {name for name, _ in cells(build_assessment())}
    assert names - set(FORMER_NAMES.values()) <= set(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)


@pytest.mark.requirement("R-01")
@pytest.mark.requirement("R-45")
def test_a_workbook_has_a_typed_row_for_each_sperm(case: CaseResults, tmp_path: Path) -> None:
    path = tmp_path / "cases.xlsx"
    assert finish(write_case_table(path, [case, case])) == 8
    rows = read_workbook(path)
    assert list(rows[0]) == list(COLUMNS)
    graded, refused, rejected, moved = rows[:4]
    assert [r["target"] for r in rows] == 2 * ["n1", "n2", "n3", "n4"]
    assert (graded["patient"], graded["sample"], graded["operator"]) == ("P-7", "S-1", "Mori")
    assert (graded["selection"], graded["sperm_note"]) == ("chosen", "best")
    assert (graded["share_B"], graded["doubtful"]) == (0.421, "yes")
    assert graded["vcl"] == 61.27
    assert graded["corrections"] == 0
    assert graded["bcf_hz"] is None
    assert "needs at least 50 fps" in graded["withheld"]
    assert graded["note_ai_grade"] == DISCLAIMER_AI_GRADE
    assert graded["collected_utc"] == datetime(2026, 11, 22)  # as workbooks have it
    assert graded["analysed_utc"] == datetime(2026, 11, 22, 9, 30)
    assert graded["created_utc"] == datetime(2026, 11, 22, 9, 41, 7)
    assert (graded["lab_volume_ml"], graded["temperature_c"]) == (1.5, 37)
    reasons = ["No head.", "track rejected by the operator", "not graded"]
    assert [r["left_out"] for r in (refused, rejected, moved)] == reasons
    assert {r["share_A"] for r in (refused, rejected, moved)} == {None}


def test_csv_and_workbook_say_the_same(case: CaseResults, tmp_path: Path) -> None:
    for name in ("cases.csv", "cases.xlsx"):
        finish(write_case_table(tmp_path / name, [case]))
    for ours, theirs in zip(
        read_csv(tmp_path / "cases.csv"), read_workbook(tmp_path / "cases.xlsx"), strict=True
    ):
        assert list(ours) == list(theirs)
        for name, value in theirs.items():
            if isinstance(value, int | float):
                assert float(ours[name]) == pytest.approx(value, rel=1e-5)
            elif not isinstance(value, datetime):
                assert ours[name] == (value or "")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text)
@pytest.mark.requirement("R-42")
def test_any_text_goes_into_both_tables_and_back(
    case: CaseResults, tmp_path: Path, text: str
) -> None:
    hostile = replace(
        case,
        video=replace(case.video, name=text),
        sample=filled(case.sample, text),
        patient=filled(case.patient, text),
        draft=filled(case.draft, text),
        records={key: filled(record, text) for key, record in case.records.items()},
        rejected={"2": Message(text)},
    )
    hostile = replace(  # targets tell which result is whose
        hostile, draft=replace(hostile.draft, sperms=tuple(replace(s, name=text) for s in SPERMS))
    )
    finish(write_case_table(tmp_path / "cases.csv", [hostile]))
    finish(write_case_table(tmp_path / "cases.xlsx", [hostile]))
    plain = one_line(text)
    line, *_ = read_csv(tmp_path / "cases.csv")
    row, *_ = read_workbook(tmp_path / "cases.xlsx")
    for name in ("patient", "sample", "operator", "target", "medium", "sample_note", "model"):
        assert line[name].removeprefix("'") in (plain, plain.removeprefix("'"))
        assert not line[name].lstrip(" ").startswith(FORMULA_STARTS)
        kept = unescape(row[name] or "").removesuffix("…")
        assert plain.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").startswith(kept)
        assert len(kept) >= min(len(plain), LONGEST_CELL - 1)


@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx"])
def test_a_cancelled_table_leaves_nothing(case: CaseResults, tmp_path: Path, name: str) -> None:
    job = write_case_table(tmp_path / "out" / name, [case, case])
    next(job)
    next(job)
    job.close()
    assert not list((tmp_path / "out").iterdir())


def test_other_endings_are_refused_and_a_sheet_has_an_end(
    case: CaseResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match=r"must end in \.csv or \.xlsx"):
        finish(write_case_table(tmp_path / "cases.ods", [case]))
    monkeypatch.setattr("rostfine_core.case_table.MOST_ROWS", 4)
    with pytest.raises(StoreError, match="write the table as CSV"):
        finish(write_case_table(tmp_path / "cases.xlsx", [case]))
    assert not list(tmp_path.glob("cases*"))


def test_nothing_in_a_workbook_runs(case: CaseResults, tmp_path: Path) -> None:
    hostile = replace(case, sample=replace(case.sample, note='=HYPERLINK("http://a.b","c")'))
    finish(write_case_table(tmp_path / "cases.xlsx", [hostile]))
    with zipfile.ZipFile(tmp_path / "cases.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "HYPERLINK" in sheet
    assert "<f>" not in sheet
