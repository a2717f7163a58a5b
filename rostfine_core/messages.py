"""Sentences as records: a template and its values, worded only where somebody reads them.

A literal handed to ``Message`` is marked for translation by that (``resources/translations``).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

Value: TypeAlias = "str | int | float | PurePath | Message"
Translate = Callable[[str], str]
"""A template in the reader's language; one that is not known comes back as it is."""


@dataclass(frozen=True, init=False, eq=False)
class Message:
    """A sentence, ``str(message)`` in English.

    ``template`` names its values as ``str.format`` does, with their formats; a value may be a
    message too. Without values the template is the whole text, braces and all, as of a sentence
    that was read from a file. Messages that say the same in English are equal.
    """

    template: str
    values: tuple[tuple[str, Value], ...]

    def __init__(self, template: str, /, **values: Value) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", tuple(values.items()))

    def __str__(self) -> str:
        return self.translated(lambda template: template)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def translated(self, translate: Translate) -> str:
        """The sentence in the language of ``translate``."""
        text = translate(self.template) if self.template else ""
        if not self.values:
            return text
        return text.format(
            **{n: v.translated(translate) if isinstance(v, Message) else v for n, v in self.values}
        )


Say = Callable[[Message | str], str]
"""Words a message, or a marked text without values; ``str`` is the one for English."""


def say_by(translate: Translate) -> Say:
    """What words everything in the language of ``translate``."""

    def say(said: Message | str) -> str:
        return (said if isinstance(said, Message) else Message(said)).translated(translate)

    return say


def joined(messages: Iterable[Message | str], separator: str = "; ") -> Message:
    """Several messages as one, each translated by itself."""
    parts = {
        f"part{n}": m if isinstance(m, Message) else Message(m) for n, m in enumerate(messages)
    }
    return Message(separator.join(f"{{{name}}}" for name in parts), **parts)


def first_of(messages: Sequence[Message], count: int) -> Message:
    """The first ``count`` messages, and how many more there are."""
    more = len(messages) - count
    others = (Message("and {count} more", count=more),) if more > 0 else ()
    return joined((*messages[:count], *others))
