"""Scenes match their truth, are drawn frame by frame, and cancelling cleans up."""

import csv
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import SIMULATED_VIDEO, Progress, finish
from rostfine_core.errors import StoreError
from rostfine_core.simulation import (
    LookFamily,
    SceneSettings,
    SceneTruth,
    simulate_scene,
    write_scene,
)
from rostfine_core.simulation.morphology import SpermShape
from rostfine_core.simulation.motion import Swimming, SwimmingKind
from rostfine_core.simulation.optics import Illumination, Look
from rostfine_core.simulation.render import SimulatedSperm

SMALL = SceneSettings(width_px=320, height_px=240, frame_count=6, sperm_count=4, seed=11)
LOOK = Look(
    illumination=Illumination.BRIGHT_FIELD, texture=0.0, unevenness=0.0, noise=0.0, halo=0.2
)
SWIMMER = SimulatedSperm(
    shape=SpermShape(head_length_um=5.0, head_width_um=3.0, acrosome_share=0.01),
    swimming=Swimming(
        kind=SwimmingKind.PROGRESSIVE,
        speed_um_s=20.0,
        beat_hz=8.0,
        beat_angle_rad=0.6,
        wavelength_um=28.0,
        lateral_um=0.4,
        wander=0.0,
    ),
)
LONELY = replace(
    SMALL,
    look=LOOK,
    flicker=0.0,
    drift_px_s=(0.0, 0.0),
    speck_count=0,
    round_cells=0,
    sperm=(SWIMMER,),
    sperm_count=1,
)


def dark_centre(image: NDArray[np.uint8], about: NDArray[np.float64]) -> tuple[float, float]:
    """The centre of the pixels as dark as a head, near a position."""
    grey = image.astype(float).mean(axis=-1)
    rows, columns = np.indices(grey.shape)
    near = np.hypot(columns - about[0], rows - about[1]) < 18
    dark = near & (grey < 0.68 * np.median(grey))
    return float(columns[dark].mean()), float(rows[dark].mean())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_true_position_is_the_centre_of_the_drawn_head(seed: int) -> None:
    scene = simulate_scene(replace(LONELY, seed=seed))
    truth = scene.truth.targets[0]
    for number, image in enumerate(scene.frames()):
        place = truth.xy_px[number]
        if 20 < place[0] < 300 and 20 < place[1] < 220:
            assert dark_centre(image, place) == pytest.approx(tuple(place), abs=0.8)


def test_a_scene_depends_only_on_its_seed() -> None:
    first, again = (list(simulate_scene(SMALL).frames()) for _ in range(2))
    other = list(simulate_scene(replace(SMALL, seed=12)).frames())
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first[0].shape == (240, 320, 3)
    assert len(first) == 6


def test_frames_of_one_scene_can_be_drawn_twice() -> None:
    scene = simulate_scene(SMALL)
    assert np.array_equal(list(scene.frames()), list(scene.frames()))


def test_frames_are_drawn_on_request() -> None:
    long = simulate_scene(replace(SMALL, frame_count=2000))
    frames = long.frames()
    assert isinstance(frames, Iterator)
    assert next(frames).shape == (240, 320, 3)


def test_a_drifting_stage_moves_immotile_sperm() -> None:
    still = replace(SWIMMER, swimming=replace(SWIMMER.swimming, speed_um_s=0.0, lateral_um=0.0))
    settings = replace(
        LONELY, sperm=(still,), drift_px_s=(45.0, -30.0), speck_count=60, fps=3.0, look=None
    )
    scene = simulate_scene(settings)
    moved = scene.truth.targets[0].xy_px[3] - scene.truth.targets[0].xy_px[0]
    assert moved == pytest.approx((45.0, -30.0), abs=0.8)
    grey = [f.mean(axis=-1) for f in scene.frames()]
    still_share = np.corrcoef(grey[0][80:200, 60:200].ravel(), grey[3][80:200, 60:200].ravel())
    drift_share = np.corrcoef(grey[0][80:200, 60:200].ravel(), grey[3][50:170, 105:245].ravel())
    assert drift_share[0, 1] > still_share[0, 1] + 0.2


def test_given_sperm_come_first_and_others_are_added() -> None:
    truth = simulate_scene(replace(SMALL, sperm=(SWIMMER,), sperm_count=3)).truth
    assert [t.target for t in truth.targets] == ["1", "2", "3"]
    assert truth.targets[0].sperm == SWIMMER
    assert truth.targets[1].sperm != SWIMMER


@pytest.mark.parametrize("wrong", [{"width_px": 3}, {"frame_count": 0}, {"fps": 0.0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        replace(SMALL, **wrong)  # type: ignore[arg-type]  # mixed field types


class Writer:
    """A stand-in for the video writer that keeps its arguments."""

    def __init__(self, *, fail_after: int | None = None) -> None:
        self.frames: list[NDArray[np.uint8]] = []
        self.path: Path | None = None
        self.fps, self.comment = 0.0, ""
        self.ended_well = False
        self._fail_after = fail_after

    def __call__(
        self, path: Path, frames: Iterator[NDArray[np.uint8]], *, fps: float, comment: str
    ) -> None:
        self.path, self.fps, self.comment = path, fps, comment
        for frame in frames:
            if len(self.frames) == self._fail_after:
                raise StoreError("The disk is full: free some space.")
            self.frames.append(frame)
        self.ended_well = True


def exhaust(folder: Path, writer: Writer) -> tuple[list[Progress], SceneTruth]:
    steps: list[Progress] = []
    job = write_scene(folder, settings=SMALL, write_video=writer)
    return steps, finish(job, on_progress=steps.append)


def test_a_written_scene_has_video_seeds_and_truth(tmp_path: Path) -> None:
    writer = Writer()
    steps, truth = exhaust(tmp_path, writer)
    assert steps[-1] == Progress(stage="simulating", done=6, total=6)
    assert (writer.path, writer.fps, writer.ended_well) == (tmp_path / "scene.mp4", 15.0, True)
    assert writer.comment == SIMULATED_VIDEO
    assert np.array_equal(writer.frames, list(simulate_scene(SMALL).frames()))
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"target", "frame", "x", "y"}
    assert len(rows) == sum(int(t.visible.sum()) for t in truth.targets)
    assert all(0 <= float(r["x"]) <= 319 and 0 <= float(r["y"]) <= 239 for r in rows)
    seeds = (tmp_path / "seeds.csv").read_text(encoding="utf-8").splitlines()
    assert seeds[0] == "target,frame,x,y"
    assert all(line.split(",")[1] == "0" for line in seeds[1:])
    record = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert record["schema"] == "rostfine.scene_truth/1"
    assert len(record["targets"]) == 4
    assert sum(record["targets"][0]["expected"].values()) == pytest.approx(1)


def test_a_failing_writer_raises_and_no_truth_is_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="disk is full"):
        exhaust(tmp_path, Writer(fail_after=2))
    assert not (tmp_path / "truth.csv").exists()


def test_cancelling_stops_the_writer(tmp_path: Path) -> None:
    writer = Writer()
    job = write_scene(tmp_path, settings=SMALL, write_video=writer)
    next(job)
    next(job)
    job.close()
    assert not writer.ended_well
    assert not (tmp_path / "truth.csv").exists()
    assert "write-scene" not in {t.name for t in threading.enumerate()}


def test_a_scene_has_the_look_asked_for_and_the_same_truth() -> None:
    clean, camera = (
        simulate_scene(replace(SMALL, family=family, frame_count=1))
        for family in (LookFamily.CLEAN, LookFamily.CAMERA)
    )
    assert [t.sperm for t in clean.truth.targets] == [t.sperm for t in camera.truth.targets]
    assert camera.truth.field.look.tail_contrast < clean.truth.field.look.tail_contrast == 1
    whole, woven = (
        list(simulate_scene(replace(LONELY, look=look)).frames())
        for look in (LOOK, replace(LOOK, is_interlaced=True))
    )
    for one, both in zip(whole, woven, strict=True):
        assert (one[::2] == both[::2]).all()
    assert (whole[0][1::2] != woven[0][1::2]).any()
