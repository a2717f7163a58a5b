"""The notes that Micro-Manager writes beside the pictures of a folder: when each was taken."""

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
    """Times by file name, in seconds, and the width and height of a pixel where they are told."""

    times_s: Mapping[str, float] = field(default_factory=dict)
    pixel_um: tuple[float, float] | None = None

    def times_of(self, files: Sequence[Path]) -> tuple[float, ...] | None:
        """The times of ``files`` from the first on; None where they do not all follow in time."""
        times = [self.times_s[file.name] for file in files if file.name in self.times_s]
        if len(times) < max(2, len(files)) or any(a >= b for a, b in pairwise(times)):
            return None
        return tuple(time - times[0] for time in times)


def read_acquisition(folder: Path) -> Acquisition:
    """Read the notes of a folder; one without them, or with others, tells nothing."""
    path = folder / NAME
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return Acquisition()
        content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return Acquisition()
    if not isinstance(content, dict):
        return Acquisition()
    # Version 1.4 keys the pictures by place and names their file within, 2.0 by their file.
    pictures = [(key, said) for key, said in content.items() if isinstance(said, dict)]
    times: dict[str, float] = {}
    pixel_um: tuple[float, float] | None = None
    for key, said in pictures:
        elapsed, size = _number(said.get(_ELAPSED_MS)), _number(said.get(_PIXEL_UM))
        if elapsed is not None:
            times[PurePosixPath(str(said.get(_FILE, key))).name] = elapsed / 1000
        if size:
            pixel_um = (size, size)
    return Acquisition(times_s=times, pixel_um=pixel_um)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < math.inf else None
