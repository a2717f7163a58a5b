"""Panels: who is asked what in which order, and agreement by hand-computed votes."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.domain import Grade, GradeDistribution, Prediction
from rostfine_core.panel import (
    BLOCK,
    Candidate,
    PanelItem,
    PanelVote,
    least_sure,
    next_item,
    panel_agreement,
    repeated_places,
    votes_by_sperm,
    voting_order,
)


def candidate(sperm_id: str, patient: str, spread: float | None, entropy: float = 1.0) -> Candidate:
    return Candidate(
        sperm_id=sperm_id, assessment_id="", patient=patient, spread=spread, entropy_bits=entropy
    )


def panel(count: int, *, every: int = 0) -> tuple[PanelItem, ...]:
    firsts = [
        PanelItem(id=f"i{n}", sperm_id=f"s{n}", assessment_id="", place=n) for n in range(count)
    ]
    again = [
        PanelItem(id=f"r{n}", sperm_id=f"s{n}", assessment_id="", place=count + k, is_repeat=True)
        for k, n in enumerate(repeated_places(count, every=every))
    ]
    return (*firsts, *again)


def votes(voter: str, grades: str, *, prefix: str = "i") -> list[PanelVote]:
    """One vote for each letter, "." for none."""
    return [
        PanelVote(item_id=f"{prefix}{n}", voter=voter, grade=Grade[letter])
        for n, letter in enumerate(grades)
        if letter != "."
    ]


def test_the_least_sure_come_first_and_patients_take_turns() -> None:
    chosen = least_sure(
        [
            candidate("a1", "P1", 0.9),
            candidate("a2", "P1", 0.8),
            candidate("a3", "P1", 0.7),
            candidate("b1", "P2", 0.2),
            candidate("c1", "P3", None, entropy=2.0),
            candidate("c2", "P3", None, entropy=1.9),
        ],
        count=5,
    )
    assert [c.sperm_id for c in chosen] == ["a1", "b1", "c1", "a2", "c2"]


def test_a_single_model_is_unsure_where_its_views_differ() -> None:
    a, c = (
        GradeDistribution((1.0, 0.0, 0.0, 0.0, 0.0)),
        GradeDistribution((0.0, 0.0, 1.0, 0.0, 0.0)),
    )
    steady, unsure = (
        Candidate.of(
            Prediction(grade=a, grade_global=a, grade_spatial=a, grade_temporal=a, views=views),
            sperm_id=name, assessment_id="", patient="P1",
        )
        for name, views in (("steady", (a, a)), ("unsure", (a, c)))
    )  # fmt: skip
    assert [c.sperm_id for c in least_sure([steady, unsure], count=1)] == ["unsure"]


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 30))
def test_no_patient_is_ahead_of_one_that_has_more_to_give(patients: list[int], count: int) -> None:
    offered = [candidate(f"s{n:02}", f"P{p}", n / 100) for n, p in enumerate(patients)]
    chosen = Counter(c.patient for c in least_sure(offered, count=count))
    assert sum(chosen.values()) == min(count, len(patients))
    has = Counter(c.patient for c in offered)
    left = [chosen[p] for p in has if chosen[p] < has[p]]
    assert not left or max(chosen.values(), default=0) <= min(left) + 1


def test_each_voter_has_an_order_of_their_own_and_repeats_come_later() -> None:
    items = panel(40, every=5)
    orders = {voter: voting_order(items, voter=voter) for voter in ("mori", "sato")}
    assert orders["mori"] == voting_order(reversed(items), voter="mori")
    assert orders["mori"] != orders["sato"]
    for order in orders.values():
        assert sorted(i.id for i in order) == sorted(i.id for i in items)
        place = {i.id: n for n, i in enumerate(order)}
        for item in items:
            if item.is_repeat:
                assert place[item.id] - place["i" + item.id[1:]] > BLOCK
        assert {i.place // BLOCK for i in order[:BLOCK]} == {0}  # the least sure are not put off


def test_voting_goes_on_where_it_was_left_and_ends() -> None:
    items = panel(24, every=3)
    voted: set[str] = set()
    while (item := next_item(items, voter="mori", voted=voted)) is not None:
        assert item.id not in voted
        voted.add(item.id)
    assert voted == {i.id for i in items}


def test_agreement_of_the_worked_votes() -> None:
    items = panel(4)
    all_votes = [*votes("a", "AABE"), *votes("b", "AABD"), *votes("c", "AAB.")]
    found = panel_agreement(items, all_votes)
    assert votes_by_sperm(items, all_votes)["s3"] == (0, 0, 0, 1, 1)
    assert found.complete == 3
    assert found.kappa == pytest.approx(1)
    assert found.alpha is not None
    assert 0.5 < found.alpha < 1
    assert [v.voted for v in found.voters] == [4, 4, 3]


def test_kappa_needs_two_voters_and_something_to_differ_in() -> None:
    items = panel(3)
    assert panel_agreement(items, []).kappa is None
    assert panel_agreement(items, votes("a", "ABC")).kappa is None
    assert panel_agreement(items, [*votes("a", "AAA"), *votes("b", "AAA")]).kappa is None


def test_repeats_show_how_a_voter_agrees_with_themselves_and_are_no_second_vote() -> None:
    again = [
        PanelItem(id=f"r{n}", sperm_id=f"s{n}", assessment_id="", place=3 + n, is_repeat=True)
        for n in range(3)
    ]
    items = (*panel(3), *again)
    given_votes = [*votes("a", "ABC"), *votes("a", "ABD", prefix="r")]
    (record,) = panel_agreement(items, given_votes).voters
    assert (record.voted, record.repeats, record.same) == (6, 3, 2)
    assert record.alpha is not None
    assert record.alpha < 1
    assert votes_by_sperm(items, given_votes)["s2"] == (0, 0, 1, 0, 0)
