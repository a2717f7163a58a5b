"""Types of command-line arguments (they raise ``ArgumentTypeError``), and old option names."""

import argparse
import math
from collections.abc import Sequence
from typing import TypeAlias

from rostfine_core.domain import AnswerMode

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What the verbs are added to; argparse has no public name for it."""

OF_FILE = "file"
"""Means the scale that the file itself states."""

RENAMED_OPTIONS = {"evaluate": {"--flips": "--tta", "--clip": "--show-clip"}}
"""Options by verb and former name, which scripts may still use."""


NEGATIVE_VALUES, DIGITS = ("--click",), tuple("0123456789.")
"""Options whose value may begin with a minus, and what follows that."""


def rename_old_options(words: Sequence[str]) -> list[str]:
    """The words of a command line with the present names of its options."""
    renamed = RENAMED_OPTIONS.get(words[0], {}) if words else {}
    parts = [word.partition("=") for word in words]
    return [renamed.get(name, name) + equals + value for name, equals, value in parts]


def join_negative_values(words: Sequence[str]) -> list[str]:
    """The words of a command line with ``--click -5,3`` as one: argparse takes -5,3 for options."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in NEGATIVE_VALUES and word[:1] == "-" and word[1:2] in DIGITS:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def add_mode_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of which ``AnswerMode`` comes."""
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--uncalibrated",
        dest="mode",
        action="store_const",
        const=AnswerMode.UNCALIBRATED,
        default=AnswerMode.FULL,
        help="leave out the model's calibration and ranges, if it has any",
    )
    modes.add_argument(
        "--single-view",
        dest="mode",
        action="store_const",
        const=AnswerMode.SINGLE_VIEW,
        help="grade each clip only as it is, not turned and mirrored too, and uncalibrated",
    )


def position(text: str) -> tuple[float, float]:
    """Parse ``X,Y`` as a pixel."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y, such as 640,480") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"'{text}' has a number that is not finite")
    return x, y


def positive(text: str) -> float:
    """Parse a number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return value


def fraction(text: str) -> float:
    """Parse a number between 0 and 1."""
    value = positive(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number between 0 and 1")
    return value


def scale(text: str) -> float | str:
    """Parse a scale in um/px, or the word for the file's own."""
    return OF_FILE if text.lower() == OF_FILE else positive(text)


def whole(text: str) -> int:
    """Parse a whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 0")
    return int(text)


def count(text: str) -> int:
    """Parse a whole number of at least 1."""
    value = whole(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def size(text: str) -> tuple[int, int]:
    """Parse ``WxH`` as width and height in pixels."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 1392x976, 16x16 or larger")
    return int(width), int(height)
