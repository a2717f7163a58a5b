"""How sure a result is, in words: its spread over models and views, ranges and calibration.

The panel's disagreement, which the votes themselves express, is not among them.
"""

from rostfine_core.domain import Grade, Prediction
from rostfine_core.messages import Message, joined

SINGLE_MODEL = Message("single model: no ensemble spread")
SINGLE_VIEW = Message("graded once: no view spread")
NO_RANGES = Message("the model gives no ranges")
CALIBRATED, UNCALIBRATED = Message("on votes held back from training"), Message("none")
MEMBER_LINES = Message("Lines in the bars: lowest to highest single model.")
Parts = tuple[Message | None, Message]
"""A value, None where there is none, and what it means or why it is missing."""


def spread_in_words(prediction: Prediction) -> Message:
    """How unsure the model is, over models and over views, or that a single one cannot say."""
    return joined(
        (
            _together(Message("model spread"), spread_parts(prediction)),
            _together(Message("view spread"), view_spread_parts(prediction)),
        ),
        "; ",
    )


def _together(name: Message, parts: Parts) -> Message:
    value, meaning = parts
    if value is None:
        return meaning
    return Message("{name} {value} ({meaning})", name=name, value=value, meaning=meaning)


def spread_parts(prediction: Prediction) -> Parts:
    """How much the models of an ensemble differ."""
    count = len(prediction.ensemble)
    meaning = Message("standard deviation over {count} models", count=count)
    return _parts(prediction.ensemble_spread, meaning, none=SINGLE_MODEL)


def view_spread_parts(prediction: Prediction) -> Parts:
    """How much the answers for turned and mirrored copies and other frames differ."""
    count = len(prediction.views)
    meaning = Message("standard deviation over {count} views of the clip", count=count)
    return _parts(prediction.view_spread, meaning, none=SINGLE_VIEW)


def _parts(spread: float | None, meaning: Message, *, none: Message) -> Parts:
    if spread is None:
        return None, none
    return Message("±{spread:.2f} grades", spread=spread), meaning


def ranges_in_words(prediction: Prediction) -> Message:
    """The range of each share and how often a panel's share lies inside, or that there is none."""
    if not prediction.ranges:
        return NO_RANGES
    return Message(
        "{ranges}; each holds a panel's share in {coverage} of cases",
        ranges=joined(
            (
                f"{grade.name} {low:.1%}–{high:.1%}"
                for grade, (low, high) in zip(Grade, prediction.ranges, strict=True)
            ),
            ", ",
        ),
        coverage=coverage_text(prediction),
    )


def coverage_text(prediction: Prediction) -> str:
    """How often a panel's share lies in its range; "–" without ranges."""
    coverage = prediction.range_coverage
    return "–" if coverage is None else f"{coverage:.0%}"


def calibration_in_words(prediction: Prediction) -> Message:
    """Whether the votes were adjusted to those of patients held back from training."""
    return UNCALIBRATED if prediction.uncalibrated is None else CALIBRATED


def marks_in_words(prediction: Prediction) -> Message | None:
    """What lines and dots in the bars mean; None without any."""
    marks = []
    if prediction.ranges:
        marks.append(
            Message(
                "Lines: where a panel's share lies in {coverage} of cases, each grade by itself.",
                coverage=coverage_text(prediction),
            )
        )
    elif prediction.ensemble:
        marks.append(MEMBER_LINES)
    if prediction.views:
        marks.append(Message("Dots: {count} single views.", count=len(prediction.views)))
    return joined(marks, " ") if marks else None
