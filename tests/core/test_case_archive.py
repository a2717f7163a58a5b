"""A case goes through one file into another store without loss; hostile files get nothing in."""

import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rostfine_core import case_archive
from rostfine_core.case_archive import ImportedCase, import_case_archive, write_case_archive
from rostfine_core.domain import Assessment, Draft, VideoInfo, finish
from rostfine_core.errors import RostfineError, StoreError
from rostfine_core.files import sha256_of
from rostfine_core.store import Store
from rostfine_core.store.transfer import rows_of_case
from rostfine_core.video import probe, write_video
from rostfine_core.video.checksum import hash_video
from rostfine_core.video.identity import VideoIdentity
from tests.core.any_text import NASTY
from tests.core.stored_cases import lay_out

TEXTS = NASTY[4:8] + NASTY[-1:]
Change = Callable[[dict[str, bytes]], object]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "ours") as opened:
        yield opened


@pytest.fixture
def archive(store: Store, info: VideoInfo, assessment: Assessment, tmp_path: Path) -> Path:
    """The archive of a case without videos."""
    sample_id = lay_out(store, info, assessment)
    return finish(write_case_archive(tmp_path / "case.zip", store, sample_id))


def take_in(path: Path, place: Path, videos: Path | None = None) -> ImportedCase:
    with Store.open(place) as other:
        return finish(import_case_archive(path, other, videos_folder=videos))


def changed(path: Path, change: Change, *, fits: bool = True) -> Path:
    """A copy of the archive with other files, of which ``case.json`` tells size and checksum."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    change(files)
    made = path.with_name("changed.zip")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    if fits:
        contents = json.loads(files["case.json"])
        contents["files"] = {
            name: {"bytes": len(content), "sha256": sha256_of(_written(path, content))}
            for name, content in files.items()
            if name != "case.json"
        }
        return changed(
            made, lambda f: f.update({"case.json": json.dumps(contents).encode()}), fits=False
        )
    return made


def _written(path: Path, content: bytes) -> Path:
    file = path.with_name("content")
    file.write_bytes(content)
    return file


def test_a_case_comes_back_with_any_text(
    store: Store, info: VideoInfo, assessment: Assessment, tmp_path: Path
) -> None:
    for number, text in enumerate(TEXTS):
        sample_id = lay_out(store, info, assessment, text=text)
        path = tmp_path / f"{number}.zip"
        finish(write_case_archive(path, store, sample_id))
        assert take_in(path, tmp_path / "theirs").label == text
        with Store.open(tmp_path / "theirs") as theirs:
            assert rows_of_case(theirs, sample_id) == rows_of_case(store, sample_id)
            finish(write_case_archive(tmp_path / "again.zip", theirs, sample_id))
        assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()


def test_it_names_no_folder_of_this_machine(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            assert b"Tanaka" not in opened.read(name), name


def test_videos_come_along(store: Store, tmp_path: Path) -> None:
    """Also one that is a folder of pictures; what is in the folder already stays."""
    film, pictures = tmp_path / "a" / "film.mkv", tmp_path / "a" / "pictures"
    frames = [np.full((40, 48, 3), 20 * k, np.uint8) for k in range(4)]
    write_video(film, frames, fps=15, codec="ffv1")
    pictures.mkdir()
    for number in range(4):
        write_picture(pictures / f"image {number}.pgm", number)
    sample_id = None
    for place in (film, pictures):
        sha256 = finish(hash_video(VideoIdentity.of(place)))
        video = store.add_video(probe(place), sha256=sha256, draft=Draft(), sample_id=sample_id)
        sample_id = sample_id or store.load_case(video).video.sample_id
    assert sample_id is not None
    path = finish(write_case_archive(tmp_path / "c.zip", store, sample_id, with_videos=True))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "film.mkv").write_bytes(b"another")
    assert take_in(path, tmp_path / "none").left_videos == 2
    made = take_in(path, tmp_path / "theirs", tmp_path / "b")
    assert [p.name for p in made.videos] == ["film-2.mkv", "pictures"]
    with Store.open(tmp_path / "theirs") as theirs:
        for row in theirs.videos_of(sample_id):
            again = finish(hash_video(VideoIdentity.of(row.path)))
            assert again == theirs.load_case(row.video_id).video.sha256
    film.unlink()
    with pytest.raises(RostfineError, match=r"film\.mkv is missing or is not the video"):
        finish(write_case_archive(tmp_path / "d.zip", store, sample_id, with_videos=True))
    assert not (tmp_path / "d.zip").exists()


def write_picture(path: Path, number: int) -> None:
    path.write_bytes(b"P5 8 8 255 " + bytes([number] * 64))


def say(**values: object) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files["case.json"] = json.dumps({**json.loads(files["case.json"]), **values}).encode()

    return change


VIDEO = {"name": "v", "sha256": "0" * 64, "is_folder": True, "files": {"../../x": "rows.json"}}
TWICE = b'{"a": [{"b": {"file": "x"}}, {"b": {"file": "x"}}]}'
HOSTILE: dict[str, tuple[Change, bool]] = {
    "a file more": (lambda f: f.update({"../../evil": b"x"}), False),
    "a file less": (lambda f: f.pop("rows.json"), False),
    "another content": (lambda f: f.update({"rows.json": f["rows.json"] + b" "}), False),
    "no JSON": (lambda f: f.update({"rows.json": b"{"}), True),
    "nested without end": (lambda f: f.update({"rows.json": b"[" * 10**6}), True),
    "no rows": (lambda f: f.update({"rows.json": b"{}"}), True),
    "a row that is none": (lambda f: f.update({"rows.json": b'{"sample": [3]}'}), True),
    "a file that is not there": (
        lambda f: f.update({"rows.json": b'{"sample": [{"id": {"file": "/etc/passwd"}}]}'}),
        True,
    ),
    "no list of files": (say(files=None), False),
    "a video out of its folder": (say(videos={"0": VIDEO}), True),
    "a compressed video": (say(videos={"0": {**VIDEO, "files": {"v": "rows.json"}}}), True),
    "one file twice": (
        lambda f: f.update({"rows.json": TWICE, "x": b""}),
        True,
    ),
}  # fmt: skip


@pytest.mark.requirement("R-81")
def test_a_hostile_archive_is_refused_with_a_sentence(archive: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "theirs") as theirs:
        for name, (change, fits) in HOSTILE.items():
            path = changed(archive, change, fits=fits)
            before = files_in(tmp_path)
            job = import_case_archive(path, theirs, videos_folder=tmp_path / "videos")
            with pytest.raises(StoreError, match="damaged"):
                pytest.fail(f"{name}: {finish(job)}")
            assert files_in(tmp_path) == before, name
        assert theirs.case_list() == ()


def files_in(folder: Path) -> set[Path]:
    """All files but those of the store itself."""
    return {p for p in folder.rglob("*") if p.is_file() and "theirs" not in p.parts}


def test_what_is_no_archive_is_said(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no")
    shutil.copy(archive, tmp_path / "cut.zip")
    with (tmp_path / "cut.zip").open("r+b") as file:
        file.truncate(archive.stat().st_size // 2)
    for name in ("no.zip", "cut.zip"):
        with pytest.raises(StoreError, match="is not a case archive"):
            take_in(tmp_path / name, tmp_path / "theirs")
    with pytest.raises(StoreError, match="Cannot read"):
        take_in(tmp_path / "gone.zip", tmp_path / "theirs")
    newer = changed(archive, say(schema="rostfine.case/2"))
    with pytest.raises(StoreError, match="update RoSTFine Assist"):
        take_in(newer, tmp_path / "theirs")


def test_a_bomb_is_not_unpacked(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_archive, "MOST_BYTES", 10**6)
    bomb = changed(archive, lambda f: f.update({"rows.json": b" " * (10**6 + 1)}))
    assert bomb.stat().st_size < 10**5
    with pytest.raises(StoreError, match="damaged"):
        take_in(bomb, tmp_path / "theirs")


def test_any_changed_byte_is_found_or_means_nothing(
    archive: Path, store: Store, tmp_path: Path
) -> None:
    content, pick = archive.read_bytes(), random.Random(3)
    (case,) = {row.sample_id for row in store.case_list()}
    for number in range(15):
        place = pick.randrange(len(content))
        made = bytearray(content)
        made[place] ^= 1 << pick.randrange(8)
        path = tmp_path / "flipped.zip"
        path.write_bytes(made)
        try:
            take_in(path, tmp_path / f"{number}")
        except StoreError:
            with Store.open(tmp_path / f"{number}") as theirs:
                assert theirs.case_list() == ()
        else:
            with Store.open(tmp_path / f"{number}") as theirs:
                assert rows_of_case(theirs, case) == rows_of_case(store, case), place


def test_a_cancelled_export_leaves_nothing(store: Store, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    write_video(film, [np.zeros((40, 48, 3), np.uint8)], fps=15, codec="ffv1")
    video = store.add_video(probe(film), sha256=sha256_of(film))
    sample_id = store.load_case(video).video.sample_id
    job = write_case_archive(tmp_path / "out" / "c.zip", store, sample_id, with_videos=True)
    next(job)
    job.close()
    assert not list((tmp_path / "out").iterdir())
