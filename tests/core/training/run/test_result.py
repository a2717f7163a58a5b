"""What a finished run tells on the console, in its folder and in its model file."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, finish
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.evaluation import report
from rostfine_core.training.metrics.cautions import DISCLAIMER_SIMULATED_DATA
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.run.result import recording_conditions
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]


@pytest.mark.parametrize("is_official", [False, True])
def test_scores_never_stand_without_their_notes(recipe: Recipe, is_official: bool) -> None:
    split = {"test_share": 0.25, "select_on_test": is_official}
    config = recipe(split=split, loop={"epochs": 1, "threads": 1, "device": "cpu"})
    result = finish(train_recipe(config))
    stored = json.loads((Path(config.output) / "result.json").read_text(encoding="utf-8"))
    with (Path(config.output) / "test_clips.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    lines = result.summary.splitlines()
    notes = [DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, DISCLAIMER_SIMULATED_DATA]
    chosen_on = "test" if is_official else "validation"
    assert f"Kept epoch 1 of 1, the best on the {chosen_on} set; clips to train" in lines[1]
    assert lines[4:7] == stored["notes"][:3] == notes
    chosen = [n for n in stored["notes"] if n.startswith("Selected on the test set, as the offici")]
    assert "Caution: the clips of the validation set come from" in lines[7 + len(chosen)]
    assert "Caution: the clips of the test set come from only 2 samples" in lines[7 + len(chosen)]
    assert lines[7 + len(chosen) :] == [row["note_few_samples"]] == stored["notes"][-1:]
    assert lines[7 : 7 + len(chosen)] == chosen == [row["note_official_selection"]][: len(chosen)]
    (model,) = load_trained(result.model_path)
    told = (len(chosen) == 1, stored["official_selection"], model.training["official_selection"])
    assert told == (is_official, is_official, is_official)


def test_data_sets_of_one_name_are_each_reported_and_told(
    recipe: Recipe, held_back_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "html_report", lambda _: "")  # its pictures take long
    train = recipe().data.train[0]
    few, seen = (tmp_path / lab / "unseen" for lab in ("few", "seen"))
    shutil.copytree(held_back_folder, few)
    shutil.copytree(train, seen)
    rows = (few / "labels.csv").read_text(encoding="utf-8").splitlines()
    (few / "labels.csv").write_text("\n".join(rows[:4]) + "\n", encoding="utf-8")
    config = recipe(
        data={"train": [train], "test": [str(few), str(seen)]},
        loop={"epochs": 1, "threads": 1, "device": "cpu"},
    )
    result = finish(train_recipe(config))
    folders = ["test-unseen", "test-unseen-2"]
    for name, dataset, other in zip(folders, config.data.test, result.others, strict=True):
        scores = json.loads((Path(config.output) / name / "evaluation.json").read_text("utf-8"))
        assert other.scores["mse"] == scores["metrics"]["mse"]
        assert other.report == str(Path(config.output) / name / "report.html")
        assert f"{dataset}: MSE {100 * other.scores['mse']:.3f}e-2" in result.summary
    assert f"{few}: Caution: the clips come from a single sample" in result.summary
    assert f"{seen}: Caution: 6 of the 8 samples scored here were used" in result.summary
    assert result.summary.count(DISCLAIMER_AI_GRADE) == 1
    stored = json.loads((Path(config.output) / "result.json").read_text(encoding="utf-8"))
    assert [t["dataset"] for t in stored["other_tests"]] == list(config.data.test)
    assert stored["other_tests"][0]["notes"] == list(result.others[0].notes)


def test_heads_are_measured_at_the_scale_of_their_own_clips(dataset_folder: Path) -> None:
    """As many heads as scales, and only one clip has both."""
    labels = dataset_folder / "labels.csv"
    head, *rows = labels.read_text(encoding="utf-8").splitlines()
    cells = [",4.5,", ",5,0.25", ",,0.5", *[",,"] * (len(rows) - 3)]
    text = [f"{head},head_length_um,um_per_px", *map("".join, zip(rows, cells, strict=True))]
    labels.write_text("\n".join(text) + "\n", encoding="utf-8")
    found = recording_conditions(read_dataset(dataset_folder))
    assert found["head_length_px"] == [20, 20]
    assert found["um_per_px"] == 0.375
