"""Labelled clips and data sets are reproducible and well-formed, and show what the label says."""

import csv
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from rostfine_core.domain import Progress
from rostfine_core.errors import DatasetError
from rostfine_core.simulation import (
    LookFamily,
    SimulatedClip,
    simulate_clip,
    simulate_clips,
    write_dataset,
)
from rostfine_core.simulation.dataset import CLIPS_PER_TASK
from rostfine_core.simulation.labelled_clips import CLIP_UM_PER_PX

SEED = 17


@pytest.fixture(scope="module")
def clips() -> list[SimulatedClip]:
    return list(simulate_clips(12, seed=SEED, clips_per_sample=4, with_masks=True))


def test_a_clip_is_16_crops_of_150_pixels_with_40_votes(clips: list[SimulatedClip]) -> None:
    for clip in clips:
        assert clip.images.shape == (16, 150, 150, 3)
        assert clip.images.dtype == np.uint8
        assert sum(clip.votes) == 40
        assert clip.frames[0] == 0
        assert list(clip.frames) == sorted(clip.frames)
        assert clip.frames[-1] <= 174


def test_a_clip_depends_only_on_seed_and_number(clips: list[SimulatedClip]) -> None:
    alone = simulate_clip(7, seed=SEED, clips_per_sample=4)
    assert (alone.images == clips[7].images).all()
    assert alone.votes == clips[7].votes
    other = simulate_clip(7, seed=SEED + 1, clips_per_sample=4)
    assert (other.images != clips[7].images).mean() > 0.5


def test_sperm_of_a_sample_share_its_microscope(clips: list[SimulatedClip]) -> None:
    for clip in clips:
        first = clips[clips.index(clip) // 4 * 4]
        assert clip.sample == first.sample
        assert clip.field.look == first.field.look
        assert clip.field.um_per_px == first.field.um_per_px
    assert len({c.field.um_per_px for c in clips}) == 3
    assert len({c.sample for c in clips}) == 3


def test_the_crop_is_centred_on_the_measured_head(clips: list[SimulatedClip]) -> None:
    for clip in clips:
        off = clip.magnification * (clip.centres_px - clip.heads_px)
        assert 0 < np.abs(off).max() < 7
        assert np.median(np.hypot(*off.T)) < 3.0


def test_masks_lie_on_the_sperm(clips: list[SimulatedClip]) -> None:
    darker = []
    for clip in clips:
        assert clip.masks is not None
        grey = clip.images.mean(axis=-1)
        masks = clip.masks > 0
        assert masks[:, 0].sum(axis=(1, 2)).min() > 150
        darker.append(np.median(grey) - np.median(grey[masks[:, 0]]))
        rows, columns = np.nonzero(masks[:, 0].any(axis=0))
        assert abs(rows.mean() - 74.5) < 10
        assert abs(columns.mean() - 74.5) < 10
    assert np.mean(darker) > 20
    assert min(darker) > 3


@pytest.fixture(scope="module")
def videos() -> list[SimulatedClip]:
    """Clips of as many videos."""
    return list(simulate_clips(24, seed=2, clips_per_sample=1))


def test_a_swimming_sperm_moves_against_its_surroundings(videos: list[SimulatedClip]) -> None:
    """The motion that the panel grades is visible: the surroundings change between frames."""
    change: dict[bool, list[float]] = {True: [], False: []}
    for clip in videos:
        moved = clip.heads_px[8] - clip.heads_px[7]
        drift = np.array(clip.field.drift_px_s) * (clip.frames[8] - clip.frames[7]) / clip.field.fps
        swum_px = clip.magnification * float(np.hypot(*(moved - drift)))
        # Coarse enough that noise of any grain is gone.
        coarse = [cv2.resize(f, (15, 15), interpolation=cv2.INTER_AREA) for f in clip.images]
        first, then = (coarse[k].mean(axis=-1).ravel() for k in (7, 8))
        change[swum_px > 10].append(1 - float(np.corrcoef(first, then)[0, 1]))
    assert np.median(change[True]) > 1.5 * np.median(change[False])


def test_clips_of_all_videos_have_one_scale_but_not_one_span(videos: list[SimulatedClip]) -> None:
    scales = np.array([c.um_per_px for c in videos])
    assert np.abs(scales / CLIP_UM_PER_PX - 1).max() < 0.08
    assert np.ptp(scales) > 0.005
    assert max(c.field.um_per_px for c in videos) > 2 * min(c.field.um_per_px for c in videos)
    spans = [(c.frames[-1] - c.frames[0]) / c.field.fps for c in videos]
    assert min(spans) < 3 < 10 < max(spans) < 175 / 15
    assert len({c.field.fps for c in videos}) > 2
    assert {c.field.look.family for c in videos} == {LookFamily.CLEAN, LookFamily.CAMERA}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "set"
    steps = list(write_dataset(folder, count=11, seed=3, name='Käse "1"', with_masks=True))
    assert steps[0] == Progress(stage="simulating", done=0, total=11)
    assert steps[-1] == Progress(stage="simulating", done=11, total=11)
    return folder


def test_the_files_of_a_data_set_are_well_formed(written: Path) -> None:
    header = tomllib.loads((written / "dataset.toml").read_text(encoding="utf-8"))
    assert header["name"] == 'Käse "1"'
    assert header["kind"] == "simulated"
    assert header["grades"] == ["A", "B", "C", "D", "E"]
    assert header["panel_size"] == 40
    assert header["preprocessing"]["clip_frames"] == 16
    low, high = header["preprocessing"]["head_length_px"]
    assert 15 < low < high < 45
    with (written / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({r["clip"] for r in rows}) == 11
    assert {row["um_per_px"] for row in rows} == {f"{CLIP_UM_PER_PX:.5g}"}
    for row in rows:
        assert sum(int(row[f"votes_{g}"]) for g in "ABCDE") == 40
        assert sum(float(row[f"expected_{g}"]) for g in "ABCDE") == pytest.approx(1, abs=1e-3)
        with np.load(written / "clips" / f"{row['clip']}.npz", allow_pickle=False) as arrays:
            assert arrays["images"].shape == (16, 150, 150, 3)
            assert arrays["masks"].shape == (16, 3, 150, 150)


def test_the_number_of_processes_changes_nothing(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parallel"
    job = write_dataset(folder, count=11, seed=3, name='Käse "1"', with_masks=True, processes=2)
    assert list(job)[-1].done == 11
    names = sorted(p.relative_to(written) for p in written.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert all((written / n).read_bytes() == (folder / n).read_bytes() for n in names)


def test_a_data_set_is_never_overwritten(written: Path) -> None:
    before = (written / "labels.csv").read_bytes()
    with pytest.raises(DatasetError, match="choose another folder"):
        list(write_dataset(written, count=1, seed=9))
    assert (written / "labels.csv").read_bytes() == before


def test_a_data_set_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="at least one clip"):
        list(write_dataset(tmp_path / "none", count=0, seed=1))


def test_a_cancelled_data_set_has_no_labels(tmp_path: Path) -> None:
    job = write_dataset(tmp_path / "set", count=11, seed=1)
    next(job)
    next(job)
    job.close()
    assert not (tmp_path / "set" / "labels.csv").exists()
    assert len(list((tmp_path / "set" / "clips").iterdir())) == CLIPS_PER_TASK
