"""Where a sperm was clicked, where it went, and how it swam."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from rostfine_core.messages import Message

MOVES_PX, SHAKES_PX, ERRORS = 1.0, 0.2, 8.0
"""A field counts as moving only beyond these: in all, from frame to frame, and in multiples of the
error of measurement. Less is below the error of a track. Errors alone add up to 7.6 of them in a
clip of 175 frames."""
UNCERTAIN_SCORE = 0.5
"""A lower normalised cross-correlation explains less than a quarter of the picture's variance."""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A click on a sperm: the head of ``target`` is at (x_px, y_px) in ``frame``.

    ``target`` identifies the sperm in every record and never changes. The user's name for it is
    kept separately and joined on export; on the command line the two are the same. The click says
    which head is meant, whose centre is then measured; where none can be measured, the place itself
    is followed. The first seed of a target starts its track, later ones correct it.
    ``is_exact``: a person placed the centre of the head by hand, and the track keeps that point on
    the head.
    """

    target: str
    frame: int
    x_px: float
    y_px: float
    is_exact: bool = False


def is_in_picture(x_px: float, y_px: float, *, width_px: int, height_px: int) -> bool:
    """Whether a point lies in a picture: the one rule for all clicks.

    Pixel centres have whole coordinates, so the first pixel spans -0.5 to 0.5 and a picture spans
    [-0.5, width - 0.5) by [-0.5, height - 0.5).
    """
    return -0.5 <= x_px < width_px - 0.5 and -0.5 <= y_px < height_px - 0.5


class TrackStatus(StrEnum):
    """How a track point was found."""

    MEASURED = "measured"
    PREDICTED = "predicted"
    LOST = "lost"
    MANUAL = "manual"


class DoubtKind(StrEnum):
    """Why a track may follow something else than the sperm that was clicked."""

    MEETING = "met another"
    FOUND_AGAIN = "found again after it was lost"
    SHARED = "on the same head as another track"
    CLICK = "another lies where it was clicked"


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt a track, and the ``frame`` from which on to check it."""

    kind: DoubtKind
    frame: int


@dataclass(frozen=True, kw_only=True)
class HeadMeasure:
    """A head measured in one frame.

    ``angle_rad`` is the direction of the long axis, towards either end; ``confidence`` lies between
    0.45 and 1 and grows with how far the outline stands out from noise.
    """

    x_px: float
    y_px: float
    length_px: float
    width_px: float
    angle_rad: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class TrackPoint:
    """The head's position in one frame; x and y are NaN if the status is ``lost``.

    What was measured while in ``doubt`` counts as ``predicted``: it may be another's position.
    ``score`` is the tracker's confidence from 0 to 1 (normalised cross-correlation at the peak).
    """

    frame: int
    time_s: float
    x_px: float
    y_px: float
    score: float
    status: TrackStatus
    is_duplicate: bool = False
    doubt: Doubt | None = None


@dataclass(frozen=True, kw_only=True)
class FieldMotion:
    """How the whole picture moved while a sperm was tracked, because the stage or the fluid did.

    ``x_px`` and ``y_px`` have an entry a frame from ``first_frame`` on, 0 in that; where the motion
    was not measured they stay as they were, and ``is_suspected`` says that the picture seems to
    shake there. ``error_px`` is the error of one coordinate. ``combing`` tells interlaced video, as
    in ``tracking.combing``; None where nothing moved. ``is_one_field``: heads were measured
    and clips cut by every other line, because the first pictures were interlaced.
    ``distinct_share`` is the share of frames that do not repeat the one before; None where nobody
    counted.
    """

    first_frame: int
    x_px: tuple[float, ...]
    y_px: tuple[float, ...]
    error_px: float
    measured_frames: int
    is_suspected: bool = False
    combing: float | None = None
    is_one_field: bool = False
    distinct_share: float | None = None

    @property
    def farthest_px(self) -> float:
        """How far the field was from where it was before, at most: the diagonal of its places."""
        return float(np.hypot(np.ptp(self.x_px), np.ptp(self.y_px)))

    @property
    def moves(self) -> bool:
        """Whether the field is known to move, further than the measurement errs."""
        if len(self.x_px) < 2:
            return False
        steps = float(np.sqrt(np.mean(np.diff(self.x_px) ** 2 + np.diff(self.y_px) ** 2)))
        error = ERRORS * self.error_px
        return self.farthest_px > max(MOVES_PX, error) or steps > max(SHAKES_PX, error)

    def at(self, frame: int) -> tuple[float, float]:
        """The shift by ``frame``, or the nearest that was watched."""
        row = min(max(frame - self.first_frame, 0), len(self.x_px) - 1)
        return self.x_px[row], self.y_px[row]


@dataclass(frozen=True, kw_only=True)
class Track:
    """The path of one sperm: one point per frame, frames ascending without gaps.

    Where the sperm left the picture, the path ends before ``left_frame``.
    Points are places in the picture; how the picture itself moved meanwhile is ``field``, None
    where nobody watched it.
    """

    target: str
    points: tuple[TrackPoint, ...]
    left_frame: int | None = None
    field: FieldMotion | None = field(default=None, compare=False)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """The reasons to doubt the track, each once, in the order of their frames."""
        return tuple(dict.fromkeys(p.doubt for p in self.points if p.doubt is not None))

    @property
    def first_frame(self) -> int:
        """The frame of the seed."""
        return self.points[0].frame

    @property
    def distinct_share(self) -> float:
        """The share of frames that do not repeat the one before, of the video if known."""
        if self.field is not None and self.field.distinct_share is not None:
            return self.field.distinct_share
        later = self.points[1:]
        return sum(not p.is_duplicate for p in later) / len(later) if later else 1.0

    def distinct_fps(self, fps: float) -> float:
        """How many different pictures a second were taken, in a video of ``fps`` frames a second.

        Where frames are repeated, that is known only roughly, and cameras take a whole number: it
        is rounded, so that all sperm state one figure.
        """
        if self.distinct_share == 1:
            return fps
        rate = fps * self.distinct_share
        return round(rate, 0 if rate >= 10 else 1)

    def at(self, frame: int) -> TrackPoint | None:
        """The point in ``frame``, or None outside the tracked span."""
        offset = frame - self.first_frame
        return self.points[offset] if 0 <= offset < len(self.points) else None


@dataclass(frozen=True, kw_only=True)
class Kinematics:
    """Velocities by the WHO definitions (KINEMATICS); ``unit`` is "um/s" or "px/s".

    Lengths (ALH) are in ``unit`` without "/s". ``progress`` decides ``motility_class``, see
    ``tracking.kinematics``. A value that cannot be given reliably is None, and ``withheld`` gives
    the reason under the field's name. ``window_s`` is the smoothing window of the average path;
    ``fps`` is ``Track.distinct_fps``.
    """

    unit: str
    window_s: float
    fps: float
    span_s: float
    measured_points: int
    vcl: float | None = None
    vsl: float | None = None
    vap: float | None = None
    lin: float | None = None
    str_: float | None = None
    wob: float | None = None
    alh_mean: float | None = None
    bcf_hz: float | None = None
    mad_deg: float | None = None
    progress: float | None = None
    motility_class: str | None = None
    withheld: tuple[tuple[str, Message], ...] = ()


def with_micro_sign(text: str) -> str:
    """Write units with the micro sign: ``um/s`` -> ``µm/s``."""
    return re.sub(r"\bum\b", "µm", text)
