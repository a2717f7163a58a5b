"""A video of which not all frames are kept, as the jobs get it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from app.jobs.video_tasks import Footage
from rostfine_core.video import open_video, write_video
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import FrameCache

FRAME_BYTES = 240 * 200 * 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """As many frames as ``info`` names; each is as grey as its number says."""
    path = tmp_path / "a.mp4"
    write_video(path, (np.full((200, 240, 3), 40 + 8 * k, np.uint8) for k in range(24)), fps=20)
    return path


class FootageOf(Protocol):
    """Open a video of which only the first frames are kept, its own reader closed by then."""

    def __call__(self, path: Path, *, kept: int = 4) -> Footage: ...


@pytest.fixture
def footage_of() -> FootageOf:
    def make(path: Path, *, kept: int = 4) -> Footage:
        with open_video(path) as video:
            cache = FrameCache(video.info, budget_bytes=kept * FRAME_BYTES)
            for frame in video.frames(stop=kept):
                cache.store(frame)
        return Footage(cache=cache, video=video, checksum=VideoChecksum(video.identity))

    return make
