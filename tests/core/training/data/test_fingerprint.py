"""Data that change under a run: noticed, told, and never scored as if they were unseen."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.fingerprint import DataRecords, data_changes, read_data
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]


def interrupt(config: TrainConfig) -> None:
    """Train one step and stop."""
    job = train_recipe(config)
    while not isinstance(next(job), TrainingProgress):
        pass
    job.close()


def change(file: Path, old: str, new: str) -> str:
    """Change a text file as an editor would; returns what stood there before."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text


@pytest.mark.parametrize("is_finished", [False, True])
def test_corrected_samples_are_not_dealt_anew_under_a_run(
    recipe: Recipe, dataset_folder: Path, is_finished: bool
) -> None:
    config = recipe()
    finish(train_recipe(config)) if is_finished else interrupt(config)
    files = {f: f.read_bytes() for f in Path(config.output).iterdir() if f.is_file()}
    labels = dataset_folder / "labels.csv"
    before = change(labels, ",p0,", ",p7,")
    with pytest.raises(ConfigError, match=r"have changed .*\(samples of .*tiny\): restore them"):
        finish(train_recipe(config))
    assert {f: f.read_bytes() for f in files} == files
    labels.write_text(before, encoding="utf-8")
    assert finish(train_recipe(config)).clips == (12, 6, 6)


def test_data_to_test_on_must_stay_too(recipe: Recipe, held_back_folder: Path) -> None:
    config = recipe(data={"train": list(recipe().data.train), "test": [str(held_back_folder)]})
    interrupt(config)
    change(held_back_folder / "dataset.toml", '"simulated"', '"ours"')
    with pytest.raises(ConfigError, match=r"\(header of .*held-back\)"):
        interrupt(config)


def test_data_to_test_on_that_are_trained_on_keep_their_columns(
    recipe: Recipe, dataset_folder: Path
) -> None:
    columns = {"columns": ["brightness"]}
    data = {"train": [str(dataset_folder)], "test": [str(dataset_folder)]}
    _, apart = read_data(recipe(auxiliary=columns))
    _, both = read_data(recipe(auxiliary=columns, data=data))
    assert both == apart
    assert "auxiliary columns" in both[str(dataset_folder)]


def test_every_aspect_is_told_apart(recipe: Recipe, dataset_folder: Path) -> None:
    labels = dataset_folder / "labels.csv"
    config = recipe(auxiliary={"columns": ["brightness"]})
    _, before = read_data(config)
    first = labels.read_text(encoding="utf-8").splitlines()[1].split(",")
    told = {
        "votes": [*first[:2], *reversed(first[2:7]), first[7]],
        "auxiliary columns": [*first[:7], "0.5"],
        "samples": [first[0], "other", *first[2:]],
    }
    for aspect, cells in told.items():
        text = change(labels, ",".join(first), ",".join(cells))
        assert data_changes(before, read_data(config)[1]) == [f"{aspect} of {dataset_folder}"]
        labels.write_text(text, encoding="utf-8")
    assert data_changes(json.loads(json.dumps(before)), read_data(config)[1]) == []


def test_a_run_of_a_version_without_a_record_goes_on(recipe: Recipe) -> None:
    interrupt(recipe())
    (Path(recipe().output) / "data.json").unlink()
    assert finish(train_recipe(recipe())).clips == (12, 6, 6)


def test_runs_that_share_data_read_them_once(recipe: Recipe, dataset_folder: Path) -> None:
    records = DataRecords()
    before = records.of(recipe(seed=1))
    (dataset_folder / "labels.csv").unlink()
    assert records.of(recipe(seed=2)) is before
