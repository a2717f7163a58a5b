"""The folder of one run: recipe, data record, environment, log, resume point and model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rostfine_core.errors import ConfigError, parsing
from rostfine_core.files import (
    append_json_line,
    atomic_write,
    read_json_lines,
    safe_name,
    write_text,
)
from rostfine_core.training.config import Recipe
from rostfine_core.training.config_reader import structure
from rostfine_core.training.data.fingerprint import DataRecord, data_changes
from rostfine_core.training.run.environment import describe_environment


class RunFolder:
    """Names the files of a run and writes each atomically."""

    def __init__(self, folder: Path, *, model: str = "model.safetensors") -> None:
        self.path = folder
        self.recipe = folder / "recipe.json"
        self.data = folder / "data.json"
        self.environment = folder / "environment.json"
        self.log = folder / "log.jsonl"
        self.resume_point = folder / "resume.pt"
        self.best_weights = folder / "best.pt"
        self.model = folder / model
        self.result = folder / "result.json"
        self.test_clips = folder / "test_clips.csv"

    def open(
        self, config: Recipe, *, data: DataRecord, is_main: bool = True
    ) -> dict[str, Any] | None:
        """Start a run in the folder, or return the resume point of the same recipe and data.

        Raises:
            ConfigError: the folder belongs to another recipe, its data have changed, or its
                resume point is damaged.
        """
        begun = (self.resume_point, self.best_weights, self.log, self.model)
        if self.recipe.is_file() and any(path.exists() for path in begun):
            self._refuse_another_run(config, data)
            if is_main:
                self._note_environment()
        elif is_main:  # a recipe that failed before the first step may be corrected
            write_json(self.recipe, config.to_dict())
            write_json(self.data, data)
            write_json(self.environment, describe_environment())
        return self._load(self.resume_point) if self.resume_point.is_file() else None

    def environments(self) -> tuple[dict[str, Any], ...]:
        """The environments of the run: at its start, and after each resume in a different one.

        Raises:
            ConfigError: one of the files is damaged, or the first is missing.
        """
        return tuple(read_json(file) for file in (self.environment, *self._later_environments()))

    def _later_environments(self) -> list[Path]:
        files: list[Path] = []
        while (file := self._later_environment(len(files))).is_file():
            files.append(file)
        return files

    def _later_environment(self, place: int) -> Path:
        return self.path / f"environment-{place + 2}.json"

    def _note_environment(self) -> None:
        """Store the present environment if it differs from the last one."""
        now = describe_environment()
        if now != self.environments()[-1]:
            write_json(self._later_environment(len(self._later_environments())), now)

    def is_finished(self, config: Recipe, *, data: DataRecord) -> bool:
        """Whether the run is finished, with this recipe and data.

        Raises:
            ConfigError: it is finished with another recipe, or its data have changed.
        """
        if not self.result.is_file():
            return False
        self._refuse_another_run(config, data)
        return True

    def clear(self) -> None:
        """Remove what only an unfinished run needs, several times the size of the model."""
        for path in (self.resume_point, self.best_weights):
            path.unlink(missing_ok=True)

    def _refuse_another_run(self, config: Recipe, data: DataRecord) -> None:
        self._refuse_another_recipe(config)
        changed = []
        if self.data.is_file():  # runs of earlier versions have no record to check
            with self.restoring(self.data):
                changed = data_changes(read_json(self.data), data)
        if changed:
            raise ConfigError(
                f"The data of the run in {self.path} have changed since it began "
                f"({'; '.join(changed)}): restore them, or give the recipe another output folder."
            )

    def _refuse_another_recipe(self, config: Recipe) -> None:
        """Compare as records, so that a setting added since then has its default."""
        try:
            table = json.loads(self.recipe.read_text(encoding="utf-8"))
            before = structure(table, type(config), source=str(self.recipe))
        except (OSError, ValueError, ConfigError):
            before = None
        if before != config:
            raise ConfigError(
                f"The folder {self.path} holds a run of another recipe: give the recipe another "
                "output folder, or remove this one."
            )

    def _load(self, path: Path) -> dict[str, Any]:
        with self.restoring(path):
            state: dict[str, Any] = dict(torch.load(path, map_location="cpu", weights_only=True))
        return state

    @contextmanager
    def restoring(self, path: Path) -> Iterator[None]:
        """Say that a state of the run is damaged, whatever is wrong in it.

        Raises:
            ConfigError: reading or using it failed.
        """
        with parsing(
            lambda error: ConfigError(
                f"{path} cannot be read ({type(error).__name__}): remove the "
                "folder and start again."
            )
        ):
            yield

    def save_resume_point(self, state: Mapping[str, Any]) -> None:
        """Replace the resume point."""
        self._save(self.resume_point, state)

    def save_best(self, state: Mapping[str, Any]) -> None:
        """Replace the weights of the best checkpoint."""
        self._save(self.best_weights, state)

    def load_best(self) -> dict[str, Any]:
        """Load the weights of the best checkpoint."""
        return self._load(self.best_weights)

    def _save(self, path: Path, state: Mapping[str, Any]) -> None:
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            torch.save(dict(state), file)  # given a path, it hides that the disk is full

    def reports(self, datasets: Sequence[str]) -> tuple[Path, ...]:
        """A folder for the report on each data set; equal names are numbered."""
        names: list[str] = []
        for dataset in datasets:
            name = first = f"test-{safe_name(Path(dataset).name)}"
            number = 1
            while name.casefold() in map(str.casefold, names):
                number += 1
                name = f"{first}-{number}"
            names.append(name)
        return tuple(self.path / name for name in names)

    def append_log(self, record: Mapping[str, Any]) -> None:
        """Append a record to the log."""
        append_json_line(self.log, record)

    def read_log(self) -> list[dict[str, Any]]:
        """Every record of the log, without lines that are damaged."""
        return read_log(self.log)

    def cut_log(self, *, epochs: int) -> None:
        """Drop the records of later epochs, which are about to be trained again."""
        if not self.log.is_file():
            return
        kept = [r for r in self.read_log() if r["epoch"] <= epochs]
        write_text(self.log, "".join(json.dumps(r) + "\n" for r in kept))


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a training log, one an epoch, without lines that are damaged."""
    return [r for r in read_json_lines(path) if _is_epoch(r)]


def _is_epoch(record: Mapping[str, Any]) -> bool:
    numbers = (record.get(name) for name in ("epoch", "loss", "clips_per_s"))
    validation = record.get("validation")
    return all(isinstance(n, int | float) for n in numbers) and isinstance(validation, dict | None)


def read_json(path: Path) -> dict[str, Any]:
    """Read what ``write_json`` wrote.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    with parsing(
        lambda error: ConfigError(
            f"The result {path} cannot be read ({error}): remove its folder and run it again."
        )
    ):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError("it holds no table")
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain containers as readable JSON, atomically."""
    write_text(path, json.dumps(content, indent=2) + "\n")
