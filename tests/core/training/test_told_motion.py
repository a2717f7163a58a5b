"""A network that is told the motion, from the data set to the program's answer."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rostfine_core.assessor import Assessor
from rostfine_core.domain import Clip, CropBox, TrackStatus, finish
from rostfine_core.errors import DatasetError
from rostfine_core.model import load_model
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.clip_file import load_clip, load_path, save_clip
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.evaluation.grading import grade
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.networks.factory import build_network
from rostfine_core.training.networks.initialisation import initialise
from rostfine_core.training.train import train_recipe

FRAMES, SIZE, UM_PER_PX = 16, 20, 0.5
Recipe = Callable[..., TrainConfig]


def swim(speed_um_s: float) -> NDArray[np.float32]:
    times = np.linspace(0, 6, FRAMES)
    return np.stack([times, speed_um_s * times, 0 * times], axis=1).astype(np.float32)


@pytest.fixture
def swimmers(tmp_path: Path) -> Path:
    """Clips that look alike: the fast ones are graded A, the slow ones E."""
    folder, rng = tmp_path / "swimmers", np.random.default_rng(3)
    (folder / "clips").mkdir(parents=True)
    rows = ["clip,sample,votes_A,votes_B,votes_C,votes_D,votes_E,um_per_px"]
    for number in range(48):
        fast = rng.uniform()
        images = rng.integers(0, 60, (FRAMES, SIZE, SIZE, 3)).astype(np.uint8)
        save_clip(folder / "clips" / f"c{number:03d}.npz", images, places=swim(20 * fast))
        votes = rng.multinomial(40, [fast, 0, 0, 0, 1 - fast])
        rows.append(",".join(map(str, [f"c{number:03d}", f"p{number // 3}", *votes, UM_PER_PX])))
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "dataset.toml").write_text(
        f'name = "swimmers"\nkind = "simulated"\npanel_size = 40\n[preprocessing]\n'
        f"clip_frames = {FRAMES}\nsize_px = {SIZE}\n",
        encoding="utf-8",
    )
    return folder


def told(recipe: Recipe, swimmers: Path, *, width: int) -> TrainConfig:
    small = recipe()
    return recipe(
        data={"train": [str(swimmers)]},
        model={"overrides": small.model.overrides | {"motion_width": width, "drop_path": 0.0}},
        loss={"alpha": 0.0},
        optimiser={"kind": "adamw", "lr": 0.01, "ema_decay": 0.5},
        loop={"epochs": 25, "batch_size": 6, "threads": 1, "device": "cpu"},
        split={"validation_share": 0.25, "test_share": 0.25},
    )


def as_cut(path: Path) -> Clip:
    """The clip of a file as the program cuts it, at the scale of the training."""
    places = load_path(path, frames=FRAMES)
    box = CropBox(
        frame=0,
        time_s=0.0,
        centre_x_px=0.0,
        centre_y_px=0.0,
        size_px=SIZE,
        padded_share=0.0,
        status=TrackStatus.MEASURED,
    )
    boxes = tuple(
        replace(box, time_s=float(t), centre_x_px=float(x) / UM_PER_PX) for t, x, _ in places
    )
    images = load_clip(path, frames=FRAMES, size_px=SIZE)
    return Clip(target=path.stem, images=images, boxes=boxes)


def test_a_network_that_is_told_the_motion_grades_by_it_and_so_does_the_program(
    recipe: Recipe, swimmers: Path
) -> None:
    result = finish(train_recipe(told(recipe, swimmers, width=8)))
    data = read_dataset(swimmers)
    graded = finish(grade(load_trained(result.model_path), data, None, tta=False)).prediction
    error = float(np.mean((graded - data.labels) ** 2))
    mean = float(np.mean((data.labels.mean(axis=0) - data.labels) ** 2))
    assert error < 0.3 * mean  # by the pictures alone, nothing is better than the mean
    assessor = Assessor.load(result.model_path, device="cpu")
    assessor.warm_up()
    answers = finish(assessor.assess([as_cut(clip.path) for clip in data.clips[:8]]))
    shares = np.array([a.prediction.grade.probabilities for a in answers])
    assert shares == pytest.approx(graded[:8], abs=1e-5)


def test_a_recipe_may_tell_the_motion_to_a_network_that_did_not_know_it(
    recipe: Recipe, swimmers: Path
) -> None:
    first = told(recipe, swimmers, width=0)
    silent = finish(train_recipe(replace(first, loop=replace(first.loop, epochs=1))))
    further = told(recipe, swimmers, width=8)
    section = replace(further.model, init=str(silent.model_path), init_part="network")
    started = replace(
        further,
        output=further.output + "-further",
        model=section,
        optimiser=replace(further.optimiser, lr=1e-12),
        loop=replace(further.loop, epochs=1),
        split=replace(further.split, validation_share=0.0, test_share=0.0),
    )
    result = finish(train_recipe(started))
    before, after = (load_model(m).network for m in (silent.model_path, result.model_path))
    assert after.motion_embed is not None
    for name, weight in before.state_dict().items():
        assert np.allclose(weight, after.state_dict()[name], atol=1e-6), name


def test_a_network_that_knew_the_motion_may_go_on_without_it(
    recipe: Recipe, swimmers: Path
) -> None:
    """As a lab does that does not know the scale of its videos."""
    first = told(recipe, swimmers, width=8)
    knew = finish(train_recipe(replace(first, loop=replace(first.loop, epochs=1))))
    section = replace(
        told(recipe, swimmers, width=0).model, init=str(knew.model_path), init_part="network"
    )
    network = build_network(section)
    initialise(network, section)
    before = load_model(knew.model_path).network.state_dict()
    after = network.state_dict()
    assert set(before) - set(after) == {n for n in before if n.startswith("motion_embed")}
    assert all(torch.equal(weight, before[name]) for name, weight in after.items())


def test_clips_of_an_unstated_scale_are_refused_before_hours_of_training(
    recipe: Recipe, swimmers: Path
) -> None:
    """Their model could not be loaded, since nobody would know what its um are."""
    labels = swimmers / "labels.csv"
    text = labels.read_text(encoding="utf-8").replace("um_per_px", "something")
    labels.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="does not state the scale"):
        finish(train_recipe(told(recipe, swimmers, width=8)))


def test_clips_without_a_path_are_refused_with_what_to_do(recipe: Recipe, swimmers: Path) -> None:
    clip = swimmers / "clips" / "c007.npz"
    save_clip(clip, load_clip(clip, frames=FRAMES, size_px=SIZE))
    with pytest.raises(DatasetError, match=r"c007.*does not hold the sperm's path.*build-dataset"):
        finish(train_recipe(told(recipe, swimmers, width=8)))


@pytest.mark.parametrize("places", [swim(math.nan), swim(3.0)[:9]])
def test_a_path_of_another_form_is_refused(swimmers: Path, places: NDArray[np.float32]) -> None:
    clip = swimmers / "clips" / "c007.npz"
    save_clip(clip, load_clip(clip, frames=FRAMES, size_px=SIZE), places=places)
    with pytest.raises(DatasetError, match="path of another form"):
        load_path(clip, frames=FRAMES)
