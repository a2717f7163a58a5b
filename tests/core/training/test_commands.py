"""The training verbs as a user types them: what they print, write and refuse."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.cli import main
from rostfine_core.training.evaluation import report

RECIPE = """
output = "{out}"
[data]
train = ["{data}"]
[model.overrides]
image_size = 16
patch_size = 8
embed_dim = 16
depth = 1
num_heads = 2
top_k = 2
selection_layers = 1
branch_depth = 1
branch_heads = 2
[loop]
epochs = 1
threads = 1
"""
NO_EXTRA_SCRIPT = """
import io
import sys
from contextlib import redirect_stderr

extra = ("scipy", "matplotlib", "timm", "torchvision", "tensorboard", "markdown_it")
sys.modules.update(dict.fromkeys(extra))
from rostfine_core.cli import main

with redirect_stderr(io.StringIO()) as told:
    status = main({verb})
assert status == 1
assert "pip install -c requirements.lock" in told.getvalue(), told.getvalue()
"""


@pytest.fixture
def recipe_file(dataset_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(out=tmp_path / "run", data=dataset_folder), encoding="utf-8")
    return path


def test_train_then_evaluate(
    recipe_file: Path,
    dataset_folder: Path,
    held_back_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["train", str(recipe_file)]) == 0
    assert "Kept epoch 1 of 1" in capsys.readouterr().out
    model, out = tmp_path / "run" / "model.safetensors", tmp_path / "scores"
    options = ["--out", str(out), "--tta", "--calibrate-on", str(held_back_folder)]
    assert main(["evaluate", str(model), str(dataset_folder), *options, "--show-clip", "c001"]) == 0
    told = capsys.readouterr().out
    assert "Predictions are means over mirror images" in told
    assert "Temperature" in told
    assert "samples scored here were used to train or select the model" in told
    assert f"Report: {out / 'report.html'}" in told
    assert (out / "report.html").is_file()
    first = (out / "evaluation.json").read_bytes()
    again = ["evaluate", str(model), str(held_back_folder), "--out", str(out)]
    assert main(again) == 1
    assert "add --overwrite" in capsys.readouterr().err
    assert (out / "evaluation.json").read_bytes() == first
    monkeypatch.setattr(report, "html_report", lambda _: "")  # its pictures take long
    assert main([*again, "--overwrite"]) == 0
    assert (out / "evaluation.json").read_bytes() != first


@pytest.mark.parametrize(
    "verb",
    [
        ["train", "recipe.toml"],
        ["evaluate", "model.safetensors", "data", "--out", "scores"],
        ["compare", "recipe.toml"],
    ],
)
def test_without_the_extra_a_verb_says_how_to_install_it(
    run_script: Callable[[str], None], verb: list[str]
) -> None:
    """As on a machine that ran ``make demo`` alone."""
    run_script(NO_EXTRA_SCRIPT.format(verb=verb))


def test_compare_says_its_tables(
    dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, recipe = RECIPE.format(out="", data=dataset_folder).split("\n[", 1)
    base = "[base." + recipe.replace("\n[", "\n[base.")
    path = tmp_path / "comparison.toml"
    path.write_text(
        f'output = "{tmp_path / "out"}"\nfolds = 2\n{base}[[method]]\nname = "plain"\n',
        encoding="utf-8",
    )
    assert main(["compare", str(path)]) == 0
    told = capsys.readouterr().out
    assert "| plain | " in told
    assert "| *always the mean distribution* | " in told


def test_describe_a_dataset(dataset_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe-dataset", str(dataset_folder)]) == 0
    told = capsys.readouterr().out
    assert "24 clips of 8 samples" in told
    assert "Fleiss' kappa" in told


def test_the_officials_data_become_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "official", tmp_path / "data"
    source.mkdir()
    clips = {f"s{i}": np.full((16, 20, 20, 3), 40 * i, np.uint8) for i in range(3)}
    grades = {f"s{i}": [40 - i, i, 0, 0, 0] for i in range(3)}
    (source / "grades.pkl").write_bytes(pickle.dumps(grades))
    (source / "16frame.pkl").write_bytes(pickle.dumps(clips))
    command = ["import-official", str(source), "--out", str(out), "--name", "ours"]
    assert main(command) == 0
    assert "Correct the column `sample`" in capsys.readouterr().out
    assert main(["describe-dataset", str(out)]) == 0
    assert "3 clips of 3 samples" in capsys.readouterr().out
    assert main(command) == 1
    assert "already holds a data set" in capsys.readouterr().err


def test_mistakes_are_one_sentence(
    recipe_file: Path, dataset_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe_file.with_name("gone.toml"))]) == 1
    assert capsys.readouterr().err.startswith("rostfine: Cannot read the recipe")
    assert main(["evaluate", "gone.safetensors", str(dataset_folder)]) == 1
    told = capsys.readouterr().err
    assert "gone.safetensors" in told
    assert "Traceback" not in told


def test_simulated_clips_can_keep_their_masks(tmp_path: Path) -> None:
    out = tmp_path / "simulated"
    command = ["simulate", "--kind", "dataset", "--count", "1", "--masks", "--out", str(out)]
    assert main(command) == 0
    (clip,) = (out / "clips").iterdir()
    with np.load(clip) as arrays:
        assert arrays["masks"].shape == (16, 3, 150, 150)
