"""Splits by sample: no patient on both sides, nothing lost, the same under the same seed."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostfine_core.errors import DatasetError
from rostfine_core.training.data.split import Split, grouped_folds, split_clips

SAMPLES = st.lists(st.integers(0, 12).map("p{}".format), min_size=12, max_size=80).filter(
    lambda s: len(set(s)) >= 5
)


@pytest.mark.requirement("R-50")
@settings(max_examples=60, deadline=None)
@given(samples=SAMPLES, seed=st.integers(0, 5), share=st.floats(0.01, 0.6))
def test_no_sample_stands_on_two_sides(samples: list[str], seed: int, share: float) -> None:
    for options in ({"folds": 3, "fold": 1}, {"test_share": share}):
        split = split_clips(samples, seed=seed, validation_share=share, **options)
        parts = [split.train, split.validation, split.test]
        names = [{samples[i] for i in part} for part in parts]
        assert sum(map(len, names)) == len(set.union(*names))
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(samples)))
        assert all(len(part) for part in parts)


@settings(max_examples=40, deadline=None)
@given(samples=SAMPLES, seed=st.integers(0, 5))
def test_every_clip_is_tested_in_exactly_one_fold(samples: list[str], seed: int) -> None:
    folds = grouped_folds(samples, folds=4, seed=seed)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(samples)))
    again = grouped_folds(samples, folds=4, seed=seed)
    assert all(np.array_equal(a, b) for a, b in zip(folds, again, strict=True))


@settings(max_examples=40, deadline=None)
@given(samples=SAMPLES, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_move_a_sample(samples: list[str], shuffle: Random) -> None:
    def fold_of(rows: list[str]) -> dict[str, int]:
        folds = grouped_folds(rows, folds=3, seed=1)
        return {rows[i]: k for k, fold in enumerate(folds) for i in fold}

    other = samples.copy()
    shuffle.shuffle(other)
    assert fold_of(samples) == fold_of(other)


def test_folds_are_of_about_equal_size() -> None:
    samples = [f"p{i // 10}" for i in range(200)]
    sizes = [len(f) for f in grouped_folds(samples, folds=5, seed=3)]
    assert sizes == [40] * 5


def test_another_seed_deals_another_hand() -> None:
    samples = [f"p{i}" for i in range(50)]
    first = grouped_folds(samples, folds=5, seed=0)[0]
    assert not np.array_equal(first, grouped_folds(samples, folds=5, seed=1)[0])


def test_too_few_samples_for_the_folds() -> None:
    with pytest.raises(DatasetError, match="5 folds need at least 5 samples"):
        grouped_folds(["a", "b", "b"], folds=5, seed=0)


def test_one_sample_cannot_be_parted() -> None:
    with pytest.raises(DatasetError, match="needs 2 or more samples"):
        split_clips(["a"] * 9, seed=0, validation_share=0.2)


def test_no_validation_when_none_is_asked_for() -> None:
    split = split_clips(["a"] * 9, seed=0, validation_share=0)
    assert len(split.train) == 9
    assert not len(split.validation)


def test_fewer_labelled_clips_are_some_of_more_and_the_test_set_stays() -> None:
    samples = [f"p{i // 3}" for i in range(60)]

    def of(clips: int, seed: int) -> Split:
        return split_clips(
            samples,
            seed=seed,
            validation_share=0.2,
            test_share=0.4,
            test_seed=7,
            labelled_clips=clips,
        )

    few, more, other = of(10, 1), of(20, 1), of(10, 2)
    used, of_more = (set(np.concatenate([s.train, s.validation]).tolist()) for s in (few, more))
    assert (len(used), len(of_more)) == (9, 18)  # whole samples of three
    assert used < of_more
    assert used != set(np.concatenate([other.train, other.validation]).tolist())
    for split in (few, more, other):
        assert np.array_equal(split.test, few.test)
        assert not {samples[i] for i in split.test} & {samples[i] for i in of_more}
        assert len(split.validation)
    with pytest.raises(DatasetError, match=r"36 labelled clips besides the test set, not 50"):
        of(50, 1)
    with pytest.raises(DatasetError, match=r"first sample drawn has 3 clips, more than the 2"):
        of(2, 1)
