"""The folder of a run: what it was made with, and what is left of it when it is finished."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError
from rostfine_core.training.comparison.provenance import provenance_of_runs
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.config_reader import RENAMED_KEYS
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.run import folder as run_folder
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]


def interrupt(config: TrainConfig) -> None:
    """Train one step and stop."""
    job = train_recipe(config)
    while not isinstance(next(job), TrainingProgress):
        pass
    job.close()


def test_every_state_of_the_source_that_a_run_went_on_with_is_kept(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = recipe()
    folder = RunFolder(Path(config.output))
    for commit in "aabba":
        made_with = {"git_commit": commit, "processor": "one", "packages": {"torch": "2"}}
        monkeypatch.setattr(run_folder, "describe_environment", lambda made=made_with: made)
        interrupt(config)
    finish(train_recipe(config))
    assert [e["git_commit"] for e in folder.environments()] == ["a", "b", "a"]
    (tmp_path / "times.jsonl").touch()
    assert provenance_of_runs([folder], journal=tmp_path / "times.jsonl").commits == ("a", "b")


def test_a_finished_run_keeps_only_what_is_needed_and_answers_at_once(recipe: Recipe) -> None:
    config = recipe()
    result = finish(train_recipe(config))
    folder = Path(config.output)
    files = {file: file.read_bytes() for file in folder.iterdir()}
    kept = ["data.json", "environment.json", "log.jsonl", "model.safetensors", "recipe.json"]
    assert sorted(file.name for file in files) == [*kept, "result.json", "test_clips.csv"]
    assert list(train_recipe(config)) == []
    assert finish(train_recipe(config)) == result
    assert {file: file.read_bytes() for file in folder.iterdir()} == files


def test_what_an_earlier_version_left_of_a_finished_run_goes(recipe: Recipe) -> None:
    config = recipe()
    result = finish(train_recipe(config))
    folder = RunFolder(Path(config.output))
    for file in (folder.resume_point, folder.best_weights):
        file.write_bytes(b"weights")
    folder.data.unlink()
    recipe_json = folder.recipe.read_text(encoding="utf-8")
    for old, new in RENAMED_KEYS.items():
        old_key, new_key = (f'"{path.rpartition(".")[2]}"' for path in (old, new))
        assert new_key in recipe_json
        recipe_json = recipe_json.replace(new_key, old_key)
    folder.recipe.write_text(recipe_json, encoding="utf-8")
    assert finish(train_recipe(config)) == result
    assert not folder.resume_point.exists()
    assert not folder.best_weights.exists()


def test_a_finished_run_that_is_no_longer_whole_says_so(recipe: Recipe) -> None:
    finish(train_recipe(recipe()))
    folder = RunFolder(Path(recipe().output))
    folder.model.unlink()
    with pytest.raises(
        ConfigError, match="is finished but its model is missing: remove the folder"
    ):
        finish(train_recipe(recipe()))
    folder.result.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is damaged \(KeyError\('clips_train'\)\): remove"):
        finish(train_recipe(recipe()))
