"""Frame times: their rate, missing frames among them, and the correction of wrong times."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median

from rostfine_core.domain import VideoInfo
from rostfine_core.messages import Message

RATE_TOLERANCE = 0.005  # 29.97 fps is often called 30
ASSUMED_FPS = 15.0
"""The rate assumed for pictures without times, until the user gives the true one."""
ASSUMED_NOTE = Message(
    "Pictures carry no times: {fps:g} frames per second are assumed until the true rate is given.",
    fps=ASSUMED_FPS,
)
JITTER = 0.1
"""How far times may be off, in frame intervals, such as milliseconds at 60 fps by rounding."""


def nominal_fps(times_s: Sequence[float]) -> float | None:
    """The rate of ascending times, where frames may be missing; None for a single time.

    It is the rate of the grid if all times lie on one, otherwise the mean rate.
    """
    if len(times_s) < 2:
        return None
    steps = _grid_steps(times_s)
    return (steps[-1] if steps else len(times_s) - 1) / (times_s[-1] - times_s[0])


def missing_frames(times_s: Sequence[float]) -> int:
    """How many frames are missing between ascending times, if those lie on one grid."""
    steps = _grid_steps(times_s)
    return steps[-1] + 1 - len(times_s) if steps else 0


def with_fps(info: VideoInfo, fps: float | None) -> VideoInfo:
    """The same video with its frame rate corrected: frame k is then at k / fps seconds.

    Missing frames still count in the times; times that lie on no grid are scaled.
    """
    if fps is None:
        return info
    steps = _grid_steps(info.timestamps_s)
    times = (
        tuple(step / fps for step in steps)
        if steps
        else tuple(time * info.fps / fps for time in info.timestamps_s)
    )
    notes = tuple(note for note in info.notes if note != ASSUMED_NOTE)
    if notes == info.notes and not math.isclose(fps, info.fps, rel_tol=RATE_TOLERANCE):
        note = Message(
            "The frame rate was set to {fps:.4g} per second; the file says {filed:.4g}.",
            fps=fps,
            filed=info.fps,
        )
        notes = (*notes, note)
    return replace(info, fps=fps, duration_s=times[-1] + 1 / fps, timestamps_s=times, notes=notes)


def _grid_steps(times_s: Sequence[float]) -> tuple[int, ...] | None:
    """The number of frame intervals before each time, if all lie on one grid; else None."""
    distances = [b - a for a, b in pairwise(times_s)]
    if not distances:
        return (0,)
    usual = median(distances)
    steps = [round(distance / usual) for distance in distances]
    is_grid = all(
        step > 0 and abs(distance / usual - step) < JITTER
        for step, distance in zip(steps, distances, strict=True)
    )
    return tuple(accumulate(steps, initial=0)) if is_grid else None
