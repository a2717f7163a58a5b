"""Outlines are drawn to the edge round a head from near and far, and stay steady there."""

import numpy as np
import pytest

from rostfine_core.tracking.outlines import circles
from rostfine_core.tracking.rays import Rays
from tests.core.tracking.test_head_measure import CENTRE, picture


@pytest.mark.parametrize("start", [0j, 3 + 2j, -4 + 1j])
def test_near_starts_end_in_the_same_outline(start: complex) -> None:
    image = picture("dark", length_px=24.0)
    first = circles(np.array([complex(*CENTRE) + start]), np.array([8.0]), np.ones(1))
    outline = Rays(32).fit(image, first, reaches=(0.4, 0.3, 0.2, 0.15, 0.12, 0.12, 0.12, 0.12))
    assert abs(outline.middles[0] - complex(*CENTRE)) < 0.3
    assert outline.half_lengths[0] == pytest.approx([12, 8], rel=0.1)


def test_the_wrong_polarity_finds_no_edge() -> None:
    image = picture("dark", length_px=24.0, tail=False)
    rays, place, radius = Rays(32), np.array([complex(*CENTRE)] * 2), np.array([10.0] * 2)
    strength = rays.strength(image, circles(place, radius, np.array([1.0, -1.0])))
    assert strength[0] > 10 * max(strength[1], 0.1)


def test_what_lies_beyond_the_picture_counts_for_nothing() -> None:
    image = np.full((40, 40), 90, np.uint8)
    image[10:30, :8] = 30
    outline = circles(np.array([0 + 20j]), np.array([8.0]), np.ones(1))
    edges = Rays(16).edges(image, outline)
    assert not edges[:, 7:10].any()  # the rays to the left
    assert edges[:, 0].max() > 30
