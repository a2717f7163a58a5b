"""Calibration maps are found again, and left out where they bring nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.model.answering import softmax
from rostfine_core.training.calibration.maps import choose, fit_dirichlet, negative_log_likelihood
from rostfine_core.training.metrics.calibration import apply_temperature

CLIPS = 300
SAMPLES = [f"s{i // 10}" for i in range(CLIPS)]


def shares(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).dirichlet(np.ones(5), CLIPS)


def votes_of(panel: NDArray[np.float64]) -> NDArray[np.float64]:
    """What panels of 40 with these shares vote."""
    rng = np.random.default_rng(5)
    return np.stack([rng.multinomial(40, p) for p in panel]) / 40


def test_the_likelihood_of_votes_matches_a_calculation_by_hand() -> None:
    found = negative_log_likelihood(
        np.array([[0.5, 0.5, 0, 0, 0]]), np.array([[0.75, 0.25, 0, 0, 0]])
    )
    assert found == pytest.approx([np.log(2)])


def test_a_map_that_was_put_in_is_found() -> None:
    given, rng = shares(0), np.random.default_rng(1)
    weights, bias = np.eye(5) + rng.normal(0, 0.2, (5, 5)), rng.normal(0, 0.3, 5)
    votes = softmax(np.log(given) @ weights.T + bias)
    found = fit_dirichlet(given, votes, strength=1e-6)
    again = softmax(np.log(given) @ found[0].T + found[1])
    assert again == pytest.approx(votes, abs=2e-3)
    stiff = fit_dirichlet(given, votes, strength=1e6)
    assert stiff[0] * (1 - np.eye(5)) == pytest.approx(np.zeros((5, 5)), abs=1e-3)
    assert stiff[1] == pytest.approx(np.zeros(5), abs=1e-3)


def test_what_is_calibrated_stays_as_it_is() -> None:
    panel = shares(2)
    chosen = choose(panel, votes_of(panel), samples=SAMPLES)
    assert chosen.candidate is None
    assert chosen.crossed(panel) == pytest.approx(panel)


@pytest.mark.parametrize("is_skewed", [False, True])
def test_the_stiffest_map_that_helps_is_chosen(is_skewed: bool) -> None:
    panel = shares(3)
    given = apply_temperature(panel, 0.5)
    if is_skewed:
        given = apply_temperature(panel * np.array([4, 1, 1, 0.3, 1]), 0.5)
    votes = votes_of(panel)
    chosen = choose(given, votes, samples=SAMPLES)
    assert chosen.candidate is not None
    assert bool(chosen.candidate.strength) == is_skewed
    crossed = chosen.crossed(given)
    before = negative_log_likelihood(given, votes).mean()
    best = negative_log_likelihood(panel, votes).mean()
    assert negative_log_likelihood(crossed, votes).mean() - best < 0.1 * (before - best)


def test_no_clip_is_answered_by_a_map_fitted_to_its_sample() -> None:
    """Votes of one sample do not reach its own answers."""
    panel = shares(4)
    given, votes = apply_temperature(panel, 0.5), votes_of(panel)
    other = votes.copy()
    other[:10] = votes[:10, ::-1]
    one, two = (choose(given, v, samples=SAMPLES) for v in (votes, other))
    assert one.candidate is not None
    assert two.candidate == one.candidate
    assert two.crossed(given)[:10] == pytest.approx(one.crossed(given)[:10], abs=1e-12)
    assert abs(two.crossed(given)[10:] - one.crossed(given)[10:]).max() > 1e-6
