"""Reads the metadata that Micro-Manager writes beside the pictures of a folder."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath

NAME = "metadata.txt"
LARGEST_BYTES = 2**28
_ELAPSED_MS, _PIXEL_UM, _FILE = "ElapsedTime-ms", "PixelSizeUm", "FileName"


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """Times in seconds by file name, and the width and height of a pixel if they are stated."""

    times_s: Mapping[str, float] = field(default_factory=dict)
    pixel_um: tuple[float, float] | None = None

    def times_of(self, files: Sequence[Path]) -> tuple[float, ...] | None:
        """The times of ``files`` relative to the first; None if any is missing or out of order."""
        times = [self.times_s[file.name] for file in files if file.name in self.times_s]
        if len(times) < max(2, len(files)) or any(a >= b for a, b in pairwise(times)):
            return None
        return tuple(time - times[0] for time in times)


def read_acquisition(folder: Path) -> Acquisition:
    """Read a folder's metadata; empty if there is none or it is of another kind."""
    path = folder / NAME
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return Acquisition()
        content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return Acquisition()
    if not isinstance(content, dict):
        return Acquisition()
    # The keys are positions in version 1.4, which names the file inside, and files in 2.0.
    pictures = [(key, entry) for key, entry in content.items() if isinstance(entry, dict)]
    times: dict[str, float] = {}
    pixel_um: tuple[float, float] | None = None
    for key, entry in pictures:
        elapsed, size = _number(entry.get(_ELAPSED_MS)), _number(entry.get(_PIXEL_UM))
        if elapsed is not None:
            times[PurePosixPath(str(entry.get(_FILE, key))).name] = elapsed / 1000
        if size:
            pixel_um = (size, size)
    return Acquisition(times_s=times, pixel_um=pixel_um)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < math.inf else None
