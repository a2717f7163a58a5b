"""The recipe of a comparison: a base recipe, methods that differ from it, folds and tables.

Methods are listed (``[[method]]`` with a name and changes) or are the product of a ``[grid]``. A
change names a setting by its path, as in ``"loss.alpha" = 0.1``. Each ``[[table]]`` shows some of
the methods, so a method that appears in several tables is trained once. Without any ``[[table]]``
there is one table of all methods. ``test_share`` in place of ``folds`` tests every run on the same
clips. ``learning_curve`` lists numbers of labelled clips: every method is trained on each of them,
and there is one table for each.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from rostfine_core.errors import ConfigError
from rostfine_core.files import safe_name
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.config_reader import RENAMED_KEYS, read_toml, rename_old_keys, structure

KEYS = {
    *("output", "folds", "inner_folds", "seeds", "reference", "title", "attention"),
    *("base", "method", "grid", "table", "test_share", "learning_curve"),
}
WITH_ATTENTION = ("rostfine", "timesformer")
TABLE_KEYS = {"title", "rows", "reference", "axis"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method to train: its name and the settings it changes, by their paths."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """One table of the result: (label, method name) for each row.

    The other rows are tested against the one labelled ``reference``. With ``axis``, the name of a
    quantity, the labels are its values, and the scores are also plotted over them.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    reference: str
    axis: str = ""


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """A complete comparison: every method is trained on every fold with every seed.

    Each seed splits the folds anew; without ``seeds`` the base recipe's seed is used. Without
    ``folds`` (0), ``test_share`` of the clips test every run. With ``curve`` each of ``methods`` is
    one of the methods of the file (``names``) at one of the numbers of labelled clips. The maps of
    the methods named by ``attention`` are drawn over the same clips.
    """

    output: Path
    title: str
    folds: int
    inner_folds: int
    seeds: tuple[int, ...]
    base: Mapping[str, Any]
    methods: tuple[Method, ...]
    tables: tuple[TableSpec, ...]
    test_share: float = 0.0
    names: tuple[str, ...] = ()
    curve: tuple[int, ...] = ()
    attention: tuple[str, ...] = ()

    def runs(self, method: Method) -> Iterator[TrainConfig]:
        """The recipes of one method: seed by seed, fold by fold, inner fold by inner fold."""
        folds, inner_folds = range(max(self.folds, 1)), range(max(self.inner_folds, 1))
        for seed, fold, inner in product(self.seeds or (None,), folds, inner_folds):
            yield self.run(method, fold=fold, inner=inner, seed=seed)

    def run(
        self, method: Method, *, fold: int, inner: int = 0, seed: int | None = None
    ) -> TrainConfig:
        """The recipe of one method on one fold.

        Raises:
            ConfigError: the base recipe or a change does not fit.
        """
        source = f"method {method.name!r}"
        table = rename_old_keys(copy.deepcopy(dict(self.base)), source=source)
        for path, value in method.changes.items():
            _change(table, RENAMED_KEYS.get(path, path), value)
        place = f"fold{fold}" if self.folds else "test"
        place += f"-{inner}" if self.inner_folds else ""
        table.setdefault("split", {})
        if self.folds:
            table["split"] |= {"folds": self.folds, "fold": fold}
        else:
            of_base = table.get("seed", 0)
            table["split"] |= {"test_share": self.test_share, "test_seed": of_base}
        if seed is not None:
            table["seed"] = seed
            place += f"-seed{seed}"
        table["output"] = str(self.output / safe_name(method.name) / place)
        if self.inner_folds:
            table["split"] |= {"inner_folds": self.inner_folds, "inner_fold": inner}
        return structure(table, TrainConfig, source=source)


def read_compare_config(path: Path) -> CompareConfig:
    """Read a comparison and check each of its methods before anything is trained.

    Raises:
        ConfigError: the file cannot be read or holds mistakes.
    """
    table = read_toml(path)
    mistakes = list(_plain_mistakes(table))
    curve = _curve(table, mistakes)
    methods = _methods(table, mistakes)
    files = [safe_name(m.name) for m in methods]
    mistakes += [f"two methods are named {n}" for n in sorted(set(files)) if files.count(n) > 1]
    names = [m.name for m in methods]
    if curve:
        methods = tuple(at_clips(m, clips) for clips in curve for m in methods)
        table = table | {"table": _tables_of_curve(names, curve, table.get("reference"))}
        table.pop("reference", None)
    tables = _tables(table, [m.name for m in methods], mistakes)
    attention = _attention(table, [m.name for m in methods], mistakes)
    if mistakes:
        raise ConfigError(f"The comparison {path} has mistakes: {'; '.join(mistakes)}.")
    config = CompareConfig(
        output=Path(table["output"]),
        title=str(table.get("title", path.stem)),
        folds=table.get("folds", 0),
        inner_folds=table.get("inner_folds", 0),
        seeds=tuple(table.get("seeds", ())),
        base=table["base"],
        methods=methods,
        tables=tables,
        test_share=table.get("test_share", 0.0),
        names=tuple(names),
        curve=curve,
        attention=attention,
    )
    for method in methods:
        _check_attention(config, method, network=config.run(method, fold=0).model.network)
    return config


def _plain_mistakes(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a comparison's keys and its plain values."""
    yield from (f"unknown key {k}" for k in sorted(table.keys() - KEYS))
    for key, kind in (("output", str), ("base", dict)):
        if not isinstance(table.get(key), kind):
            yield f"{key} must be given as {kind.__name__}"
    for key, absent in (("folds", 0 if "test_share" in table else None), ("inner_folds", 0)):
        value = table.get(key, absent)
        if type(value) is not int or (value < 2 and value != absent):
            yield f"{key} must be a whole number of at least 2, got {value!r}"
    test_share = table.get("test_share", 0.0)
    if type(test_share) is not float or not 0 <= test_share < 1:
        yield f"test_share must be a number above 0 and below 1, got {test_share!r}"
    elif test_share and table.get("folds"):
        yield "give either folds or test_share"
    seeds = table.get("seeds", [])
    if not isinstance(seeds, list) or any(type(s) is not int for s in seeds):
        yield "seeds must be a list of whole numbers"
    elif len(set(seeds)) < len(seeds):
        yield "seeds must differ, since equal ones give the same runs"


def _curve(table: Mapping[str, Any], mistakes: list[str]) -> tuple[int, ...]:
    """The numbers of labelled clips of a learning curve; empty if there is none."""
    clips = table.get("learning_curve", [])
    if not isinstance(clips, list) or any(type(n) is not int or n < 1 for n in clips):
        mistakes.append("learning_curve must be a list of numbers of clips")
        return ()
    if clips != sorted(set(clips)):
        mistakes.append("learning_curve must rise")
    if clips and "table" in table:
        mistakes.append("learning_curve makes tables of its own: leave out [[table]]")
    return tuple(clips)


def at_clips(method: Method, clips: int) -> Method:
    """A method trained on so many labelled clips."""
    return Method(
        name=f"{method.name}, {clips} clips",
        changes={**method.changes, "split.labelled_clips": clips},
    )


def _tables_of_curve(
    names: Sequence[str], curve: Sequence[int], reference: object
) -> list[dict[str, Any]]:
    """A table of all methods for each number of labelled clips."""
    tables: list[dict[str, Any]] = []
    for clips in curve:
        rows = {name: at_clips(Method(name=name), clips).name for name in names}
        title = f"{clips} labelled clips"
        tables.append({"title": title, "rows": rows, "reference": reference or names[0]})
    return tables


def _check_attention(config: CompareConfig, method: Method, *, network: str) -> None:
    """Refuse to draw the maps of a network that has none.

    Raises:
        ConfigError: its attention is asked for.
    """
    if method.name in config.attention and network not in WITH_ATTENTION:
        raise ConfigError(
            f"The comparison {config.title!r} cannot draw the attention of {method.name!r}: name "
            f"methods of the networks {' and '.join(WITH_ATTENTION)} only."
        )


def _attention(
    table: Mapping[str, Any], names: Sequence[str], mistakes: list[str]
) -> tuple[str, ...]:
    listed = table.get("attention", [])
    if not isinstance(listed, list):
        mistakes.append(f"attention must be a list of methods, got {listed!r}")
        return ()
    mistakes += [f"attention: {m!r} is not a method" for m in listed if m not in names]
    return tuple(map(str, listed))


def _tables(
    table: Mapping[str, Any], names: Sequence[str], mistakes: list[str]
) -> tuple[TableSpec, ...]:
    reference = table.get("reference", names[0] if names else "")
    if names and reference not in names:
        mistakes.append(f"reference {reference!r} is not a method")
    listed = table.get("table", [{"title": "Methods", "rows": list(names)}])
    if not isinstance(listed, list) or not all(isinstance(t, dict) for t in listed):
        mistakes.append("table must be [[table]] tables")
        return ()
    tables = [_table(t, names, reference, mistakes) for t in listed]
    titles = [safe_name(t.title) for t in tables]
    mistakes += [f"two tables are named {t}" for t in sorted(set(titles)) if titles.count(t) > 1]
    shown = {method for t in tables for _, method in t.rows}
    mistakes += [f"method {n!r} is in no table" for n in names if n not in shown]
    return tuple(tables)


def _table(
    table: Mapping[str, Any], names: Sequence[str], reference: str, mistakes: list[str]
) -> TableSpec:
    """Read one ``[[table]]``; ``rows`` lists methods, or maps the labels to show to methods."""
    title, axis = str(table.get("title", "")), str(table.get("axis", ""))
    rows = table.get("rows", [])
    place = f"table {title!r}"
    if isinstance(rows, list):
        mistakes += [f"{place}: {r!r} is listed twice" for r in rows if rows.count(r) > 1][:1]
        rows = {str(row): row for row in rows}
    elif not isinstance(rows, dict):
        mistakes.append(f"{place}: rows must be a list or a table, got {rows!r}")
        rows = {}
    pairs = tuple((label, str(method)) for label, method in rows.items())
    mistakes += [f"{place}: unknown key {k}" for k in sorted(table.keys() - TABLE_KEYS)]
    mistakes += [f"{place}: {m!r} is not a method" for _, m in pairs if m not in names]
    if not title or not pairs:
        mistakes.append(f"{place}: title and rows must be given")
        return TableSpec(title=title, rows=(), reference="")
    if axis and not all(_is_number(label) for label, _ in pairs):
        mistakes.append(f"{place}: with an axis every label must be a number")
    of_whole = next((label for label, method in pairs if method == reference), pairs[0][0])
    own = str(table.get("reference", of_whole))
    if own not in [label for label, _ in pairs]:
        mistakes.append(f"{place}: reference {own!r} is not a row")
    return TableSpec(title=title, rows=pairs, reference=own, axis=axis)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


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
    """Set the value that ``path`` names.

    Raises:
        ConfigError: the path leads through a value that is not a table.
    """
    *parents, last = path.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise ConfigError(f"The change {path!r} leads nowhere: {parent} is not a table.")
    table[last] = value
