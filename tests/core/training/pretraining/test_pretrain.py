"""Pretraining as a user types it: clips without votes, a stop, the same file, a training."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rostfine_core.cli import main
from rostfine_core.domain import finish
from rostfine_core.errors import DatasetError, ModelError
from rostfine_core.model import load_encoder, load_model
from rostfine_core.training.config import PretrainConfig, TrainConfig
from rostfine_core.training.config_reader import structure
from rostfine_core.training.data.dataset import VOTE_COLUMNS, read_dataset, sample_fingerprint
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.networks.checkpoint import samples_seen_by
from rostfine_core.training.networks.factory import build_network
from rostfine_core.training.networks.initialisation import initialise
from rostfine_core.training.pretraining.pretrain import ENCODER, pretrain_recipe
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe
from tests.core.training.conftest import TINY, write_dataset

WITH_STEM = TINY | {"stem_width": 4}
RECIPE = """
output = "{out}"
[data]
train = ["{data}"]
validation_share = 0.2
[model.overrides]
{sizes}
[loop]
epochs = 2
batch_size = 4
threads = 1
device = "cpu"
[optimiser]
kind = "adamw"
lr = 0.01
"""


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """A data set without votes, as ``build-dataset`` makes it of a plan without votes."""
    folder = write_dataset(tmp_path / "unlabelled")
    rows = [r.split(",") for r in (folder / "labels.csv").read_text().splitlines()]
    (folder / "labels.csv").write_text("".join(f"{r[0]},{r[1]}\n" for r in rows))
    header = (folder / "dataset.toml").read_text().replace("panel_size = 40\n", "")
    (folder / "dataset.toml").write_text(header)
    return folder


@pytest.fixture
def pretraining(unlabelled: Path, tmp_path: Path) -> PretrainConfig:
    table = {
        "output": str(tmp_path / "pretrained"),
        "data": {"train": [str(unlabelled)], "validation_share": 0.2},
        "model": {"overrides": TINY},
        "loop": {"epochs": 2, "batch_size": 4, "threads": 1, "device": "cpu"},
        "optimiser": {"kind": "adamw", "lr": 0.01, "ema_decay": 0.9},
    }
    return structure(table, PretrainConfig, source="test")


@pytest.mark.requirement("R-56")
def test_a_lab_trains_from_clips_that_nobody_graded(
    recipe: Callable[..., TrainConfig],
    unlabelled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The votes come later, for the same clips: that pretraining saw them is allowed and said."""
    path = tmp_path / "pretrain.toml"
    sizes = "\n".join(f"{k} = {v!r}" for k, v in WITH_STEM.items())
    out = tmp_path / "pretrained"
    path.write_text(RECIPE.format(out=out, data=unlabelled, sizes=sizes), encoding="utf-8")
    assert main(["pretrain", str(path)]) == 0
    told = capsys.readouterr().out
    assert "votes were not read" in told
    encoder = out / ENCODER
    assert f'init = "{encoder}"' in told
    with pytest.raises(ModelError, match="holds only an encoder"):
        load_model(encoder)
    with pytest.raises(DatasetError, match="pretrain reads clips without votes"):
        read_dataset(unlabelled)

    config = recipe(model={"overrides": WITH_STEM, "init": str(encoder)})
    network = build_network(config.model)
    initialise(network, config.model)
    weights = load_encoder(encoder)
    started = network.get_submodule("encoder").state_dict()
    assert all(torch.equal(started[name], weights[name]) for name in weights)

    seen = samples_seen_by(str(encoder))
    assert (seen.labelled, len(seen.unlabelled)) == (frozenset(), 8)
    result = finish(train_recipe(config))
    assert "2 of the 2 samples scored here were seen in pretraining" in result.summary
    own = samples_seen_by(str(result.model_path))
    assert sample_fingerprint("p0") in own.unlabelled
    assert len(own.labelled) == 6  # all but the two tested


def test_a_stopped_run_resumes_to_the_same_file(pretraining: PretrainConfig) -> None:
    out = Path(pretraining.output)
    finish(pretrain_recipe(pretraining))
    whole, log = (out / ENCODER).read_bytes(), RunFolder(out).read_log()
    assert log[-1]["loss"] < log[0]["loss"]
    shutil.rmtree(out)
    job, steps = pretrain_recipe(pretraining), 0
    while steps < 6:  # one step into the second epoch
        steps += isinstance(next(job), TrainingProgress)
    job.close()
    assert (out / "resume.pt").is_file()
    finish(pretrain_recipe(pretraining))
    assert (out / ENCODER).read_bytes() == whole
    # Another start: the finished run answers without training again.
    assert not any(isinstance(p, TrainingProgress) for p in pretrain_recipe(pretraining))


def test_votes_change_nothing_and_other_weights_to_start_from_are_noticed(
    pretraining: PretrainConfig, recipe: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    votes = write_dataset(tmp_path / "with-votes")
    assert set(VOTE_COLUMNS) <= set((votes / "labels.csv").read_text().splitlines()[0].split(","))
    finish(pretrain_recipe(pretraining))
    encoder = Path(pretraining.output) / ENCODER
    shutil.copy(votes / "labels.csv", tmp_path / "unlabelled" / "labels.csv")
    assert not any(isinstance(p, TrainingProgress) for p in pretrain_recipe(pretraining))

    config = recipe(model={"overrides": TINY, "init": str(encoder)})
    finish(train_recipe(config))
    encoder.write_bytes(encoder.read_bytes().replace(b"masked video", b"another one."))
    with pytest.raises(Exception, match=r"have changed since it began \(weights of "):
        finish(train_recipe(config))
