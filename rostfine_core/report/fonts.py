"""The report's fonts: which face has a character, and how text is broken into lines.

Three faces come with the program and are embedded, so that reports look the same everywhere:
Open Sans (Latin, Greek, Cyrillic), its semibold, and Motoya L Cedar for Japanese. A character
that none of them has is written as its code point, never as an empty box.
"""

import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from html import escape
from itertools import groupby

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from rostfine_core.bundled import bundled_path

REGULAR, BOLD, JAPANESE = "OpenSans", "OpenSans-Semibold", "MotoyaCedar"
FILES = {
    REGULAR: "OpenSans-Regular.ttf",
    BOLD: "OpenSans-Semibold.ttf",
    JAPANESE: "MTLc3m.ttf",
}
NEVER_FIRST = "、。，．・：；！？）」』】〉》〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?)]}%×～"
NEVER_LAST = "（「『【〈《〔([{"
"""Characters that a line of Japanese must not begin or end with."""


def prepare_reportlab() -> None:
    """Register the faces with reportlab under ``REGULAR``, ``BOLD`` and ``JAPANESE``.

    Pictures are embedded as bytes: encoded as text (ASCII base 85), they are a quarter larger and
    slow to write.

    Raises:
        StoreError: the installation lacks a face.
    """
    rl_config.useA85 = 0
    for name in FILES:
        _face(name)


def one_line(text: str) -> str:
    """Any text on one line, composed (NFC), without control characters or broken surrogates."""
    kept = "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in unicodedata.normalize("NFC", text)
    )
    return " ".join(kept.encode("utf-8", "replace").decode("utf-8").split())


def unprintable(text: str) -> str:
    """The characters of ``text`` that no face has, each once, in the order of the text."""
    missing = (c for c in one_line(text) if not _face_of(c, bold=False))
    return "".join(dict.fromkeys(missing))


def printable(text: str) -> str:
    """``one_line`` with every character that no face has as its code point: ``[U+1F600]``."""
    return "".join(c if _face_of(c, bold=False) else f"[U+{ord(c):04X}]" for c in one_line(text))


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut to ``limit`` characters with an ellipsis."""
    whole = one_line(text)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def runs(text: str, *, bold: bool = False) -> Iterator[tuple[str, str]]:
    """Cut text into stretches of one face each: (face, stretch)."""
    for name, characters in groupby(printable(text), key=lambda c: _face_of(c, bold=bold)):
        yield name or REGULAR, "".join(characters)


def markup(text: str, *, bold: bool = False) -> str:
    """Text for a reportlab paragraph: escaped, each stretch in a face that has its characters."""
    return "".join(
        f'<font name="{name}">{escape(stretch)}</font>' for name, stretch in runs(text, bold=bold)
    )


def pdf_width(text: str, *, size_pt: float, bold: bool = False) -> float:
    """The width of text in points."""
    return sum(pdfmetrics.stringWidth(s, name, size_pt) for name, s in runs(text, bold=bold))


def wrapped(text: str, *, size_pt: float, width_pt: float, bold: bool = False) -> list[str]:
    """Break text into lines that fit ``width_pt``.

    Breaks at spaces and next to Japanese, and within a word only if it is wider than a line.
    """
    lines: list[str] = []
    rest = printable(text)
    while rest:
        fitting = _fitting(rest, width_pt, lambda p: pdf_width(p, size_pt=size_pt, bold=bold))
        count = _breaking(rest, fitting)
        lines.append(rest[:count].rstrip())
        rest = rest[count:].lstrip()
    return lines


def _breaking(text: str, fitting: int) -> int:
    """How many characters to put on a line with room for ``fitting``; splits a word if it must."""
    if fitting == len(text):
        return fitting
    for count in range(fitting, 0, -1):
        before, after = text[count - 1], text[count]
        if " " in (before, after) or (
            (is_wide(before) or is_wide(after))
            and after not in NEVER_FIRST
            and before not in NEVER_LAST
        ):
            return count
    return fitting


def is_wide(character: str) -> bool:
    """Whether a line may break next to the character without a space, as in Japanese."""
    return unicodedata.east_asian_width(character) in "WF"


def cut_to_width(text: str, *, size_pt: float, width_pt: float) -> str:
    """The text on one line of a PDF, cut to ``width_pt`` with an ellipsis."""
    whole = printable(text)
    count = _fitting(whole, width_pt, lambda part: pdf_width(part, size_pt=size_pt))
    return whole if count == len(whole) else whole[: count - 1] + "…"


def _fitting(text: str, width: float, measure: Callable[[str], float]) -> int:
    """How many characters of ``text`` (at least one) fit into ``width``, by bisection."""
    low, high = min(1, len(text)), len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=4096)
def _face_of(character: str, *, bold: bool) -> str | None:
    if unicodedata.category(character) in ("Cf", "Co", "Cn", "Cs"):
        return None  # invisible or direction-changing characters must be visible in a record
    for name in (BOLD if bold else REGULAR, JAPANESE):
        if ord(character) in _face(name).face.charToGlyph:
            return name
    return None


@cache
def _face(name: str) -> TTFont:
    font = TTFont(name, str(bundled_path(f"resources/report/fonts/{FILES[name]}")))
    pdfmetrics.registerFont(font)
    return font
