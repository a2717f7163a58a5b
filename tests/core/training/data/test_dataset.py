"""Reading data sets: what is right is read, and every mistake is named in one report."""

import os
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.errors import DatasetError
from rostfine_core.model import Preprocessing
from rostfine_core.training.data.clip_cache import fill_cache
from rostfine_core.training.data.clip_file import load_clip, save_clip
from rostfine_core.training.data.dataset import DatasetHeader, read_dataset, read_datasets
from rostfine_core.training.data.dataset_files import write_header


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_whole_data_set(dataset_folder: Path) -> None:
    dataset = read_dataset(dataset_folder)
    assert (dataset.name, dataset.kind, len(dataset.clips)) == ("tiny", "simulated", 24)
    assert dataset.labels.sum(axis=1) == pytest.approx(np.ones(24))
    assert dataset.expected is None
    assert len(set(dataset.samples)) == 8
    images = load_clip(dataset.clips[0].path, frames=16, size_px=20)
    assert images.shape == (16, 20, 20, 3)


def test_any_name_is_read_back_as_it_was_written(dataset_folder: Path) -> None:
    name = '𠮷田 "B" \\ é'
    write_header(
        dataset_folder, DatasetHeader(name=name, kind=name, panel_size=40, clip_size_px=20)
    )
    dataset = read_dataset(dataset_folder)
    assert (dataset.name, dataset.kind) == (name, name)


@pytest.mark.requirement("R-53")
def test_every_mistake_is_in_one_report(dataset_folder: Path) -> None:
    labels = dataset_folder / "labels.csv"
    lines = labels.read_text(encoding="utf-8").splitlines()
    lines[1] = "c000,p0,1,2,3,four,5"
    lines[2] = "c001,,40,0,0,0,0"
    lines[3] = "c002,p0,1,1,1,1,1"
    lines[4] = "../c003,p1,40,0,0,0,0"
    lines.append("c004,p9,40,0,0,0,0")
    lines.append("absent,p9,40,0,0,0,0")
    labels.write_text("\n".join(lines) + "\n", encoding="utf-8")
    save_clip(dataset_folder / "clips" / "c005.npz", np.zeros((16, 9, 9, 3), np.uint8))
    (dataset_folder / "clips" / "c006.npz").write_bytes(b"not a clip")
    edit(dataset_folder / "dataset.toml", 'name = "tiny"', "name = 3")
    with pytest.raises(DatasetError) as caught:
        read_dataset(dataset_folder)
    report = str(caught.value)
    assert "9 mistake(s)" in report.splitlines()[0]
    for expected in (
        "dataset.toml: name must be given as str, got 3",
        "line 2: votes must be whole numbers from 0: votes_D='four'",
        "line 3: sample is empty",
        "line 4: the votes sum to 5, the panel has 40 experts",
        "line 5: clip '../c003' is not a plain file name",
        "line 7: clips/c005.npz: holds (16, 9, 9, 3) uint8 where",
        "line 8: clips/c006.npz: is not a readable .npz file",
        "line 26: clip 'c004' is listed before, in line 6",
        "line 27: clips/absent.npz or .avi does not exist",
    ):
        assert expected in report


def test_missing_files_and_columns(tmp_path: Path, dataset_folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"nothing is not a data set .*: make one with build-d"):
        read_dataset(tmp_path / "nothing")
    edit(dataset_folder / "labels.csv", "votes_C", "votes_X")
    with pytest.raises(DatasetError, match=r"line 1: column\(s\) missing: votes_C"):
        read_dataset(dataset_folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[preprocessing]\nclip_frames = 16\nsize_px = 20", "preprocessing = 3", "must be a table"),
        ("clip_frames = 16", "clip_frames = 0", "clip_frames and size_px must be 1 or more"),
        ('kind = "simulated"', "kind = 3", "kind must be given as str, got 3"),
        ('kind = "simulated"', 'kind = ""', "name and kind must not be empty"),
        ('kind = "simulated"', "kind = " + "[" * 100_000, "is not valid TOML"),
        ("panel_size = 40", "panel_size = " + "9" * 5000, "is not valid TOML"),
        ("clip_frames = 16", "clip_frames = 4000000000", "larger than the 256 MiB that are read"),
    ],
)
def test_wrong_values_of_the_header_are_told(
    dataset_folder: Path, old: str, new: str, told: str
) -> None:
    edit(dataset_folder / "dataset.toml", old, new)
    with pytest.raises(DatasetError, match=f"dataset.toml: .*{told}"):
        read_dataset(dataset_folder)


def test_the_true_distribution_is_read_when_there(dataset_folder: Path) -> None:
    labels = dataset_folder / "labels.csv"
    head, *rows = labels.read_text(encoding="utf-8").splitlines()
    head += ",expected_A,expected_B,expected_C,expected_D,expected_E,fps"
    text = "\n".join([head, *(f"{r},0.2,0.2,0.2,0.2,0.2,15" for r in rows)])
    labels.write_text(text, encoding="utf-8")
    dataset = read_dataset(dataset_folder)
    assert dataset.expected is not None
    assert dataset.expected.shape == (24, 5)
    assert dataset.column("fps").tolist() == [15.0] * 24
    labels.write_text(text.replace(",0.2,15", ",0.9,15", 1), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 2: expected_A\.\.expected_E must be shares"):
        read_dataset(dataset_folder)


def test_abstentions_must_be_announced(dataset_folder: Path) -> None:
    edit(dataset_folder / "dataset.toml", "panel_size = 40", "panel_size = 41")
    with pytest.raises(DatasetError, match="24 mistake"):
        read_dataset(dataset_folder)
    edit(dataset_folder / "dataset.toml", "panel_size = 41", "panel_size = 41\nabstentions = true")
    assert len(read_dataset(dataset_folder).clips) == 24


def test_a_clip_damaged_after_its_header(dataset_folder: Path) -> None:
    path = dataset_folder / "clips" / "c000.npz"
    raw = bytearray(path.read_bytes())
    raw[400:420] = bytes(20)
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match="is not a readable"):
        load_clip(path, frames=16, size_px=20)


def test_clips_that_no_memory_holds_are_refused(
    dataset_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Black clips of a few megabytes on disk may unpack to more than the machine has."""
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 40}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
    settings = Preprocessing(clip_size_px=20)
    job = fill_cache(read_dataset(dataset_folder), preprocessing=settings, threads=1)
    with pytest.raises(DatasetError, match=r"this machine has 0\.0: use fewer or smaller clips"):
        next(job)


def test_two_data_sets_read_as_one_share_their_patients(dataset_folder: Path) -> None:
    both = read_datasets([dataset_folder, dataset_folder])
    assert len(both.clips) == 48
    assert len(set(both.samples)) == 8
