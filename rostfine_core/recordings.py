"""Finds recordings in a folder, also while they are still being written."""

import os
import re
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Literal

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

VIDEO_SUFFIXES = (
    ".avi", ".mp4", ".mov", ".mkv", ".m4v", ".wmv", ".mpg", ".mpeg", ".ts", ".tif", ".tiff"
)  # fmt: skip
PICTURE_SUFFIXES = (
    ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".jp2", ".webp"
)  # fmt: skip
FEWEST_PICTURES = 2
BIG_TIFF = 43
LONGEST_HEAD = 2**16
_MANY_IMAGES = re.compile(rb"ImageJ=[^\0]*\nimages=([2-9]|\d\d)")
_DIGITS = re.compile(r"(\d+)")

Stamp = tuple[tuple[str, int, int], ...]
"""The names, sizes in bytes and times of the last change of a recording's files."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts 2 before 10."""
    parts = _DIGITS.split(name.lower())
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts if p]


def find_recordings(folder: Path) -> tuple[Path, ...]:
    """The videos and TIFF stacks in a folder and those below it, by name.

    A folder below it that holds single pictures and none of these is one recording.

    Raises:
        StoreError: the folder cannot be read.
    """
    try:
        return tuple(_found(folder, is_top=True))
    except OSError as error:
        raise _cannot_read(folder, error) from error


def is_recording(folder: Path) -> bool:
    """Whether a folder is one recording: pictures and nothing else that could be one.

    Raises:
        StoreError: the folder cannot be read.
    """
    try:
        return next(_found(folder, is_top=False), None) == folder
    except OSError as error:
        raise _cannot_read(folder, error) from error


def _cannot_read(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        Message(
            "Cannot read the folder {folder} ({reason}): check its name and that you may read it.",
            folder=folder,
            reason=error.strerror or str(error),
        )
    )


def _found(folder: Path, *, is_top: bool) -> Iterator[Path]:
    inside = [p for p in folder.iterdir() if not p.name.startswith(".")]
    inside.sort(key=lambda path: natural_key(path.name))
    files = [p for p in inside if p.is_file()]
    pictures = [p for p in files if p.suffix.lower() in PICTURE_SUFFIXES]
    videos = [p for p in files if p.suffix.lower() in VIDEO_SUFFIXES]
    is_series = not is_top and len(pictures) >= FEWEST_PICTURES and set(videos) <= set(pictures)
    if is_series and not any(map(_is_stack, videos)):
        yield folder
        return
    yield from videos
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            yield from _found(path, is_top=False)


def _is_stack(path: Path) -> bool:
    """Whether a TIFF file has a second page, or says that others follow the first without headers.

    One that cannot be read now is a stack that is being written.
    """
    try:
        with path.open("rb") as file:
            head = file.read(LONGEST_HEAD)
            order: Literal["little", "big"] = "big" if head[:2] == b"MM" else "little"
            is_big = int.from_bytes(head[2:4], order) == BIG_TIFF
            width, entry, count = (8, 20, 8) if is_big else (4, 12, 2)
            file.seek(int.from_bytes(head[width : 2 * width], order))
            file.seek(int.from_bytes(file.read(count), order) * entry, os.SEEK_CUR)
            has_second = any(file.read(width))
    except (OSError, OverflowError):
        return True
    return has_second or _MANY_IMAGES.search(head) is not None


def new_recordings(folder: Path) -> Generator[tuple[Path, ...], None, None]:
    """Look into a folder at each step: the recordings that have come to rest since the last one.

    One has when its files are as at the look before; what was written to again counts as new. At
    the second look those count too that were there from the beginning. Whoever steps waits between.

    Raises:
        StoreError: the folder cannot be read.
    """
    before: dict[Path, Stamp] = {}
    told: dict[Path, Stamp] = {}
    while True:
        now = {path: _stamp(path) for path in find_recordings(folder)}
        rested = [p for p, stamp in now.items() if stamp and before.get(p) == stamp]
        new = tuple(p for p in rested if told.get(p) != now[p])
        told |= {p: now[p] for p in new}
        before = now
        yield new


def _stamp(path: Path) -> Stamp:
    """What changes while a recording is written; empty where it cannot be told, as for a lost one.

    An empty file is one whose recording has not begun.
    """
    try:
        found = path.stat()
        files = (
            [p for p in path.iterdir() if p.is_file()] if stat.S_ISDIR(found.st_mode) else [path]
        )
        stats = {p.name: os.stat(p) for p in sorted(files)}
    except OSError:
        return ()
    if not all(s.st_size for s in stats.values()):
        return ()
    return tuple((name, s.st_size, s.st_mtime_ns) for name, s in stats.items())
