"""Options of the loop: balanced sampling, TensorBoard, selection as the official code does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rostfine_core.errors import ConfigError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.recipe import train_recipe
from rostfine_core.training.run_folder import RunFolder
from rostfine_core.training.sampling import epoch_order
from rostfine_core.training.splits import split_clips

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


def test_official_selection_looks_at_the_test_part() -> None:
    samples = [f"p{i // 2}" for i in range(40)]
    split = split_clips(
        samples, seed=0, validation_share=0.2, folds=4, fold=1, official_selection=True
    )
    assert np.array_equal(split.validation, split.test)
    assert len(split.train) == 30


def test_inner_folds_part_the_rest_of_an_outer_fold() -> None:
    samples = [f"p{i // 2}" for i in range(40)]
    options: dict[str, Any] = {"validation_share": 0.0, "folds": 4, "fold": 1, "inner_folds": 3}
    inner = [split_clips(samples, seed=0, inner_fold=k, **options) for k in range(3)]
    validated = np.sort(np.concatenate([s.validation for s in inner]))
    rest = np.sort(np.concatenate([inner[0].train, inner[0].validation]))
    assert np.array_equal(validated, rest)
    assert all(np.array_equal(s.test, inner[0].test) for s in inner)


def test_the_log_reaches_tensorboard(recipe: Recipe, drain: Callable[..., Any]) -> None:
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    config = recipe(loop={**LOOP, "tensorboard": True})
    drain(train_recipe(config))
    events = event_accumulator.EventAccumulator(str(Path(config.output) / "tensorboard"))
    events.Reload()
    written = {s.step: s.value for s in events.Scalars("validation/mse")}
    logged = {r["epoch"]: r["validation"]["mse"] for r in RunFolder(Path(config.output)).read_log()}
    assert written == pytest.approx(logged, rel=1e-5)


def test_reduced_precision_needs_a_gpu(recipe: Recipe, drain: Callable[..., Any]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    loop = {"epochs": 1, "precision": "bfloat16"}
    with pytest.raises(ConfigError, match="needs a GPU and none is found"):
        drain(train_recipe(recipe(loop=loop)))
