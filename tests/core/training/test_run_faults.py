"""What can happen to the folder of a run is said in a sentence, and nothing in it is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from rostfine_core.domain import LongJob, finish
from rostfine_core.errors import ConfigError, StoreError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.run.folder import RunFolder
from rostfine_core.training.run.result import TrainResult
from rostfine_core.training.train import train_recipe

Recipe = Callable[..., TrainConfig]


def begun(config: TrainConfig, *, steps: int = 1) -> LongJob[TrainResult]:
    """A run after its first steps."""
    job = train_recipe(config)
    while steps:
        steps -= isinstance(next(job), TrainingProgress)
    return job


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A disk on which no file may be larger, as a full one; Python ignores the signal."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_two_programs_do_not_train_in_one_folder(recipe: Recipe) -> None:
    config = recipe()
    first = begun(config)
    with pytest.raises(StoreError, match="Another program is writing results into"):
        finish(train_recipe(config))
    assert finish(first).epoch >= 1
    assert not list(Path(config.output).glob(".*"))


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(recipe: Recipe) -> None:
    config = recipe()
    with room_for(9_000), pytest.raises(StoreError, match="File too large"):
        finish(train_recipe(config))
    assert not list(Path(config.output).glob(".*"))
    assert finish(train_recipe(config)).model_path.is_file()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no archive", b"\x80\x02]q\x00.", b"\xff" * 400]
)
def test_a_damaged_resume_point_is_said(recipe: Recipe, content: bytes) -> None:
    config = recipe()
    begun(config).close()
    RunFolder(Path(config.output)).resume_point.write_bytes(content)
    with pytest.raises(ConfigError, match=r"resume\.pt cannot be read"):
        finish(train_recipe(config))


def test_a_resume_point_of_other_content_is_said(recipe: Recipe) -> None:
    config = recipe()
    begun(config).close()
    torch.save({"step": 1}, RunFolder(Path(config.output)).resume_point)
    with pytest.raises(ConfigError, match=r"resume\.pt cannot be read \(KeyError\)"):
        finish(train_recipe(config))


@pytest.mark.parametrize("content", ["", "[1, 2]", "[" * 100_000, '{"tiny": 3}', "\x00"])
def test_a_damaged_record_of_the_data_is_said(recipe: Recipe, content: str) -> None:
    config = recipe()
    begun(config).close()
    RunFolder(Path(config.output)).data.write_text(content)
    with pytest.raises(ConfigError, match=r"data\.json cannot be read"):
        finish(train_recipe(config))


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[]", b'{"epoch": "one"}', b"{" * 100_000])
def test_damaged_lines_of_the_log_are_left_out(recipe: Recipe, line: bytes) -> None:
    config = recipe()
    begun(config, steps=6).close()
    log = RunFolder(Path(config.output)).log
    with log.open("ab") as file:
        file.write(line + b"\n")
    finish(train_recipe(config))
    assert [r["epoch"] for r in RunFolder(Path(config.output)).read_log()] == [1, 2, 3]
