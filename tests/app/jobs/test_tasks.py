"""What the window's jobs do with a video of which not all frames are kept."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader

from app.jobs import tasks
from app.state import drafts
from app.state.records import OpenedVideo
from app.state.session import Session
from rostfine_core.assessor import Assessor
from rostfine_core.attention import Paint
from rostfine_core.domain import NOT_GRADED, FieldMotion, SampleInfo, Seed, finish
from rostfine_core.errors import VideoError
from rostfine_core.export import export_sample
from rostfine_core.interlace import one_field
from rostfine_core.model import Preprocessing, RoSTFine, preset, save_model
from rostfine_core.report import ReportStyle, explanation_figure
from rostfine_core.result_files import read_assessment
from rostfine_core.squares import cut_square
from rostfine_core.video import open_video, write_video
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import FrameCache

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.app.conftest import MakeTrack
    from tests.conftest import VideoReads

FRAME_BYTES = 240 * 200 * 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """As many frames as ``info`` names; each is as grey as its number says."""
    path = tmp_path / "a.mp4"
    write_video(path, (np.full((200, 240, 3), 40 + 8 * k, np.uint8) for k in range(24)), fps=20)
    return path


def footage_of(path: Path, *, kept: int = 4) -> tasks.Footage:
    """An open video of which only the first frames are kept, its own reader closed by now."""
    with open_video(path) as video:
        cache = FrameCache(video.info, budget_bytes=kept * FRAME_BYTES)
        for frame in video.frames(stop=kept):
            cache.store(frame)
    return tasks.Footage(cache=cache, video=video, checksum=VideoChecksum(video.identity))


def test_a_film_has_the_frames_too_that_are_not_kept(path: Path, make_track: MakeTrack) -> None:
    track, footage = make_track(lost=(3, 20)), footage_of(path)
    film = finish(tasks.cut_film(track, footage=footage, crop_px=150))
    assert film.frames == tuple(k for k in range(24) if k not in (3, 20))
    shades = [int(np.median(image[70:80, 70:80])) for image in film.images]
    assert shades == pytest.approx([40 + 8 * k for k in film.frames], abs=3)


def test_a_film_of_a_long_track_is_spread_over_all_of_it(
    path: Path, make_track: MakeTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FILM_FRAMES", 6)
    film = finish(tasks.cut_film(make_track(), footage=footage_of(path), crop_px=150))
    assert film.frames == (0, 4, 8, 12, 16, 20)


def test_a_film_that_is_cancelled_lets_the_file_go(path: Path, make_track: MakeTrack) -> None:
    job = tasks.cut_film(make_track(), footage=footage_of(path, kept=2), crop_px=150)
    assert [next(job).done for _ in range(4)] == [0, 1, 2, 3]
    job.close()
    path.rename(path.with_suffix(".moved"))  # an open file could not be moved on Windows


def test_a_video_that_is_gone_makes_no_film(path: Path, make_track: MakeTrack) -> None:
    footage = footage_of(path)
    path.unlink()
    with pytest.raises(VideoError, match=r"a\.mp4"):
        finish(tasks.cut_film(make_track(), footage=footage, crop_px=150))


@pytest.mark.requirement("R-12")
def test_pictures_that_are_replaced_meanwhile_make_no_film(
    tmp_path: Path, make_track: MakeTrack
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(24):
        Image.fromarray(np.full((200, 240), 40 + 8 * number, np.uint8)).save(
            folder / f"{number:02}.png"
        )
    job = tasks.cut_film(make_track(), footage=footage_of(folder), crop_px=150)
    assert [next(job).done for _ in range(8)] == list(range(8))
    Image.fromarray(np.zeros((200, 240), np.uint8)).save(folder / "15.png")
    with pytest.raises(VideoError, match="was changed or replaced after it was opened"):
        finish(job)


def test_where_lines_were_taken_at_two_moments_one_field_is_measured_and_shown(
    woven: Path, path: Path, make_track: MakeTrack, qtbot: QtBot
) -> None:
    opened = finish(tasks.open_source(woven))
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
        finish(tasks.cut_film(track, footage=footage_of(woven), crop_px=100)),
        track.points[0],
    )
    shown = cut_square(one_field(opened.image), x_px=point.x_px, y_px=point.y_px, size_px=100)
    assert np.array_equal(film.images[0], shown)
    plain = finish(tasks.open_source(path))
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
    opened = finish(tasks.open_source(path))
    info = opened.video.info
    cache = FrameCache(info, budget_bytes=4 * FRAME_BYTES)
    footage = tasks.Footage(
        cache=cache, video=opened.video, checksum=VideoChecksum(opened.video.identity)
    )
    filling = cache.fill(opened.video)
    next(filling)
    seeds = (Seed(target="1", frame=0, x_px=120.0, y_px=80.0, is_exact=True),)
    tracks = finish(tasks.track_sperms(footage, seeds=seeds, info=info, fps=None))
    order = tasks.GradeOrder(
        path=path,
        info=info,
        seeds=seeds,
        tracks=tracks,
        sample=SampleInfo(),
        um_per_px=None,
        fps=None,
    )
    outcome = finish(tasks.grade_sperms(order, footage=footage, assessor=assessor))
    finish(tasks.cut_film(tracks[0], footage=footage, crop_px=150))
    sha256 = finish(tasks.checksum(footage))
    filling.close()
    assert [a.provenance.video_sha256 for a in outcome.assessments] == [sha256]
    assert video_reads.opened == {"a.mp4": 1}
    assert video_reads.hashed == {"a.mp4": 1}


def order_of(
    session: Session, colour_map: str, footage: tasks.Footage | None = None
) -> tasks.ReportOrder:
    return tasks.ReportOrder(
        assessments=session.reportable,
        names=session.names,
        left_out=session.left_out,
        footage=footage,
        colour_map=colour_map,
        language="en",
        model_sha256="",
    )


def write(order: tasks.ReportOrder, folder: Path) -> None:
    """Write what the preview shows of a video that no store holds."""
    style = ReportStyle(paint=Paint(colour_map=order.colour_map))
    finish(export_sample(tasks.report_of(order), folder, style=style))


def test_a_report_shows_the_video_while_it_can_be_read(
    graded: Session, path: Path, tmp_path: Path
) -> None:
    """And says so where the file has gone meanwhile, though the grades are still there."""
    footage = footage_of(path, kept=0)

    def told(name: str) -> str:
        write(order_of(graded, "cividis", footage), tmp_path / name)
        return PdfReader(tmp_path / name / "report.pdf").pages[0].extract_text()

    assert "a ring around every graded sperm" in told("there")
    path.rename(tmp_path / "moved.mp4")
    assert "the video was not at hand" in told("gone")


def test_files_bear_the_present_names_and_never_a_target(graded: Session, tmp_path: Path) -> None:
    """A report is made of records that no renaming touched; sperm 1 was also in sperm 3's batch."""
    clicks = [{"target": t, "frame": 0, "x_px": 1.0, "y_px": 2.0} for t in ("1", "2", "3")]
    for sperm in graded.sperms:
        key = graded.assessment_key(sperm)
        found = graded.results.assessments[key]
        made = replace(
            found.provenance,
            settings_json=json.dumps({"cpu_threads": 2, "clicks_in_batch": clicks}),
        )
        graded.add_assessments({key: replace(found, provenance=made)}, {})
    draft = graded.draft
    for number, name in ((1, "left"), (2, "1"), (1, "3")):
        draft = drafts.renamed(draft, number, name) or draft
    graded.set_draft(draft)
    before = graded.reportable
    order = replace(order_of(graded, "magma"), left_out=(("x", NOT_GRADED),))
    write(order, tmp_path / "out")
    assert graded.reportable == before  # the very records
    folders = sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir())
    assert folders == ["sperm-1", "sperm-3"]
    for name in ("1", "3"):
        record = read_assessment(tmp_path / "out" / f"sperm-{name}")
        assert {record.target, record.track.target, *(s.target for s in record.seeds)} == {name}
        batch = json.loads(record.provenance.settings_json)["clicks_in_batch"]
        assert [c["target"] for c in batch] == ["3", "1", "removed 3"]
        table = (tmp_path / "out" / f"sperm-{name}" / "track.csv").read_text().splitlines()
        assert {line.split(",")[0] for line in table[1:]} == {name}
    with (tmp_path / "out" / "report.csv").open(encoding="utf-8-sig") as file:
        assert [row["target"] for row in csv.DictReader(file)] == ["3", "1", "x"]
    pages = PdfReader(tmp_path / "out" / "report.pdf").pages
    text = "\n".join(page.extract_text() for page in pages)
    assert re.findall(r"^Sperm (\d)$", text, re.MULTILINE) == ["3", "1"]


def test_a_report_has_the_colours_of_the_screen(graded: Session, tmp_path: Path) -> None:
    def exported(colour_map: str) -> NDArray[np.uint8]:
        out = tmp_path / colour_map
        write(order_of(graded, colour_map), out)
        return np.asarray(Image.open(out / "sperm-1" / "explanation.png"))

    shown = graded.reportable[0]
    for colour_map in ("cividis", "magma"):
        expected = explanation_figure(shown, style=ReportStyle(paint=Paint(colour_map=colour_map)))
        np.testing.assert_array_equal(exported(colour_map), np.asarray(expected))
