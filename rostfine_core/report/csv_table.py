"""Writes ``report.csv``: one row per sperm, in a form that spreadsheets open correctly.

Other tables of results take their cells from here.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Protocol

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    FORMER_NAMES,
    Grade,
    GradeDistribution,
    Kinematics,
    Prediction,
    Provenance,
    QualityFlag,
    SampleInfo,
    SampleReport,
    Seed,
    Selection,
    Severity,
    Verdict,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import csv_cell, write_text
from rostfine_core.report.fonts import one_line
from rostfine_core.report.wording import NOTHING_TO_REPORT

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that the file is UTF-8
Cell = str | float | int | None
RENAMED = {
    "lin": "lin_ratio",
    "str_": "str_ratio",
    "wob": "wob_ratio",
    "motility_class": "who_motility",
}
"""Columns whose name differs from their field of ``Kinematics``."""


class TableEntry(Protocol):
    """What a row is made of: an ``Assessment``, or the record of one."""

    @property
    def target(self) -> str:
        """The sperm's name."""

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """Its clicks."""

    @property
    def sample(self) -> SampleInfo:
        """Where it comes from."""

    @property
    def prediction(self) -> Prediction:
        """Its grade."""

    @property
    def kinematics(self) -> Kinematics:
        """How it swims."""

    @property
    def flags(self) -> tuple[QualityFlag, ...]:
        """Reasons to doubt it."""

    @property
    def provenance(self) -> Provenance:
        """What produced it."""

    @property
    def verdict(self) -> Verdict:
        """The operator's word on its track."""

    @property
    def selection(self) -> Selection:
        """Whether the operator chose the sperm."""

    @property
    def note(self) -> str:
        """The operator's note."""


def write_report_csv(path: Path, report: SampleReport, *, content_sha256: str) -> None:
    """Write one row per sperm: UTF-8 with a byte-order mark, CRLF, commas, decimal points.

    Text cannot become a formula. A withheld value is an empty cell, with its reason in the column
    ``withheld``. Sperm that were left out come last, with only their video, their name and the
    reason in the column ``left_out``. ``content_sha256`` is the hash on the report's pages.

    Raises:
        StoreError: there is nothing to report, or the file cannot be written.
    """
    if not report.assessments:
        raise StoreError(NOTHING_TO_REPORT)
    which = tuple(_report(report, content_sha256))
    rows = [(*cells(a), *which) for a in report.assessments]
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    names = [name for name, _ in rows[0]]
    writer.writerow(names)
    writer.writerows([csv_text(value) for _, value in row] for row in rows)
    for section in report.videos:
        for target, reason in section.left_out:
            known: dict[str, Cell] = {
                "video": section.name,
                "video_sha256": section.sha256,
                "target": target,
                "left_out": str(reason),
                **dict(which),
            }
            writer.writerow(csv_text(known.get(name)) for name in names)
    write_text(path, BYTE_ORDER_MARK + buffer.getvalue())


def csv_text(value: Cell) -> str:
    """Numbers with six significant digits and a decimal point; text on one line, no formulas."""
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_cell(one_line(value))
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def cells(assessment: TableEntry) -> Iterator[tuple[str, Cell]]:
    """Name and value of every column, in order."""
    yield from _identity(assessment)
    yield from _grade(assessment)
    yield from _kinematics(assessment.kinematics)
    yield "flags", "; ".join(f"{f.code} ({f.severity}): {f.reason}" for f in assessment.flags)
    yield from _provenance(assessment)
    yield "placed_by_hand", sum(s.is_exact for s in assessment.seeds)
    present = dict(_grade(assessment))
    yield from ((former, present[name]) for name, former in FORMER_NAMES.items())
    yield "selection", str(assessment.selection)
    yield "sperm_note", assessment.note
    yield from _certainty(assessment.prediction)
    is_doubtful = any(flag.severity is Severity.WARNING for flag in assessment.flags)
    yield "doubtful", "yes" if is_doubtful else "no"


def _report(report: SampleReport, content_sha256: str) -> Iterator[tuple[str, Cell]]:
    identity, signature = report.identity, report.identity.signature
    yield "patient", report.patient
    yield "collected_utc", report.sample.collected_utc
    yield "report_version", identity.version
    yield "report_sha256", content_sha256
    yield "signed_by", signature.name if signature else None
    yield "signed_utc", signature.utc if signature else None


def _identity(assessment: TableEntry) -> Iterator[tuple[str, Cell]]:
    click = min(assessment.seeds, key=lambda s: s.frame, default=None)
    yield "sample", assessment.sample.sample
    yield "operator", assessment.sample.operator
    yield "video", assessment.provenance.video_name
    yield "target", assessment.target
    yield "click_frame", click.frame if click else None
    yield "click_x_px", click.x_px if click else None
    yield "click_y_px", click.y_px if click else None
    yield "corrections", max(len(assessment.seeds) - 1, 0)
    yield "track_verdict", str(assessment.verdict)
    yield "left_out", None


def _grade(assessment: TableEntry) -> Iterator[tuple[str, Cell]]:
    prediction = assessment.prediction
    yield from _shares("share", prediction.grade)
    yield "expected_grade", prediction.grade.expected_grade
    yield "disagreement_bits", prediction.grade.entropy_bits
    yield "votes_a_or_b", prediction.grade.p_a_or_b
    yield "ensemble_members", max(len(prediction.ensemble), 1)
    yield "ensemble_spread", prediction.ensemble_spread
    yield from _shares("global_share", prediction.grade_global)
    yield from _shares("spatial_share", prediction.grade_spatial)
    yield from _shares("temporal_share", prediction.grade_temporal)


def _certainty(prediction: Prediction) -> Iterator[tuple[str, Cell]]:
    """How sure the model is; empty where it says nothing."""
    yield "views", max(len(prediction.views), 1)
    yield "view_spread", prediction.view_spread
    yield "view_spread_a_or_b", prediction.view_spread_a_or_b
    yield "calibrated", "no" if prediction.uncalibrated is None else "yes"
    yield "range_coverage", prediction.range_coverage
    ranges = prediction.ranges or ((None, None),) * len(Grade)
    for grade, (low, high) in zip(Grade, ranges, strict=True):
        yield f"range_low_{grade.name}", low
        yield f"range_high_{grade.name}", high


def _shares(prefix: str, distribution: GradeDistribution) -> Iterator[tuple[str, Cell]]:
    for grade, p in zip(Grade, distribution.probabilities, strict=True):
        yield f"{prefix}_{grade.name}", p


def _kinematics(kinematics: Kinematics) -> Iterator[tuple[str, Cell]]:
    """Speeds and ALH have a column for their unit, as they are in um only with a calibration."""
    yield "speed_unit", kinematics.unit
    yield "vcl", kinematics.vcl
    yield "vsl", kinematics.vsl
    yield "vap", kinematics.vap
    yield RENAMED["lin"], kinematics.lin
    yield RENAMED["str_"], kinematics.str_
    yield RENAMED["wob"], kinematics.wob
    yield "alh_unit", kinematics.unit.removesuffix("/s")
    yield "alh_mean", kinematics.alh_mean
    yield "bcf_hz", kinematics.bcf_hz
    yield "mad_deg", kinematics.mad_deg
    yield "progress", kinematics.progress
    yield RENAMED["motility_class"], kinematics.motility_class
    yield "kinematics_fps", kinematics.fps
    yield "smoothing_window_s", kinematics.window_s
    yield "track_span_s", kinematics.span_s
    yield "measured_points", kinematics.measured_points
    yield (
        "withheld",
        "; ".join(f"{RENAMED.get(name, name)}: {reason}" for name, reason in kinematics.withheld),
    )


def _provenance(assessment: TableEntry) -> Iterator[tuple[str, Cell]]:
    made = assessment.provenance
    yield "um_per_px", made.um_per_px
    yield "model", made.model.file_name
    yield "model_sha256", made.model.sha256
    yield "trained_on", made.model.dataset_kind
    yield "video_sha256", made.video_sha256
    yield "software_version", made.software_version
    yield "device", made.device
    yield "precision", made.precision
    yield "created_utc", made.created_utc
    yield "note_ai_grade", DISCLAIMER_AI_GRADE
    yield "note_demonstration", DISCLAIMER_DEMONSTRATION if made.model.is_demonstration else ""
    yield "note_validation", "" if made.model.is_demonstration else made.model.notice
