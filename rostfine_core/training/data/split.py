"""Splits grouped by sample, so that no patient is on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.errors import DatasetError
from rostfine_core.training.metrics.metrics import Shares, expected_grade, ranked_grades

Indices = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Indices of the clips to train on, to select the checkpoint by, and to report on."""

    train: Indices
    validation: Indices
    test: Indices


def grouped_folds(samples: Sequence[str], *, folds: int, seed: int) -> tuple[Indices, ...]:
    """Split whole samples into ``folds`` folds of about equally many clips.

    The split depends on the set of samples and the seed, not on the order of the rows. Indices are
    ascending within a fold.

    Raises:
        DatasetError: there are fewer samples than folds.
    """
    names, group, counts = np.unique(
        np.asarray(samples, dtype=str), return_inverse=True, return_counts=True
    )
    if len(names) < folds:
        raise DatasetError(
            f"{folds} folds need at least {folds} samples and the data set has {len(names)}: "
            "add samples or use fewer folds."
        )
    shuffled = np.random.default_rng((seed, folds)).permutation(len(names))
    largest_first = shuffled[np.argsort(-counts[shuffled], kind="stable")]
    fold_of = np.empty(len(names), dtype=np.intp)
    filled = np.zeros(folds, dtype=np.intp)
    for sample in largest_first:
        fold_of[sample] = np.argmin(filled)
        filled[fold_of[sample]] += counts[sample]
    return tuple(np.flatnonzero(fold_of[group] == fold) for fold in range(folds))


def held_out(
    samples: Sequence[str], *, among: Indices, share: float, seed: int, leave: int = 1
) -> tuple[Indices, Indices]:
    """Split ``among`` into (kept, held out): whole samples until ``share`` of the clips is out.

    A share of 0 holds out nothing; a positive share holds out at least one sample and leaves
    at least ``leave``.

    Raises:
        DatasetError: the share is positive but no sample can be spared.
    """
    if share <= 0:
        return among, among[:0]
    names, group, counts = np.unique(
        np.asarray(samples, dtype=str)[among], return_inverse=True, return_counts=True
    )
    if len(names) <= leave:
        raise DatasetError(
            f"Cannot hold out some of {len(names)} sample(s): a split by sample needs "
            f"{leave + 1} or more samples; add samples or set the share to 0."
        )
    order = np.random.default_rng((seed, len(names))).permutation(len(names))
    clips_before = np.cumsum(counts[order]) - counts[order]
    out = order[: max(1, min(int(np.sum(clips_before < share * len(among))), len(names) - leave))]
    is_out = np.isin(group, out)
    return among[~is_out], among[is_out]


def first_samples(samples: Sequence[str], *, among: Indices, clips: int, seed: int) -> Indices:
    """Whole samples of ``among`` in random order, as long as they have at most ``clips`` clips.

    With the same seed fewer clips are always some of more clips.

    Raises:
        DatasetError: there are fewer clips than that, or the first sample has more.
    """
    if clips > len(among):
        raise DatasetError(
            f"There are {len(among)} labelled clips besides the test set, not {clips}: ask for "
            "fewer, or test on fewer."
        )
    names, group, counts = np.unique(
        np.asarray(samples, dtype=str)[among], return_inverse=True, return_counts=True
    )
    order = np.random.default_rng((seed, len(names))).permutation(len(names))
    taken = order[np.cumsum(counts[order]) <= clips]
    if not len(taken):
        raise DatasetError(
            f"The first sample drawn has {counts[order[0]]} clips, more than the {clips} to train "
            "and validate on: ask for more, since samples are never split."
        )
    return among[np.isin(group, taken)]


def split_clips(
    samples: Sequence[str],
    *,
    seed: int,
    validation_share: float,
    test_share: float = 0.0,
    folds: int = 0,
    fold: int = 0,
    inner_folds: int = 0,
    inner_fold: int = 0,
    select_on_test: bool = False,
    labelled_clips: int = 0,
    test_seed: int = -1,
) -> Split:
    """Split off the test set (a fold, or a held-out share), then the validation set from the rest.

    The rest is cut to ``labelled_clips`` first, if given. With ``inner_folds`` the validation set
    is a fold of the rest (nested cross-validation); with ``select_on_test`` it is the test set
    itself. All arguments but ``samples`` are those of a recipe (``SplitSection``).

    Raises:
        DatasetError: there are too few samples or clips to split like this.
    """
    everything = np.arange(len(samples))
    of_test = seed if test_seed < 0 else test_seed
    if folds:
        test = grouped_folds(samples, folds=folds, seed=of_test)[fold]
        rest = np.setdiff1d(everything, test)
    else:
        # If the validation set comes from the rest, two samples must be left to split.
        leave = 2 if validation_share > 0 and not select_on_test else 1
        rest, test = held_out(
            samples, among=everything, share=test_share, seed=of_test, leave=leave
        )
    if labelled_clips:
        rest = first_samples(samples, among=rest, clips=labelled_clips, seed=seed + 2)
    if select_on_test:
        return Split(train=rest, validation=test, test=test)
    if inner_folds:
        own = [samples[i] for i in rest]
        chosen = grouped_folds(own, folds=inner_folds, seed=seed + 1)[inner_fold]
        return Split(train=np.delete(rest, chosen), validation=rest[chosen], test=test)
    train, validation = held_out(samples, among=rest, share=validation_share, seed=seed + 1)
    return Split(train=train, validation=validation, test=test)


def epoch_order(
    train: Indices,
    labels: Shares,
    *,
    seed: int,
    epoch: int,
    balanced: bool = False,
    rare_factor: float = 1.0,
) -> Indices:
    """The clips of one epoch, as many as ``train`` has, determined by seed and epoch alone.

    If ``balanced`` or with a ``rare_factor`` above 1, clips are drawn with replacement; of
    ``labels`` (N, 5) only the rows at ``train`` are used. ``balanced`` makes every most-selected
    grade that occurs equally likely. ``rare_factor`` is the most by which the clips of a rare
    expected grade, rounded to a whole one, are more likely than those of the commonest.
    """
    rng = np.random.default_rng((seed, epoch))
    if balanced:
        weights = _rarity(ranked_grades(labels[train])[:, 0])
    elif rare_factor > 1:
        grade = np.rint(expected_grade(labels[train])).astype(np.intp)
        weights = np.minimum(_rarity(grade), rare_factor)
    else:
        return rng.permutation(train)
    return rng.choice(train, size=len(train), p=weights / weights.sum())


def _rarity(grades: Indices) -> NDArray[np.float64]:
    """How many times rarer than the commonest grade each clip's is: (N,) -> (N,), from 1 up."""
    counts = np.bincount(grades)
    rarity: NDArray[np.float64] = counts.max() / counts[grades]
    return rarity
