"""What is frozen stays as it is through a whole training: weights, statistics and dropout."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.engine.loop import TrainingLoop
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.networks.factory import build_network
from rostfine_core.training.networks.initialisation import frozen_modules
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]
ONE_EPOCH = {"epochs": 1, "batch_size": 4, "threads": 1, "device": "cpu"}


def fresh(config: TrainConfig) -> dict[str, torch.Tensor]:
    """The weights that a run begins with."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        return build_network(config.model).state_dict()


@pytest.mark.parametrize(
    ("network", "freeze"),
    [
        ({}, ["encoder.blocks.0.", "encoder.patch_embed", "head_spatial"]),
        ({"network": "r3d", "size": "small"}, ["backbone.blocks.1."]),
    ],
)
def test_frozen_layers_leave_a_training_as_they_came(
    recipe: Recipe, network: dict[str, str], freeze: list[str]
) -> None:
    if network:
        pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")
    sizes = {**recipe().model.overrides, "drop_path": 0.5}
    config = recipe(model={**network, "overrides": sizes, "freeze": freeze}, loop=ONE_EPOCH)
    before = fresh(config)
    (model,) = load_trained(finish(train_recipe(config)).model_path)
    moved = {n for n, t in model.network.state_dict().items() if not torch.equal(t, before[n])}
    assert [n for n in moved if n.startswith(tuple(freeze))] == []
    assert len(moved) > len(before) / 4


def test_frozen_modules_drop_nothing_while_the_rest_trains(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = {"overrides": recipe().model.overrides, "freeze": ["encoder.blocks.0."]}
    seen: list[dict[str, bool]] = []
    update = TrainingLoop._update

    def look(loop: TrainingLoop) -> None:
        seen.append({name: module.training for name, module in loop.network.named_modules()})
        update(loop)

    monkeypatch.setattr(TrainingLoop, "_update", look)
    for _ in train_recipe(recipe(model=model, loop=ONE_EPOCH)):
        pass
    for modes in seen:
        still = {name for name, is_training in modes.items() if not is_training}
        assert still == {n for n in modes if f"{n}.".startswith("encoder.blocks.0.")}
    assert len(seen) == 3


def test_a_module_is_frozen_only_as_a_whole() -> None:
    norm = nn.BatchNorm1d(2)
    linear, block = nn.Linear(2, 2), nn.Sequential(norm, nn.Dropout())
    network = nn.Sequential(linear, nn.Dropout(), block)
    linear.bias.requires_grad_(False)
    assert frozen_modules(network) == ()
    block.requires_grad_(False)
    assert set(frozen_modules(network)) == {block, norm}


@pytest.mark.parametrize("freeze", [[""], ["encoder", "branch_", "head_"]])
def test_a_training_of_nothing_is_refused(recipe: Recipe, freeze: list[str]) -> None:
    model = {"overrides": recipe().model.overrides, "freeze": freeze}
    with pytest.raises(ConfigError, match="Every parameter would be frozen"):
        finish(train_recipe(recipe(model=model)))
