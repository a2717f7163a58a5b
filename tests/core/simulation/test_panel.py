"""The panel votes consistently, mixes grades as in the paper and grades better sperm better."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.make_panel_page import PAGE, PAPER_COUNTS, page, population
from rostfine_core.simulation.morphology import (
    ShapeFault,
    SpermShape,
    TailForm,
    Vacuole,
    with_fault,
)
from rostfine_core.simulation.motion import Swimming, SwimmingKind, sample_swimming
from rostfine_core.simulation.panel import (
    CRITERIA,
    PANEL_SIZE,
    Findings,
    cast_votes,
    expected_votes,
    expert_probabilities,
    find_faults,
    motility,
)
from rostfine_core.simulation.population import sample_sperm
from rostfine_core.simulation.typical import typical_sperm

IDEAL = SpermShape(head_length_um=4.9, head_width_um=2.95, neck_length_um=4.9)
FAST = Swimming(
    kind=SwimmingKind.PROGRESSIVE,
    speed_um_s=22.0,
    beat_hz=12.0,
    beat_angle_rad=0.8,
    wavelength_um=28.0,
)
fault = st.floats(0.0, 2.5)
all_faults = st.builds(Findings, **{f.name: fault for f in fields(Findings)})


def grade_of(shape: SpermShape, swimming: Swimming) -> float:
    return expected_votes(find_faults(shape, swimming)).expected_grade


def test_every_finding_is_judged() -> None:
    assert [name for name, _ in CRITERIA] == [f.name for f in fields(Findings)]


@given(findings=all_faults, seed=st.integers(0, 2**32))
def test_forty_experts_vote_and_their_probabilities_sum_to_one(
    findings: Findings, seed: int
) -> None:
    votes = cast_votes(findings, np.random.default_rng(seed))
    assert sum(votes) == PANEL_SIZE
    assert min(votes) >= 0
    shares = expert_probabilities(findings)
    assert shares.shape == (PANEL_SIZE, 5)
    assert shares.min() >= -1e-7
    assert shares.sum(axis=1) == pytest.approx(np.ones(PANEL_SIZE))


def test_the_expected_distribution_is_the_mean_of_many_panels() -> None:
    rng = np.random.default_rng(5)
    for _ in range(3):
        sperm = sample_sperm(rng)
        findings = find_faults(sperm.shape, sperm.swimming)
        votes = np.array([cast_votes(findings, rng) for _ in range(800)]) / PANEL_SIZE
        expected = expected_votes(findings).probabilities
        assert votes.mean(axis=0) == pytest.approx(expected, abs=0.009)


@given(findings=all_faults, name=st.sampled_from([n for n, _ in CRITERIA]), more=fault)
def test_no_fault_ever_improves_the_grade(findings: Findings, name: str, more: float) -> None:
    worse = replace(findings, **{name: getattr(findings, name) + more})
    before = expected_votes(findings).expected_grade
    assert expected_votes(worse).expected_grade >= before - 1e-6


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[float, ...]]:
    return {s.name: s.votes.probabilities for s in typical_sperm()}


def test_perfect_form_and_fast_motion_is_mostly_a_and_b(
    verdicts: dict[str, tuple[float, ...]],
) -> None:
    a, b, _, d, e = verdicts["perfect, fast"]
    assert a > 0.6
    assert a + b > 0.95
    assert d + e < 0.01
    slow = verdicts["perfect, slow"]
    assert slow[1] + slow[2] > 0.85


@pytest.mark.parametrize(
    "name",
    [
        "perfect, dead",
        "perfect, twitching",
        "coiled tail",
        "stump of a tail",
        "amorphous head",
        "pyriform head",
        "round head",
        "pin head",
        "large vacuole",
        "three plain faults",
    ],
)
def test_what_is_plainly_bad_is_mostly_d_or_e(
    verdicts: dict[str, tuple[float, ...]], name: str
) -> None:
    assert sum(verdicts[name][3:]) >= 0.49
    assert sum(verdicts[name][:2]) < 0.1


def test_plain_faults_add_up() -> None:
    def rejected(shape: SpermShape) -> float:
        return sum(expected_votes(find_faults(shape, FAST)).probabilities[3:])

    joined = IDEAL
    for fault in (ShapeFault.PYRIFORM, ShapeFault.ACROSOME, ShapeFault.NECK_BEND):
        joined = with_fault(joined, fault, size=0.9, side=-1.0)
        assert rejected(with_fault(IDEAL, fault, size=0.9, side=-1.0)) < 0.1
    assert rejected(joined) > 0.5


HOLE = Vacuole(along=0.1, across=0.0, radius_um=0.9)


@pytest.mark.parametrize(
    "worse",
    [
        *(
            with_fault(IDEAL, fault, size=1.0, side=side)
            for fault in ShapeFault
            for side in (1, -1)
        ),
        replace(IDEAL, tail_form=TailForm.COILED, tail_bend_at=0.02),
        replace(IDEAL, tail_form=TailForm.BENT, tail_bend_rad=1.6, tail_bend_at=0.02),
        replace(IDEAL, tail_form=TailForm.SHORT, tail_length_um=2.0),
    ],
)
def test_each_plain_malformation_is_graded_worse(worse: SpermShape) -> None:
    assert grade_of(worse, FAST) > grade_of(IDEAL, FAST) + 0.5


@given(fault=st.sampled_from(list(ShapeFault)), size=st.floats(0.0, 2.0), more=st.floats(0.01, 0.5))
def test_a_larger_fault_is_never_graded_better(fault: ShapeFault, size: float, more: float) -> None:
    smaller, larger = (with_fault(IDEAL, fault, size=s, side=1.0) for s in (size, size + more))
    assert grade_of(larger, FAST) >= grade_of(smaller, FAST) - 1e-9


@given(
    irregularity=st.floats(0, 0.025), asymmetry=st.floats(-0.065, 0.065), narrow=st.floats(0, 0.065)
)
def test_what_deviates_less_than_can_be_seen_is_not_judged(
    irregularity: float, asymmetry: float, narrow: float
) -> None:
    shape = replace(IDEAL, irregularity=irregularity, asymmetry=asymmetry, pyriform=narrow)
    assert find_faults(shape, FAST).outline == 0


def test_what_lies_outside_the_clip_is_not_judged() -> None:
    short = replace(IDEAL, tail_form=TailForm.SHORT, tail_length_um=8.0)
    bent = replace(IDEAL, tail_form=TailForm.BENT, tail_bend_rad=2.0, tail_bend_at=0.3)
    coiled = replace(IDEAL, tail_form=TailForm.COILED, tail_bend_at=0.3)
    assert [find_faults(s, FAST).tail for s in (short, bent, coiled)] == [0, 0, 0]


def test_two_small_vacuoles_are_normal_as_in_the_criteria() -> None:
    small = replace(HOLE, radius_um=0.2)
    forgiven = grade_of(replace(IDEAL, vacuoles=(small, small)), FAST)
    assert forgiven == pytest.approx(grade_of(IDEAL, FAST), abs=0.1)
    assert grade_of(replace(IDEAL, vacuoles=(small,) * 5), FAST) > forgiven + 0.2


def test_the_worse_it_swims_the_worse_the_grade() -> None:
    kinds = (
        FAST,
        replace(FAST, speed_um_s=8.0),
        replace(FAST, kind=SwimmingKind.SLOW, speed_um_s=3.0),
        replace(FAST, kind=SwimmingKind.TWITCHING, speed_um_s=0.0, beat_angle_rad=0.3),
        replace(FAST, kind=SwimmingKind.IMMOTILE, speed_um_s=0.0, beat_hz=0.0),
    )
    grades = [grade_of(IDEAL, swimming) for swimming in kinds]
    assert grades == sorted(grades)
    assert grades[-1] > grades[0] + 1.0


def test_motility_lies_between_0_and_1() -> None:
    rng = np.random.default_rng(4)
    values = [motility(sample_swimming(rng)) for _ in range(200)]
    assert 0 <= min(values) < max(values) <= 1


def test_sperm_differ_far_more_than_repeated_votes() -> None:
    drawn = population()
    sampling = ((drawn.votes - drawn.expected) ** 2).mean()
    assert sampling < 0.003
    assert drawn.expected.var(axis=0).mean() > 12 * sampling


def test_no_criterion_decides_alone() -> None:
    drawn = population()
    grades = drawn.expected @ np.arange(5)
    for (name, _), found in zip(CRITERIA, drawn.faults.T, strict=True):
        assert 0.05 < np.corrcoef(found, grades)[0, 1] < 0.9, name


def test_most_selected_grades_are_mixed_as_in_the_paper() -> None:
    """The population is fitted to the paper, with 4,000 sperm to less than a point."""
    paper = np.array(PAPER_COUNTS) / sum(PAPER_COUNTS)
    assert population().most_selected == pytest.approx(paper, abs=0.015)


def test_the_page_of_the_panel_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page() + "\n", "run `make panel-page`"
