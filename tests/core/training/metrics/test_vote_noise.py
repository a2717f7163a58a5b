"""The parts of an error: what the votes' noise is, and what is left, where the truth is known."""

import numpy as np
import pytest

from rostfine_core.training.metrics.metrics import mse
from rostfine_core.training.metrics.vote_noise import vote_noise, vote_noise_lines

CLIPS, PANEL = 4000, 8
SAMPLES = [f"p{i // 10}" for i in range(CLIPS)]


@pytest.mark.requirement("R-57")
def test_the_parts_are_those_of_known_shares() -> None:
    rng = np.random.default_rng(0)
    truth = rng.dirichlet(np.full(5, 0.8), CLIPS)
    votes = rng.multinomial(PANEL, truth)
    prediction = (truth + rng.dirichlet(np.ones(5), CLIPS)) / 2
    parts = vote_noise(prediction, list(map(tuple, votes.tolist())), samples=SAMPLES)
    assert parts is not None
    for name, true in (
        ("noise", float(np.mean(truth * (1 - truth))) / PANEL),
        ("rest", mse(prediction, truth)),
    ):
        low, high = parts.intervals[name]
        assert low < true < high < 1.1 * low, name
    # The error against labels of many more votes, which the answers were not made for.
    more = rng.multinomial(80, truth) / 80
    assert parts.expected_mse(80) == pytest.approx(mse(prediction, more), rel=0.02)
    assert parts.mse == pytest.approx(mse(prediction, votes / PANEL))


def test_answers_are_worth_as_many_votes_as_they_are_made_of() -> None:
    rng = np.random.default_rng(1)
    truth = rng.dirichlet(np.full(5, 0.8), CLIPS)
    asked, others = rng.multinomial(6, truth) / 6, rng.multinomial(40, truth)
    parts = vote_noise(asked, list(map(tuple, others.tolist())), samples=SAMPLES)
    assert parts is not None
    low, high = parts.intervals["worth"]
    assert low < 6 < high
    assert parts.worth == pytest.approx(6, rel=0.05)


def test_by_hand_with_votes_missing_and_answers_better_than_chance_allows() -> None:
    votes = [(2, 2, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 4, 0)]
    label = np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]])
    parts = vote_noise(label, votes, samples=["a", "a", "a"])
    assert parts is not None
    # The first clip: 2 x 0.25 / 5 x 4 / 3; the third is unanimous; the second has a single vote.
    assert parts.single_vote == pytest.approx((0.1 * 4 / 3 + 0) / 2)
    assert parts.noise == pytest.approx(parts.single_vote / 4)
    assert parts.rest == pytest.approx(-parts.noise)
    assert (parts.clips, parts.left_out, parts.intervals) == (2, 1, {})
    told = "\n".join(vote_noise_lines(parts))
    assert "more votes than can be told" in told
    assert "1 clips with a single vote" in told
    assert parts.to_dict()["worth"] is None
    assert vote_noise(label, [(1, 0, 0, 0, 0)] * 3, samples=["a", "b", "c"]) is None
