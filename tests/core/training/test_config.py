"""Recipes: read strictly, with every mistake named at once."""

from pathlib import Path

import pytest

from rostfine_core.errors import ConfigError
from rostfine_core.training.config_reader import (
    RENAMED_KEYS,
    read_pretrain_config,
    read_train_config,
)
from rostfine_core.training.networks.factory import network_config

GOOD = """
output = "runs/x"
[data]
train = ["a", "b"]
[loop]
epochs = 3
[loss]
kind = "js"
alpha = 1
[model]
preset = "demo"
overrides = { top_k = 2 }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_with_defaults(tmp_path: Path) -> None:
    config = read_train_config(write(tmp_path, GOOD))
    assert config.data.train == ("a", "b")
    assert config.loss.alpha == 1.0
    assert config.optimiser.momentum == 0.9
    assert config.to_dict()["loop"]["batch_size"] == 8
    assert network_config(config.model).top_k == 2


def test_losses_are_one_kind_or_a_mixture(tmp_path: Path) -> None:
    assert read_train_config(write(tmp_path, GOOD)).loss.weights == {"js": 1.0}
    mixed = GOOD.replace('kind = "js"', "mix = { mse = 1, emd = 0.3 }")
    assert read_train_config(write(tmp_path, mixed)).loss.weights == {"mse": 1.0, "emd": 0.3}
    for wrong, named in (("mse = 0.0", "every weight of mix"), ("emdd = 1.0", "emdd")):
        with pytest.raises(ConfigError, match=named):
            read_train_config(write(tmp_path, GOOD.replace('kind = "js"', f"mix = {{ {wrong} }}")))


@pytest.mark.parametrize("drawing", ["balanced = true", "rare_factor = 2.0"])
def test_pretraining_draws_no_clips_by_their_votes(tmp_path: Path, drawing: str) -> None:
    recipe = f'output = "runs/x"\n[data]\ntrain = ["a"]\n[loop]\nepochs = 3\n{drawing}\n'
    with pytest.raises(ConfigError, match="need votes"):
        read_pretrain_config(write(tmp_path, recipe))


def test_every_mistake_is_named(tmp_path: Path) -> None:
    text = """
output = 3
zzz = 1
[data]
train = "abc"
[loop]
epochs = 2.5
x = 3
[loss]
kind = "foo"
[optimiser]
lr = 0
[split]
folds = true
"""
    with pytest.raises(ConfigError) as caught:
        read_train_config(write(tmp_path, text))
    report = str(caught.value)
    for expected in (
        "expected str, got 3: output",
        "expected a list of texts, got 'abc': data.train",
        "expected int, got 2.5: loop.epochs",
        "unknown key(s) x: loop",
        "foo",
        "lr must be above 0: optimiser",
        "expected int, got True: split.folds",
        "unknown key(s) zzz",
    ):
        assert expected in report


def test_unreadable_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read the recipe"):
        read_train_config(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_train_config(write(tmp_path, "output ="))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "temporal_depth = 4",
            "temporal_depth applies to vivit only, got network 'rostfine': model",
        ),
        ('network = "vivit"\ntemporal_depth = -1', "temporal_depth must be 0 .* or more: model"),
        ('network = "vivit"\ntemporal_depth = 4.0', "expected int, got 4.0: model.temporal_depth"),
    ],
)
def test_a_temporal_depth_is_of_vivit_and_a_count(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_train_config(write(tmp_path, GOOD.replace("[model]", f"[model]\n{line}")))


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_a_seed_that_no_generator_takes(tmp_path: Path, seed: str) -> None:
    with pytest.raises(ConfigError, match=f"seed must be from 0 to .* got {seed}"):
        read_train_config(write(tmp_path, f"seed = {seed}\n{GOOD}"))


@pytest.mark.parametrize("ablation", ['features = "g"', 'aggregation = "sum"'])
def test_ablations_are_of_rostfine(tmp_path: Path, ablation: str) -> None:
    """A baseline has one feature: it would train as without them and stand in the table."""
    baseline = GOOD.replace("[model]", f'[model]\nnetwork = "timesformer"\n{ablation}')
    with pytest.raises(ConfigError, match="apply to rostfine only, got network 'timesformer'"):
        read_train_config(write(tmp_path, baseline))
    read_train_config(write(tmp_path, baseline.replace("timesformer", "rostfine")))


def test_a_model_that_cannot_be_built(tmp_path: Path) -> None:
    config = read_train_config(write(tmp_path, GOOD.replace("top_k = 2", "top_q = 2")))
    with pytest.raises(ConfigError, match="top_q"):
        network_config(config.model)


OLD_LINES = {
    "loop.accumulate": "3",
    "loop.select_by": '"js"',
    "optimiser.final_lr_share": "0.25",
    "split.official_selection": "true",
}


@pytest.mark.parametrize(("old", "new"), RENAMED_KEYS.items())
def test_a_former_key_is_read_as_the_present_one(tmp_path: Path, old: str, new: str) -> None:
    assert OLD_LINES.keys() == RENAMED_KEYS.keys()
    test_set = "split.test_share = 0.2\n"
    former = read_train_config(write(tmp_path, f"{test_set}{old} = {OLD_LINES[old]}\n{DOTTED}"))
    present = read_train_config(write(tmp_path, f"{test_set}{new} = {OLD_LINES[old]}\n{DOTTED}"))
    assert former == present != read_train_config(write(tmp_path, test_set + DOTTED))
    both = f"{test_set}{old} = {OLD_LINES[old]}\n{new} = {OLD_LINES[old]}\n{DOTTED}"
    with pytest.raises(ConfigError, match="are the same setting: remove"):
        read_train_config(write(tmp_path, both))


DOTTED = 'output = "runs/x"\ndata.train = ["a"]\nloop.epochs = 3\n'
