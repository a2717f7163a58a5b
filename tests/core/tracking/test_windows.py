"""Search windows: cut from a part or from the whole halved frame, the pixels are the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostfine_core.tracking.windows import draw_windows, magnification

FRAME = np.random.default_rng(3).integers(0, 256, (323, 257), np.uint8)
PLACES = st.complex_numbers(max_magnitude=400, allow_nan=False, allow_infinity=False)


@settings(max_examples=60)
@given(PLACES, st.sampled_from([1, 2, 4]))
def test_one_window_and_many_give_the_same_pixels(place: complex, scale: int) -> None:
    alone, where = draw_windows(FRAME, centres=np.array([place]), scales=np.array([scale]), size=15)
    many, centres = draw_windows(
        FRAME, centres=np.full(60, place), scales=np.full(60, scale), size=15
    )
    assert (many == alone[0]).all()
    assert (centres == where[0]).all()
    assert max(abs((where[0] - place).real), abs((where[0] - place).imag)) <= scale / 2


def test_a_window_inside_the_frame_is_the_frame() -> None:
    windows, centres = draw_windows(
        FRAME, centres=np.array([50.2 + 40.4j]), scales=np.array([1]), size=11
    )
    assert centres[0] == 50 + 40j
    assert (windows[0] == FRAME[35:46, 45:56]).all()


def test_reduced_windows_average_blocks() -> None:
    windows, centres = draw_windows(
        FRAME, centres=np.array([51 + 41j]), scales=np.array([2]), size=3
    )
    block = FRAME[40:42, 50:52].astype(float).mean()
    assert windows[0][1, 1] == pytest.approx(block, abs=0.51)
    assert centres[0] == 50.5 + 40.5j


@pytest.mark.parametrize(
    ("diameter", "scale"), [(3.0, 1), (4.5, 1), (9.0, 2), (18.0, 4), (33.0, 8)]
)
def test_magnification_halves_until_the_head_is_small(diameter: float, scale: int) -> None:
    assert magnification(diameter, head_size=4.5) == scale
