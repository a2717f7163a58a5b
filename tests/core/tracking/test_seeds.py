"""Clicks that are refused: contradictory ones, and those that do not lie in the video."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.domain import GreyFrame, Seed, VideoInfo
from rostfine_core.errors import TrackingError
from rostfine_core.tracking import Tracker, check_seeds

WIDTH, HEIGHT = 40, 30
VIDEO = VideoInfo(
    path="a.mp4",
    width_px=WIDTH,
    height_px=HEIGHT,
    frame_count=8,
    fps=10.0,
    duration_s=0.8,
    codec="h264",
    is_colour=False,
    bit_depth=8,
    timestamps_s=tuple(k / 10 for k in range(8)),
)
BLANK = GreyFrame(index=0, time_s=0.0, image=np.full((HEIGHT, WIDTH), 150, np.uint8))


def click(*, frame: int = 0, x_px: float = 5.0, y_px: float = 5.0) -> Seed:
    return Seed(target="1", frame=frame, x_px=x_px, y_px=y_px)


@pytest.mark.parametrize(
    ("seeds", "reason"),
    [
        ([], "No sperm was clicked"),
        ([click(x_px=math.nan)], "has no position"),
        ([click(y_px=math.inf)], "has no position"),
        ([click(frame=-1)], "counted from 0"),
        ([click(frame=8)], "has frames 0 to 7"),
        ([click(), click(x_px=9.0)], "clicked 2 times in frame 0"),
        ([click(), click(frame=3, y_px=30.0)], "lies outside the 40x30 frame"),
    ],
    ids=["none", "no number", "infinite", "before", "behind", "twice", "outside"],
)
def test_clicks_that_cannot_be_tracked_are_one_sentence(seeds: list[Seed], reason: str) -> None:
    with pytest.raises(TrackingError, match=rf"^[A-Z].*{reason}.*\.$|^{reason}.*\.$"):
        check_seeds(seeds, VIDEO)


def test_the_picture_reaches_half_a_pixel_beyond_the_outermost_centres() -> None:
    check_seeds([click(x_px=-0.5, y_px=-0.5), click(frame=7, x_px=39.49, y_px=29.49)], VIDEO)
    for x_px, y_px in ((-0.51, 5.0), (5.0, -0.51), (39.5, 5.0), (5.0, 29.5)):
        with pytest.raises(TrackingError, match="lies outside"):
            check_seeds([click(x_px=x_px, y_px=y_px)], VIDEO)


@given(x_px=st.floats(-3, WIDTH + 3), y_px=st.floats(-3, HEIGHT + 3))
def test_the_tracker_takes_exactly_the_clicks_that_the_check_takes(
    x_px: float, y_px: float
) -> None:
    seeds = [click(x_px=x_px, y_px=y_px)]
    assert refusal(lambda: check_seeds(seeds, VIDEO)) == refusal(lambda: Tracker(seeds).step(BLANK))


def refusal(action: Callable[[], object]) -> str:
    """Why a click is refused; "" when it is not."""
    try:
        action()
    except TrackingError as error:
        return str(error)
    return ""
