"""Parameters out of a Flax checkpoint: msgpack, whose arrays are an extension of Flax's own.

Flax writes an array as extension 1, a numpy scalar as extension 3: msgpack again, of shape, name of
the kind and bytes in C order. An array above 2**30 bytes is a table of flat chunks. Nothing in such
a file is ever run. Written from ``flax/serialization.py`` and Scenic's ``TrainState``.
"""

import math
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rostfine_core.errors import ConfigError, ModelError, install_command

# A map of 1 to 15 entries, or one that names its length. A pickle begins as an empty map would.
MAP_STARTS = frozenset((*range(0x81, 0x90), 0xDE, 0xDF))
ARRAY_CODES = (1, 3)
CHUNKED = "__msgpack_chunked_array__"
# Flax writes lists as tables, so a long one is no checkpoint's; msgpack would make room for it.
LONGEST_LIST = 1024
KINDS = {
    b"bfloat16": torch.bfloat16,
    b"float16": torch.float16,
    b"float32": torch.float32,
    b"float64": torch.float64,
}


def is_flax_checkpoint(path: Path) -> bool:
    """Whether a file begins as a Flax checkpoint does and a torch file never: with a msgpack map.

    The name tells nothing: ``checkpoint``, ``checkpoint_1000``, ``vivit_base_fe``.
    """
    try:
        with path.open("rb") as file:
            start = file.read(1)
    except OSError:
        return False  # whoever reads it says why
    return bool(start) and start[0] in MAP_STARTS


def read_flax_parameters(path: Path) -> dict[str, Tensor]:
    """The parameters of a Scenic ``TrainState``, as float32.

    They lie in ``optimizer/target`` (as published, of an older Flax) or in ``params``.

    Returns:
        Tensors in Flax's layout by their path, as ``embedding/kernel``.

    Raises:
        ModelError: the file cannot be read, is damaged or foreign, or holds no parameters.
        ConfigError: msgpack is not installed.
    """
    msgpack = _msgpack()
    try:
        parameters = _parameters(_unpack(msgpack, path.read_bytes(), raw=False))
        return {n: _tensor(msgpack, f"{n!r:.80}", leaf) for n, leaf in _leaves(parameters)}
    except OSError as error:
        raise ModelError(f"Cannot read {path} ({error.strerror or error}): check it.") from error
    # All that msgpack raises on bytes that are not its own; without its C part also the last two.
    except (ValueError, msgpack.UnpackException, TypeError, RecursionError) as error:
        raise ModelError(
            f"{path} is not a Flax checkpoint or is damaged ({_reason(error)}): get it again from "
            "where it came."
        ) from error


def _reason(error: Exception) -> str:
    """What an error says; some of msgpack's have nothing but their name."""
    return str(error) or type(error).__name__


def _msgpack() -> Any:  # noqa: ANN401 - the library has no annotations
    try:
        return import_module("msgpack")
    except ImportError as error:
        raise ConfigError(
            "A Flax checkpoint is read by msgpack, which is not installed: "
            f"run {install_command('baselines')}, or start from something else."
        ) from error


def _unpack(msgpack: Any, data: bytes, *, raw: bool) -> Any:  # noqa: ANN401 - any plain value
    return msgpack.unpackb(data, raw=raw, max_array_len=LONGEST_LIST)


def _parameters(state: object) -> dict[str, Any]:
    optimizer = state.get("optimizer") if isinstance(state, dict) else None
    for owner, key in ((optimizer, "target"), (state, "params")):
        found = owner.get(key) if isinstance(owner, dict) else None
        if isinstance(found, dict):
            inner = found.get("params")
            return inner if isinstance(inner, dict) else found
    raise ValueError("it has parameters neither in optimizer/target nor in params")


def _leaves(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Everything that is no further table, by its path; a chunked array counts as one."""
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        is_table = isinstance(value, dict) and CHUNKED not in value
        leaves += _leaves(value, f"{name}/") if is_table else [(name, value)]
    return leaves


def _tensor(msgpack: Any, name: str, leaf: object) -> Tensor:  # noqa: ANN401
    if isinstance(leaf, dict):
        chunks = [_tensor(msgpack, name, chunk) for chunk in _numbered(leaf.get("chunks"), name)]
        flat = torch.cat([chunk.flatten() for chunk in chunks]) if chunks else torch.empty(0)
        shape = _numbered(leaf.get("shape"), name)
    elif isinstance(leaf, msgpack.ExtType) and leaf.code in ARRAY_CODES:
        flat, shape = _array(_unpack(msgpack, leaf.data, raw=True), name)
    else:
        raise ValueError(f"{name} is no array")
    if not all(isinstance(n, int) and n > 0 for n in shape) or math.prod(shape) != len(flat):
        raise ValueError(f"{name} has shape {shape!r:.60} and {len(flat)} values")
    return flat.reshape(shape)  # of any number of axes, which einops cannot say


def _array(content: object, name: str) -> tuple[Tensor, list[Any]]:
    """The flat values and the shape that an extension holds."""
    if not isinstance(content, list) or len(content) != 3:
        raise ValueError(f"{name} is no array")
    shape, kind, values = content
    if not isinstance(shape, list) or not isinstance(values, bytes) or not values:
        raise ValueError(f"{name} is no array")
    if not isinstance(kind, bytes) or kind not in KINDS:
        raise ValueError(f"{name} holds {kind!r:.60} instead of floating-point numbers")
    return torch.frombuffer(bytearray(values), dtype=KINDS[kind]).float(), shape


def _numbered(table: object, name: str) -> list[Any]:
    """The values of a table whose keys are "0", "1", ...: a list as Flax writes it."""
    if not isinstance(table, dict):
        raise ValueError(f"{name} lacks a part of its chunks")
    try:
        return [table[str(number)] for number in range(len(table))]
    except KeyError as error:
        raise ValueError(f"{name} lacks a part of its chunks") from error
