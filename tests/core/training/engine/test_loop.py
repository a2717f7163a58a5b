"""Options of the loop: balanced sampling, TensorBoard, selection as the official code does it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError
from rostfine_core.training.config import LoopSection, TrainConfig
from rostfine_core.training.config_reader import structure
from rostfine_core.training.data.fingerprint import read_data
from rostfine_core.training.data.split import epoch_order, split_clips
from rostfine_core.training.engine import conditions
from rostfine_core.training.engine.conditions import torch_settings
from rostfine_core.training.engine.loop import TrainingLoop
from rostfine_core.training.engine.losses import LossTerms
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]
LOOP = {"epochs": 2, "batch_size": 4, "threads": 1, "device": "cpu"}


def test_balanced_epochs_show_every_grade_equally_often() -> None:
    labels = np.eye(5)[[0] * 10 + [1] * 190]
    train = np.arange(200)
    order = epoch_order(train, labels, seed=0, epoch=0, balanced=True)
    assert len(order) == 200
    assert 70 <= int(np.sum(order < 10)) <= 130
    plain = epoch_order(train, labels, seed=0, epoch=0, balanced=False)
    assert sorted(plain.tolist()) == list(range(200))


def test_rare_expected_grades_are_drawn_at_most_so_many_times_as_often() -> None:
    # 10 clips of A, 90 of D, 900 of C; one vote for another grade changes no expected grade.
    labels = np.eye(5)[[0] * 10 + [3] * 90 + [2] * 900]
    labels[0] = [0.6, 0.4, 0, 0, 0]
    train = np.arange(1000)
    drawn = np.concatenate(
        [epoch_order(train, labels, seed=1, epoch=e, rare_factor=4.0) for e in range(40)]
    )
    counts = np.bincount(drawn, minlength=1000)
    often = [counts[:10].mean(), counts[10:100].mean(), counts[100:].mean()]
    assert often[0] / often[2] == pytest.approx(4, rel=0.1)  # is 90 times rarer: held at 4
    assert often[1] / often[2] == pytest.approx(4, rel=0.1)
    by_rarity = epoch_order(train, labels, seed=1, epoch=0, rare_factor=1000.0)
    thirds = np.histogram(by_rarity, bins=[0, 10, 100, 1000])[0]
    assert thirds / 1000 == pytest.approx([1 / 3] * 3, abs=0.05)


def test_epochs_are_first_rare_then_natural() -> None:
    loop = LoopSection(epochs=3, rare_factor=4.0, rare_epochs=2)
    assert [loop.rare_factor_at(epoch) for epoch in range(3)] == [4.0, 4.0, 1.0]
    assert LoopSection(epochs=3, rare_factor=4.0).rare_factor_at(2) == 4.0
    with pytest.raises(ValueError, match="give one of them"):
        LoopSection(epochs=3, rare_factor=4.0, balanced=True)


@pytest.mark.parametrize("drawing", [{"balanced": True}, {"rare_factor": 3.0, "rare_epochs": 1}])
def test_a_run_sees_the_clips_that_its_recipe_draws(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, drawing: dict[str, Any]
) -> None:
    seen: list[int] = []
    loss = TrainingLoop._loss

    def look(loop: TrainingLoop, part: torch.Tensor, changes: Any) -> LossTerms:  # noqa: ANN401
        seen.extend(part.tolist())
        return loss(loop, part, changes)

    monkeypatch.setattr(TrainingLoop, "_loss", look)
    config = recipe(loop={**LOOP, **drawing}, seed=4)
    finish(train_recipe(config))
    data, _ = read_data(config)
    train = split_clips(data.samples, seed=4, validation_share=0.2, test_share=0.2).train
    second = {} if "rare_epochs" in drawing else {"balanced": True}
    drawing.pop("rare_epochs", None)
    orders = [
        epoch_order(train, data.labels, seed=4, epoch=epoch, **kind)
        for epoch, kind in enumerate((drawing, second))
    ]
    assert seen == np.concatenate(orders).tolist()
    assert len(set(seen[: len(train)])) < len(train)  # drawn with replacement


def test_select_on_test_validates_on_the_test_set() -> None:
    samples = [f"p{i // 2}" for i in range(40)]
    split = split_clips(samples, seed=0, validation_share=0.2, folds=4, fold=1, select_on_test=True)
    assert np.array_equal(split.validation, split.test)
    assert len(split.train) == 30


def test_a_run_that_selects_on_test_keeps_the_best_epoch_of_its_test_set(recipe: Recipe) -> None:
    split = {"test_share": 0.25, "select_on_test": True}
    config = recipe(loop={**LOOP, "epochs": 5}, split=split)
    result = finish(train_recipe(config))
    scores = [r["validation"]["mse"] for r in RunFolder(Path(config.output)).read_log()]
    assert result.epoch == int(np.argmin(scores)) + 1
    assert result.clips == (18, 6, 6)
    assert result.test == result.validation
    assert result.test is not None
    assert result.test["mse"] == pytest.approx(min(scores), rel=1e-5)


def test_inner_folds_part_the_rest_of_an_outer_fold() -> None:
    samples = [f"p{i // 2}" for i in range(40)]
    options: dict[str, Any] = {"validation_share": 0.0, "folds": 4, "fold": 1, "inner_folds": 3}
    inner = [split_clips(samples, seed=0, inner_fold=k, **options) for k in range(3)]
    validated = np.sort(np.concatenate([s.validation for s in inner]))
    rest = np.sort(np.concatenate([inner[0].train, inner[0].validation]))
    assert np.array_equal(validated, rest)
    assert all(np.array_equal(s.test, inner[0].test) for s in inner)


def test_the_log_reaches_tensorboard(recipe: Recipe) -> None:
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    config = recipe(loop={**LOOP, "tensorboard": True})
    finish(train_recipe(config))
    events = event_accumulator.EventAccumulator(str(Path(config.output) / "tensorboard"))
    events.Reload()
    written = {s.step: s.value for s in events.Scalars("validation/mse")}
    logged = {r["epoch"]: r["validation"]["mse"] for r in RunFolder(Path(config.output)).read_log()}
    assert written == pytest.approx(logged, rel=1e-5)


@pytest.mark.parametrize(("device", "is_set"), [("auto", True), ("cuda", True), ("cpu", False)])
def test_a_gpu_is_asked_to_compute_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch, device: str, is_set: bool
) -> None:
    """Asked only: whether it does cannot be seen without one."""
    fork_rng = torch.random.fork_rng
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.random, "fork_rng", lambda: fork_rng(devices=[]))
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # so that it is put back
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    section = structure({**LOOP, "device": device}, LoopSection, source="test")
    with torch_settings(section, seed=0):
        assert torch.are_deterministic_algorithms_enabled() is is_set
        assert ("CUBLAS_WORKSPACE_CONFIG" in os.environ) is is_set
    assert not torch.are_deterministic_algorithms_enabled()


def test_float16_needs_a_gpu_and_bfloat16_one_or_a_cpu_that_computes_it(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="needs a GPU and none is found"):
        finish(train_recipe(recipe(loop={"epochs": 1, "precision": "float16"})))
    bfloat16 = recipe(loop={**LOOP, "precision": "bfloat16"})
    monkeypatch.setattr(conditions, "cpu_has_bfloat16", lambda: False)
    with pytest.raises(ConfigError, match="or a CPU that computes bfloat16 natively"):
        finish(train_recipe(bfloat16))


def test_bfloat16_on_a_cpu_trains_nearly_as_float32(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A CPU without it emulates it: slower, with the same numbers."""
    monkeypatch.setattr(conditions, "cpu_has_bfloat16", lambda: True)
    whole = finish(train_recipe(recipe(output=str(tmp_path / "whole"), loop=LOOP)))
    loop = {**LOOP, "precision": "bfloat16"}
    halved = finish(train_recipe(recipe(output=str(tmp_path / "halved"), loop=loop)))
    assert whole.validation is not None
    assert halved.validation is not None
    assert halved.validation["mse"] == pytest.approx(whole.validation["mse"], rel=0.05)
    assert halved.validation["mse"] != whole.validation["mse"]
