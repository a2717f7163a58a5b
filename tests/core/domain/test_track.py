"""The span of a track, and the rate of its different frames."""

import pytest

from rostfine_core.domain import FieldMotion, Track, TrackPoint, TrackStatus


def test_a_track_knows_its_span() -> None:
    statuses = (TrackStatus.MEASURED, TrackStatus.PREDICTED, TrackStatus.LOST)
    points = tuple(
        TrackPoint(frame=5 + i, time_s=i / 15, x_px=1.0, y_px=2.0, score=1.0, status=s)
        for i, s in enumerate(statuses)
    )
    track = Track(target="1", points=points)
    assert track.first_frame == 5
    assert track.at(7) is points[2]
    assert track.at(4) is None
    assert track.at(8) is None


@pytest.mark.parametrize(
    ("repeated", "fps", "distinct_fps"),
    [
        (range(0), 29.97, 29.97),
        (range(5, 60, 6), 30.0, 25.0),
        (range(5, 57, 6), 30.0, 25.0),
        (range(1, 60, 2), 15.0, 7.4),
    ],
)
def test_all_sperm_of_a_video_state_one_rate_of_different_frames(
    repeated: range, fps: float, distinct_fps: float
) -> None:
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / fps,
            x_px=1.0,
            y_px=2.0,
            score=1.0,
            status=TrackStatus.MEASURED,
            is_duplicate=i in repeated,
        )
        for i in range(60)
    )
    assert Track(target="1", points=points).distinct_fps(fps) == distinct_fps


def test_what_a_video_repeats_is_no_matter_of_the_sperm() -> None:
    """A sperm that left after a few frames, none of which was repeated."""
    points = tuple(
        TrackPoint(frame=i, time_s=i / 30, x_px=1.0, y_px=2.0, score=1.0, status=status)
        for i, status in enumerate((TrackStatus.MANUAL, TrackStatus.MEASURED))
    )
    video = FieldMotion(
        first_frame=0,
        x_px=(0.0,),
        y_px=(0.0,),
        error_px=0.0,
        measured_frames=1,
        distinct_share=5 / 6,
    )
    assert Track(target="1", points=points, field=video).distinct_fps(30.0) == 25.0
