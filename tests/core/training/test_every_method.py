"""Every network that the paper compares, from a recipe through training to its scores."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from rostfine_core.domain import finish
from rostfine_core.training.config import NetworkName, TrainConfig
from rostfine_core.training.data.clip_cache import fill_cache
from rostfine_core.training.data.dataset import GRADES, read_dataset
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe

NEEDS_PYTORCHVIDEO = {"r3d", "r2plus1d", "i3d", "slowfast", "x3d"}


@pytest.mark.parametrize("network", get_args(NetworkName))
def test_a_method_is_trained_and_scored(
    recipe: Callable[..., TrainConfig],
    held_back_folder: Path,
    network: str,
) -> None:
    if network in NEEDS_PYTORCHVIDEO:
        pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")
    # Below 32 pixels nothing would be left for the last pooling of VGG16.
    smaller = {"num_frames": 4, "image_size": 32, "depth": 1, "selection_layers": 1}
    sizes = {**recipe().model.overrides, **smaller}
    config = recipe(
        data={"train": [str(held_back_folder)]},
        model={"network": network, "size": "small", "overrides": sizes},
        loop={"epochs": 1, "batch_size": 4, "threads": 1, "device": "cpu"},
        split={"validation_share": 0.3, "test_share": 0.3},
    )
    result = finish(train_recipe(config))
    (record,) = RunFolder(Path(config.output)).read_log()
    assert np.isfinite(record["loss"])
    assert result.clips == (3, 3, 3)
    (model,) = load_trained(result.model_path)
    data = read_dataset(held_back_folder)
    cache = finish(fill_cache(data, preprocessing=model.preprocessing, threads=1))
    answers = finish(predict(model.network, cache, np.arange(9), batch_size=9))
    with RunFolder(Path(config.output)).test_clips.open(encoding="utf-8", newline="") as file:
        tested = {
            row["clip"]: [float(row[f"predicted_{g}"]) for g in GRADES]
            for row in csv.DictReader(file)
        }
    # What is stored answers as what was trained.
    for clip, answer in zip(data.clips, answers, strict=True):
        assert tested.get(clip.clip, answer) == pytest.approx(answer, abs=1e-4)
    assert len(tested) == 3
    scored = finish(evaluate(result.model_path, held_back_folder, repeats=10))
    assert scored.metrics.clips == 9
    assert 0 <= scored.metrics.mse < 1
