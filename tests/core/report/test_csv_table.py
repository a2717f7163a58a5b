"""The CSV table opens in a spreadsheet, holds the record's numbers and cannot run formulas."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    FORMER_NAMES,
    NOT_GRADED,
    Assessment,
    Kinematics,
    LeftOut,
    SampleInfo,
    Seed,
    Verdict,
    VideoSection,
)
from rostfine_core.errors import StoreError
from rostfine_core.export import sample_report
from rostfine_core.files import FORMULA_STARTS
from rostfine_core.report import write_report_csv as write_csv
from rostfine_core.report.csv_table import RENAMED

MakeAssessment = Callable[..., Assessment]


def write_report_csv(
    path: Path, assessments: Sequence[Assessment], *, left_out: Sequence[LeftOut] = ()
) -> None:
    videos = [VideoSection.of(assessments, left_out=left_out)] if assessments else []
    write_csv(path, sample_report(videos), content_sha256="5a" * 32)


def _read(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline=""), strict=True))


def test_it_is_utf8_with_a_byte_order_mark_and_crlf(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    sample = SampleInfo(sample="検体 1", operator="田中")
    write_report_csv(path, [make_assessment(sample=sample), make_assessment("2")])
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 3
    assert _read(path)[0]["sample"] == "検体 1"
    assert _read(path)[0]["operator"] == "田中"


def test_sperm_that_are_left_out_come_last_with_the_reason(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    write_report_csv(path, [make_assessment("1")], left_out=[("=2", NOT_GRADED)])
    graded, left = _read(path)
    assert (graded["target"], graded["left_out"]) == ("1", "")
    told = {name: value for name, value in left.items() if value}
    of_report = ("video", "video_sha256", "report_version", "report_sha256")
    assert told == {
        "target": "'=2", "left_out": "not graded", **{name: graded[name] for name in of_report}
    }  # fmt: skip


def test_the_numbers_are_the_records(make_assessment: MakeAssessment, tmp_path: Path) -> None:
    assessment = make_assessment(ensemble=True)
    write_report_csv(tmp_path / "report.csv", [assessment])
    (row,) = _read(tmp_path / "report.csv")
    prediction, kinematics = assessment.prediction, assessment.kinematics
    for prefix, distribution in (
        ("share", prediction.grade),
        ("global_share", prediction.grade_global),
        ("spatial_share", prediction.grade_spatial),
        ("temporal_share", prediction.grade_temporal),
    ):
        found = [float(row[f"{prefix}_{letter}"]) for letter in "ABCDE"]
        assert found == pytest.approx(distribution.probabilities, rel=1e-5)
    expected = {
        "expected_grade": prediction.grade.expected_grade,
        "disagreement_bits": prediction.grade.entropy_bits,
        "votes_a_or_b": prediction.grade.p_a_or_b,
        "ensemble_spread": prediction.ensemble_spread,
        "vcl": kinematics.vcl,
        "vsl": kinematics.vsl,
        "vap": kinematics.vap,
        "lin_ratio": kinematics.lin,
        "str_ratio": kinematics.str_,
        "wob_ratio": kinematics.wob,
        "mad_deg": kinematics.mad_deg,
        "kinematics_fps": kinematics.fps,
        "smoothing_window_s": kinematics.window_s,
        "um_per_px": assessment.provenance.um_per_px,
        "click_x_px": 612.5,
        "click_y_px": 388.25,
    }
    for name, value in expected.items():
        assert float(row[name]) == pytest.approx(value, rel=1e-5), name
    for name, former in FORMER_NAMES.items():
        assert row[former] == row[name]
    assert row["ensemble_members"] == "3"
    write_report_csv(tmp_path / "report.csv", [make_assessment()])
    assert _read(tmp_path / "report.csv")[0]["ensemble_members"] == "1"
    assert row["speed_unit"] == "um/s"
    assert row["alh_unit"] == "um"
    assert row["model_sha256"] == assessment.provenance.model.sha256
    assert row["video_sha256"] == assessment.provenance.video_sha256
    assert row["created_utc"] == assessment.provenance.created_utc


def test_how_sure_a_model_is_has_columns_which_are_empty_where_it_does_not_say(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    sure, silent = make_assessment("1", sure=True), make_assessment("2")
    write_report_csv(tmp_path / "report.csv", [sure, silent])
    said, not_said = _read(tmp_path / "report.csv")
    prediction = sure.prediction
    assert float(said["view_spread"]) == pytest.approx(prediction.view_spread, rel=1e-5)
    assert float(said["range_coverage"]) == prediction.range_coverage
    for place, ends in enumerate(("range_low", "range_high")):
        found = [float(said[f"{ends}_{letter}"]) for letter in "ABCDE"]
        assert found == [r[place] for r in prediction.ranges]
    assert (said["views"], said["calibrated"]) == ("3", "yes")
    assert (not_said["views"], not_said["calibrated"]) == ("1", "no")
    names = ("view_spread", "view_spread_a_or_b", "range_coverage", "range_low_A", "range_high_E")
    assert [not_said[name] for name in names] == [""] * len(names)


def test_every_kinematic_value_has_a_column(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    write_report_csv(tmp_path / "report.csv", [make_assessment()])
    (row,) = _read(tmp_path / "report.csv")
    values = {f.name for f in fields(Kinematics) if f.default is None}
    assert {"vcl", "motility_class"} <= values
    assert {RENAMED.get(name, name) for name in values} <= set(row)


def test_what_is_withheld_is_empty_and_says_why(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    write_report_csv(tmp_path / "report.csv", [make_assessment(calibrated=False, flagged=True)])
    (row,) = _read(tmp_path / "report.csv")
    for name in ("alh_mean", "bcf_hz", "who_motility", "um_per_px", "ensemble_spread"):
        assert row[name] == ""
    assert "bcf_hz: BCF needs at least 50 fps" in row["withheld"]
    named = set(re.findall(r"(?:^|; )(\w+): ", row["withheld"]))
    assert "who_motility" in named
    assert named <= set(row)  # the columns' names
    assert row["speed_unit"] == "px/s"
    assert row["alh_unit"] == "px"
    assert "track_lost (warning): The sperm was lost" in row["flags"]


@pytest.mark.requirement("R-01")
def test_every_row_carries_its_notes(make_assessment: MakeAssessment, tmp_path: Path) -> None:
    both = [make_assessment(), make_assessment("2", demonstration=True)]
    write_report_csv(tmp_path / "report.csv", both)
    lab, demo = _read(tmp_path / "report.csv")
    assert lab["note_ai_grade"] == demo["note_ai_grade"] == DISCLAIMER_AI_GRADE
    assert lab["note_demonstration"] == ""
    assert demo["note_demonstration"] == DISCLAIMER_DEMONSTRATION
    assert (lab["note_validation"], demo["note_validation"]) == (DISCLAIMER_VALIDATION, "")


def test_the_operators_word_on_each_track_is_kept(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    one, two = make_assessment(), replace(make_assessment("2"), verdict=Verdict.ACCEPTED)
    write_report_csv(tmp_path / "report.csv", [one, two])
    verdicts = [row["track_verdict"] for row in _read(tmp_path / "report.csv")]
    assert verdicts == ["not reviewed", "accepted"]


def test_the_first_click_is_named_and_corrections_are_counted(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    seeds = (
        Seed(target="1", frame=40, x_px=1.0, y_px=2.0),
        Seed(target="1", frame=3, x_px=7.5, y_px=8.0),
    )
    write_report_csv(tmp_path / "report.csv", [make_assessment(seeds=seeds)])
    (row,) = _read(tmp_path / "report.csv")
    assert (row["click_frame"], row["click_x_px"], row["corrections"]) == ("3", "7.5", "1")


@pytest.mark.requirement("R-42")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(), max_size=30))
def test_no_text_can_become_a_formula_or_break_the_table(
    make_assessment: MakeAssessment, tmp_path: Path, text: str
) -> None:
    hostile = make_assessment(text, sample=SampleInfo(sample=f"={text}", operator=text))
    hostile = replace(hostile, provenance=replace(hostile.provenance, video_name=text))
    write_report_csv(tmp_path / "report.csv", [hostile, make_assessment()])
    rows = _read(tmp_path / "report.csv")
    assert len(rows) == 2
    assert None not in rows[0]
    for name in ("sample", "operator", "target", "video"):
        assert not rows[0][name].lstrip(" ").startswith(FORMULA_STARTS)
    assert rows[0]["sample"].startswith("'=")
    assert rows[0]["share_A"] == "0.123"


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to report"):
        write_report_csv(tmp_path / "report.csv", [])
    assert not list(tmp_path.iterdir())
