"""Finds recordings in a folder, also while they are still being written."""

import os
import re
import stat
from collections.abc import Generator, Iterator
from pathlib import Path

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

VIDEO_SUFFIXES = (
    ".avi", ".mp4", ".mov", ".mkv", ".m4v", ".wmv", ".mpg", ".mpeg", ".ts", ".tif", ".tiff"
)  # fmt: skip
PICTURE_SUFFIXES = (
    ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".jp2", ".webp"
)  # fmt: skip
FEWEST_PICTURES = 2
_DIGITS = re.compile(r"(\d+)")

Stamp = tuple[tuple[str, int, int], ...]
"""The names, sizes in bytes and times of the last change of a recording's files."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts 2 before 10."""
    parts = _DIGITS.split(name.lower())
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts if p]


def find_recordings(folder: Path) -> tuple[Path, ...]:
    """The videos and TIFF stacks in a folder and those below it, by name.

    A folder below it that holds pictures and nothing of these kinds, TIFFs aside, is one recording.

    Raises:
        StoreError: the folder cannot be read.
    """
    try:
        return tuple(_found(folder, is_top=True))
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot read the folder {folder} ({reason}): check its name and that you may read "
                "it.",
                folder=folder,
                reason=error.strerror or str(error),
            )
        ) from error


def _found(folder: Path, *, is_top: bool) -> Iterator[Path]:
    inside = [p for p in folder.iterdir() if not p.name.startswith(".")]
    inside.sort(key=lambda path: natural_key(path.name))
    files = [p for p in inside if p.is_file()]
    pictures = [p for p in files if p.suffix.lower() in PICTURE_SUFFIXES]
    videos = [p for p in files if p.suffix.lower() in VIDEO_SUFFIXES]
    if not is_top and len(pictures) >= FEWEST_PICTURES and set(videos) <= set(pictures):
        yield folder
        return
    yield from videos
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            yield from _found(path, is_top=False)


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
