"""The panel votes consistently, mixes grades as in the paper and grades better sperm better."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.simulation.morphology import SpermShape, TailForm, Vacuole
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

PAPER_SHARES = np.array([45, 194, 356, 9, 11]) / 615
IDEAL = SpermShape(head_length_um=4.9, head_width_um=2.95, neck_length_um=4.9)
FAST = Swimming(
    kind=SwimmingKind.PROGRESSIVE,
    speed_um_s=22.0,
    beat_hz=12.0,
    beat_angle_rad=0.8,
    wavelength_um=28.0,
)
Shares = NDArray[np.float64]
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


def test_an_ideal_sperm_is_graded_best() -> None:
    assert expected_votes(find_faults(IDEAL, FAST)).probabilities[0] > 0.4
    assert grade_of(IDEAL, FAST) < 1.8


HOLE = Vacuole(along=0.1, across=0.0, radius_um=1.0)


@pytest.mark.parametrize(
    "worse",
    [
        replace(IDEAL, irregularity=0.06),
        replace(IDEAL, asymmetry=0.45),
        replace(IDEAL, pyriform=0.4),
        replace(IDEAL, head_width_um=4.6),
        replace(IDEAL, head_width_um=1.9),
        replace(IDEAL, head_length_um=3.3, head_width_um=2.0, neck_length_um=3.3),
        replace(IDEAL, acrosome_share=0.12),
        replace(IDEAL, acrosome_share=0.95),
        replace(IDEAL, vacuoles=(HOLE,)),
        replace(IDEAL, neck_bend_rad=0.8),
        replace(IDEAL, neck_width_um=1.8),
        replace(IDEAL, neck_length_um=2.0),
        replace(IDEAL, droplet_um=2.5),
        replace(IDEAL, tail_form=TailForm.COILED),
        replace(IDEAL, tail_form=TailForm.BENT, tail_bend_rad=1.6),
        replace(IDEAL, tail_form=TailForm.SHORT, tail_length_um=5.0),
    ],
)
def test_each_malformation_costs_grade(worse: SpermShape) -> None:
    assert grade_of(worse, FAST) > grade_of(IDEAL, FAST) + 0.1


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


@pytest.fixture(scope="module")
def population() -> tuple[Shares, Shares]:
    """Votes and expected shares of 1,200 sperm, both (N, 5)."""
    rng = np.random.default_rng(2024)
    votes, expected = [], []
    for _ in range(1200):
        sperm = sample_sperm(rng, burden=rng.normal(0, 0.06))
        findings = find_faults(sperm.shape, sperm.swimming)
        votes.append(cast_votes(findings, rng))
        expected.append(expected_votes(findings).probabilities)
    return np.array(votes) / PANEL_SIZE, np.array(expected)


def test_most_selected_grades_are_mixed_as_in_the_paper(
    population: tuple[Shares, Shares],
) -> None:
    """4,000 sperm give A 7.3, B 31.5, C 58.0, D 1.5, E 1.8% (paper: 7.3, 31.5, 57.9, 1.5, 1.8)."""
    votes, _ = population
    shares = np.bincount(votes.argmax(axis=1), minlength=5) / len(votes)
    assert shares == pytest.approx(PAPER_SHARES, abs=0.04)
    assert shares[3:] == pytest.approx(PAPER_SHARES[3:], abs=0.012)


def test_sperm_differ_far_more_than_repeated_votes(
    population: tuple[Shares, Shares],
) -> None:
    votes, expected = population
    sampling = ((votes - expected) ** 2).mean()
    spread = expected.var(axis=0).mean()
    assert sampling < 0.003
    assert spread > 15 * sampling


def test_no_criterion_decides_alone(population: tuple[Shares, Shares]) -> None:
    rng = np.random.default_rng(6)
    sperm = [sample_sperm(rng) for _ in range(300)]
    findings = [find_faults(s.shape, s.swimming) for s in sperm]
    grades = np.array([expected_votes(f).expected_grade for f in findings])
    for name, _ in CRITERIA:
        values = np.array([getattr(f, name) for f in findings])
        assert 0.05 < np.corrcoef(values, grades)[0, 1] < 0.9, name
