from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytestqt.qtbot import QtBot

from app.controllers.player import Player
from app.state.records import SPEEDS, Draft, OpenedVideo
from app.state.session import Session
from rostfine_core.domain import VideoInfo
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
