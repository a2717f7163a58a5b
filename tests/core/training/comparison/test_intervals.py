"""Differences between methods, with seeds and samples drawn."""

import numpy as np
import pytest

from rostfine_core.training.comparison.folds import RunAnswers
from rostfine_core.training.comparison.intervals import (
    RepeatedAnswers,
    ScoreDifference,
    differences_from,
)
from rostfine_core.training.metrics.metrics import Shares, compute_metrics

RNG = np.random.default_rng(0)
VOTES = RNG.multinomial(9, [0.1, 0.2, 0.4, 0.2, 0.1], size=60) / 9
SAMPLES = tuple(f"p{n // 2:02d}" for n in range(60))


def answers(*predictions: Shares) -> RepeatedAnswers:
    return RepeatedAnswers(prediction=np.stack(predictions), votes=VOTES, samples=SAMPLES)


def difference(method: RepeatedAnswers, reference: RepeatedAnswers, name: str) -> ScoreDifference:
    (row,) = differences_from(reference, {"method": method})
    return row.scores[name]


def noisy(by: float, *, seed: int) -> Shares:
    shares = VOTES + np.random.default_rng(seed).uniform(0, by, VOTES.shape)
    answers: Shares = shares / shares.sum(axis=1, keepdims=True)
    return answers


def test_scores_are_the_metrics_averaged_over_seeds_and_equal_answers_do_not_differ() -> None:
    ours = (noisy(0.5, seed=1), noisy(0.8, seed=2))
    for name in ("mse", "earth_movers_distance", "balanced_accuracy_1"):
        found = difference(answers(*ours), answers(*ours), name)
        of_seeds = [compute_metrics(p, VOTES).scalars()[name] for p in ours]
        assert found.value == pytest.approx(np.mean(of_seeds))
        assert (found.difference, found.interval) == (0, (0, 0))


def test_recall_counts_clips_most_selected_d_or_e() -> None:
    first = VOTES.argmax(axis=1)
    always_e = np.tile(np.eye(5)[4], (60, 1))
    found = difference(answers(always_e), answers(VOTES), "recall_d_or_e")
    assert (found.value, found.difference) == (1, 0)
    bad = np.isin(first, (3, 4))
    half = np.where((bad & (np.cumsum(bad) % 2 == 0))[:, None], always_e, np.eye(5)[0])
    found = difference(answers(half), answers(VOTES), "recall_d_or_e")
    assert found.value == pytest.approx((bad.sum() // 2) / bad.sum())
    none = RepeatedAnswers(prediction=np.eye(5)[None, :2], votes=np.eye(5)[:2], samples=("p", "q"))
    assert difference(none, none, "recall_d_or_e") == ScoreDifference(
        value=None, difference=None, interval=None
    )


def test_an_interval_covers_other_seeds_where_there_are_several() -> None:
    better, worse = noisy(0.2, seed=3), noisy(2.0, seed=4)
    mean = answers(noisy(0.9, seed=5))
    alone = difference(answers(better), mean, "mse")
    assert alone.interval is not None
    assert alone.interval[1] < 0
    by_seed = difference(answers(better, worse), answers(*[mean.prediction[0]] * 2), "mse")
    assert by_seed.interval is not None
    assert by_seed.interval[0] < 0 < by_seed.interval[1]


def test_repeats_are_aligned_though_each_seed_splits_its_own_folds() -> None:
    def run(clips: list[int]) -> RunAnswers:
        names = tuple(SAMPLES[c] for c in clips)
        return RunAnswers(scores={}, samples=names, prediction=VOTES[clips], votes=VOTES[clips])

    one = [run(list(range(0, 30))), run(list(range(30, 60)))]
    two = [run([*range(40, 60), *range(0, 10)]), run(list(range(10, 40)))]
    joined = RepeatedAnswers.of_repeats([one, two])
    assert np.array_equal(joined.prediction, np.stack([VOTES, VOTES]))
    assert joined.samples == SAMPLES
