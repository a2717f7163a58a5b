"""The tracking loop: progress, times, points told on the way, waiting and ending early."""

from collections.abc import Generator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import (
    GreyFrame,
    LongJob,
    Progress,
    Seed,
    Track,
    TrackPoint,
    VideoInfo,
    finish,
)
from rostfine_core.errors import TrackingError
from rostfine_core.tracking import Tracker, track

FRAMES, FPS = 12, 10.0
VIDEO = VideoInfo(
    path="a.mp4",
    width_px=80,
    height_px=60,
    frame_count=FRAMES,
    fps=FPS,
    duration_s=FRAMES / FPS,
    codec="h264",
    is_colour=False,
    bit_depth=8,
    timestamps_s=tuple(k / FPS for k in range(FRAMES)),
)
SEEDS = (
    Seed(target="late", frame=4, x_px=50.0, y_px=40.0),
    Seed(target="1", frame=2, x_px=24.0, y_px=20.0),
)


class Drawn:
    """A frame with two dark ovals, one of which moves."""

    def __init__(self, index: int) -> None:
        self.index = index

    def grey(self) -> GreyFrame:
        image = np.full((60, 80), 150, np.uint8)
        for place in ((20 + 2 * self.index, 20), (50, 40)):
            cv2.ellipse(image, place, (7, 4), 0, 0, 360, 85, -1)
        return GreyFrame(index=self.index, time_s=self.index / FPS, image=image)

    def rgb(self) -> NDArray[np.uint8]:
        return np.repeat(self.grey().image[:, :, None], 3, axis=2)


class Stream:
    """Frames from a number on, and whether the stream was closed."""

    def __init__(self, *, waits: int = 0, stop: int = FRAMES) -> None:
        self.waits, self.stop, self.is_closed = waits, stop, False

    def __call__(self, start: int) -> Generator[Drawn | None, None, None]:
        try:
            yield from [None] * self.waits
            yield from map(Drawn, range(start, self.stop))
        finally:
            self.is_closed = True


def exhaust(job: LongJob[tuple[Track, ...]]) -> tuple[list[Progress], tuple[Track, ...]]:
    steps: list[Progress] = []
    tracks = finish(job, on_progress=steps.append)
    return steps, tracks


def test_the_loop_gives_what_the_tracker_gives_from_the_first_click_on() -> None:
    stream = Stream()
    steps, tracks = exhaust(track(stream, SEEDS, video=VIDEO, stage="tracking in a.mp4"))
    tracker = Tracker(SEEDS)
    for frame in range(2, FRAMES):
        tracker.step(Drawn(frame).grey())
    assert tracks == tracker.tracks
    assert [t.target for t in tracks] == ["1", "late"]
    assert [(s.stage, s.done, s.total) for s in steps] == [
        ("tracking in a.mp4", done, FRAMES) for done in range(3, FRAMES + 1)
    ]
    assert stream.is_closed


def test_every_point_is_told_with_its_frame() -> None:
    told: list[tuple[str, TrackPoint, int]] = []
    job = track(
        Stream(),
        SEEDS,
        video=VIDEO,
        on_point=lambda target, point, frame: told.append((target, point, frame.index)),
    )
    _, tracks = exhaust(job)
    assert all(point.frame == frame for _, point, frame in told)
    for one in tracks:
        assert tuple(point for target, point, _ in told if target == one.target) == one.points


def test_times_are_those_of_the_video_whose_rate_may_be_corrected() -> None:
    slow = replace(VIDEO, timestamps_s=tuple(k / 5 for k in range(FRAMES)))
    _, tracks = exhaust(track(Stream(), SEEDS, video=slow))
    assert [p.time_s for p in tracks[0].points] == [k / 5 for k in range(2, FRAMES)]


def test_a_wait_for_a_frame_is_a_step_and_closing_ends_the_stream() -> None:
    stream = Stream(waits=2)
    job = track(stream, SEEDS, video=VIDEO)
    assert [next(job).done for _ in range(3)] == [2, 2, 3]
    job.close()
    assert stream.is_closed


def test_a_stream_that_ends_early_makes_no_track() -> None:
    """A part of a track would be graded as if it were all of it."""
    with pytest.raises(TrackingError, match="stopped after 7 of 12 frames"):
        exhaust(track(Stream(stop=7), SEEDS, video=VIDEO))


def test_clicks_are_checked_before_a_frame_is_asked_for() -> None:
    stream = Stream()
    with pytest.raises(TrackingError, match="has frames 0 to 11"):
        next(track(stream, [replace(SEEDS[0], frame=FRAMES)], video=VIDEO))
    with pytest.raises(TrackingError, match="No sperm was clicked"):
        next(track(stream, [], video=VIDEO))
    assert not stream.is_closed  # it was never begun


class Woven(Drawn):
    """A frame of two moments: its odd lines were taken half a frame later."""

    def grey(self) -> GreyFrame:
        early, late = (
            oval(60 + 5.0 * (self.index + share), rows=120, columns=200) for share in (0, 0.5)
        )
        early[1::2] = late[1::2]
        return GreyFrame(index=self.index, time_s=self.index / FPS, image=early)


def oval(x: float, *, rows: int, columns: int) -> NDArray[np.uint8]:
    """A dark oval whose middle lies at ``x`` in row 60."""
    image = np.full((8 * rows, 8 * columns), 150, np.uint8)
    middle = (round((x + 0.5) * 8), round(60.5 * 8))
    cv2.ellipse(image, middle, (56, 40), 0, 0, 360, 85, -1)
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def woven(start: int) -> Generator[Woven | None]:
    yield from map(Woven, range(start, FRAMES))


def test_an_interlaced_video_is_followed_by_one_field() -> None:
    size = replace(VIDEO, width_px=200, height_px=120)
    told: list[NDArray[np.uint8]] = []
    job = track(
        woven,
        [Seed(target="1", frame=0, x_px=60.0, y_px=60.0)],
        video=size,
        on_point=lambda target, point, frame: told.append(frame.rgb()),
    )
    _, (found,) = exhaust(job)
    assert found.field is not None
    assert found.field.is_one_field
    errors = [abs(p.x_px - (60 + 5.0 * p.frame)) for p in found.points]
    assert max(errors) < 0.2  # in the middle of both moments it would be 1.25
    lines = told[3].astype(float)[..., 0]
    assert abs(2 * lines[1:-1:2] - lines[:-2:2] - lines[2::2]).max() <= 1


def test_a_whole_video_is_followed_as_it_is() -> None:
    _, tracks = exhaust(track(Stream(), SEEDS, video=VIDEO))
    assert all(t.field and not t.field.is_one_field for t in tracks)
