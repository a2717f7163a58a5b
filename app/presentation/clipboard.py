"""One sperm's numbers as text for a spreadsheet or a letter, with what they are not."""

from app.presentation.wording import ai_grade_notice, flag_text, say, say_word
from rostfine_core.certainty import (
    SINGLE_VIEW,
    calibration_in_words,
    ranges_in_words,
)
from rostfine_core.domain import (
    DISAGREEMENT,
    EXPECTED_GRADE,
    MODEL_SPREAD,
    VIEW_SPREAD,
    VOTES_A_OR_B,
    Assessment,
    Grade,
    Severity,
    with_micro_sign,
)
from rostfine_core.messages import Message


def numbers_text(name: str, assessment: Assessment) -> str:
    """Lines of a name, a tab and a value; warnings and notices stand below, one a line.

    Args:
        name: what the user calls the sperm.
        assessment: what is known of it.
    """
    rows = [("", name), *_grade(assessment), *_motion(assessment)]
    warnings = [flag_text(f) for f in assessment.flags if f.severity is Severity.WARNING]
    notices = (ai_grade_notice(), say_word(assessment.provenance.model.notice))
    return "\n".join(["\t".join(row) for row in rows] + warnings + list(notices)) + "\n"


def _grade(assessment: Assessment) -> list[tuple[str, str]]:
    prediction = assessment.prediction
    grade, spread = prediction.grade, prediction.ensemble_spread
    shares = zip(Grade, grade.probabilities, strict=True)
    views, ranges = prediction.view_spread, say(Message("Ranges"))
    return [
        *((f"{g.name} ({say_word(g.meaning)})", f"{100 * p:.1f}%") for g, p in shares),
        (say_word(EXPECTED_GRADE), f"{grade.expected_grade:.2f}"),
        (say_word(VOTES_A_OR_B), f"{100 * grade.p_a_or_b:.1f}%"),
        (say_word(DISAGREEMENT), f"{grade.entropy_bits:.2f}"),
        *([] if spread is None else [(say_word(MODEL_SPREAD), f"{spread:.2f}")]),
        (say_word(VIEW_SPREAD), say(SINGLE_VIEW) if views is None else f"{views:.2f}"),
        (ranges, say(ranges_in_words(prediction))),
        (say(Message("Calibration")), say(calibration_in_words(prediction))),
    ]


def _motion(assessment: Assessment) -> list[tuple[str, str]]:
    """The values that were not withheld."""
    kinematics = assessment.kinematics
    unit = with_micro_sign(kinematics.unit)
    rows = (
        *((term, value, unit) for term, value in _speeds(assessment)),
        ("LIN", kinematics.lin, ""),
        ("STR", kinematics.str_, ""),
        ("WOB", kinematics.wob, ""),
        ("ALH", kinematics.alh_mean, unit.removesuffix("/s")),
        ("BCF", kinematics.bcf_hz, "Hz"),
        ("MAD", kinematics.mad_deg, "°"),
    )
    return [
        (term, f"{value:.4g} {unit}".strip()) for term, value, unit in rows if value is not None
    ]


def _speeds(assessment: Assessment) -> tuple[tuple[str, float | None], ...]:
    kinematics = assessment.kinematics
    return ("VCL", kinematics.vcl), ("VSL", kinematics.vsl), ("VAP", kinematics.vap)
