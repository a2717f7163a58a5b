"""Which frames a clip takes, where they are cut, and what happens at the border."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.clips import ClipSettings, CropRecorder, clip_points, cut_clip
from rostfine_core.domain import FieldMotion, Track, TrackPoint, TrackStatus
from rostfine_core.errors import TrackingError
from rostfine_core.interlace import one_field

LOST, MEASURED = TrackStatus.LOST, TrackStatus.MEASURED


def make_track(
    count: int, *, fps: float = 15.0, lost: frozenset[int] = frozenset(), x_px: float = 100.0
) -> Track:
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / fps,
            x_px=math.nan if i in lost else x_px + 0.3 * i,
            y_px=math.nan if i in lost else 90.0,
            score=0.9,
            status=LOST if i in lost else MEASURED,
        )
        for i in range(count)
    )
    return Track(target="1", points=points)


def noise_image(index: int) -> NDArray[np.uint8]:
    return np.random.default_rng(index).integers(0, 256, (200, 300, 3), dtype=np.uint8)


def test_the_papers_clip_takes_16_of_175_frames_including_both_ends() -> None:
    frames = [p.frame for p in clip_points(make_track(175), settings=ClipSettings())]
    assert frames == [int(i * 174 / 15) for i in range(16)]


def test_the_span_is_limited_in_time_not_in_frames() -> None:
    fast = clip_points(make_track(1400, fps=60), settings=ClipSettings())
    assert fast[-1].time_s == pytest.approx(175 / 15, abs=1 / 60)


@given(st.integers(2, 300), st.sets(st.integers(0, 299)), st.integers(2, 40))
def test_clip_frames_ascend_and_were_seen(count: int, lost: set[int], wanted: int) -> None:
    track = make_track(count, lost=frozenset(lost))
    seen = [i for i in range(count) if i not in lost]
    settings = ClipSettings(frame_count=wanted)
    if len([i for i in seen if i < seen[0] + 175]) < 2 if seen else True:
        with pytest.raises(TrackingError, match="too few"):
            clip_points(track, settings=settings)
        return
    frames = [p.frame for p in clip_points(track, settings=settings)]
    assert len(frames) == wanted
    assert frames == sorted(frames)
    assert set(frames) <= set(seen)
    assert frames[0] == seen[0]


def test_a_crop_over_the_border_says_how_much_was_filled() -> None:
    track = make_track(30, x_px=-0.5 - 0.3 * 0)
    clip = cut_clip(track, image_at=noise_image, settings=ClipSettings(frame_count=2))
    assert clip.boxes[0].padded_share == pytest.approx(0.5)
    left = clip.images[0][:, 0]
    np.testing.assert_array_equal(left, clip.images[0][:, 30])  # the border column repeated
    inside = cut_clip(make_track(30), image_at=noise_image, settings=ClipSettings(frame_count=2))
    assert all(box.padded_share == 0 for box in inside.boxes)


def test_one_pass_and_random_access_cut_the_same_clip() -> None:
    track = make_track(60, lost=frozenset({0, 7, 8, 59}))
    settings = ClipSettings(max_span_s=3.0)
    recorder = CropRecorder(settings=settings)
    for point in track.points:
        if recorder.wants(point):
            recorder.record(point, noise_image(point.frame))
    streamed = recorder.clip(track)
    cut = cut_clip(track, image_at=noise_image, settings=settings)
    np.testing.assert_array_equal(streamed.images, cut.images)
    assert streamed.boxes == cut.boxes


def test_a_clip_of_an_interlaced_video_shows_one_field() -> None:
    still = FieldMotion(
        first_frame=0, x_px=(0.0,), y_px=(0.0,), error_px=0.1, measured_frames=1, is_one_field=True
    )
    track = replace(make_track(30), field=still)
    settings = ClipSettings(frame_count=4, size_px=20)
    clip = cut_clip(track, image_at=noise_image, settings=settings)
    by_hand = cut_clip(
        make_track(30), image_at=lambda frame: one_field(noise_image(frame)), settings=settings
    )
    assert np.array_equal(clip.images, by_hand.images)


def test_the_way_of_a_sperm_is_that_on_the_slide_not_in_a_picture_that_moves() -> None:
    """A network that is told the motion would take a dead sperm on a moving stage for a swimmer."""
    track = make_track(30)
    frames = tuple(range(30))
    drift = FieldMotion(
        first_frame=0,
        x_px=tuple(0.3 * i for i in frames),
        y_px=(0.0,) * 30,
        error_px=0.01,
        measured_frames=30,
    )
    settings = ClipSettings(frame_count=4)
    recorder = CropRecorder(settings=settings)
    for point in track.points:
        recorder.record(point, noise_image(point.frame))
    moving = replace(track, field=drift)
    for clip in (recorder.clip(moving), cut_clip(moving, image_at=noise_image, settings=settings)):
        assert np.ptp(clip.path_um(0.5)[:, 1]) == pytest.approx(0, abs=1e-4)
        assert [b.centre_x_px for b in clip.boxes] == [
            track.points[b.frame].x_px for b in clip.boxes
        ]
    still = replace(track, field=replace(drift, x_px=tuple(0.001 * i for i in frames)))
    for kept in (track, still):
        path = cut_clip(kept, image_at=noise_image, settings=settings).path_um(0.5)
        assert np.ptp(path[:, 1]) == pytest.approx(0.5 * 0.3 * 29, rel=1e-4)
        assert path[-1, 0] == pytest.approx(29 / 15)


def test_a_status_that_the_finished_track_revised_is_revised_in_the_clip() -> None:
    settings, track = ClipSettings(), make_track(count=40)
    recorder = CropRecorder(settings=settings)
    for point in track.points:
        doubtful = replace(point, status=TrackStatus.PREDICTED)
        recorder.record(doubtful, noise_image(point.frame))
    cut = cut_clip(track, image_at=noise_image, settings=settings)
    assert recorder.clip(track).boxes == cut.boxes


def test_unusable_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1 of 150"):
        ClipSettings(frame_count=1)


@given(st.floats(0.3, 3))
def test_a_resampled_clip_keeps_its_size_and_its_boxes_say_what_it_shows(
    magnification: float,
) -> None:
    settings = ClipSettings(frame_count=2, size_px=40, magnification=magnification)
    across = np.repeat(np.arange(300) / 300 * 255, 3).reshape(1, 300, 3)
    ramp = np.tile(across, (200, 1, 1)).astype(np.uint8)
    clip = cut_clip(make_track(30), image_at=lambda _: ramp, settings=settings)
    box = clip.boxes[0]
    assert clip.images.shape == (2, 40, 40, 3)
    assert clip.magnification == pytest.approx(magnification)
    shown = int(clip.images[0, 20, -1, 0]) - int(clip.images[0, 20, 0, 0])
    assert shown == pytest.approx(39 / 40 * box.size_px / 300 * 255, abs=3)
