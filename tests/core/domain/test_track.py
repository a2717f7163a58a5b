"""The span of a track."""

from rostfine_core.domain import Track, TrackPoint, TrackStatus


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
