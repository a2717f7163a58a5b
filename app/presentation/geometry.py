"""Pure geometry: which marker a click hits, levels, lengths, lines with gaps, free places."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QSize

from app.state.records import Display
from rostfine_core.domain import UNCERTAIN_SCORE, Track, TrackPoint, TrackStatus


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A sperm as drawn in the frame on screen."""

    key: int
    x_px: float
    y_px: float


def place_beside(target: QRect, size: QSize, window: QRect, *, gap_px: int = 12) -> QPoint:
    """Where a panel stands beside a target: on the side with room, else over it; always inside."""
    middle_x = target.center().x() - size.width() // 2
    middle_y = target.center().y() - size.height() // 2
    right, below = target.right() + gap_px, target.bottom() + gap_px
    left, above = target.left() - gap_px - size.width(), target.top() - gap_px - size.height()
    corners = (
        QPoint(right, middle_y),
        QPoint(left, middle_y),
        QPoint(middle_x, below),
        QPoint(middle_x, above),
    )
    inside = [_moved_inside(corner, size, window) for corner in corners]
    free = [c for c in inside if not QRect(c, size).intersects(target)]
    over = _moved_inside(target.bottomRight() - QPoint(size.width(), size.height()), size, window)
    return free[0] if free else over


def _moved_inside(corner: QPoint, size: QSize, window: QRect) -> QPoint:
    """The nearest corner at which a panel lies in the window, at its top left if it is larger."""
    x = max(window.left(), min(corner.x(), window.right() + 1 - size.width()))
    y = max(window.top(), min(corner.y(), window.bottom() + 1 - size.height()))
    return QPoint(x, y)


def hit(markers: Sequence[Marker], *, x_px: float, y_px: float, radius_px: float) -> int | None:
    """The key of the nearest marker within a radius; None when the click hits none."""
    near = [(math.hypot(m.x_px - x_px, m.y_px - y_px), m.key) for m in markers]
    distance, key = min(near, default=(math.inf, 0))
    return key if distance <= radius_px else None


def levels(display: Display) -> tuple[float, float]:
    """The pixel values shown as black and white."""
    half_width = 127.5 * 4 ** (-display.contrast)
    middle = 127.5 * (1 - display.brightness)
    return middle - half_width, middle + half_width


def path_points(track: Track) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The x and y of every frame of a track; NaN where the sperm was lost, so that lines break."""
    x = np.array([p.x_px for p in track.points], dtype=np.float64)
    y = np.array([p.y_px for p in track.points], dtype=np.float64)
    return x, y


def is_uncertain(point: TrackPoint) -> bool:
    """Whether the place of a sperm in a frame should be checked."""
    if point.status in (TrackStatus.LOST, TrackStatus.PREDICTED):
        return True
    return point.status is TrackStatus.MEASURED and not point.score >= UNCERTAIN_SCORE


def spans(track: Track, *, lost: bool) -> tuple[tuple[int, int], ...]:
    """First and last frames of the runs that are lost, or uncertain without being lost."""
    found: list[tuple[int, int]] = []
    for point in track.points:
        is_lost = point.status is TrackStatus.LOST
        if (is_lost if lost else is_uncertain(point) and not is_lost) is False:
            continue
        if found and found[-1][1] == point.frame - 1:
            found[-1] = (found[-1][0], point.frame)
        else:
            found.append((point.frame, point.frame))
    return tuple(found)


def unsure_spans(track: Track) -> tuple[tuple[int, int], ...]:
    """First and last frames of the runs to check: lost, uncertain, or doubtful since a frame."""
    found: list[tuple[int, int]] = []
    last = None
    for point in track.points:
        reason = (point.status is TrackStatus.LOST, point.doubt) if is_uncertain(point) else None
        if reason is not None:
            found = [*found[:-1], (found[-1][0], point.frame)] if reason == last else found
            if reason != last:
                found.append((point.frame, point.frame))
        last = reason
    return tuple(found)


def length_text(length_px: float, um_per_px: float | None) -> str:
    """A measured length in words."""
    if um_per_px is None:
        return f"{length_px:.1f} px"
    return f"{length_px * um_per_px:.2f} µm ({length_px:.1f} px)"
