"""The PDF's page on one sperm: picture, votes, checks, attention, kinematics and provenance."""

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable, KeepTogether, PageBreak

from rostfine_core.attention import Paint
from rostfine_core.domain import Assessment, Severity, with_micro_sign
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
    Measure,
    by_severity,
    kinematics_conditions,
    measures,
    notes_in_words,
    provenance_columns,
    share,
    spread_in_words,
)

PANEL_PX = 170
SECTION_GAP = Spacer(1, 1.5 * mm)  # with the demonstration model, a sperm fits one page


def sperm_section(assessment: Assessment, *, paint: Paint) -> list[Flowable]:
    """Everything about one sperm, from a new page on."""
    return [
        PageBreak(),
        text(f"Sperm {assessment.target}", SPERM_STYLE, limit=LONGEST_NAME),
        Spacer(1, 2 * mm),
        _result_row(assessment),
        SECTION_GAP,
        _key_numbers(assessment),
        SECTION_GAP,
        *_flags(assessment),  # beside the numbers that they weaken
        SECTION_GAP,
        *attention_block(assessment, paint=paint, edge_px=PANEL_PX),
        SECTION_GAP,
        *_kinematics(assessment),
        SECTION_GAP,
        *_provenance(assessment),
    ]


def _result_row(assessment: Assessment) -> Table:
    """The picture, the votes, and what each of the three heads said."""
    prediction = assessment.prediction
    box = assessment.clip.boxes[0]
    picture = [
        CropPicture(assessment, edge_pt=40 * mm),
        text(f"Frame {frame_label(box)}; {box.size_px} × {box.size_px} px", "small"),
    ]
    members = f", {len(prediction.ensemble)} models" if prediction.ensemble else ""
    votes = [
        text(f"Predicted votes of the panel{members}", "label"),
        histogram(
            prediction.grade,
            width_pt=80 * mm,
            height_pt=37 * mm,
            size_pt=9,
            meanings=True,
            members=prediction.ensemble,
        ),
    ]
    if prediction.ensemble:
        votes.append(text("Lines in the bars: lowest to highest single model.", "small"))
    heads = (
        ("Global head", prediction.grade_global),
        ("Spatial head", prediction.grade_spatial),
        ("Temporal head", prediction.grade_temporal),
    )
    parts: list[Flowable] = []
    for title, grade in heads:
        parts += [
            text(title, "tiny", bold=True),
            histogram(grade, width_pt=42 * mm, height_pt=10 * mm, size_pt=6),
            Spacer(1, 1 * mm),
        ]
    widths = [50 * mm, 86 * mm, 44 * mm]
    return Table([[picture, votes, parts]], colWidths=widths, style=FLUSH)


def _key_numbers(assessment: Assessment) -> Table:
    prediction = assessment.prediction
    grade = prediction.grade
    cells = (
        ("Expected grade", f"{grade.expected_grade:.2f}", EXPECTED_GRADE_SCALE),
        ("Votes A or B", share(grade.p_a_or_b), "share of the panel"),
        ("Disagreement", f"{grade.entropy_bits:.2f} bits", MAXIMUM_ENTROPY),
        ("Model spread", *_spread_parts(spread_in_words(prediction))),
    )
    row = [[text(n, "small"), text(v, "heading"), text(note, "tiny")] for n, v, note in cells]
    style = TableStyle(
        [
            ("BOX", (0, 0), (-1, -1), 0.7, black),
            ("INNERGRID", (0, 0), (-1, -1), 0.4, LINE),
            ("BACKGROUND", (0, 0), (-1, -1), SHADE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return Table([row], colWidths=[WIDTH_PT / 4] * 4, style=style)


def _spread_parts(words: str) -> tuple[str, str]:
    """The number large and its explanation small; a dash where there is none."""
    number, bracket, rest = words.partition(" (")
    return (number, rest.rstrip(")")) if bracket else ("–", words)


def _flags(assessment: Assessment) -> list[Flowable]:
    """Every reason for doubt, warnings first."""
    if not assessment.flags:
        return [KeepTogether([text("Quality checks", "label"), text(NO_FLAGS)])]
    rows = [
        [
            text(f.severity.capitalize(), "small", bold=f.severity is Severity.WARNING),
            text(with_micro_sign(str(f.reason)), "small"),
            text(f.code, "tiny"),
        ]
        for f in by_severity(assessment.flags)
    ]
    table = Table(rows, colWidths=[20 * mm, 130 * mm, 30 * mm], style=LINES)
    return [titled("Quality checks that fired", table)]


def _kinematics(assessment: Assessment) -> list[Flowable]:
    """Two columns of values; below them why a value is missing or to be read with care."""
    found = list(measures(assessment.kinematics))
    half = len(found) // 2
    columns = [[_measure_cells(m) for m in part] for part in (found[:half], found[half:])]
    rows = [[*left, *right] for left, right in zip(*columns, strict=True)]
    widths = [w * mm for w in (14, 42, 30, 21, 40, 33)]
    notes = [text(note, "tiny") for note in notes_in_words(found)]
    conditions = text(kinematics_conditions(assessment.kinematics), "small")
    table = Table(rows, colWidths=widths, style=LINES)
    return [titled("Kinematics", conditions, Spacer(1, 1 * mm), table, Spacer(1, 1 * mm), *notes)]


def _measure_cells(measure: Measure) -> list[Cell]:
    value = f"{measure.value} {measure.unit}".strip().replace(" °", "°")
    return [
        text(measure.term, "small", bold=True),
        text(measure.meaning, "tiny"),
        text(value or "withheld", "small", bold=bool(value)),
    ]


def _provenance(assessment: Assessment) -> list[Flowable]:
    left, right, below = provenance_columns(assessment)
    columns = [
        tiny_pairs(left, widths=(20 * mm, 52 * mm)),
        tiny_pairs(right, widths=(16 * mm, 92 * mm)),
    ]
    table = Table([columns], colWidths=[72 * mm, 108 * mm], style=FLUSH)
    long = tiny_pairs(below, widths=(20 * mm, 160 * mm))
    return [titled("What made this result", table, long)]
