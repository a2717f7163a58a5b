"""The folder of a run: what it was made with, and what is left of it when it is finished."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rostfine_core.training import run_folder
from rostfine_core.training.compare_making import making_of
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.loop import TrainingProgress
from rostfine_core.training.recipe import train_recipe
from rostfine_core.training.run_folder import RunFolder

Recipe = Callable[..., TrainConfig]


def interrupt(config: TrainConfig) -> None:
    """Train one step and stop."""
    job = train_recipe(config)
    while not isinstance(next(job), TrainingProgress):
        pass
    job.close()


def test_every_state_of_the_source_that_a_run_went_on_with_is_kept(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drain: Callable[..., Any]
) -> None:
    config = recipe()
    folder = RunFolder(Path(config.output))
    for commit in "aabba":
        made_with = {"git_commit": commit, "processor": "one", "packages": {"torch": "2"}}
        monkeypatch.setattr(run_folder, "describe_environment", lambda made=made_with: made)
        interrupt(config)
    drain(train_recipe(config))
    assert [e["git_commit"] for e in folder.environments()] == ["a", "b", "a"]
    (tmp_path / "times.jsonl").touch()
    assert making_of([folder], journal=tmp_path / "times.jsonl").commits == ("a", "b")
