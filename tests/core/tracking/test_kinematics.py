"""Velocities against tracks whose values are known by hand, and what is withheld."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.domain import Kinematics, Track, TrackPoint, TrackStatus
from rostfine_core.tracking import compute_kinematics

MEASURED = TrackStatus.MEASURED


def track_of(
    xy: NDArray[np.float64],
    *,
    fps: float = 60.0,
    statuses: dict[int, TrackStatus] | None = None,
    duplicates: frozenset[int] = frozenset(),
) -> Track:
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / fps,
            x_px=float(x),
            y_px=float(y),
            score=1.0,
            status=(statuses or {}).get(i, MEASURED),
            is_duplicate=i in duplicates,
        )
        for i, (x, y) in enumerate(xy)
    )
    return Track(target="1", points=points)


def line(count: int = 121, *, step: float = 0.5) -> NDArray[np.float64]:
    return np.stack([100 + step * np.arange(count), np.full(count, 50.0)], axis=1)


def test_a_straight_line() -> None:
    k = compute_kinematics(track_of(line()), um_per_px=0.5)
    assert k.unit == "um/s"
    assert (k.vcl, k.vsl, k.vap) == pytest.approx((15.0, 15.0, 15.0))  # 0.5 px * 60 / s * 0.5
    assert (k.lin, k.str_, k.wob) == pytest.approx((1, 1, 1))
    assert k.alh_mean == pytest.approx(0, abs=1e-9)
    assert k.mad_deg == pytest.approx(0, abs=1e-6)
    assert k.span_s == pytest.approx(2.0)
    assert k.measured_points == 121
    assert k.motility_class == "slowly progressive"


def test_a_circle_ends_where_it_began() -> None:
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = 20 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    k = compute_kinematics(track_of(circle))
    chords = 120 * 2 * 20 * math.sin(math.pi / 120)
    assert k.vcl == pytest.approx(chords / 2)
    assert k.vsl == pytest.approx(0, abs=1e-9)
    assert k.lin == pytest.approx(0, abs=1e-9)
    assert k.mad_deg == pytest.approx(360 / 120)


@pytest.mark.requirement("R-36")
def test_a_zigzag_by_hand() -> None:
    """Up and down by 2 px each frame: every step is (1, +-4), and each crosses the path."""
    xy = np.stack([np.arange(121.0), np.where(np.arange(121) % 2, 2.0, -2.0)], axis=1)
    k = compute_kinematics(track_of(xy), window_s=0.1)
    assert k.vcl == pytest.approx(120 * math.hypot(1, 4) / 2)
    assert k.vsl == pytest.approx(60)
    assert k.bcf_hz == pytest.approx(60, abs=2.1)  # the window shrinks to nothing at the ends
    # inside, 7 frames are averaged, 3 on the side of the middle one and 4 on the other
    assert k.alh_mean == pytest.approx(2 + 2 / 7, rel=0.05)
    assert k.mad_deg == pytest.approx(math.degrees(2 * math.atan2(4, 1)))


def test_the_window_shrinks_at_both_ends_alike() -> None:
    xy = np.stack([np.arange(121.0) ** 2 / 100, np.zeros(121)], axis=1)
    k = compute_kinematics(track_of(xy))
    assert k.vap == pytest.approx(k.vsl)  # on a line, an average path with fixed ends is as long


def test_noise_on_the_spot_is_nearly_nothing_along_the_average_path() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (121, 2))
    k = compute_kinematics(track_of(100 + noise), um_per_px=0.2)
    assert k.vsl is not None
    assert k.vsl < 0.1
    assert k.vap is not None
    assert k.vap < 1.5
    assert k.motility_class == "non-progressive or immotile"


def test_only_measured_and_manual_positions_count() -> None:
    xy = line()
    xy[40:44] += 300
    xy[60] = np.nan
    statuses = dict.fromkeys(range(40, 44), TrackStatus.PREDICTED) | {60: TrackStatus.LOST}
    k = compute_kinematics(track_of(xy, statuses=statuses | {5: TrackStatus.MANUAL}))
    assert k.vcl == pytest.approx(30.0)
    assert k.measured_points == 116


def test_repeated_frames_do_not_count() -> None:
    xy = line()
    duplicates = frozenset(range(6, 121, 6))
    for i in duplicates:
        xy[i] = xy[i - 1]
    k = compute_kinematics(track_of(xy, duplicates=duplicates))
    assert k.vcl == pytest.approx(30.0, rel=0.01)
    assert k.mad_deg == pytest.approx(0, abs=1e-6)


def reasons(k: Kinematics) -> dict[str, str]:
    return {name: str(reason) for name, reason in k.withheld}


@pytest.mark.requirement("R-36")
def test_low_frame_rates_withhold_the_lateral_beat() -> None:
    k = compute_kinematics(track_of(line(60), fps=15), um_per_px=0.2)
    assert (k.alh_mean, k.bcf_hz, k.wob) == (None, None, None)
    assert "15 pictures per second" in reasons(k)["alh_mean"]
    assert "VAP equals VCL" in reasons(k)["wob"]
    assert k.fps == pytest.approx(15)
    assert k.vcl is not None


def test_short_tracks_withhold_everything() -> None:
    k = compute_kinematics(track_of(line(30)), um_per_px=0.2)
    assert (k.vcl, k.vsl, k.vap, k.motility_class) == (None,) * 4
    assert "one second" in reasons(k)["vcl"]
    assert "only 1 of at least" in reasons(compute_kinematics(track_of(line(1))))["vcl"]


@pytest.mark.requirement("R-36")
def test_without_calibration_there_is_no_class_and_no_um() -> None:
    k = compute_kinematics(track_of(line()))
    assert k.unit == "px/s"
    assert k.motility_class is None
    assert "um/px" in reasons(k)["motility_class"]


@pytest.mark.parametrize(("um_per_px", "window_s"), [(0.0, 0.1), (-1.0, 0.1), (1.0, 0.0)])
def test_impossible_settings_are_refused(um_per_px: float, window_s: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        compute_kinematics(track_of(line()), um_per_px=um_per_px, window_s=window_s)


def test_a_path_that_leads_nowhere_is_not_progressive() -> None:
    """It turns on the spot every half second, with an average path of 50 um/s."""
    angle = 2 * np.pi * np.arange(181) / 30
    circle = 100 + 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    k = compute_kinematics(track_of(circle), um_per_px=1.0)
    assert k.vap is not None
    assert k.vap > 25
    assert k.motility_class == "non-progressive or immotile"
    onward = circle + np.stack([0.5 * np.arange(181), np.zeros(181)], axis=1)
    assert compute_kinematics(track_of(onward), um_per_px=1.0).motility_class == (
        "rapidly progressive"
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (25.1 / 60, "rapidly progressive"),
        (24.9 / 60, "slowly progressive"),
        (5.1 / 60, "slowly progressive"),
        (4.9 / 60, "non-progressive or immotile"),
    ],
)
@pytest.mark.parametrize("seconds", [1, 3])
def test_the_classes_end_where_who_says(step: float, expected: str, seconds: int) -> None:
    track = track_of(line(60 * seconds + 1, step=step))
    assert compute_kinematics(track, um_per_px=1.0).motility_class == expected


def test_gaps_withhold_what_they_would_shorten() -> None:
    lost = dict.fromkeys(range(20, 45), TrackStatus.LOST)
    k = compute_kinematics(track_of(line(), statuses=lost), um_per_px=0.2)
    assert (k.vcl, k.motility_class) == (None, None)
    assert "only 96 of 121 pictures" in reasons(k)["vcl"]
    few = dict.fromkeys(range(20, 44), TrackStatus.LOST)
    assert compute_kinematics(track_of(line(), statuses=few)).vcl is not None
    behind = dict.fromkeys(range(80, 121), TrackStatus.LOST)  # it swam out of the picture
    assert compute_kinematics(track_of(line(), statuses=behind)).vcl == pytest.approx(30.0)


def test_what_was_followed_before_a_correction_that_jumps_is_left_out() -> None:
    xy = line()
    xy[:30] += 80
    k = compute_kinematics(track_of(xy, statuses={30: TrackStatus.MANUAL}))
    assert k.measured_points == 91
    assert k.vcl == pytest.approx(30.0)
    near = line()
    near[30] += 6
    assert compute_kinematics(track_of(near, statuses={30: TrackStatus.MANUAL})).span_s == 2


def test_a_recentred_still_sperm_did_not_swim_the_way_of_the_click() -> None:
    xy = line(step=0)
    xy[30:] += 8
    k = compute_kinematics(track_of(xy, statuses={30: TrackStatus.MANUAL}))
    assert (k.vcl, k.vsl, k.progress) == (0, 0, 0)


def test_a_reason_after_a_correction_says_from_where_it_counts() -> None:
    xy = line()
    xy[:90] += 80
    k = compute_kinematics(track_of(xy, statuses={90: TrackStatus.MANUAL}), um_per_px=0.2)
    assert k.progress is None
    expected = (
        "the track lasts 0.50 s and at least one second is needed "
        "(counted from the correction in frame 90 on)"
    )
    assert reasons(k)["progress"] == reasons(k)["motility_class"] == expected


def test_the_class_goes_by_the_progress_that_is_told() -> None:
    """Three seconds back and forth, two of them onward: their median counts, not VSL."""
    x = np.concatenate([np.arange(121) * 0.5, 60 - 0.5 * np.arange(1, 61)])
    k = compute_kinematics(track_of(np.stack([x, np.zeros(181)], axis=1)), um_per_px=1.0)
    assert k.vsl == pytest.approx(10)
    assert k.progress == pytest.approx(30)
    assert k.motility_class == "rapidly progressive"
    assert compute_kinematics(track_of(line())).progress == pytest.approx(30)  # px/s


@given(
    seed=st.integers(0, 10_000),
    angle=st.floats(0, 2 * math.pi),
    shift=st.floats(-500, 500),
    scale=st.floats(0.1, 10),
)
def test_values_turn_shift_and_scale_as_they_should(
    seed: int, angle: float, shift: float, scale: float
) -> None:
    xy = np.cumsum(np.random.default_rng(seed).normal(0.3, 1, (90, 2)), axis=0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    before = compute_kinematics(track_of(xy))
    after = compute_kinematics(track_of(scale * xy @ turn.T + shift))
    for name in ("vcl", "vsl", "vap", "progress", "alh_mean"):
        assert getattr(after, name) == pytest.approx(scale * getattr(before, name), rel=1e-6)
    for name in ("lin", "str_", "wob", "bcf_hz", "mad_deg"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-6)
    assert after.vsl is not None
    assert after.vcl is not None
    assert after.vsl <= after.vcl + 1e-9


def test_the_frame_rate_counts_distinct_frames() -> None:
    """Every sixth frame repeats the one before: 25 frames per second stored as 30."""
    repeats = frozenset(range(5, 181, 6))
    k = compute_kinematics(track_of(line(181), fps=30, duplicates=repeats), um_per_px=0.5)
    assert k.fps == pytest.approx(25, rel=0.01)


def noise(seed: int, *, count: int = 121, level_px: float = 0.05) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, level_px, (count, 2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fps", [50.0, 60.0, 100.0])
def test_a_still_sperm_neither_beats_nor_turns(seed: int, fps: float) -> None:
    """The track's own errors cross the average path at every second frame: 30 Hz at 60 fps."""
    k = compute_kinematics(track_of(50 + noise(seed), fps=fps), um_per_px=0.19)
    assert (k.bcf_hz, k.alh_mean, k.mad_deg) == (None, None, None)
    for name in ("bcf_hz", "alh_mean", "mad_deg"):
        assert re.search(r"error of the track of 0\.0[456]\d? px", reasons(k)[name])
    assert k.vcl is not None


@pytest.mark.parametrize("seed", range(5))
def test_a_still_sperm_does_not_turn_at_any_rate(seed: int) -> None:
    k = compute_kinematics(track_of(50 + noise(seed, count=60), fps=15))
    assert k.mad_deg is None


@pytest.mark.parametrize("seed", range(5))
def test_a_straight_swimmer_has_a_heading_but_no_beat(seed: int) -> None:
    k = compute_kinematics(track_of(line() + noise(seed)))
    assert (k.bcf_hz, k.alh_mean) == (None, None)
    assert k.mad_deg == pytest.approx(11, abs=4)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beat_hz", [5.0, 8.0, 12.0])
@pytest.mark.parametrize("speed", [0.0, 0.5])
def test_a_beat_above_the_error_is_counted(seed: int, beat_hz: float, speed: float) -> None:
    """Also of a sperm that beats on the spot."""
    along = line(step=speed)
    along[:, 1] += 0.6 * np.sin(2 * np.pi * beat_hz * np.arange(121) / 60 + 0.3)
    k = compute_kinematics(track_of(along + noise(seed)))
    assert k.mad_deg is not None
    assert k.alh_mean is not None
    assert k.bcf_hz is not None
    if speed:
        assert k.bcf_hz == pytest.approx(2 * beat_hz, rel=0.25)


def test_a_beat_of_more_than_an_error_is_counted_however_fast() -> None:
    fast = line()
    fast[:, 1] += 3 * np.sin(2 * np.pi * 20 * np.arange(121) / 60 + 0.3)
    assert compute_kinematics(track_of(fast)).bcf_hz == pytest.approx(40, rel=0.1)
