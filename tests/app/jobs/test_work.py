"""What the window's jobs do with a video of which not all frames are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.jobs import work
from app.state.records import Film
from rostfine_core.domain import LongJob, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.video import open_video, write_video
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:
    from tests.app.conftest import MakeTrack

FRAME_BYTES = 240 * 200 * 3


def cut(job: LongJob[Film]) -> Film:
    while True:
        try:
            next(job)
        except StopIteration as stop:
            film = stop.value
            assert isinstance(film, Film)
            return film


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """As many frames as ``info`` names; each is as grey as its number says."""
    path = tmp_path / "a.mp4"
    write_video(path, (np.full((200, 240, 3), 40 + 8 * k, np.uint8) for k in range(24)), fps=20)
    return path


def test_a_film_has_the_frames_too_that_are_not_kept(
    path: Path, info: VideoInfo, make_track: MakeTrack
) -> None:
    cache = FrameCache(info, budget_bytes=4 * FRAME_BYTES)
    with open_video(path) as video:
        for frame in video.frames(stop=4):
            cache.store(frame)
    film = cut(work.cut_film(make_track(lost=(3, 20)), cache=cache, path=path, crop_px=150))
    assert film.frames == tuple(k for k in range(24) if k not in (3, 20))
    shades = [int(np.median(image[70:80, 70:80])) for image in film.images]
    assert shades == pytest.approx([40 + 8 * k for k in film.frames], abs=3)


def test_a_film_of_a_long_track_is_spread_over_all_of_it(
    path: Path, info: VideoInfo, make_track: MakeTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "FILM_FRAMES", 6)
    cache = FrameCache(info, budget_bytes=4 * FRAME_BYTES)
    film = cut(work.cut_film(make_track(), cache=cache, path=path, crop_px=150))
    assert film.frames == (0, 4, 8, 12, 16, 20)


def test_a_film_that_is_cancelled_lets_the_file_go(
    path: Path, info: VideoInfo, make_track: MakeTrack
) -> None:
    job = work.cut_film(
        make_track(), cache=FrameCache(info, budget_bytes=0), path=path, crop_px=150
    )
    assert [next(job).done for _ in range(3)] == [0, 1, 2]
    job.close()
    path.rename(path.with_suffix(".moved"))  # an open file could not be moved on Windows


def test_a_video_that_is_gone_makes_no_film(info: VideoInfo, make_track: MakeTrack) -> None:
    gone = replace(info, path="gone.mp4")
    cache = FrameCache(gone, budget_bytes=0)
    with pytest.raises(VideoError, match=r"gone\.mp4"):
        cut(work.cut_film(make_track(), cache=cache, path=Path(gone.path), crop_px=150))
