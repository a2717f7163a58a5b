"""Frame times that the file states wrongly, corrected."""

import math
from dataclasses import replace

from rostfine_core.domain import VideoInfo
from rostfine_core.messages import Message

RATE_TOLERANCE = 0.005  # cameras call 29.97 fps thirty


def with_fps(info: VideoInfo, fps: float | None) -> VideoInfo:
    """The same video with its frame rate corrected: frame k is then at k / fps seconds."""
    if fps is None:
        return info
    times = tuple(i / fps for i in range(info.frame_count))
    corrected = replace(info, fps=fps, duration_s=info.frame_count / fps, timestamps_s=times)
    if math.isclose(fps, info.fps, rel_tol=RATE_TOLERANCE):
        return corrected
    note = Message(
        "The frame rate was set to {fps:.4g} per second; the file says {filed:.4g}.",
        fps=fps,
        filed=info.fps,
    )
    return replace(corrected, notes=(*info.notes, note))
