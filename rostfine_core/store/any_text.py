"""Text of any kind in a database: file names that are no Unicode and characters that it refuses."""

import re
import unicodedata

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

_REFUSED = re.compile("[\x00\x1a\ud800-\udfff]")
"""NUL, which PostgreSQL refuses; lone surrogates, which no database takes; the mark of both."""
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class AnyText(TypeDecorator[str]):
    """Text that comes back as it was, whatever it holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write the characters that are refused as their numbers."""
        return value and _REFUSED.sub(lambda m: f"\x1a{ord(m.group()):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Read them back."""
        return value and _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), value)


def search_text(*texts: str) -> str:
    """Texts as they are searched in: whatever their case and the width of their letters."""
    return unicodedata.normalize("NFKC", "\n".join(texts)).casefold()
