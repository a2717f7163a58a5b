"""A closed video frees its memory without garbage collection."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.video import write_video

FRAMES, WIDTH_PX, HEIGHT_PX = 60, 640, 480
ONE_VIDEO_MB = FRAMES * WIDTH_PX * HEIGHT_PX * 1.5 / 2**20
OPEN_OFTEN = """
import gc, resource, sys
from pathlib import Path
from rostfine_core.video import open_video

gc.disable()  # so that reference cycles are never freed

def highest_mb():
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

def show():
    with open_video(Path({path!r})) as video:
        frames = list(video.frames())
        assert len(frames) == {count}

for _ in range(3):  # let the allocator warm up
    show()
before = highest_mb()
for _ in range(10):
    show()
assert highest_mb() - before < {limit}, (before, highest_mb())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no highest size of a process")
def test_closed_videos_free_their_pictures(
    tmp_path: Path, run_script: Callable[[str], None]
) -> None:
    path = tmp_path / "a.mp4"
    random = np.random.default_rng(4)
    ground = random.integers(100, 200, (HEIGHT_PX, WIDTH_PX, 1), dtype=np.uint8)
    pictures = (np.repeat(np.roll(ground, k, axis=1), 3, axis=2) for k in range(FRAMES))
    write_video(path, pictures, fps=20)
    run_script(OPEN_OFTEN.format(path=str(path), count=FRAMES, limit=2 * ONE_VIDEO_MB))
