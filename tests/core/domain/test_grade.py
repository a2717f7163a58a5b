"""Which grade distributions are valid, and what is derived from them."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.domain import GradeDistribution, Prediction

shares = st.lists(st.floats(0.001, 1), min_size=5, max_size=5).map(
    lambda p: GradeDistribution(tuple(x / sum(p) for x in p))  # type: ignore[arg-type] # five long
)


@given(shares)
def test_derived_numbers_stay_in_their_range(grade: GradeDistribution) -> None:
    assert 1 <= grade.expected_grade <= 5
    assert -1e-9 <= grade.entropy_bits <= math.log2(5) + 1e-9
    assert 0 <= grade.p_a_or_b <= 1


def test_derived_numbers_match_a_calculation_by_hand() -> None:
    grade = GradeDistribution((0.5, 0.25, 0.25, 0.0, 0.0))
    assert grade.expected_grade == pytest.approx(0.5 + 0.5 + 0.75)
    assert grade.entropy_bits == pytest.approx(1.5)
    assert grade.p_a_or_b == pytest.approx(0.75)


@pytest.mark.parametrize(
    "probabilities",
    [(0.2,) * 4, (0.3,) * 5, (math.nan, 0.25, 0.25, 0.25, 0.25), (-0.1, 0.5, 0.5, 0.1, 0.0)],
)
def test_an_invalid_distribution_is_refused(probabilities: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="grade distribution"):
        GradeDistribution(probabilities)  # type: ignore[arg-type] # wrong on purpose


def test_a_single_answer_has_no_spread() -> None:
    a = GradeDistribution((1.0, 0.0, 0.0, 0.0, 0.0))
    c = GradeDistribution((0.0, 0.0, 1.0, 0.0, 0.0))
    one = Prediction(grade=a, grade_global=a, grade_spatial=a, grade_temporal=a, views=(a,))
    assert (one.ensemble_spread, one.view_spread, one.view_spread_a_or_b) == (None, None, None)
    assert replace(one, ensemble=(a, c)).ensemble_spread == pytest.approx(math.sqrt(2))
    assert one.spread is None
    assert replace(one, views=(a, c)).spread == pytest.approx(math.sqrt(2))
    assert replace(one, views=(a, c), ensemble=(a, a)).spread == 0.0
    assert replace(one, views=(a, c)).view_spread == pytest.approx(math.sqrt(2))
    assert replace(one, views=(a, c)).view_spread_a_or_b == pytest.approx(math.sqrt(1 / 2))


@pytest.mark.parametrize(
    ("ranges", "coverage"),
    [
        (((0.1, 0.2),) * 5, None),
        ((), 0.9),
        (((0.1, 0.2),) * 4, 0.9),
        (((0.2, 0.1),) * 5, 0.9),
        (((0.1, math.nan),) * 5, 0.9),
        (((0.1, 0.2),) * 5, 1.0),
    ],
)
def test_ranges_that_say_nothing_are_refused(
    ranges: tuple[tuple[float, float], ...], coverage: float | None
) -> None:
    a = GradeDistribution((1.0, 0.0, 0.0, 0.0, 0.0))
    one = Prediction(grade=a, grade_global=a, grade_spatial=a, grade_temporal=a)
    with pytest.raises(ValueError, match="coverage"):
        replace(one, ranges=ranges, range_coverage=coverage)
