"""Messages give their sentence correctly, whatever their values contain."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message, Value, joined, say_by

values = st.text() | st.integers() | st.floats() | st.text().map(Path) | st.text().map(Message)


def german(template: str) -> str:
    return {
        "{count} of {name}": "{name}: {count}",
        "why": "warum",
        "{a} ({b:.1f})": "<{b:.1f}> {a}",
    }.get(template, template)


@given(count=values, name=values)
def test_values_are_inserted_unchanged(count: Value, name: Value) -> None:
    message = Message("{count} of {name}", count=count, name=name)
    assert str(message) == f"{message}" == f"{count} of {name}"
    assert message.translated(german) == f"{name}: {count}"


@given(text=st.text())
def test_a_text_without_values_is_unchanged(text: str) -> None:
    assert str(Message(text)) == text
    assert say_by(lambda template: template)(Message(text)) == text


def test_formats_in_the_template_apply() -> None:
    message = Message("{a} ({b:.1f})", a=Message("why"), b=2.25)
    assert str(message) == "why (2.2)"
    assert message.translated(german) == "<2.2> warum"


@given(parts=st.lists(st.text() | st.text().map(Message), max_size=4))
def test_joined_messages_are_translated_separately(parts: list[str | Message]) -> None:
    assert str(joined(parts)) == "; ".join(map(str, parts))
    assert joined([*parts, Message("why")], ", ").translated(german).endswith("warum")
    assert joined([*parts, "why"], ", ").translated(german).endswith("why")


def test_messages_with_the_same_english_text_are_equal() -> None:
    read = Message("3 of 4")
    made = Message("{count} of {name}", count=3, name=4)
    assert made == read
    assert len({made, read}) == 1
    assert made != Message("4 of 4")
    assert made != "3 of 4"


def test_an_error_keeps_its_message_in_another_process() -> None:
    error = StoreError(Message("{count} of {name}", count=1, name="x"))
    again: StoreError = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "1 of x"
    assert again.message.translated(german) == "x: 1"


@pytest.mark.parametrize("text", ["plain", "with {braces}"])
def test_a_plain_text_can_be_an_error(text: str) -> None:
    assert str(StoreError(text)) == str(StoreError(text).message) == text
