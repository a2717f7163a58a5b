"""Converts domain records to JSON values and back: NaN as null, JSON text as an object."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, get_args, get_origin

import cattrs
import numpy as np
from cattrs.gen import (  # type: ignore[attr-defined]  # the first is missing in its __all__
    AttributeOverride,
    make_dict_structure_fn,
    make_dict_unstructure_fn,
    override,
)
from numpy.typing import NDArray

from rostfine_core.domain import (
    Grade,
    GradeDistribution,
    Kinematics,
    ModelInfo,
    Provenance,
)
from rostfine_core.messages import Message


@cache
def converter() -> cattrs.Converter:
    """The converter between the records of ``domain`` and JSON values."""
    return new_converter()


def new_converter() -> cattrs.Converter:
    """Such a converter, to which other forms can be added."""
    made = cattrs.Converter()
    made.register_unstructure_hook(float, lambda v: float(v) if math.isfinite(v) else None)
    made.register_structure_hook(float, lambda v, _: math.nan if v is None else float(v))
    made.register_unstructure_hook(GradeDistribution, _shares)
    made.register_structure_hook(GradeDistribution, _distribution)
    made.register_unstructure_hook_func(is_array, _nested_lists)
    made.register_structure_hook_func(is_array, _array)
    made.register_unstructure_hook(Message, str)
    made.register_structure_hook(Message, lambda v, _: Message(str(v)))
    withheld = override(unstruct_hook=_sentences, struct_hook=_messages)
    convert_record(made, Kinematics, withheld=withheld, str_=override(rename="str"))
    convert_record(
        made,
        ModelInfo,
        config_json=_embedded("config"),
        preprocessing_json=_embedded("preprocessing"),
        answering_json=_embedded("answering"),
    )
    convert_record(made, Provenance, settings_json=_embedded("settings"))
    return made


def convert_record(
    converter: cattrs.Converter, record: type, **overrides: AttributeOverride
) -> None:
    """Convert a record, some of its fields under other names or in other forms."""
    unstructure: Callable[..., Any] = make_dict_unstructure_fn
    structure: Callable[..., Any] = make_dict_structure_fn
    converter.register_unstructure_hook(record, unstructure(record, converter, **overrides))
    converter.register_structure_hook(record, structure(record, converter, **overrides))


def _embedded(name: str) -> AttributeOverride:
    """Write JSON text as an object, unless the exact text could not be restored from it."""
    return override(
        rename=name,
        unstruct_hook=_parsed,
        struct_hook=lambda v, _: v if isinstance(v, str) else json.dumps(v),
    )


def _parsed(text: str) -> object:
    try:
        value = json.loads(text)
        is_same = isinstance(value, dict) and json.dumps(value, allow_nan=False) == text
    except (ValueError, RecursionError):
        return text
    return value if is_same else text


def _sentences(withheld: Iterable[tuple[str, Message]]) -> dict[str, str]:
    return {name: str(reason) for name, reason in withheld}


def _messages(withheld: Mapping[str, str], _: object) -> tuple[tuple[str, Message], ...]:
    return tuple((name, Message(reason)) for name, reason in dict(withheld).items())


def _shares(distribution: GradeDistribution) -> dict[str, float]:
    return {g.name: float(p) for g, p in zip(Grade, distribution.probabilities, strict=True)}


def _distribution(shares: Mapping[str, float], _: object) -> GradeDistribution:
    a, b, c, d, e = (float(shares[g.name]) for g in Grade)
    return GradeDistribution((a, b, c, d, e))


def is_array(kind: object) -> bool:
    """Whether a type is that of arrays."""
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _nested_lists(array: NDArray[np.generic]) -> object:
    finite = np.isfinite(array)
    if finite.all():
        return array.tolist()
    with_gaps = array.astype(object)
    with_gaps[~finite] = None
    return with_gaps.tolist()


def _array(values: object, kind: object) -> NDArray[np.generic]:
    (number,) = get_args(get_args(kind)[1])
    return np.array(values, dtype=number)
