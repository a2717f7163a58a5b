"""What one check of the machine found."""

from dataclasses import dataclass
from typing import TypeAlias

from rostfine_core.messages import Message

Words: TypeAlias = "str | Message"
"""A sentence, or a marked text; both are translated where they are shown."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check; ``advice`` says what to do if it failed.

    What is not needed, such as a GPU, may fail without anything being broken.
    """

    subject: str
    works: bool
    detail: Words
    advice: Words = ""
    is_needed: bool = True
