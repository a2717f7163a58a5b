"""Comparing the predicted votes on two sperm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.domain import GradeDistribution, Prediction
from rostfine_core.preference import Preference, compare_votes

SHARES = st.lists(st.floats(0.01, 1), min_size=5, max_size=5)


def prediction(
    shares: list[float],
    members: tuple[list[float], ...] = (),
    views: tuple[list[float], ...] = (),
) -> Prediction:
    def grade(values: list[float]) -> GradeDistribution:
        a, b, c, d, e = (v / sum(values) for v in values)
        return GradeDistribution((a, b, c, d, e))

    return Prediction(
        grade=grade(shares),
        grade_global=grade(shares),
        grade_spatial=grade(shares),
        grade_temporal=grade(shares),
        ensemble=tuple(map(grade, members)),
        views=tuple(map(grade, views)),
    )


@given(SHARES, SHARES)
def test_the_shares_sum_to_one_and_swap_with_the_order(p: list[float], q: list[float]) -> None:
    there, back = (
        compare_votes(prediction(p), prediction(q)),
        compare_votes(prediction(q), prediction(p)),
    )
    assert there.p_better + there.p_equal + there.p_worse == pytest.approx(1)
    assert there.p_better == pytest.approx(back.p_worse)
    assert there.superiority == pytest.approx(1 - back.superiority)
    assert {there.preference, back.preference} in (
        {Preference.UNCLEAR},
        {Preference.FIRST, Preference.SECOND},
    )


@pytest.mark.requirement("R-38")
@given(SHARES)
def test_a_sperm_is_never_clearly_better_than_itself(p: list[float]) -> None:
    found = compare_votes(prediction(p), prediction(p))
    assert found.superiority == pytest.approx(0.5)
    assert found.preference is Preference.UNCLEAR


def test_a_difference_matches_a_calculation_by_hand() -> None:
    found = compare_votes(prediction([1, 1, 0, 0, 0]), prediction([0, 1, 1, 0, 0]))
    assert (found.p_better, found.p_equal, found.p_worse) == pytest.approx((0.75, 0.25, 0))
    assert found.preference is Preference.FIRST


@pytest.mark.requirement("R-38")
def test_no_difference_is_clear_when_models_disagree() -> None:
    good, bad = [8.0, 1, 1, 0, 0], [1.0, 1, 8, 0, 0]
    clear = compare_votes(prediction(good), prediction(bad))
    unsure = compare_votes(prediction(good, (good, bad)), prediction(bad, (good, bad)))
    assert clear.preference is Preference.FIRST
    assert unsure.preference is Preference.UNCLEAR


@pytest.mark.requirement("R-38")
def test_no_difference_is_clear_when_a_single_model_differs_over_its_views() -> None:
    good, bad = [8.0, 1, 1, 0, 0], [1.0, 1, 8, 0, 0]
    steady = compare_votes(prediction(good, views=(good, good)), prediction(bad, views=(bad, bad)))
    unsure = compare_votes(prediction(good, views=(good, bad)), prediction(bad, views=(good, bad)))
    assert steady.preference is Preference.FIRST
    assert unsure.preference is Preference.UNCLEAR


def test_the_views_of_an_ensemble_do_not_replace_its_spread() -> None:
    good, bad = [8.0, 1, 1, 0, 0], [1.0, 1, 8, 0, 0]
    first = prediction(good, members=(good, good), views=(good, bad))
    second = prediction(bad, members=(bad, bad), views=(good, bad))
    assert compare_votes(first, second).preference is Preference.FIRST
