"""Whether methods differ: Kruskal-Wallis over folds, paired tests over samples, Holm's correction.

Folds must be independent: ``comparison.folds`` first averages runs tested on the same clips.
Clips of one patient are not independent, so the paired tests compare sample means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class MethodComparison:
    """One method against the reference, on an error where lower is better.

    ``difference`` is method minus reference, averaged over samples. ``p_kruskal`` compares the
    folds' scores (the paper's test), ``p_paired`` is Wilcoxon's signed-rank test over samples, and
    ``p_holm`` is that value corrected for the number of methods. None if the data are too few.
    """

    method: str
    difference: float | None
    p_kruskal: float | None
    p_paired: float | None
    p_holm: float | None


def compare_with_reference(
    scores: Mapping[str, Sequence[float]],
    errors: Mapping[str, Mapping[str, float]],
    *,
    reference: str,
) -> tuple[MethodComparison, ...]:
    """Compare every method with ``reference``.

    Args:
        scores: the score of each fold, by method.
        errors: the mean error of each sample, by method and sample.
        reference: the method that the others are compared with.
    """
    others = [name for name in scores if name != reference]
    paired = {n: _paired(errors.get(n, {}), errors.get(reference, {})) for n in others}
    corrected = holm({n: p for n, (_, p) in paired.items() if p is not None})
    return tuple(
        MethodComparison(
            method=name,
            difference=paired[name][0],
            p_kruskal=kruskal_wallis(scores[name], scores[reference]),
            p_paired=paired[name][1],
            p_holm=corrected.get(name),
        )
        for name in others
    )


def kruskal_wallis(*groups: Sequence[float]) -> float | None:
    """The p value of the Kruskal-Wallis test over groups of scores; None if they do not vary."""
    values = [x for group in groups for x in group]
    if min(map(len, groups)) < 2 or np.ptp(values) == 0:
        return None
    return float(stats.kruskal(*groups).pvalue)


def smallest_p_kruskal(folds: int) -> float | None:
    """The p value of two groups of ``folds`` scores that do not overlap; None below two."""
    return kruskal_wallis(range(folds), range(folds, 2 * folds)) if folds > 1 else None


def smallest_p_paired(samples: int) -> float | None:
    """The p value of ``samples`` differences of one sign; None below two."""
    return float(stats.wilcoxon(range(1, samples + 1)).pvalue) if samples > 1 else None


def _paired(
    ours: Mapping[str, float], theirs: Mapping[str, float]
) -> tuple[float | None, float | None]:
    """Mean difference over the common samples, and the p value of Wilcoxon's signed-rank test."""
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        return None, None
    difference: NDArray[np.float64] = np.array([ours[s] - theirs[s] for s in common])
    if len(common) < 2 or not difference.any():
        return float(difference.mean()), None
    return float(difference.mean()), float(stats.wilcoxon(difference).pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction of several p values."""
    ordered = sorted(p_values, key=lambda name: p_values[name])
    corrected: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - rank) * p_values[name]))
        corrected[name] = highest
    return corrected
