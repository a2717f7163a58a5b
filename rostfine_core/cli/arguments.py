"""How the words of a command line are read: each raises ``ArgumentTypeError`` with a sentence."""

import argparse
import math
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What the verbs are added to; argparse has no public name for it."""

OF_FILE = "file"
"""Stands for the scale that a file states about itself."""


def position(text: str) -> tuple[float, float]:
    """A pixel, from ``X,Y``."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y, such as 640,480") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"'{text}' holds a number that is not finite")
    return x, y


def positive(text: str) -> float:
    """A number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return value


def scale(text: str) -> float | str:
    """A scale in um/px, or the word for that of the file."""
    return OF_FILE if text.lower() == OF_FILE else positive(text)


def whole(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 on")
    return int(text)


def count(text: str) -> int:
    """A whole number from 1 on."""
    value = whole(text)
    if value == 0:
        raise argparse.ArgumentTypeError("ask for at least 1")
    return value


def size(text: str) -> tuple[int, int]:
    """Width and height in pixels, from ``WxH``."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 1392x976, 16x16 or larger")
    return int(width), int(height)
