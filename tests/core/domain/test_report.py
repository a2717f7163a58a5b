"""What a report shows of a video as a whole: its frame, and the cautions that all sperm share."""

from dataclasses import replace

from rostfine_core.domain import (
    QualityFlag,
    Track,
    TrackStatus,
    overview_frame,
    own_flags,
    place_in,
    shared_flags,
)
from rostfine_core.messages import Message
from tests.core.report.conftest import build_assessment


def track_from(first: int, *, lost: tuple[int, ...] = ()) -> Track:
    points = build_assessment().track.points[first:]
    return Track(
        target="1",
        points=tuple(replace(p, status=TrackStatus.LOST) if p.frame in lost else p for p in points),
    )


def test_the_overview_is_of_the_frame_that_shows_most_sperm() -> None:
    early, late, lost = track_from(3), track_from(20), track_from(3, lost=(20,))
    assert overview_frame([early, late]) == 20
    assert overview_frame([early, lost, late]) == 3  # two there, two in frame 20: the first
    assert overview_frame([]) == 0
    assert place_in(late, 3) is None
    assert place_in(lost, 20) is None


def test_only_what_all_sperm_share_of_the_video_is_the_videos() -> None:
    video = QualityFlag.notice("video", Message("It was cut off."))
    rate = QualityFlag.warning("fps_unlike_training", Message("15 instead of 25."))
    near, far = (QualityFlag.notice("scale_doubtful", Message(f"Heads of {n} um.")) for n in (3, 9))
    lost = QualityFlag.warning("track_lost", Message("Lost in frame 3."))
    one = build_assessment("1", flags=(video, rate, near, lost))
    two = build_assessment("2", flags=(video, rate, far, lost))
    assert shared_flags([one, two]) == (rate, video)
    assert own_flags(two, shared_flags([one, two])) == (far, lost)
    assert shared_flags([one]) == (rate, video, near)
    assert shared_flags([]) == ()
