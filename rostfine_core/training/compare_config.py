"""The recipe of a comparison: one base recipe, several methods that differ from it, folds.

Methods are listed (``[[method]]`` with a name and changes) or made as the product of a ``[grid]``;
a change names a setting by its path, as in ``"loss.alpha" = 0.1``.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from rostfine_core.errors import ConfigError
from rostfine_core.files import safe_name
from rostfine_core.training.config import TrainConfig, read_toml, structure

KEYS = {"output", "folds", "inner_folds", "reference", "title", "base", "method", "grid"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A named row of the table: settings by their paths."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """A comparison, whole: every method is trained on every fold."""

    output: Path
    title: str
    folds: int
    inner_folds: int
    reference: str
    base: Mapping[str, Any]
    methods: tuple[Method, ...]

    def runs(self, method: Method) -> Iterator[TrainConfig]:
        """The recipes of one method: fold by fold, and inner fold by inner fold."""
        for fold, inner in product(range(self.folds), range(max(self.inner_folds, 1))):
            yield self.run(method, fold=fold, inner=inner)

    def run(self, method: Method, *, fold: int, inner: int = 0) -> TrainConfig:
        """The recipe of one method on one fold.

        Raises:
            ConfigError: the base recipe or a change does not fit.
        """
        table = copy.deepcopy(dict(self.base))
        for path, value in method.changes.items():
            _change(table, path, value)
        place = f"fold{fold}" + (f"-{inner}" if self.inner_folds else "")
        table["output"] = str(self.output / safe_name(method.name) / place)
        table.setdefault("split", {})
        table["split"] |= {"folds": self.folds, "fold": fold}
        if self.inner_folds:
            table["split"] |= {"inner_folds": self.inner_folds, "inner_fold": inner}
        return structure(table, TrainConfig, source=f"method {method.name!r}")


def read_compare_config(path: Path) -> CompareConfig:
    """Read a comparison and check every method of it before anything is trained.

    Raises:
        ConfigError: the file cannot be read or holds mistakes.
    """
    table = read_toml(path)
    mistakes = [f"unknown key {k}" for k in sorted(table.keys() - KEYS)]
    for key, kind in (("output", str), ("folds", int), ("base", dict)):
        if not isinstance(table.get(key), kind) or isinstance(table.get(key), bool):
            mistakes.append(f"{key} must be given as {kind.__name__}")
    methods = _methods(table, mistakes)
    names = [safe_name(m.name) for m in methods]
    mistakes += [f"two methods are called {n}" for n in sorted(set(names)) if names.count(n) > 1]
    reference = table.get("reference", methods[0].name if methods else "")
    if methods and reference not in [m.name for m in methods]:
        mistakes.append(f"reference {reference!r} is no method")
    if mistakes:
        raise ConfigError(f"The comparison {path} has mistakes: {'; '.join(mistakes)}.")
    config = CompareConfig(
        output=Path(table["output"]),
        title=str(table.get("title", path.stem)),
        folds=table["folds"],
        inner_folds=int(table.get("inner_folds", 0)),
        reference=reference,
        base=table["base"],
        methods=methods,
    )
    for method in methods:
        config.run(method, fold=0)
    return config


def _methods(table: Mapping[str, Any], mistakes: list[str]) -> tuple[Method, ...]:
    listed = table.get("method", [])
    grid = table.get("grid", {})
    if not isinstance(listed, list) or not isinstance(grid, dict):
        mistakes.append("method must be [[method]] tables and grid a table of lists")
        return ()
    methods = [_method(m, mistakes) for m in listed]
    if any(not isinstance(values, list) for values in grid.values()):
        mistakes.append("every setting of grid needs a list of values")
        return tuple(methods)
    if grid:
        methods += list(_product(grid))
    if not methods:
        mistakes.append("there is no [[method]] and no [grid]")
    return tuple(methods)


def _method(table: object, mistakes: list[str]) -> Method:
    changes = table.get("changes", {}) if isinstance(table, dict) else None
    if not isinstance(table, dict) or "name" not in table or not isinstance(changes, dict):
        mistakes.append(f"a method needs a name and a table of changes, got {table!r}")
        return Method(name="?")
    return Method(name=str(table["name"]), changes=_flat(changes))


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their paths, whether written as "loss.alpha" = 1 or loss = { alpha = 1 }."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _product(grid: Mapping[str, Sequence[Any]]) -> Iterator[Method]:
    for values in product(*grid.values()):
        changes = dict(zip(grid, values, strict=True))
        name = " ".join(f"{path.rpartition('.')[2]}={value}" for path, value in changes.items())
        yield Method(name=name, changes=changes)


def _change(table: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
    table[last] = value
