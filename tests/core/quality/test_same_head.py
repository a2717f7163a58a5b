"""One sperm under two names is told; sperm that meet or were never seen together are not."""

import math

import pytest

from rostfine_core.domain import Track, TrackPoint, TrackStatus
from rostfine_core.quality.same_head import FEWEST_FRAMES, SAME_HEAD, SAME_HEAD_PX, same_head_flags

FRAMES = 40


def track(
    target: str, *, y_px: float, first: int = 0, end: int = FRAMES, lost: range = range(0)
) -> Track:
    """A sperm that swims 2 px to the right a frame."""
    points = tuple(
        TrackPoint(
            frame=k,
            time_s=k / 15,
            x_px=math.nan if k in lost else 100.0 + 2 * k,
            y_px=math.nan if k in lost else y_px,
            score=0.9,
            status=TrackStatus.LOST if k in lost else TrackStatus.MEASURED,
        )
        for k in range(first, end)
    )
    return Track(target=target, points=points)


def told(*tracks: Track) -> dict[str, str]:
    flags = same_head_flags(tracks)
    assert {flag.code for flag in flags.values()} <= {SAME_HEAD}
    return {target: str(flag.reason) for target, flag in flags.items()}


@pytest.mark.requirement("R-26")
def test_one_sperm_under_two_names_is_told() -> None:
    near = SAME_HEAD_PX - 1
    both = "Sperm 1 and 2 are the same one: count it once."
    assert told(track("1", y_px=50), track("2", y_px=50 + near), track("3", y_px=80)) == {
        "1": both,
        "2": both,
    }


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(track("2", y_px=50, first=25), id="clicked later"),
        pytest.param(track("2", y_px=50, lost=range(5, 35)), id="lost for long"),
    ],
)
def test_only_frames_where_both_were_seen_count(other: Track) -> None:
    assert set(told(track("1", y_px=50), other)) == {"1", "2"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(track("2", y_px=50 + SAME_HEAD_PX), id="as near as two can be"),
        pytest.param(track("2", y_px=50, lost=range(FRAMES)), id="never seen"),
        pytest.param(track("2", y_px=50, first=25), id="seen at another time"),
    ],
)
def test_others_are_not(other: Track) -> None:
    assert told(track("1", y_px=50, end=25), other) == {}


def test_two_that_only_meet_are_not_the_same() -> None:
    points = tuple(
        replaced
        for left, right in ((track("2", y_px=80).points[:25], track("2", y_px=50).points[25:]),)
        for replaced in (*left, *right)
    )
    assert told(track("1", y_px=50), Track(target="2", points=points)) == {}


def test_the_frames_where_both_were_seen_are_found_in_any_long_video() -> None:
    end = 9000
    always = track("1", y_px=50, end=end)
    for lost in (range(64, end), range(end - 64), range(900)):
        assert set(told(always, track("2", y_px=50, end=end, lost=lost))) == {"1", "2"}


@pytest.mark.parametrize("count", [FEWEST_FRAMES - 1, FEWEST_FRAMES])
def test_few_frames_together_tell_nothing(count: int) -> None:
    brief = track("2", y_px=50, lost=range(count, FRAMES))
    assert bool(told(track("1", y_px=50), brief)) is (count >= FEWEST_FRAMES)


def test_one_sperm_alone_is_no_other() -> None:
    assert told() == told(track("1", y_px=50)) == {}
