"""Messages for the user as records: a template and values, worded only when shown.

Passing a literal to ``Message`` marks it for translation (``resources/translations``).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

Value: TypeAlias = "str | int | float | PurePath | Message"
Translate = Callable[[str], str]
"""Translates a template; an unknown one is returned unchanged."""


@dataclass(frozen=True, init=False, eq=False)
class Message:
    """A sentence for the user; ``str(message)`` gives it in English.

    ``template`` is in the syntax of ``str.format``; a value may be another message. Without values
    the template is the text itself and its braces are kept, as for a sentence read from a file.
    Messages with the same English text are equal.
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
        """The sentence in the language that ``translate`` translates to."""
        text = translate(self.template) if self.template else ""
        if not self.values:
            return text
        return text.format(
            **{n: v.translated(translate) if isinstance(v, Message) else v for n, v in self.values}
        )


Say = Callable[[Message], str]
"""Words a message; ``str`` does so in English."""


def say_by(translate: Translate) -> Say:
    """The function that words messages with ``translate``."""
    return lambda message: message.translated(translate)


def joined(messages: Iterable[Message | str], separator: str = "; ") -> Message:
    """Several messages as one; each is translated separately, plain text not at all."""
    parts = {f"part{n}": m for n, m in enumerate(messages)}
    return Message(separator.join(f"{{{name}}}" for name in parts), **parts)


def first_of(messages: Sequence[Message], count: int) -> Message:
    """The first ``count`` messages, followed by how many more there are."""
    more = len(messages) - count
    others = (Message("and {count} more", count=more),) if more > 0 else ()
    return joined((*messages[:count], *others))
