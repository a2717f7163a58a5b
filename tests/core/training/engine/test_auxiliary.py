"""Auxiliary columns: their targets, their fading weight, and what is left of them in the model."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError
from rostfine_core.model import load_models
from rostfine_core.training.config import AuxiliarySection, TrainConfig
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.engine.auxiliary import auxiliary_targets
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]
SECTION = {"columns": ["outline", "speed"], "weight": 0.5, "epochs": 2}
ALPHA = 0.1


@pytest.fixture(autouse=True)
def findings(dataset_folder: Path) -> None:
    """Give the small data set two columns that follow its votes, and two that are no use."""
    path = dataset_folder / "labels.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for number, row in enumerate(rows):
        row["outline"] = str(int(row["votes_C"]) / 10)
        row["speed"] = str(100 + int(row["votes_A"]))
        row["constant"] = "1.5"
        row["sparse"] = "1" if number % 2 else ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def test_the_weight_falls_linearly_to_zero() -> None:
    section = AuxiliarySection(columns=("speed",), weight=0.4, epochs=2)
    assert [section.weight_at(e) for e in (0, 0.5, 1, 2, 3)] == pytest.approx([0.4, 0.3, 0.2, 0, 0])
    assert AuxiliarySection(weight=0.4).weight_at(0) == 0


def test_targets_are_standardised_by_the_clips_trained_on(dataset_folder: Path) -> None:
    dataset, train = read_dataset(dataset_folder), np.arange(10)
    targets = auxiliary_targets(dataset, ["outline", "speed"], train=train)
    assert targets.shape == (24, 2)
    assert targets[train].mean(dim=0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert targets[train].std(dim=0, correction=0).tolist() == pytest.approx([1, 1], rel=1e-5)
    speeds = dataset.column("speed")
    expected = (speeds[20] - speeds[train].mean()) / speeds[train].std()
    assert targets[20, 1].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("nowhere", "'nowhere' holds a number for 0 of 24 clips"),
        ("sparse", "'sparse' holds a number for 12 of 24 clips"),
        ("constant", "'constant' is the same for every clip"),
    ],
)
def test_columns_that_cannot_be_learned_are_refused(
    dataset_folder: Path, column: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        auxiliary_targets(read_dataset(dataset_folder), [column], train=np.arange(24))


def test_a_network_without_the_features_is_refused(recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match="need the features of rostfine"):
        recipe(auxiliary=SECTION, model={"network": "timesformer"})


def test_columns_are_learned_then_the_papers_loss_alone(recipe: Recipe) -> None:
    config = recipe(
        auxiliary=SECTION,
        loss={"alpha": ALPHA},
        loop={"epochs": 4, "batch_size": 4, "threads": 1, "device": "cpu"},
    )
    result = finish(train_recipe(config))
    log = RunFolder(Path(config.output)).read_log()
    besides = [r["loss"] - r["loss_grade"] - ALPHA * r["loss_diversity"] for r in log]
    assert besides[0] > besides[1] > 0
    assert besides[2:] == pytest.approx([0, 0], abs=1e-6)
    assert all(r["loss_auxiliary"] > 0 for r in log)
    names = load_models(result.model_path)[0].network.state_dict().keys()
    assert not [n for n in names if n.startswith(("head.", "network."))]


def test_a_resumed_run_with_columns_equals_an_uninterrupted_one(
    recipe: Recipe, tmp_path: Path
) -> None:
    whole = finish(train_recipe(recipe(auxiliary=SECTION, output=str(tmp_path / "whole"))))
    parted = recipe(auxiliary=SECTION, output=str(tmp_path / "parted"))
    job = train_recipe(parted)
    steps = (p for p in job if isinstance(p, TrainingProgress))
    for _ in range(4):  # into the second epoch of three steps
        next(steps)
    job.close()
    resumed = finish(train_recipe(parted))
    ours, theirs = (load_models(r.model_path)[0].network for r in (whole, resumed))
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name]), name
