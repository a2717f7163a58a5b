"""What a program and its decoding process say to each other."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from rostfine_core.domain import VideoInfo
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.decoder.packing import Packed


def working_folder() -> str:
    """The folder that relative paths start from; "" where it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


@dataclass(frozen=True)
class Open:
    """Open a video; answered by ``Opened`` or ``Failed``.

    ``folder`` is the program's working folder, which may be another than when the process began.
    """

    path: Path
    choice: PlaneChoice
    folder: str = field(default_factory=working_folder)


@dataclass(frozen=True)
class Opened:
    """A video is open; ``state`` opens it again elsewhere without looking through the file."""

    info: VideoInfo
    state: bytes
    picture_bytes: int


@dataclass(frozen=True)
class Share:
    """Use shared memory of ``size`` bytes, named ``tag`` on Windows, as so many slots."""

    tag: str
    size: int
    slots: int


@dataclass(frozen=True)
class Stream:
    """Decode the frames ``start`` to ``stop`` (exclusive), at first ``ahead`` of them.

    ``damaged`` are frames that other processes found to be damaged.
    """

    key: int
    start: int
    stop: int
    ahead: int
    damaged: tuple[int, ...]


@dataclass(frozen=True)
class Single:
    """Decode one frame as part of no stream, fast if it follows the last one."""

    key: int
    index: int
    damaged: tuple[int, ...]


@dataclass(frozen=True)
class Free:
    """A frame was read: its slot, if it had one, may be filled again."""

    slot: int | None


@dataclass(frozen=True)
class More:
    """A frame of a stream was taken: decode another."""

    key: int


@dataclass(frozen=True)
class End:
    """Nobody takes this stream's frames any more."""

    key: int


@dataclass(frozen=True)
class Close:
    """Release the file."""


@dataclass(frozen=True)
class Adopt:
    """Go on with a video that was open in another process; answered as ``Open``."""

    opened: Opened
    folder: str = field(default_factory=working_folder)


Request: TypeAlias = Open | Adopt | Share | Stream | Single | More | Free | End | Close


@dataclass(frozen=True)
class Sent:
    """A frame lies in a slot, or in ``content`` if it is larger than a slot."""

    key: int
    slot: int | None
    content: bytes
    picture: Packed


@dataclass(frozen=True)
class Done:
    """A stream has no more frames."""

    key: int


@dataclass(frozen=True)
class Failed:
    """A request failed; ``key`` is the stream's, None for an opening."""

    key: int | None
    error: Exception


Answer: TypeAlias = Opened | Sent | Done | Failed
