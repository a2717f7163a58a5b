"""Frame times: their rate, the frames that are missing among them, and wrong ones corrected."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median

from rostfine_core.domain import VideoInfo
from rostfine_core.messages import Message

RATE_TOLERANCE = 0.005  # cameras call 29.97 fps thirty
ASSUMED_FPS = 15.0
"""The rate of pictures that carry no times, until the user gives the true one."""
ASSUMED_NOTE = Message(
    "Pictures carry no times: {fps:g} frames per second are assumed until the true rate is given.",
    fps=ASSUMED_FPS,
)
JITTER = 0.1
"""Of the time between two frames: what rounded times differ by, as of milliseconds at 60 fps."""


def nominal_fps(times_s: Sequence[float]) -> float | None:
    """The rate of ascending times, where frames may be missing; None of a single one.

    Where all times lie on one grid it is the grid's, else the mean over the times.
    """
    if len(times_s) < 2:
        return None
    steps = _grid_steps(times_s)
    return (steps[-1] if steps else len(times_s) - 1) / (times_s[-1] - times_s[0])


def with_fps(info: VideoInfo, fps: float | None) -> VideoInfo:
    """The same video with its frame rate corrected: frame k is then at k / fps seconds.

    Where frames are missing the time that they took stays; times on no grid are scaled.
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
    """How many frames' time lies before each, where all lie on one grid; else None."""
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
