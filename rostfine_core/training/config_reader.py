"""Reading recipes: TOML into records, old spellings of keys, and every mistake named at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from cattrs.errors import StructureHandlerNotFoundError

from rostfine_core.errors import ConfigError, parsing
from rostfine_core.training.config import Overrides, PretrainConfig, TrainConfig

Record = TypeVar("Record")

RENAMED_KEYS = {
    "loop.accumulate": "loop.grad_accumulation_steps",
    "loop.select_by": "loop.monitor",
    "optimiser.final_lr_share": "optimiser.min_lr_ratio",
    "split.official_selection": "split.select_on_test",
}
"""Keys of recipes by their former names, which recipes and run folders may still hold."""


def read_train_config(path: Path) -> TrainConfig:
    """Read a recipe.

    Raises:
        ConfigError: the file cannot be read, or has unknown keys or wrong values (all listed).
    """
    return structure(read_toml(path), TrainConfig, source=str(path))


def read_pretrain_config(path: Path) -> PretrainConfig:
    """Read a recipe of pretraining.

    Raises:
        ConfigError: the file cannot be read, or has unknown keys or wrong values (all listed).
    """
    return structure(read_toml(path), PretrainConfig, source=str(path))


def read_toml(path: Path, *, what: str = "recipe") -> dict[str, Any]:
    """Read a TOML file as plain containers; ``what`` it is stands in the errors.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"Cannot read the {what} {path} ({error.strerror or error}): check its name."
        ) from error
    with parsing(
        lambda error: ConfigError(f"The {what} {path} is not valid TOML ({error}): correct it.")
    ):
        return tomllib.loads(text.decode())


def rename_old_keys(table: Mapping[str, Any], *, source: str) -> dict[str, Any]:
    """A recipe's table with the present names of its keys.

    Raises:
        ConfigError: a key is given by its former and by its present name.
    """
    renamed = dict(table)
    for old, new in RENAMED_KEYS.items():
        section, old_key = old.split(".")
        new_key = new.rpartition(".")[2]
        values = renamed.get(section)
        if not isinstance(values, Mapping) or old_key not in values:
            continue
        if new_key in values:
            raise ConfigError(
                f"The recipe {source} gives {section}.{old_key} and {section}.{new_key}, which are "
                f"the same setting: remove {old_key}, the former name."
            )
        renamed[section] = {new_key if k == old_key else k: v for k, v in values.items()}
    return renamed


def structure(
    table: Mapping[str, Any], kind: type[Record], *, source: str, what: str = "recipe"
) -> Record:
    """Turn plain containers into a record of ``kind`` without converting any value.

    Args:
        table: the containers.
        kind: the record's class.
        source: where they are from, for the errors.
        what: what they are, for the errors.

    Raises:
        ConfigError: listing every unknown key, missing key and wrong value with its place.
    """
    try:
        return _strict_converter().structure(rename_old_keys(table, source=source), kind)
    except (cattrs.BaseValidationError, StructureHandlerNotFoundError) as error:
        mistakes = cattrs.transform_error(error, path="", format_exception=_explain)
        listed = "\n  ".join(m.replace(" @ .", ": ").replace(" @ ", "") for m in mistakes)
        raise ConfigError(f"The {what} {source} has mistakes to correct:\n  {listed}") from error


def _explain(error: BaseException, kind: type | None) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown key(s) {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    if isinstance(error, ValueError | TypeError):
        return str(error)
    return cattrs.v.format_exception(error, kind)


def _exactly(value: object, kind: type) -> Any:  # noqa: ANN401 - cattrs hooks return any type
    allowed = (int, float) if kind is float else (kind,)
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return kind(value)


def _string_list(value: object, _: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise TypeError(f"expected a list of texts, got {value!r}")
    return tuple(value)


def _plain_values(value: object, _: object) -> Overrides:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, got {value!r}")
    bad = [k for k, v in value.items() if not isinstance(v, int | float | str | bool)]
    if bad:
        raise TypeError(f"expected plain values, got others for {', '.join(bad)}")
    return value


def _strict_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (int, float, str, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook_func(lambda t: t == tuple[str, ...], _string_list)
    converter.register_structure_hook_func(lambda t: t == Overrides, _plain_values)
    return converter
