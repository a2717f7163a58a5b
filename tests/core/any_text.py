"""Text of every kind, and records that have it in each of their fields, for property tests."""

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar, cast

from hypothesis import strategies as st

from rostfine_core.messages import Message

Record = TypeVar("Record")
NASTY = (
    "",
    "=1+1",
    "'=1+1",
    "＝1+1",
    "\x00\x07\x1b[31m\x7f",
    "a\r\nb\tc\x85d\u2028e",
    "\u202egnp.exe\u2066",
    "\ud800",
    "😀👩‍🔬\U0010ffff",
    "\ufffe\uffff\ufeff",
    "_x0041_ _x005F_",
    "<b>&amp;</b>]]>",
    "{name} {0} %s",
    "../../etc/passwd",
    "e\u0301 検体\u3000㌔",
    "x" * 40_000,
)
any_text = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=40))
"""Also what is no valid Unicode: ``characters`` gives lone surrogates."""


def filled(record: Record, text: str) -> Record:
    """The record with ``text`` in place of every text in it, however deep; choices stay."""
    return cast("Record", _filled(record, text))


def _filled(value: object, text: str) -> object:
    if isinstance(value, Message):
        return Message(text)
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_filled(v, text) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: _filled(getattr(value, f.name), text) for f in fields(value)}
        )
    return value
