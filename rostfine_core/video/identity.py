"""Which files a video was opened from, and whether they are still the same."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.picture_names import is_picture

Stamp = tuple[str, int, int, int]
"""A file's name, number on its disk, size in bytes and time of its last change in nanoseconds."""


@dataclass(frozen=True)
class VideoIdentity:
    """A video file, or a folder with all its pictures, as it was when it was opened."""

    path: Path
    stamps: tuple[Stamp, ...]

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file or folder as it is now; without stamps if it is missing or cannot be read."""
        try:
            return cls(path, _stamps(path))
        except OSError:
            return cls(path, ())

    def check(self) -> None:
        """Refuse to go on with a file that is not the one that was opened.

        A file that is gone passes: what is open of it can be read, and opening it again fails.

        Raises:
            VideoError: it was changed or replaced.
        """
        now = self.of(self.path)
        if now.stamps and now.stamps != self.stamps:
            raise VideoError(
                Message(
                    "{path} was changed or replaced after it was opened: open it again when it is "
                    "complete.",
                    path=self.path,
                )
            )


def _stamps(path: Path) -> tuple[Stamp, ...]:
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        return (_stamp(path.name, found),)
    return tuple(sorted(_stamp(p.name, p.stat()) for p in path.iterdir() if is_picture(p)))


def _stamp(name: str, found: os.stat_result) -> Stamp:
    return name, found.st_ino, found.st_size, found.st_mtime_ns
