"""The PDF's page about one sperm: picture, votes, flags, attention, motion and provenance."""

from collections.abc import Sequence
from datetime import tzinfo

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable, KeepTogether, PageBreak

from rostfine_core.attention import Paint
from rostfine_core.certainty import (
    calibration_in_words,
    marks_in_words,
    spread_parts,
    view_spread_parts,
)
from rostfine_core.domain import (
    DISAGREEMENT,
    EXPECTED_GRADE,
    MODEL_SPREAD,
    VIEW_SPREAD,
    VOTES_A_OR_B,
    Assessment,
    Grade,
    QualityFlag,
    Severity,
    own_flags,
    with_micro_sign,
)
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.attention_block import attention_block
from rostfine_core.report.charts import LINE, histogram
from rostfine_core.report.film import frame_label
from rostfine_core.report.layout import (
    FLUSH,
    LINES,
    LONGEST_NAME,
    SHADE,
    SPERM_STYLE,
    WIDTH_PT,
    Cell,
    text,
    tiny_pairs,
    titled,
)
from rostfine_core.report.pictures import CropPicture
from rostfine_core.report.wording import (
    EXPECTED_GRADE_SCALE,
    MAXIMUM_ENTROPY,
    NO_FLAGS,
    SEVERITIES,
    WHOLE_VIDEO,
    WITHHELD,
    Measure,
    Words,
    by_severity,
    doubts_in_brief,
    entropy_in_words,
    in_words,
    kinematics_conditions,
    measures,
    notes_in_words,
    provenance_columns,
    share,
    sperm_in_words,
)

PANEL_PX = 170
SECTION_GAP = Spacer(1, 1.5 * mm)  # with the demonstration model, a sperm fits on one page


def sperm_section(
    assessment: Assessment,
    say: Say,
    *,
    paint: Paint,
    zone: tzinfo | None,
    shared: Sequence[QualityFlag],
) -> list[Flowable]:
    """Everything about one sperm, starting on a new page.

    The flags in ``shared``, which the first page states for the whole video, are only named.
    """
    return [
        PageBreak(),
        text(say(sperm_in_words(assessment)), SPERM_STYLE, limit=LONGEST_NAME),
        Spacer(1, 2 * mm),
        _result_row(assessment, say),
        SECTION_GAP,
        _key_numbers(assessment, say),
        SECTION_GAP,
        *_flags(assessment, shared, say),  # next to the numbers that they cast doubt on
        SECTION_GAP,
        *attention_block(assessment, say, paint=paint, edge_px=PANEL_PX),
        SECTION_GAP,
        *_kinematics(assessment, say),
        SECTION_GAP,
        *_provenance(assessment, say, zone=zone),
    ]


def _result_row(assessment: Assessment, say: Say) -> Table:
    """The picture, the predicted votes, and the prediction of each head."""
    prediction = assessment.prediction
    box = assessment.clip.boxes[0]
    picture = [
        CropPicture(assessment, edge_pt=40 * mm),
        text(
            say(
                Message(
                    "Frame {frame}; {side} × {side} px",
                    frame=frame_label(box),
                    side=f"{box.size_px:.4g}",
                )
            ),
            "small",
        ),
    ]
    title = Message("Predicted votes of the panel")
    if prediction.ensemble:
        count = len(prediction.ensemble)
        title = Message("Predicted votes of the panel, {count} models", count=count)
    votes = [
        text(say(title), "label"),
        histogram(
            prediction.grade,
            width_pt=80 * mm,
            height_pt=37 * mm,
            size_pt=9,
            meanings=[say(Message(g.meaning)) for g in Grade],
            prediction=prediction,
            is_doubtful=assessment.has_warnings,
        ),
    ]
    calibration = Message("Calibration: {basis}.", basis=calibration_in_words(prediction))
    marks = marks_in_words(prediction)
    notes = [calibration] if marks is None else [marks, calibration]
    votes.append(text(say(joined(notes, " ")), "tiny"))
    widths = [50 * mm, 86 * mm, 44 * mm]
    return Table([[picture, votes, _heads(assessment, say)]], colWidths=widths, style=FLUSH)


def _heads(assessment: Assessment, say: Say) -> list[Flowable]:
    """A small histogram for each of the three heads."""
    prediction = assessment.prediction
    parts: list[Flowable] = []
    for name, grade in (
        (Message("Global head"), prediction.grade_global),
        (Message("Spatial head"), prediction.grade_spatial),
        (Message("Temporal head"), prediction.grade_temporal),
    ):
        parts += [
            text(say(name), "tiny", bold=True),
            histogram(
                grade,
                width_pt=42 * mm,
                height_pt=10 * mm,
                size_pt=6,
                is_doubtful=assessment.has_warnings,
            ),
            Spacer(1, 1 * mm),
        ]
    return parts


def _key_numbers(assessment: Assessment, say: Say) -> Table:
    prediction = assessment.prediction
    grade = prediction.grade
    models, over_models = spread_parts(prediction)
    views, over_views = view_spread_parts(prediction)
    cells: tuple[tuple[Message, Words, Message], ...] = (
        (Message(EXPECTED_GRADE), f"{grade.expected_grade:.2f}", EXPECTED_GRADE_SCALE),
        (Message(VOTES_A_OR_B), share(grade.p_a_or_b), Message("share of the panel")),
        (
            Message(DISAGREEMENT),
            entropy_in_words(grade),
            Message("of the panel: {scale}", scale=MAXIMUM_ENTROPY),
        ),
        (Message(MODEL_SPREAD), models or "–", over_models),
        (Message(VIEW_SPREAD), views or "–", over_views),
    )
    row = [
        [
            text(say(name), "small"),
            text(in_words(value, say), "doubtful" if assessment.has_warnings else "heading"),
            text(say(note), "tiny"),
        ]
        for name, value, note in cells
    ]
    style = TableStyle(
        [
            ("BOX", (0, 0), (-1, -1), 0.7, black),
            ("INNERGRID", (0, 0), (-1, -1), 0.4, LINE),
            ("BACKGROUND", (0, 0), (-1, -1), SHADE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return Table([row], colWidths=[WIDTH_PT / len(cells)] * len(cells), style=style)


def _flags(assessment: Assessment, shared: Sequence[QualityFlag], say: Say) -> list[Flowable]:
    """The sperm's own flags, warnings first, and what the others are about."""
    own = own_flags(assessment, shared)
    below = [text(say(_shared_in_words(shared)), "small")] if shared else []
    if not own:
        title = text(say(Message("Quality checks")), "label")
        return [KeepTogether([title, *(below or [text(say(NO_FLAGS))])])]
    rows = [
        [
            text(say(SEVERITIES[f.severity]), "small", bold=f.severity is Severity.WARNING),
            text(with_micro_sign(say(f.reason)), "small"),
            text(f.code, "tiny", limit=LONGEST_NAME),
        ]
        for f in by_severity(own)
    ]
    table = Table(rows, colWidths=[20 * mm, 130 * mm, 30 * mm], style=LINES)
    return [titled(say(Message("Quality checks that fired")), table, *below)]


def _shared_in_words(shared: Sequence[QualityFlag]) -> Message:
    return Message("{title} (page 1): {doubts}", title=WHOLE_VIDEO, doubts=doubts_in_brief(shared))


def _kinematics(assessment: Assessment, say: Say) -> list[Flowable]:
    """Two columns of values, and below them why a value is missing or needs care."""
    found = list(measures(assessment.kinematics))
    half = len(found) // 2
    columns = [[_measure_cells(m, say) for m in part] for part in (found[:half], found[half:])]
    rows = [[*left, *right] for left, right in zip(*columns, strict=True)]
    widths = [w * mm for w in (14, 42, 30, 21, 40, 33)]
    notes = [text(with_micro_sign(say(note)), "tiny") for note in notes_in_words(found)]
    conditions = text(say(kinematics_conditions(assessment.kinematics)), "small")
    table, gap = Table(rows, colWidths=widths, style=LINES), Spacer(1, 1 * mm)
    return [titled(say(Message("Kinematics")), conditions, gap, table, gap, *notes)]


def _measure_cells(measure: Measure, say: Say) -> list[Cell]:
    value = say(WITHHELD)
    if measure.value is not None:
        value = f"{in_words(measure.value, say)} {measure.unit}".strip().replace(" °", "°")
    return [
        text(in_words(measure.term, say), "small", bold=True),
        text(say(measure.meaning), "tiny"),
        text(value, "small", bold=measure.value is not None, limit=LONGEST_NAME),
    ]


def _provenance(assessment: Assessment, say: Say, *, zone: tzinfo | None) -> list[Flowable]:
    left, right, below = provenance_columns(assessment, zone)
    columns = [
        tiny_pairs(left, say, widths=(20 * mm, 52 * mm), limit=LONGEST_NAME),
        tiny_pairs(right, say, widths=(16 * mm, 92 * mm), limit=LONGEST_NAME),
    ]
    table = Table([columns], colWidths=[72 * mm, 108 * mm], style=FLUSH)
    long = tiny_pairs(below, say, widths=(20 * mm, 160 * mm))
    return [titled(say(Message("How this result was made")), table, long)]
