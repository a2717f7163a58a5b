"""Whether methods differ: tests against values by hand, and the least that they can ever find."""

import pytest
from scipy import stats

from rostfine_core.training.metrics.significance import (
    compare_with_reference,
    holm,
    kruskal_wallis,
    smallest_p_kruskal,
    smallest_p_paired,
)


def test_the_least_p_values_by_hand() -> None:
    assert smallest_p_paired(1) is None
    assert [smallest_p_paired(n) for n in (4, 5)] == [0.125, 0.0625]  # 2 of 2^n signs
    assert (smallest_p_paired(6) or 1) < 0.05
    assert smallest_p_kruskal(1) is None
    # Two groups that do not overlap: H = 12 / (N (N + 1)) sum R^2 / n - 3 (N + 1), 1 degree.
    assert smallest_p_kruskal(2) == pytest.approx(stats.chi2.sf(12 / 20 * (9 + 49) / 2 - 15, 1))
    assert (smallest_p_kruskal(3) or 1) < 0.05


def test_holm_by_hand() -> None:
    corrected = holm({"a": 0.01, "b": 0.04, "c": 0.03})
    assert corrected == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_a_method_that_is_worse_everywhere_is_found() -> None:
    base = {f"p{i}": 0.01 + i * 1e-4 for i in range(12)}
    worse = {s: e + 0.005 + i * 1e-5 for i, (s, e) in enumerate(base.items())}
    scores = {"ours": [0.010, 0.011, 0.012, 0.0105, 0.0115], "b": [0.02, 0.021, 0.022, 0.023, 0.03]}
    (found,) = compare_with_reference(scores, {"ours": base, "b": worse}, reference="ours")
    assert found.difference == pytest.approx(0.005 + 5.5e-5)
    assert found.p_paired == pytest.approx(2 / 2**12)
    assert found.p_kruskal is not None
    assert found.p_kruskal < 0.01
    assert kruskal_wallis([1.0, 1.0], [1.0, 1.0]) is None
