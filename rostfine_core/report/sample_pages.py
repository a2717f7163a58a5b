"""The PDF's first pages: the sample, the table of all its sperm, room for a signature."""

from collections.abc import Sequence

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable, KeepTogether

from rostfine_core.domain import (
    Assessment,
    Grade,
    LeftOut,
    Severity,
    Verdict,
    with_micro_sign,
)
from rostfine_core.report.charts import sparkline
from rostfine_core.report.layout import (
    FLUSH,
    GRID,
    LONGEST_NAME,
    WIDTH_PT,
    Cell,
    distinct,
    pairs,
    text,
)
from rostfine_core.report.wording import (
    EXPECTED_GRADE_SCALE,
    MAXIMUM_ENTROPY,
    first_click,
    flag_counts,
    scale_in_words,
    share,
    time_in_words,
    training_in_words,
    warnings_in_brief,
)

HOW_TO_READ = (
    "Each sperm's result is the share of a panel of experts that would vote A (best), B (good), "
    "C (neither), D (bad) or E (worst), as predicted by the model. Expected grade: the mean vote, "
    f"{EXPECTED_GRADE_SCALE}. Disagreement: entropy of the votes in bits, {MAXIMUM_ENTROPY}. "
    "Model spread: standard deviation of the expected grade over an ensemble of models (– for a "
    "single model); it is apart from the panel's own disagreement. VAP: average-path velocity. "
    "Bars: the votes A to E on a scale of 0 to 100%."
)


def sample_block(assessments: Sequence[Assessment]) -> list[Flowable]:
    """Whose sperm, who looked, which video, at which scale."""
    rows = [
        ("Sample", distinct(a.sample.sample or "not given" for a in assessments)),
        ("Operator", distinct(a.sample.operator or "not given" for a in assessments)),
        ("Assessed", _times_in_words(assessments)),
        ("Sperm graded", _reviewed_in_words(assessments)),
        ("Video", distinct(a.provenance.video_name for a in assessments)),
        ("Picture", distinct(_picture_in_words(a) for a in assessments)),
        ("Frames", distinct(_frames_in_words(a) for a in assessments)),
        ("Scale", distinct(scale_in_words(a.provenance.um_per_px) for a in assessments)),
        ("Model", distinct(a.provenance.model.file_name for a in assessments)),
        ("Trained on", distinct(training_in_words(a.provenance.model) for a in assessments)),
    ]
    half = (len(rows) + 1) // 2
    left, right = (pairs(part, widths=(27 * mm, 61 * mm)) for part in (rows[:half], rows[half:]))
    columns = Table([[left, right]], colWidths=[WIDTH_PT / 2] * 2, style=FLUSH)
    return [text("AI quality grade report", "title"), Spacer(1, 3 * mm), columns, Spacer(1, 5 * mm)]


def summary_table(assessments: Sequence[Assessment]) -> list[Flowable]:
    """One row a sperm, in the order given: the whole distribution, never a letter alone."""
    shares = [f"{g.name} ({g.meaning})" for g in Grade]
    head = ["Sperm", "Click (frame: x, y)", *shares, "Votes"]
    head += ["Expected grade", "Votes A or B", "Disagreement", "Model spread", "VAP", "Flags"]
    widths = [11, 16, 10.5, 11, 13.5, 10.5, 12, 12, 12, 10, 17, 11, 14.5, 27]
    scale = WIDTH_PT / sum(widths)
    table = Table(
        [[text(h, "tiny", bold=True) for h in head], *(_summary_row(a) for a in assessments)],
        colWidths=[w * scale for w in widths],
        repeatRows=1,
        style=GRID,
    )
    return [
        text("All sperm of this report", "heading"),
        Spacer(1, 2 * mm),
        table,
        Spacer(1, 2 * mm),
        text(HOW_TO_READ, "small"),
    ]


def left_out_block(left_out: Sequence[LeftOut]) -> list[Flowable]:
    """Which sperm this report says nothing about, and why."""
    if not left_out:
        return []
    lines = (f"Sperm {name}: {str(reason).rstrip('.')}." for name, reason in left_out)
    title = text(f"Left out of this report ({len(left_out)})", "small", bold=True)
    return [Spacer(1, 2 * mm), title, *(text(line, "small") for line in lines)]


def signature_block(assessments: Sequence[Assessment]) -> Flowable:
    """Room for the operator's name, signature and date."""
    operators = distinct(a.sample.operator for a in assessments if a.sample.operator)
    table = Table(
        [
            [text(operators or " ", limit=LONGEST_NAME), "", "", "", ""],
            [text("Operator", "small"), "", text("Signature", "small"), "", text("Date", "small")],
        ],
        colWidths=[62 * mm, 6 * mm, 66 * mm, 6 * mm, 40 * mm],
        rowHeights=[None, 5 * mm],
        style=TableStyle(
            [
                *(("LINEABOVE", (c, 1), (c, 1), 0.7, black) for c in (0, 2, 4)),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
            ]
        ),
    )
    return KeepTogether([Spacer(1, 12 * mm), table])


def _summary_row(assessment: Assessment) -> list[Cell]:
    grade, click = assessment.prediction.grade, first_click(assessment)
    spread, vap = assessment.prediction.ensemble_spread, assessment.kinematics.vap
    unit = with_micro_sign(assessment.kinematics.unit)
    cells = [
        f"{click.frame}: {round(click.x_px, 1):g}, {round(click.y_px, 1):g}" if click else "",
        *(share(p) for p in grade.probabilities),
    ]
    after = [
        f"{grade.expected_grade:.2f}",
        share(grade.p_a_or_b),
        f"{grade.entropy_bits:.2f} bits",
        "–" if spread is None else f"±{spread:.2f}",
        "withheld" if vap is None else f"{vap:.1f} {unit}",
    ]
    is_doubtful = any(f.severity is Severity.WARNING for f in assessment.flags)
    return [
        text(assessment.target, "small", bold=True, limit=40),
        *(text(c, "small") for c in cells),
        sparkline(grade, width_pt=10 * mm, height_pt=5.5 * mm),
        *(text(c, "small") for c in after),
        [
            text(flag_counts(assessment.flags), "small", bold=is_doubtful),
            text(warnings_in_brief(assessment.flags), "tiny"),
        ],
    ]


def _reviewed_in_words(assessments: Sequence[Assessment]) -> str:
    """How many there are, and of how many the operator accepted the track."""
    accepted = sum(a.verdict is Verdict.ACCEPTED for a in assessments)
    return f"{len(assessments)} (tracks accepted by the operator: {accepted})"


def _times_in_words(assessments: Sequence[Assessment]) -> str:
    """When the assessments were made: one time, or the first and the last."""
    times = sorted(a.provenance.created_utc for a in assessments)
    return " to ".join(dict.fromkeys(time_in_words(t) for t in (times[0], times[-1])))


def _picture_in_words(assessment: Assessment) -> str:
    video = assessment.video
    colour = "colour" if video.is_colour else "grey"
    return f"{video.width_px} × {video.height_px} px, {colour}, {video.codec}"


def _frames_in_words(assessment: Assessment) -> str:
    video = assessment.video
    return f"{video.frame_count} frames at {video.fps:.4g} fps, {video.duration_s:.2f} s"
