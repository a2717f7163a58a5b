"""Seeking, stepping and playing show the right frame at the right time."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytestqt.qtbot import QtBot

from app.controllers.player import Player
from app.state.records import SPEEDS, OpenedVideo
from app.state.session import Session
from rostfine_core.domain import Draft, Seed, Sperm, Track, TrackPoint, TrackStatus, VideoInfo
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:
    from tests.conftest import FakeVideo


@pytest.fixture
def session(qtbot: QtBot, info: VideoInfo) -> Session:
    session = Session()
    session.set_video(OpenedVideo(path=Path("small.mp4"), info=info), Draft())
    return session


def full(info: VideoInfo, video: "FakeVideo", player: Player) -> FrameCache:
    cache = FrameCache(info, budget_bytes=2**30, on_wanted=player.note_arrival)
    list(cache.fill(video))
    return cache


def test_stepping_is_frame_exact_and_stays_in_the_video(
    session: Session, info: VideoInfo, fake_video: "FakeVideo"
) -> None:
    player = Player(session)
    player.use(full(info, fake_video, player))
    for count, frame in ((1, 1), (1, 2), (-1, 1), (-10, 0), (10, 10), (2**31, 23)):
        player.step(count)
        assert session.frame == frame
        assert session.image is not None
        assert (session.image == frame).all()


@pytest.mark.requirement("R-22")
def test_a_key_steps_from_one_doubtful_stretch_to_the_next(
    session: Session, info: VideoInfo, fake_video: "FakeVideo"
) -> None:
    doubtful = (*range(4, 7), *range(12, 15))
    points = tuple(
        TrackPoint(
            frame=f, time_s=f / 15, x_px=5, y_px=5, score=0.9,
            status=TrackStatus.PREDICTED if f in doubtful else TrackStatus.MEASURED,
        )
        for f in range(info.frame_count)
    )  # fmt: skip
    sperm = Sperm(key=1, name="1", seeds=(Seed(target="1", frame=0, x_px=5, y_px=5),))
    session.set_draft(Draft(sperms=(sperm,)))
    session.select(1)
    session.add_tracks({session.track_key(sperm): Track(target="1", points=points)})
    player = Player(session)
    player.use(full(info, fake_video, player))
    for forward, frame in ((True, 4), (True, 12), (True, 12), (False, 4), (False, 4)):
        player.seek_doubt(forward=forward)
        assert session.frame == frame


def test_a_frame_that_is_not_decoded_is_shown_when_it_arrives(
    qtbot: QtBot, session: Session, info: VideoInfo, fake_video: "FakeVideo"
) -> None:
    player = Player(session)
    cache = FrameCache(info, budget_bytes=2**30, on_wanted=player.note_arrival)
    player.use(cache)
    player.seek(7)
    assert session.image is None
    with qtbot.waitSignal(session.frame_changed, timeout=5000):
        list(cache.fill(fake_video))
    assert session.frame == 7


def test_playing_moves_and_pausing_stops(
    qtbot: QtBot, session: Session, info: VideoInfo, fake_video: "FakeVideo"
) -> None:
    player = Player(session)
    player.use(full(info, fake_video, player))
    player.seek(0)
    states = []
    with qtbot.waitSignal(session.frame_changed, timeout=5000):
        player.toggle()
        states.append(session.is_playing)
    player.toggle()
    assert [*states, session.is_playing] == [True, False]
    assert session.frame > 0


def test_the_speed_is_never_more_than_the_recordings(session: Session) -> None:
    player = Player(session)
    player.change_speed(1)
    assert session.speed == 1
    player.change_speed(-1)
    assert session.speed == 0.5
    for _ in range(9):
        player.change_speed(-1)
    assert session.speed == min(SPEEDS)


def test_without_a_video_nothing_happens(qtbot: QtBot) -> None:
    session = Session()
    player = Player(session)
    player.step(1)
    player.toggle()
    assert (session.frame, session.is_playing) == (0, False)
