"""What is not known of an answer's certainty is said to be missing, and why."""

from dataclasses import replace

import pytest

from rostfine_core import certainty
from rostfine_core.domain import Prediction
from tests.core.report.conftest import build_assessment


def sentences(prediction: Prediction) -> str:
    """All words on how sure an answer is."""
    marks = certainty.marks_in_words(prediction)
    words = (
        certainty.spread_in_words(prediction),
        certainty.ranges_in_words(prediction),
        certainty.calibration_in_words(prediction),
    )
    return " | ".join(map(str, (*words, *((marks,) if marks else ()))))


@pytest.mark.requirement("R-07")
def test_what_a_model_does_not_say_is_missing_with_the_reason() -> None:
    assert sentences(build_assessment().prediction) == (
        "single model: no ensemble spread; graded once: no view spread | the model gives no ranges "
        "| none"
    )


def test_a_model_that_says_how_sure_it_is_is_quoted() -> None:
    one = build_assessment(sure=True).prediction
    assert one.view_spread is not None
    said = sentences(one)
    assert f"view spread ±{one.view_spread:.2f} grades" in said
    assert "A 3.1%–24.6%, B 29.8%–55.2%" in said
    assert said.count("90%") == 2
    assert "Dots: 3 single views." in said
    assert "held back from training" in said


def test_members_are_lines_only_where_there_are_no_ranges() -> None:
    ensemble = build_assessment(ensemble=True, sure=True).prediction
    assert ensemble.ensemble_spread is not None
    assert f"model spread ±{ensemble.ensemble_spread:.2f} grades" in sentences(ensemble)
    assert str(certainty.MEMBER_LINES) not in sentences(ensemble)
    without = replace(ensemble, ranges=(), range_coverage=None)
    assert str(certainty.MEMBER_LINES) in sentences(without)
