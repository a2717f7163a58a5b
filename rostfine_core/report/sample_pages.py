"""The report's technical pages on a video: its facts and a table of all its sperm."""

from collections.abc import Sequence

from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Spacer, Table
from reportlab.platypus.flowables import Flowable

from rostfine_core.domain import (
    MODEL_SPREAD,
    VIEW_SPREAD,
    Assessment,
    Grade,
    QualityFlag,
    Verdict,
    VideoSection,
    own_flags,
    shared_flags,
    with_micro_sign,
)
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.charts import sparkline
from rostfine_core.report.fonts import shortened
from rostfine_core.report.layout import (
    FLUSH,
    GRID,
    LONGEST_CELL,
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
    UNSMOOTHED,
    WITHHELD,
    Rows,
    doubts_in_brief,
    entropy_in_words,
    first_click,
    flag_counts,
    grade_in_words,
    is_unsmoothed,
    scale_in_words,
    share,
    training_in_words,
    warnings_in_brief,
)

HOW_TO_READ = Message(
    "Each sperm's result is the share of a panel of experts that would vote A (best), B (good), "
    "C (neither), D (bad) or E (worst), as predicted by the model. Expected grade: the mean vote, "
    "{scale}. Disagreement: entropy of the votes in bits, {entropy}. Model spread: standard "
    "deviation of the expected grade over an ensemble of models (– for a single model). View "
    "spread: the same over views of the clip: turned, mirrored, of other frames (– for one). Both "
    "say what the model is unsure of, apart from the panel's own disagreement. VAP: average-path "
    "velocity. Bars: the votes A to E on a scale of 0 to 100%.",
    scale=EXPECTED_GRADE_SCALE,
    entropy=MAXIMUM_ENTROPY,
)


def technical_pages(section: VideoSection, say: Say) -> list[Flowable]:
    """A video's facts and a table of its sperm with every number, starting on a new page."""
    if not section.assessments:
        return []
    name = shortened(section.name, LONGEST_NAME)
    title = Message("How the sperm of {name} were graded", name=name)
    return [
        PageBreak(),
        text(say(title), "heading"),
        Spacer(1, 2 * mm),
        _facts(section, say),
        Spacer(1, 4 * mm),
        *_table(section.assessments, say),
    ]


def _facts(section: VideoSection, say: Say) -> Table:
    """The video's picture and scale, and the model."""
    assessments = section.assessments
    made = [a.provenance for a in assessments]
    rows: Rows = [
        (Message("Video"), section.name),
        (Message("Picture"), distinct(_picture_in_words(a) for a in assessments)),
        (Message("Frames"), distinct(_frames_in_words(a) for a in assessments)),
        (Message("Scale"), distinct(scale_in_words(m.um_per_px) for m in made)),
        (Message("Sperm graded"), _reviewed_in_words(assessments)),
        (Message("Model"), distinct(m.model.file_name for m in made)),
        (Message("Trained on"), distinct(training_in_words(m.model) for m in made)),
    ]
    half = (len(rows) + 1) // 2
    left, right = (
        pairs(part, say, widths=(27 * mm, 61 * mm)) for part in (rows[:half], rows[half:])
    )
    return Table([[left, right]], colWidths=[WIDTH_PT / 2] * 2, style=FLUSH)


def _table(assessments: Sequence[Assessment], say: Say) -> list[Flowable]:
    """One row per sperm, in the order given, each with the whole distribution."""
    head = [
        Message("Sperm"),
        Message("Click (frame: x, y)"),
        *map(grade_in_words, Grade),
        Message("Votes"),
        Message("Expected grade"),
        Message("Votes A or B"),
        Message("Disagreement"),
        Message(MODEL_SPREAD),
        Message(VIEW_SPREAD),
        Message("VAP"),
        Message("Flags"),
    ]
    shared = shared_flags(assessments)
    widths = [11, 15, 11, 11, 13.5, 10.5, 12, 12, 14.5, 11, 20, 11, 11, 15, 23]
    scale = WIDTH_PT / sum(widths)
    table = Table(
        [
            [text(say(h), "tiny", bold=True) for h in head],
            *(_summary_row(a, shared, say) for a in assessments),
        ],
        colWidths=[w * scale for w in widths],
        repeatRows=1,
        style=GRID,
    )
    notes = [HOW_TO_READ]
    if any(is_unsmoothed(a.kinematics) for a in assessments):
        notes.append(UNSMOOTHED)
    return [
        table,
        Spacer(1, 2 * mm),
        *(text(say(note), "small") for note in notes),
    ]


def _summary_row(assessment: Assessment, shared: Sequence[QualityFlag], say: Say) -> list[Cell]:
    grade, click = assessment.prediction.grade, first_click(assessment)
    prediction, vap = assessment.prediction, assessment.kinematics.vap
    spreads = (prediction.ensemble_spread, prediction.view_spread)
    unit = with_micro_sign(assessment.kinematics.unit)
    place = f"{click.frame}: {round(click.x_px, 1):g}, {round(click.y_px, 1):g}" if click else ""
    after = [
        f"{grade.expected_grade:.2f}",
        share(grade.p_a_or_b),
        say(entropy_in_words(grade)),
        *("–" if spread is None else f"±{spread:.2f}" for spread in spreads),
    ]
    speed = say(WITHHELD) if vap is None else f"{vap:.1f} {unit}"
    own, is_doubtful = own_flags(assessment, shared), assessment.has_warnings
    graded = "cell doubtful" if is_doubtful else "small"
    return [
        text(assessment.target, "small", bold=True, limit=LONGEST_NAME),
        text(place, "small"),
        *(text(share(p), graded) for p in grade.probabilities),
        sparkline(grade, width_pt=10 * mm, height_pt=5.5 * mm, is_doubtful=is_doubtful),
        *(text(c, graded) for c in after),
        text(speed, "small", limit=LONGEST_NAME),
        [
            text(say(flag_counts(own) if own else doubts_in_brief(own, shared)), "small"),
            text(say(warnings_in_brief(own)), "tiny", bold=True, limit=LONGEST_CELL),
        ],
    ]


def _reviewed_in_words(assessments: Sequence[Assessment]) -> Message:
    """How many sperm there are, and how many of their tracks the operator accepted."""
    accepted = sum(a.verdict is Verdict.ACCEPTED for a in assessments)
    return Message(
        "{count} (tracks accepted by the operator: {accepted})",
        count=len(assessments),
        accepted=accepted,
    )


def _picture_in_words(assessment: Assessment) -> Message:
    video = assessment.video
    size = f"{video.width_px} × {video.height_px} px"
    colour = Message("colour") if video.is_colour else Message("grey")
    return joined((size, colour, video.codec), ", ")


def _frames_in_words(assessment: Assessment) -> Message:
    video = assessment.video
    return Message(
        "{count} frames at {fps:.4g} fps, {duration:.2f} s",
        count=video.frame_count,
        fps=video.fps,
        duration=video.duration_s,
    )
