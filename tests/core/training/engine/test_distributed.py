"""Two processes train as one, stop as one and fail as one, also when ``torchrun`` started them.

Importing torch is most of what a process of its own costs, so that the test's process is the first
of the two, and the second trains one recipe after another.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rostfine_core.cli import main
from rostfine_core.domain import finish
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.engine.steps import TrainingProgress, TrainingStopped
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.train import train, train_recipe

Recipe = Callable[..., TrainConfig]
ROOT = Path(__file__).parents[4]
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
COMMAND = [*LAUNCH, "-m", "rostfine_core.cli", "train"]
LOOP = {"epochs": 2, "batch_size": 5, "threads": 1, "device": "cpu"}
ENVIRONMENT = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
SECOND_PROCESS = """
import os, sys
from rostfine_core.cli import main
for line in sys.stdin:
    os.environ["MASTER_PORT"], recipe = line.rstrip("\\n").split(" ", 1)
    print("status", main(["train", recipe]), flush=True)
"""


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


def written(config: TrainConfig, folder: Path) -> Path:
    file = folder / "recipe.toml"
    file.write_text(toml(config.to_dict()), encoding="utf-8")
    return file


class SecondProcess:
    """The process of rank 1; ``mistakes`` is what it has said on stderr."""

    def __init__(self, folder: Path) -> None:
        self._stderr = folder / "stderr.txt"
        with self._stderr.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SECOND_PROCESS],
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT, "RANK": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    @property
    def mistakes(self) -> str:
        return self._stderr.read_text(encoding="utf-8")

    def train(self, recipe: Path, *, port: int) -> None:
        """Begin a recipe."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{port} {recipe}\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Wait for the end of the recipe and return all that was printed."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def second_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondProcess]:
    process = SecondProcess(tmp_path_factory.mktemp("second"))
    yield process
    process.close()


@pytest.fixture
def begin_in_second(
    second_process: SecondProcess, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], None]:
    """Begin a recipe in the second process and make this one the first."""

    def begin(recipe: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name, value in {**ENVIRONMENT, "RANK": "0", "MASTER_PORT": str(port)}.items():
            monkeypatch.setenv(name, value)
        second_process.train(recipe, port=port)

    return begin


def test_two_processes_train_as_one(
    recipe: Recipe,
    sections: dict[str, Any],
    tmp_path: Path,
    begin_in_second: Callable[[Path], None],
    second_process: SecondProcess,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = recipe(output=str(tmp_path / "alone"), **sections)
    finish(train_recipe(alone))
    config = recipe(output=str(tmp_path / "pair"), **sections)
    file = written(config, tmp_path)
    begin_in_second(file)
    assert main(["train", str(file)]) == 0
    assert "Model written to" in capsys.readouterr().out
    assert second_process.end() == "status 0\n"  # and nothing else: one speaks for all
    ours, theirs = (RunFolder(Path(c.output)).read_log() for c in (alone, config))
    for one, two in zip(ours, theirs, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["validation"]["mse"] == pytest.approx(one["validation"]["mse"], rel=1e-3)


def test_a_stop_that_one_process_is_told_of_stops_both(
    recipe: Recipe,
    sections: dict[str, Any],
    tmp_path: Path,
    begin_in_second: Callable[[Path], None],
    second_process: SecondProcess,
) -> None:
    config = recipe(output=str(tmp_path / "pair"), **sections)
    file = written(config, tmp_path)
    begin_in_second(file)
    job = train(file)
    while not isinstance(next(job), TrainingProgress):
        pass
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(TrainingStopped, match="stopped after step 1 of"):
        next(job)
    assert second_process.end() == "status 1\n"
    assert "rostfine: Training stopped after step 1 of" in second_process.mistakes
    assert RunFolder(Path(config.output)).resume_point.is_file()


def test_a_mistake_ends_both_with_a_sentence(
    recipe: Recipe,
    sections: dict[str, Any],
    tmp_path: Path,
    begin_in_second: Callable[[Path], None],
    second_process: SecondProcess,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wild = {**sections, "optimiser": {"kind": "sgd", "lr": 1e30}}
    file = written(recipe(output=str(tmp_path / "pair"), **wild), tmp_path)
    begin_in_second(file)
    assert main(["train", str(file)]) == 1
    sentence = "rostfine: The loss is not finite"
    assert sentence in capsys.readouterr().err
    assert second_process.end() == "status 1\n"
    assert sentence in second_process.mistakes
    assert "Traceback" not in second_process.mistakes


class Terminal:
    """A terminal that a program writes to."""

    def __init__(self) -> None:
        self._screen, self._keyboard = os.openpty()
        termios.tcsetwinsize(self._keyboard, (24, 80))  # a progress bar asks for the width
        self.text = ""

    def begin(self, command: list[str]) -> "subprocess.Popen[str]":
        """Start a program with its errors on this terminal, in a process group of its own."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stderr=self._keyboard,
            text=True,
            start_new_session=True,  # so that the test can press Ctrl-C for it alone
        )
        os.close(self._keyboard)
        return process

    def read_until(self, pattern: str | None) -> None:
        """Read until a pattern is shown; without one, until the programs have ended."""
        while pattern is None or not re.search(pattern, self.text):
            assert select.select([self._screen], [], [], 240)[0], self.text
            try:
                self.text += os.read(self._screen, 4096).decode(errors="replace")
            except OSError:  # closed
                assert pattern is None, self.text
                os.close(self._screen)
                return


def test_ctrl_c_stops_what_torchrun_started_after_the_step_and_leaves_a_resume_point(
    recipe: Recipe, sections: dict[str, Any], tmp_path: Path
) -> None:
    loop = {**LOOP, "epochs": 100_000}
    config = recipe(output=str(tmp_path / "pair"), **{**sections, "loop": loop})
    terminal = Terminal()
    process = terminal.begin([*COMMAND, str(written(config, tmp_path))])
    terminal.read_until(r"epoch ([2-9]|\d\d+) of")  # the progress bar may skip the second
    # The terminal tells every process of its group; torchrun then tells its own once more.
    os.killpg(process.pid, signal.SIGINT)
    terminal.read_until(None)
    assert process.wait(timeout=240) != 0
    assert "Training stopped after step" in terminal.text
    assert RunFolder(Path(config.output)).resume_point.is_file()
