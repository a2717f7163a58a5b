"""What the jobs about sperm do with a video of which not all frames are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from app.jobs import sperm_tasks, video_tasks
from app.state.records import OpenedVideo
from app.state.session import Session
from rostfine_core.assessor import Assessor
from rostfine_core.domain import FieldMotion, SampleInfo, Seed, finish
from rostfine_core.errors import VideoError
from rostfine_core.interlace import one_field
from rostfine_core.model import Preprocessing, RoSTFine, preset, save_model
from rostfine_core.squares import cut_square
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import FrameCache
from tests.app.jobs.conftest import FRAME_BYTES

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.app.conftest import MakeTrack
    from tests.app.jobs.conftest import FootageOf
    from tests.conftest import VideoReads


def test_a_film_has_the_frames_too_that_are_not_kept(
    path: Path, make_track: MakeTrack, footage_of: FootageOf
) -> None:
    track, footage = make_track(lost=(3, 20)), footage_of(path)
    film = finish(sperm_tasks.cut_film(track, footage=footage, crop_px=150))
    assert film.frames == tuple(k for k in range(24) if k not in (3, 20))
    shades = [int(np.median(image[70:80, 70:80])) for image in film.images]
    assert shades == pytest.approx([40 + 8 * k for k in film.frames], abs=3)


def test_a_film_of_a_long_track_is_spread_over_all_of_it(
    path: Path, make_track: MakeTrack, monkeypatch: pytest.MonkeyPatch, footage_of: FootageOf
) -> None:
    monkeypatch.setattr(sperm_tasks, "FILM_FRAMES", 6)
    film = finish(sperm_tasks.cut_film(make_track(), footage=footage_of(path), crop_px=150))
    assert film.frames == (0, 4, 8, 12, 16, 20)


def test_a_film_that_is_cancelled_lets_the_file_go(
    path: Path, make_track: MakeTrack, footage_of: FootageOf
) -> None:
    job = sperm_tasks.cut_film(make_track(), footage=footage_of(path, kept=2), crop_px=150)
    assert [next(job).done for _ in range(4)] == [0, 1, 2, 3]
    job.close()
    path.rename(path.with_suffix(".moved"))  # an open file could not be moved on Windows


def test_a_video_that_is_gone_makes_no_film(
    path: Path, make_track: MakeTrack, footage_of: FootageOf
) -> None:
    footage = footage_of(path)
    path.unlink()
    with pytest.raises(VideoError, match=r"a\.mp4"):
        finish(sperm_tasks.cut_film(make_track(), footage=footage, crop_px=150))


@pytest.mark.requirement("R-12")
def test_pictures_that_are_replaced_meanwhile_make_no_film(
    tmp_path: Path, make_track: MakeTrack, footage_of: FootageOf
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(24):
        Image.fromarray(np.full((200, 240), 40 + 8 * number, np.uint8)).save(
            folder / f"{number:02}.png"
        )
    job = sperm_tasks.cut_film(make_track(), footage=footage_of(folder), crop_px=150)
    assert [next(job).done for _ in range(8)] == list(range(8))
    Image.fromarray(np.zeros((200, 240), np.uint8)).save(folder / "15.png")
    with pytest.raises(VideoError, match="was changed or replaced after it was opened"):
        finish(job)


def test_where_lines_were_taken_at_two_moments_one_field_is_measured_and_shown(
    woven: Path, path: Path, make_track: MakeTrack, qtbot: QtBot, footage_of: FootageOf
) -> None:
    opened = finish(video_tasks.open_source(woven))
    assert opened.is_interlaced
    grey = opened.first_frame.grey().image
    session = Session()
    session.video = OpenedVideo(path=woven, info=opened.video.info, is_interlaced=True)
    session.set_frame(0, opened.image, grey)
    assert session.grey is not None
    assert np.array_equal(session.grey, one_field(grey))
    opened.video.close()
    field = FieldMotion(
        first_frame=0, x_px=(0.0,), y_px=(0.0,), error_px=0.1, measured_frames=1, is_one_field=True
    )
    track = replace(make_track(), field=field)
    film, point = (
        finish(sperm_tasks.cut_film(track, footage=footage_of(woven), crop_px=100)),
        track.points[0],
    )
    shown = cut_square(one_field(opened.image), x_px=point.x_px, y_px=point.y_px, size_px=100)
    assert np.array_equal(film.images[0], shown)
    plain = finish(video_tasks.open_source(path))
    plain.video.close()
    assert not plain.is_interlaced


@pytest.fixture
def assessor(tmp_path: Path) -> Assessor:
    """A small untrained network."""
    config = preset("demo", image_size=40, patch_size=8, embed_dim=20, depth=1, selection_layers=1)
    save_model(
        tmp_path / "m.safetensors",
        RoSTFine(config).eval(),
        preprocessing=Preprocessing.of(config),
        training={},
        dataset_kind="simulated",
    )
    return Assessor.load(tmp_path / "m.safetensors", device="cpu")


def test_from_opening_to_the_grade_a_video_is_opened_and_hashed_once(
    path: Path, assessor: Assessor, video_reads: VideoReads
) -> None:
    """Also one that does not fit the memory, and when the grade is there before the checksum."""
    opened = finish(video_tasks.open_source(path))
    info = opened.video.info
    cache = FrameCache(info, budget_bytes=4 * FRAME_BYTES)
    footage = video_tasks.Footage(
        cache=cache, video=opened.video, checksum=VideoChecksum(opened.video.identity)
    )
    filling = cache.fill(opened.video)
    next(filling)
    seeds = (Seed(target="1", frame=0, x_px=120.0, y_px=80.0, is_exact=True),)
    tracks = finish(sperm_tasks.track_sperms(footage, seeds=seeds, info=info, fps=None))
    order = sperm_tasks.GradeOrder(
        path=path,
        info=info,
        seeds=seeds,
        tracks=tracks,
        sample=SampleInfo(),
        um_per_px=None,
        fps=None,
    )
    outcome = finish(sperm_tasks.grade_sperms(order, footage=footage, assessor=assessor))
    finish(sperm_tasks.cut_film(tracks[0], footage=footage, crop_px=150))
    sha256 = finish(video_tasks.checksum(footage))
    filling.close()
    assert [a.provenance.video_sha256 for a in outcome.assessments] == [sha256]
    assert video_reads.opened == {"a.mp4": 1}
    assert video_reads.hashed == {"a.mp4": 1}
