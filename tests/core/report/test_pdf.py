"""The PDF report: notes on every page, the record's numbers, hostile names, identical bytes."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from pypdf import PdfReader
from pypdf.generic import Destination

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    TRACK_REJECTED,
    Assessment,
    Meaning,
    ReportIdentity,
    SampleInfo,
    SampleRecord,
    Selection,
    Severity,
    Signature,
    Verdict,
    VideoSection,
    finish,
)
from rostfine_core.errors import StoreError
from rostfine_core.export import sample_report
from rostfine_core.flag_titles import FLAG_TITLES
from rostfine_core.messages import Message
from rostfine_core.report import write_report_pdf
from rostfine_core.report.wording import NO_FLAGS, measures
from rostfine_core.result_files import report_json
from tests.core.any_text import any_text, filled
from tests.core.report.writing import write_pdf

MakeAssessment = Callable[..., Assessment]


def _pages(path: Path, assessments: list[Assessment]) -> list[str]:
    """The report's text, page by page, with line breaks as spaces."""
    write_pdf(path, assessments)
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.pdf"


def test_a_page_for_the_sample_one_for_its_video_and_one_for_each_sperm(
    make_assessment: MakeAssessment, report: Path
) -> None:
    pages = _pages(report, [make_assessment("1"), make_assessment("2", flagged=True)])
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of 4" in page
        assert "Sample 2026-0147" in page
    assert "Signature" in pages[0]
    assert "Date" in pages[0]
    assert "K. Tanaka" in pages[0]


def test_every_page_names_the_sperm_it_is_about(
    make_assessment: MakeAssessment, report: Path
) -> None:
    name = "a name that somebody typed at length"
    long = make_assessment(name, flagged=True)
    pages = _pages(report, [replace(long, flags=long.flags * 12), make_assessment("2")])
    assert [name[:12] in page for page in pages] == [True, True, True, True, False]
    assert "Sample 2026-0147 · Sperm 2" in pages[4]
    assert name.replace(" ", "") in pages[1].replace(" ", "")  # whole in the table


def test_a_place_set_by_hand_is_told(make_assessment: MakeAssessment, report: Path) -> None:
    assessment = make_assessment()
    exact = tuple(replace(seed, is_exact=True) for seed in assessment.seeds)
    told = ["(placed by hand)" in _pages(report, [a])[2] for a in (
        assessment, replace(assessment, seeds=exact)
    )]  # fmt: skip
    assert told == [False, True]


@pytest.mark.requirement("R-01")
def test_the_notes_stand_on_every_page(make_assessment: MakeAssessment, report: Path) -> None:
    mixed = [make_assessment(), make_assessment("2", demonstration=True)]
    for page in _pages(report, mixed):
        assert DISCLAIMER_AI_GRADE in page
        assert DISCLAIMER_DEMONSTRATION in page
    lab = _pages(report, mixed[:1])
    assert all(DISCLAIMER_AI_GRADE in page for page in lab)
    assert not any("emonstration" in page for page in lab)
    assert all(DISCLAIMER_VALIDATION in page for page in lab)
    assert DISCLAIMER_ATTENTION in lab[2]


def test_the_numbers_are_the_records(make_assessment: MakeAssessment, report: Path) -> None:
    assessment = make_assessment(ensemble=True)
    summary, table, page = _pages(report, [assessment])
    prediction = assessment.prediction
    for distribution in (
        prediction.grade,
        prediction.grade_global,
        prediction.grade_spatial,
        prediction.grade_temporal,
    ):
        for p in distribution.probabilities:
            assert f"{p:.1%}" in page
    for text in (
        f"{prediction.grade.expected_grade:.2f}",
        f"{prediction.grade.p_a_or_b:.1%}",
        f"{prediction.grade.entropy_bits:.2f} bits",
        f"±{prediction.ensemble_spread:.2f}",
    ):
        assert text in page
        assert text in table
    assert f"{prediction.grade.p_a_or_b:.1%}" in summary
    for p in prediction.grade.probabilities:
        assert f"{p:.1%}" in table
    for measure in measures(assessment.kinematics):
        assert f"{measure.term} {measure.meaning} {measure.value or 'withheld'}" in page
        assert str(measure.note or "") in page


def test_equal_velocities_of_a_slow_camera_are_explained(
    make_assessment: MakeAssessment, report: Path
) -> None:
    assessment = make_assessment()
    slow = replace(assessment.kinematics, vap=assessment.kinematics.vcl, wob=None)
    told = [
        ["VAP equals VCL" in page for page in _pages(report, [replace(assessment, kinematics=k)])]
        for k in (assessment.kinematics, slow)
    ]
    assert told == [[False] * 3, [False, True, True]]  # the first page names no velocity


def test_the_first_page_tells_what_is_in_doubt_and_what_is_missing(
    make_assessment: MakeAssessment, report: Path
) -> None:
    shown = [
        replace(make_assessment("1", flagged=True), verdict=Verdict.ACCEPTED),
        make_assessment("2"),
    ]
    left_out = [("3", TRACK_REJECTED), ("4", Message("It cannot be graded."))]
    write_pdf(report, shown, left_out=left_out)
    first, table, one, two = (" ".join(p.extract_text().split()) for p in PdfReader(report).pages)
    assert "Left out of this report (2) Sperm 3: track rejected by the operator." in first
    assert "Sperm 4: It cannot be graded." in first
    assert "2 (tracks accepted by the operator: 1)" in table
    assert shown[0].provenance.model.dataset_kind in table
    for flag in shown[0].flags:
        if flag.severity is Severity.WARNING:
            assert FLAG_TITLES[flag.code] in first
    assert "accepted by the operator" in one
    assert "not reviewed by the operator" in two


@pytest.mark.requirement("R-45")
def test_every_sperm_that_is_left_out_is_named_however_many(
    make_assessment: MakeAssessment, report: Path
) -> None:
    reason = "The sperm was lost before a clip could be cut: correct its track and grade again."
    left_out = [(str(n), Message(reason)) for n in range(2, 122)]
    write_pdf(report, [make_assessment("1")], left_out=left_out)
    told = " ".join(" ".join(p.extract_text().split()) for p in PdfReader(report).pages)
    assert all(f"Sperm {name}: {reason}" in told for name, _ in left_out)


@pytest.mark.requirement("R-41")
def test_what_made_the_result_is_told(make_assessment: MakeAssessment, report: Path) -> None:
    assessment = make_assessment()
    made = assessment.provenance
    page = _pages(report, [assessment])[2]
    for text in (
        made.software_version,
        made.model.file_name,
        made.model.sha256,
        made.model.dataset_kind,
        made.video_sha256,
        made.video_name,
        made.device,
        made.precision,
        "2026-11-22 09:41:07 UTC",
        "frame 0 at x 612.5, y 388.2 px",
        "embed_dim 768",
        "mean 0.45",
        "size_px 150",
    ):
        assert text in page


def test_the_sample_is_described(make_assessment: MakeAssessment, report: Path) -> None:
    table = _pages(report, [make_assessment()])[1]
    for text in ("1392 × 976 px", "175 frames at 15 fps", "11.67 s", "0.1132 µm/px"):
        assert text in table
    assert "not calibrated" in _pages(report, [make_assessment(calibrated=False)])[1]


def test_a_flag_is_told_once_of_a_sperm_or_of_the_whole_video(
    make_assessment: MakeAssessment, report: Path
) -> None:
    lost, scale = make_assessment(flagged=True).flags
    shared = str(scale.reason).replace("um/px", "µm/px")
    both = [make_assessment("1", flagged=True), make_assessment("2", flags=(scale,))]
    for shown in (both, both[:1]):  # the scale is never a matter of one sperm
        summary, table, page, *others = _pages(report, shown)
        assert summary.count(f"Notice: {shared}") == 1
        assert f"Warning {lost.reason} {lost.code}" in page
        assert f"(page 1): {FLAG_TITLES[scale.code]}" in page
        assert "1 warning Track lost" in table
        assert "1 warning, 1 notice" not in table
        for other in (page, *others):
            assert shared not in other
    assert str(NO_FLAGS) in _pages(report, [make_assessment()])[2]


def test_what_made_a_result_stays_in_one_piece(
    make_assessment: MakeAssessment, report: Path
) -> None:
    """However many warnings push it down, no page begins in the middle of it."""
    assessment = make_assessment(flagged=True)
    for count in range(2, 16):
        flags = (assessment.flags * count)[:count]
        pages = _pages(report, [replace(assessment, flags=flags)])
        (page,) = (p for p in pages if "How this result was made" in p)
        assert "Preprocessing" in page
        assert "Settings" in page


@pytest.mark.requirement("R-07")
def test_the_page_says_how_sure_the_model_is_or_why_it_does_not(
    make_assessment: MakeAssessment, report: Path
) -> None:
    page = _pages(report, [make_assessment()])[2]
    assert "single model: no ensemble spread" in page
    assert "graded once: no view spread" in page
    assert "Calibration: none." in page
    assessment = make_assessment(sure=True)
    _, table, page = _pages(report, [assessment])
    spread = f"±{assessment.prediction.view_spread:.2f}"
    assert spread in page
    assert spread in table
    assert "in 90% of cases" in page


def test_fifty_sperm_fit(make_assessment: MakeAssessment, report: Path) -> None:
    write_pdf(report, [make_assessment(f"s{i}", demonstration=True) for i in range(50)])
    reader = PdfReader(report)
    total = len(reader.pages)
    for number in (1, 2, total):
        page = " ".join(reader.pages[number - 1].extract_text().split())
        assert f"Page {number} of {total}" in page
        assert DISCLAIMER_DEMONSTRATION in page
    entries = [e for e in reader.outline if isinstance(e, Destination)]
    assert [e.title for e in entries] == [f"Sperm s{i}" for i in range(50)]
    places = [reader.get_destination_page_number(e) or 0 for e in entries]
    assert places == sorted(set(places))
    for place, target in ((places[0], "s0"), (places[31], "s31")):
        assert f"Sperm {target}" in reader.pages[place].extract_text()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("検体の精子 髙﨑", "検体の精子 髙﨑"),
        ("<b>&amp; <para> </font>", "<b>&amp; <para> </font>"),
        ("😀", "[U+1F600]"),
        ("x" * 4000, "x" * 20),
        ("many words " * 300, "many words many words"),
    ],
)
def test_any_name_is_shown_and_breaks_nothing(
    make_assessment: MakeAssessment, report: Path, name: str, shown: str
) -> None:
    assessment = make_assessment(
        name, sample=SampleInfo(sample=name, operator=name), demonstration=True, flagged=True
    )
    made = replace(assessment.provenance, video_name=name, settings_json=name * 3)
    pages = _pages(report, [replace(assessment, provenance=made)])
    assert shown.replace(" ", "") in pages[0].replace(" ", "")
    assert shown.replace(" ", "") in pages[2].replace(" ", "")
    assert all(DISCLAIMER_DEMONSTRATION in page for page in pages)


@pytest.mark.requirement("R-42")
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(text="many words " * 4000)
@given(text=any_text)
def test_any_text_in_any_field_breaks_nothing(
    make_assessment: MakeAssessment, report: Path, text: str
) -> None:
    signature = Signature(name=text, utc=text, local_offset_minutes=-839, meaning=Meaning.REVIEW)
    section = VideoSection.of(
        [filled(make_assessment(flagged=True), text)], left_out=[(text, Message(text))]
    )
    shown = sample_report(
        [section],
        sample=filled(SampleRecord(), text),
        patient=text,
        identity=ReportIdentity(amends=1, reason=text, signature=signature, sealed_by=text),
    )
    content = report_json(shown)
    finish(write_report_pdf(report, shown, content=content))
    reader = PdfReader(report)
    assert reader.attachments["report.json"] == [content]
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert len(pages) >= 3
    assert all(DISCLAIMER_AI_GRADE in page for page in pages)


def test_all_fonts_are_embedded(make_assessment: MakeAssessment, report: Path) -> None:
    write_pdf(report, [make_assessment("検体")])
    fonts = PdfReader(report).pages[2]["/Resources"]["/Font"].values()  # type: ignore[index]  # a page has fonts
    faces = {font.get_object()["/BaseFont"].split("+")[-1] for font in fonts}
    descriptors = [font.get_object().get("/FontDescriptor") for font in fonts]
    assert {"OpenSans", "OpenSans-Semibold"} <= faces
    assert all(d is None or "/FontFile2" in d.get_object() for d in descriptors)


def test_the_same_records_give_the_same_bytes_dated_by_the_record(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    for name in ("a.pdf", "b.pdf"):
        write_pdf(tmp_path / name, [make_assessment(), make_assessment("2")])
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    facts = PdfReader(tmp_path / "a.pdf").metadata
    assert facts is not None
    assert facts.creation_date == datetime(2026, 11, 22, 9, 41, 7, tzinfo=UTC)
    assert DISCLAIMER_AI_GRADE in (facts.subject or "")


def test_nothing_to_report_is_said_and_an_old_report_is_kept(
    make_assessment: MakeAssessment, report: Path
) -> None:
    write_pdf(report, [make_assessment()])
    before = report.read_bytes()
    with pytest.raises(StoreError, match="nothing to report"):
        write_pdf(report, [])
    broken = make_assessment(kinematics=None)
    with pytest.raises(AttributeError):
        write_pdf(report, [broken])
    assert report.read_bytes() == before
    assert [p.name for p in report.parent.iterdir()] == ["report.pdf"]


def test_the_report_needs_neither_torch_nor_qt() -> None:
    code = (
        "import sys, rostfine_core.report; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'PySide6', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.requirement("R-47")
def test_the_version_and_who_signed_it_stand_on_every_page(
    make_assessment: MakeAssessment, report: Path
) -> None:
    signature = Signature(
        name="Dr. Yamada",
        utc="2026-11-22T10:00:00+00:00",
        local_offset_minutes=540,
        meaning=Meaning.APPROVAL,
    )
    signed = ReportIdentity(
        version=2, amends=1, reason="wrong scale", audit_hash="5e" * 32, signature=signature
    )
    for identity, state in (
        (ReportIdentity(), "version 1, draft, not signed"),
        (signed, "version 2, signed by Dr. Yamada"),
    ):
        videos = [VideoSection.of([make_assessment()])]
        shown = sample_report(videos, identity=identity)
        finish(write_report_pdf(report, shown, content=report_json(shown)))
        pages = [" ".join(page.extract_text().split()) for page in PdfReader(report).pages]
        assert all(state in page for page in pages)
    for told in (
        "signed by Dr. Yamada on 2026-11-22 19:00:00 UTC+09:00: I approve this report",
        "Takes the place of version 1: wrong scale",
        f"Audit trail up to {'5e' * 32}.",
    ):
        assert told in pages[0]


@pytest.mark.parametrize("count", [1, 20])
def test_the_summary_is_one_page_with_what_was_decided(
    make_assessment: MakeAssessment, report: Path, count: int
) -> None:
    made = [make_assessment(str(n), selection=Selection.NOT_CHOSEN) for n in range(1, count + 1)]
    made[0] = replace(made[0], selection=Selection.CHOSEN, note="swims straight")
    summary, table, *sperm = _pages(report, made)
    assert len(sperm) == count
    assert "How the sperm of" in table
    assert summary.count("not chosen") == count - 1
    assert "Note: swims straight" in summary
    assert "1 · 54.4%" in summary  # under its picture
