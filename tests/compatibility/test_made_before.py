"""What 0.0 wrote opens with today's code, and its commands give the same numbers again.

``made_by_0_0`` holds one of each: recipes with the keys of then, data sets, a run with its model,
an evaluation, a comparison's table, a report, tracks, and the options of every verb.
"""

import argparse
import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from rostfine_core.cli import main, make_parser
from rostfine_core.cli.arguments import rename_old_options
from rostfine_core.domain import TrackStatus
from rostfine_core.result_files import read_assessment, read_seeds
from rostfine_core.result_files.assessment import to_json
from rostfine_core.training.config_reader import read_train_config
from rostfine_core.training.data.dataset import read_dataset

MADE = Path(__file__).parent / "made_by_0_0"
SCORES = ("mse", "js", "js_official", "earth_movers_distance", "expected_grade_error")
"""Those that change little when the last bits of a grade do, unlike an accuracy."""
HEAD_PX = 6.0
"""Another point of a head may be followed than then: its measured middle instead of the click."""
CLICKS = ["--click", "166,40", "--click", "104,102"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what was made, as the folder that commands are started in."""
    copy = tmp_path / "made"
    shutil.copytree(MADE, copy)
    monkeypatch.chdir(copy)
    torch.set_num_threads(1)
    return copy


def close(numbers: object) -> object:
    return pytest.approx(numbers, rel=2e-3, abs=1e-6)


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    return json.loads(path.read_text(encoding="utf-8"))


def read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.requirement("R-66")
def test_every_verb_and_option_is_still_accepted() -> None:
    verbs = next(a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    for verb, options in read_json(MADE / "options.json").items():
        known = {o for action in verbs.choices[verb]._actions for o in action.option_strings}
        assert known >= set(rename_old_options([verb, *options])[1:]), verb


def test_a_recipe_with_the_keys_of_then_means_the_same() -> None:
    config = read_train_config(MADE / "recipe.toml")
    assert (config.loop.epochs, config.loop.batch_size) == (3, 2)
    stored = set(map(str, _leaves(config.to_dict())))
    assert {"js", "0.1", "0.5", "2"} <= stored  # select_by, final_lr_share, alpha, accumulate


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    return [value]


def test_a_recipe_trains_as_before(folder: Path) -> None:
    shutil.rmtree(folder / "run")
    assert main(["train", "recipe.toml"]) == 0
    before, now = (read_log(f / "run" / "log.jsonl") for f in (MADE, folder))
    assert [r["loss"] for r in now] == close([r["loss"] for r in before])
    assert [r["step"] for r in now] == [r["step"] for r in before]  # two batches a step
    assert [r["learning_rate"] for r in now] == close([r["learning_rate"] for r in before])
    ours, theirs = (read_json(f / "run" / "result.json") for f in (folder, MADE))
    assert ours.keys() >= theirs.keys()
    assert ours["samples_seen"] == theirs["samples_seen"]
    scores, expected = (r["other_tests"][0]["scores"] for r in (ours, theirs))
    assert {n: scores[n] for n in SCORES} == close({n: expected[n] for n in SCORES})


def test_a_finished_run_answers_and_is_not_trained_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "recipe.toml"]) == 0
    assert "Kept epoch 3 of 3" in capsys.readouterr().out
    for name in ("model.safetensors", "log.jsonl"):
        assert (folder / "run" / name).read_bytes() == (MADE / "run" / name).read_bytes()


def test_a_model_is_scored_as_before_by_the_options_of_then(folder: Path) -> None:
    options = ["--flips", "--clip", "c001", "--faithfulness", "2", "--out", "again"]
    assert main(["evaluate", "run/model.safetensors", "held-back", *options]) == 0
    ours, theirs = (read_json(f / "evaluation.json") for f in (folder / "again", MADE / "scores"))
    assert ours.keys() >= theirs.keys()
    assert ours["metrics"].keys() >= theirs["metrics"].keys()
    assert {n: ours["metrics"][n] for n in SCORES} == close(
        {n: theirs["metrics"][n] for n in SCORES}
    )
    assert ours["provenance"]["models"] == theirs["provenance"]["models"]


def test_a_comparison_is_tabled_as_before(folder: Path) -> None:
    assert main(["compare", "compare.toml"]) == 0
    ours, theirs = (read_table(f / "comparison" / "compare.csv") for f in (folder, MADE))
    assert ours[0].keys() >= theirs[0].keys()
    assert [r["label"] for r in ours] == [r["label"] for r in theirs]
    for name in ("mse", "js"):
        assert [float(r[name]) for r in ours] == close([float(r[name]) for r in theirs])


def missing(before: object, again: object, place: str = "") -> list[str]:
    """Where a value of before is gone or is another; what is new is no loss."""
    if isinstance(before, list) and isinstance(again, list) and len(before) == len(again):
        before, again = dict(enumerate(before)), dict(enumerate(again))
    if not isinstance(before, dict) or not isinstance(again, dict):
        return [] if before == again else [place]
    return [m for k, v in before.items() for m in missing(v, again.get(k), f"{place}/{k}")]


@pytest.mark.requirement("R-43")
@pytest.mark.parametrize("sperm", ["sperm-1", "sperm-2"])
def test_a_stored_assessment_opens_and_loses_nothing(sperm: str) -> None:
    before = read_json(MADE / "report" / sperm / "assessment.json")
    record = read_assessment(MADE / "report" / sperm)
    assert record.prediction.grade.expected_grade == before["derived"]["expected_grade"]
    assert record.kinematics.vcl == before["kinematics"]["vcl"]
    assert [flag.code for flag in record.flags] == [flag["code"] for flag in before["flags"]]
    again = json.loads(to_json(record))
    assert missing(before, again) == []


def test_a_video_is_assessed_by_the_options_of_then(folder: Path) -> None:
    options = ["--um-per-px", "0.19", "--sample", "S-1", "--operator", "A. Sato"]
    model = ["--model", "run/model.safetensors", "--device", "cpu"]
    assert main(["assess", "video.mp4", *CLICKS, *options, *model, "--out", "again"]) == 0
    for sperm in ("sperm-1", "sperm-2"):
        ours, theirs = (
            read_json(f / sperm / "assessment.json") for f in (folder / "again", MADE / "report")
        )
        assert ours.keys() >= theirs.keys()
        for name in ("schema", "target", "sample", "notes"):
            assert ours[name] == theirs[name]
        shares, expected = (r["prediction"]["grade"] for r in (ours, theirs))
        assert shares == pytest.approx(expected, abs=0.05)
        assert ours["provenance"]["model"]["sha256"] == theirs["provenance"]["model"]["sha256"]
    ours_table, table = (read_table(f / "report.csv") for f in (folder / "again", MADE / "report"))
    assert ours_table[0].keys() >= table[0].keys()
    assert [r["target"] for r in ours_table] == [r["target"] for r in table]


def test_the_same_sperm_are_tracked_from_the_seeds_of_then(folder: Path) -> None:
    assert len(read_seeds(folder / "seeds.csv")) == 2
    assert main(["track", "video.mp4", "--seeds", "seeds.csv", "--out", "again.csv"]) == 0
    ours, theirs = (read_table(f) for f in (folder / "again.csv", MADE / "tracks.csv"))
    assert ours[0].keys() == theirs[0].keys()
    for name in ("target", "frame"):
        assert [r[name] for r in ours] == [r[name] for r in theirs]
    for name in ("x_px", "y_px"):
        places = [float(r[name]) for r in theirs]
        assert [float(r[name]) for r in ours] == pytest.approx(places, rel=0, abs=HEAD_PX)
    assert {r["status"] for r in theirs} <= set(TrackStatus)


def test_a_plan_becomes_the_same_data_set(folder: Path) -> None:
    options = ["--name", "built", "--panel-size", "5", "--out", "again"]
    assert main(["build-dataset", "plan.csv", *options]) == 0
    for name in ("labels.csv", "doubtful.csv"):
        ours, theirs = (read_table(f / name) for f in (folder / "again", MADE / "built"))
        assert [r["clip"] for r in ours] == [r["clip"] for r in theirs]
        assert ours[0].keys() >= theirs[0].keys()
    assert len(read_dataset(folder / "again").clips) == 2
