"""Squares are cut where they should be, at the scale asked for, without false patterns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.squares import cut_square


@given(
    x=st.floats(-20, 140),
    y=st.floats(-20, 100),
    size=st.integers(8, 60),
    magnification=st.just(1.0) | st.floats(0.3, 3),
)
def test_a_square_shows_its_place_at_its_scale_and_repeats_the_border(
    x: float, y: float, size: int, magnification: float
) -> None:
    across, down = np.meshgrid(np.arange(120), np.arange(80))
    ramps = np.stack([across * 2, down * 3, np.full_like(down, 7)], axis=-1).astype(np.uint8)
    square = cut_square(ramps, x_px=x, y_px=y, size_px=size, magnification=magnification)
    steps = (np.arange(size) - (size - 1) / 2) / magnification
    # near the border, smoothing before shrinking bends the ramp a little
    slack = 1.5 + 2 * max(1 / magnification - 1, 0)
    for channel, (centre, slope, last) in enumerate([(x, 2, 119), (y, 3, 79)]):
        expected = slope * np.clip(centre + steps, 0, last)
        seen = square[:, :, channel].astype(float)
        seen = seen if channel == 0 else seen.T
        np.testing.assert_allclose(seen, np.tile(expected, (size, 1)), atol=slack)
    assert (square[:, :, 2] == 7).all()


def test_shrinking_leaves_no_false_pattern() -> None:
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (200, 100))
    square = cut_square(stripes, x_px=100.3, y_px=100, size_px=50, magnification=0.45)
    assert np.ptp(square.astype(int)) < 40
