"""Opens a file or folder by the reader for its kind, in the process that calls."""

from pathlib import Path

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.container import ContainerSource
from rostfine_core.video.frame import Source
from rostfine_core.video.pages import TIFF_STARTS


def open_source(path: Path, choice: PlaneChoice) -> Source:
    """Open a video container, a TIFF stack or a folder of numbered pictures.

    Raises:
        VideoError: it is missing, unreadable, damaged or not a video.
    """
    try:
        if path.is_dir() or _first_bytes(path) in TIFF_STARTS:
            from rostfine_core.video.stills import StillsSource  # tifffile is slow to import

            return StillsSource(path, choice)
    except OSError as error:
        raise VideoError(
            Message(
                "Cannot read {path} ({reason}): check that you may read it.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error
    if choice != PlaneChoice():
        raise VideoError(
            Message(
                "{path} has no channels or planes to choose from: leave the choice out.", path=path
            )
        )
    return ContainerSource(path)


def _first_bytes(path: Path) -> bytes:
    """The first bytes of a file, which tell its kind.

    Raises:
        VideoError: it is missing, empty or not a file.
        OSError: it cannot be read.
    """
    if not path.exists():
        raise VideoError(
            Message(
                "There is no file {path}: check its name and drive.",
                path=path,
            )
        )
    if not path.is_file():
        raise VideoError(
            Message(
                "{path} is not a file: choose a video.",
                path=path,
            )
        )
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise VideoError(
            Message(
                "{path} is empty (0 bytes): record or copy it again.",
                path=path,
            )
        )
    return head
