"""Conformal ranges cover what they promise on samples that they were not measured on."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.errors import DatasetError
from rostfine_core.training.calibration.conformal import (
    check_samples,
    conformal_radius,
    fewest_samples,
    fit_ranges,
)
from rostfine_core.training.metrics.ranges import is_inside


def test_the_radius_matches_a_calculation_by_hand() -> None:
    # Four samples weigh 1/5 each, shared by their clips: a 0.1 + 0.1, b 0.2, c 0.2, d 0.2.
    scores = np.array([0.1, 0.5, 0.2, 0.3, 0.4])
    samples = ["a", "a", "b", "c", "d"]
    for coverage, radius in ((0.1, 0.1), (0.3, 0.2), (0.5, 0.3), (0.7, 0.4), (0.8, 0.5)):
        assert conformal_radius(scores, samples, coverage=coverage) == radius


@pytest.mark.requirement("R-58")
def test_as_many_samples_are_needed_as_the_quantile_says() -> None:
    assert [fewest_samples(c) for c in (0.5, 0.8, 0.9, 0.95)] == [1, 4, 9, 19]
    check_samples(9, coverage=0.9)
    with pytest.raises(DatasetError, match=r"^Ranges that cover 90% need votes on at least 9 sa"):
        check_samples(8, coverage=0.9)


def drawn(rng: np.random.Generator, samples: int) -> tuple[NDArray[Any], ...]:
    """Answers, their views and votes on samples of 1 to 6 clips that err together."""
    sizes = rng.integers(1, 7, samples)
    names = np.repeat(np.arange(samples), sizes)
    shares = rng.dirichlet(np.full(5, 2.0), len(names))
    trouble = rng.uniform(0.05, 0.4, samples)[names][:, None]
    votes = (1 - trouble) * shares + trouble * rng.dirichlet(np.ones(5), samples)[names]
    views = shares[:, None] * (1 + trouble[..., None] * rng.normal(0, 0.3, (len(names), 4, 5)))
    return names, shares, views, votes


@pytest.mark.requirement("R-58")
def test_ranges_cover_votes_on_further_samples_as_often_as_promised() -> None:
    """Over many draws of 12 samples: at least 85%, and not by being wide for nothing."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(80):
        names, shares, views, votes = drawn(rng, 12)
        fit = fit_ranges(shares, views, votes, samples=[*map(str, names)], coverage=0.85)
        assert fit.widths[fit.ranges.scale] == min(fit.widths.values())
        names, shares, views, votes = drawn(rng, 40)
        first = np.unique(names, return_index=True)[1]  # one clip of each further sample
        ranges = fit.ranges.around(shares, views.std(axis=1, ddof=1))
        covered.append(is_inside(votes, ranges)[first].mean())
    assert 0.84 < np.mean(covered) < 0.93


def test_a_single_view_has_no_spread_to_scale_by() -> None:
    names, shares, _, votes = drawn(np.random.default_rng(1), 12)
    fit = fit_ranges(shares, shares[:, None], votes, samples=[*map(str, names)], coverage=0.8)
    assert set(fit.widths) == {"none", "votes"}
