"""The command under ``torchrun``: two processes train as one, stop as one and fail as one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rostfine_core.domain import finish
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
COMMAND = [*LAUNCH, "-m", "rostfine_core.cli", "train"]
LOOP = {"epochs": 2, "batch_size": 5, "threads": 1, "device": "cpu"}


def toml(table: Mapping[str, Any], place: str = "") -> str:
    """Plain containers as TOML: a value looks there as it does in JSON."""
    values = {k: v for k, v in table.items() if not isinstance(v, dict)}
    lines = [f"[{place}]"] if place else []
    lines += [f"{k} = {json.dumps(v)}" for k, v in values.items()]
    parts = [toml(v, f"{place}.{k}".strip(".")) for k, v in table.items() if isinstance(v, dict)]
    return "\n".join([*lines, *parts]) + "\n"


@pytest.fixture
def sections(recipe: Recipe) -> dict[str, Any]:
    """Without what each process draws for itself: the paths that stochastic depth drops."""
    return {
        "model": {"overrides": {**recipe().model.overrides, "drop_path": 0.0}},
        "loop": LOOP,
        "optimiser": {"kind": "sgd", "lr": 0.05},
        "augmentation": {"flips": True, "rotations": True, "brightness": 0.2},
        # Learned in the first of two epochs: in the second its head gets no gradient.
        "auxiliary": {"columns": ["brightness"], "weight": 0.2, "epochs": 1},
    }


def start(config: TrainConfig, folder: Path) -> "subprocess.Popen[str]":
    file = folder / "recipe.toml"
    file.write_text(toml(config.to_dict()), encoding="utf-8")
    return subprocess.Popen(
        [*COMMAND, str(file)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the test can press Ctrl-C for it alone
    )


def wait_for_an_epoch(config: TrainConfig, process: "subprocess.Popen[str]") -> None:
    log = RunFolder(Path(config.output)).log
    until = time.monotonic() + 240
    while not log.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)  # another program is waited for


def test_two_processes_train_as_one(
    recipe: Recipe, sections: dict[str, Any], tmp_path: Path
) -> None:
    alone = recipe(output=str(tmp_path / "alone"), **sections)
    finish(train_recipe(alone))
    config = recipe(output=str(tmp_path / "pair"), **sections)
    process = start(config, tmp_path)
    told, mistakes = process.communicate(timeout=240)
    assert process.returncode == 0, mistakes[-3000:]
    assert told.count("Model written to") == 1
    ours, theirs = (RunFolder(Path(c.output)).read_log() for c in (alone, config))
    for one, two in zip(ours, theirs, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["validation"]["mse"] == pytest.approx(one["validation"]["mse"], rel=1e-3)


def test_ctrl_c_stops_both_after_the_step_and_leaves_a_resume_point(
    recipe: Recipe, sections: dict[str, Any], tmp_path: Path
) -> None:
    loop = {**LOOP, "epochs": 100_000}
    config = recipe(output=str(tmp_path / "pair"), **{**sections, "loop": loop})
    process = start(config, tmp_path)
    wait_for_an_epoch(config, process)
    # The terminal tells every process of its group; torchrun then tells its own once more.
    os.killpg(process.pid, signal.SIGINT)
    _, mistakes = process.communicate(timeout=240)
    assert process.returncode != 0
    assert "Training stopped after step" in mistakes
    assert RunFolder(Path(config.output)).resume_point.is_file()


def test_sigterm_to_the_launcher_leaves_a_resume_point(
    recipe: Recipe, sections: dict[str, Any], tmp_path: Path
) -> None:
    loop = {**LOOP, "epochs": 100_000}
    config = recipe(output=str(tmp_path / "pair"), **{**sections, "loop": loop})
    process = start(config, tmp_path)
    wait_for_an_epoch(config, process)
    process.terminate()  # as a scheduler does; torchrun passes it on
    _, mistakes = process.communicate(timeout=240)
    assert process.returncode != 0
    assert "Training stopped after step" in mistakes
    assert RunFolder(Path(config.output)).resume_point.is_file()


def test_a_mistake_ends_both_with_a_sentence(
    recipe: Recipe, sections: dict[str, Any], tmp_path: Path
) -> None:
    wild = {**sections, "optimiser": {"kind": "sgd", "lr": 1e30}}
    process = start(recipe(output=str(tmp_path / "pair"), **wild), tmp_path)
    _, mistakes = process.communicate(timeout=240)
    assert process.returncode != 0
    assert "rostfine: The loss stopped being a number" in mistakes
    assert "Traceback (most recent call last):\n  File" not in mistakes.split("rostfine:")[0]
