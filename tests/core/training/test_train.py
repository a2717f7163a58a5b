"""A whole run on a small data set: its losses, its resume point, its stop and its files."""

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError, DatasetError
from rostfine_core.model import load_models
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.engine.steps import TrainingProgress, TrainingStopped
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.run.result import TrainResult
from rostfine_core.training.train import train, train_recipe

Recipe = Callable[..., TrainConfig]

# Seen once on this recipe; a change of network, loss, data order or optimiser moves them.
RECORDED_LOSSES = [
    0.225654,
    0.301897,
    0.340676,
    0.32815,
    0.216638,
    0.294153,
    0.357895,
    0.134149,
    0.112223,
]


def run(config: TrainConfig, *, steps: int | None = None) -> tuple[list[float], TrainResult | None]:
    """The loss of every step; with ``steps`` the run is closed after so many."""
    losses: list[float] = []
    job = train_recipe(config)
    while True:
        try:
            progress = next(job)
        except StopIteration as end:
            return losses, end.value
        if isinstance(progress, TrainingProgress):
            losses.append(progress.loss)
            if len(losses) == steps:
                job.close()
                return losses, None


def log_of(config: TrainConfig) -> list[dict[str, object]]:
    lines = (Path(config.output) / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return [{k: v for k, v in r.items() if k != "clips_per_s"} for r in records]


def test_the_losses_are_the_recorded_ones(recipe: Recipe) -> None:
    losses, result = run(recipe())
    assert result is not None
    assert losses == pytest.approx(RECORDED_LOSSES, rel=1e-4)
    assert result.clips == (12, 6, 6)
    assert result.test is not None


@pytest.mark.requirement("R-52")
def test_a_resumed_run_equals_an_uninterrupted_one(recipe: Recipe, tmp_path: Path) -> None:
    augmented = {"flips": True, "rotations": True, "brightness": 0.2}
    whole = recipe(augmentation=augmented, output=str(tmp_path / "whole"))
    parted = recipe(augmentation=augmented, output=str(tmp_path / "parted"))
    losses, result = run(whole)
    first, _ = run(parted, steps=4)  # in the middle of the second epoch of three steps
    second, resumed = run(parted)
    assert first + second == losses
    assert log_of(parted) == log_of(whole)
    assert result is not None
    assert resumed is not None
    assert resumed.test == result.test
    ours, theirs = (load_models(r.model_path)[0].network for r in (result, resumed))
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_a_run_killed_before_its_first_resume_point_logs_each_epoch_once(recipe: Recipe) -> None:
    config = recipe()
    run(config, steps=4)
    (Path(config.output) / "resume.pt").unlink()  # as if it had been killed instead of closed
    run(config)
    assert [r["epoch"] for r in log_of(config)] == [1, 2, 3]


def test_a_finished_run_is_not_trained_again(recipe: Recipe) -> None:
    _, result = run(recipe())
    losses, again = run(recipe())
    assert losses == []
    assert again == result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_and_leaves_a_resume_point(
    recipe: Recipe, number: signal.Signals
) -> None:
    before = signal.getsignal(number)  # a shell's background job starts with Ctrl-C ignored
    config = recipe()
    job = train_recipe(config)
    while not isinstance(next(job), TrainingProgress):
        pass
    signal.raise_signal(number)
    with pytest.raises(TrainingStopped, match=r"stopped after step 1 of 9: start it again"):
        next(job)
    assert signal.getsignal(number) is before
    losses, _ = run(config)
    assert len(losses) == 8


def test_a_data_set_to_test_on_is_missed_before_training(recipe: Recipe, tmp_path: Path) -> None:
    data = {"train": list(recipe().data.train), "test": [str(tmp_path / "gone")]}
    with pytest.raises(DatasetError, match="gone"):
        run(recipe(data=data), steps=1)
    assert not Path(recipe().output).exists()


def test_another_recipe_does_not_overwrite_a_run(recipe: Recipe) -> None:
    run(recipe(), steps=1)
    with pytest.raises(ConfigError, match="holds a run of another recipe"):
        run(recipe(seed=5))


def test_a_recipe_that_failed_before_its_first_step_may_be_corrected(recipe: Recipe) -> None:
    """Else the advice that the error gives would only lead to the next error."""
    model = {"preset": "demo", "overrides": recipe().model.overrides}
    with pytest.raises(ConfigError, match=r"file absent\.pyth of the weights .* or set"):
        run(recipe(model=model | {"init": "absent.pyth"}), steps=1)
    with pytest.raises(ConfigError, match="needs a GPU"):
        run(recipe(loop={"epochs": 1, "threads": 1, "device": "cuda"}), steps=1)
    losses, _ = run(recipe(), steps=1)
    assert len(losses) == 1


def test_a_run_that_diverges_says_what_to_do(recipe: Recipe) -> None:
    wild = recipe(optimiser={"kind": "sgd", "lr": 1e30})
    with pytest.raises(ConfigError, match="lower the learning rate"):
        run(wild)


def test_the_kept_checkpoint_is_the_best_on_validation(recipe: Recipe) -> None:
    config = recipe(loop={"epochs": 6, "batch_size": 4, "threads": 1, "device": "cpu"})
    _, result = run(config)
    assert result is not None
    assert result.validation is not None
    scores = [r["validation"]["mse"] for r in log_of(config)]  # type: ignore[index]  # plain JSON
    assert result.epoch == int(np.argmin(scores)) + 1
    assert result.validation["mse"] == pytest.approx(min(scores), rel=1e-5)


def test_accumulation_sees_as_many_clips_a_step(recipe: Recipe) -> None:
    plain = {"kind": "sgd", "lr": 0.01}
    still = {**recipe().model.overrides, "drop_path": 0.0}
    model = {"preset": "demo", "overrides": still}
    loop = {"epochs": 2, "threads": 1, "device": "cpu"}
    one = recipe(
        model=model, optimiser=plain, output=recipe().output + "1", loop={**loop, "batch_size": 6}
    )
    two = recipe(
        model=model,
        optimiser=plain,
        output=recipe().output + "2",
        loop={**loop, "batch_size": 3, "grad_accumulation_steps": 2},
    )
    assert run(one)[0] == pytest.approx(run(two)[0], rel=1e-4)


def test_everything_is_beside_the_result(recipe: Recipe, dataset_folder: Path) -> None:
    config = replace(recipe(), seed=3)
    _, result = run(config)
    assert result is not None
    folder = Path(config.output)
    assert json.loads((folder / "recipe.json").read_text())["seed"] == 3
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["packages"]["torch"] == torch.__version__.split("+")[0]
    assert str(folder / "model.safetensors") in result.summary
    assert "validation: MSE" in result.summary


def test_the_command_line_form_reads_a_file(tmp_path: Path, dataset_folder: Path) -> None:
    path = tmp_path / "recipe.toml"
    overrides = "image_size=16,patch_size=8,embed_dim=16,depth=1,num_heads=2,top_k=2,branch_heads=2"
    overrides += ",selection_layers=1"
    path.write_text(
        f'output = "{tmp_path / "out"}"\n[data]\ntrain = ["{dataset_folder}"]\n'
        f"[loop]\nepochs = 1\nthreads = 1\n[model]\noverrides = {{ {overrides} }}\n",
        encoding="utf-8",
    )
    result = finish(train(path))
    assert result.model_path.is_file()
    scored = finish(evaluate(result.model_path, dataset_folder, repeats=20))
    assert scored.clips == 24
