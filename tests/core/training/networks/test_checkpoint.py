"""What a model file says of the samples it saw, and what a training that starts there does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rostfine_core.domain import finish
from rostfine_core.errors import DatasetError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.dataset import sample_fingerprint
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.networks.checkpoint import load_trained, samples_seen_by
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]


def starting_from(recipe: Recipe, model: Path, **sections: object) -> TrainConfig:
    overrides = recipe().model.overrides
    return recipe(model={"overrides": overrides, "init": str(model)}, **sections)


def test_samples_that_the_first_model_saw_are_not_held_out(
    recipe: Recipe, trained_model: Path
) -> None:
    """All its samples but those of its own test part, which a new split holds out otherwise."""
    config = starting_from(recipe, trained_model, seed=3)
    with pytest.raises(DatasetError, match=r"was trained on \d of the 4 samples to validate and t"):
        finish(train_recipe(config))
    assert not Path(config.output).exists()


def test_a_model_inherits_what_the_one_it_started_from_has_seen(
    recipe: Recipe,
    trained_model: Path,
    dataset_folder: Path,
    held_back_folder: Path,
) -> None:
    before = samples_seen_by(str(trained_model)).labelled
    assert len(before) == 6
    data, split = {"train": [str(held_back_folder)]}, {"validation_share": 0.3}
    config = starting_from(recipe, trained_model, data=data, split=split)
    result = finish(train_recipe(config))
    own = {sample_fingerprint(f"q{n}") for n in range(3)}
    assert samples_seen_by(str(result.model_path)).labelled == before | own
    (model,) = load_trained(result.model_path)
    assert model.training["samples_seen"] == sorted(before | own)
    scored = finish(evaluate(result.model_path, dataset_folder, repeats=10))
    assert "6 of the 8 samples scored here were used" in scored.notes["note_samples_seen"]


def test_another_programs_file_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "weights.pyth").write_bytes(b"no")
    for source in ("scratch", "timm:vit", str(tmp_path), str(tmp_path / "weights.pyth")):
        assert samples_seen_by(source).labelled == frozenset()
