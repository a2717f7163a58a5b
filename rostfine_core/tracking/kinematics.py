"""Velocities of one tracked sperm by the WHO definitions, withheld where they would mislead.

Letters: N points, p their positions (N, 2), t their times (N,), a the average path (N, 2).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Kinematics, Track, TrackPoint, TrackStatus
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.tracking.jumps import RECENTRED_PX, jumps

MINIMUM_SPAN_S = 1.0
MINIMUM_POINTS = 4
MINIMUM_SHARE = 0.8
MINIMUM_FPS_LATERAL = 50.0  # below it the lateral beat is not sampled (KINEMATICS)
RAPID_UM_S, SLOW_UM_S = 25.0, 5.0  # WHO laboratory manual, 6th edition, at 37 C
STEP = np.array([1.0, -1.0])
"""A step as weights of places."""
LARGEST_ERROR_PX = 0.5
"""The largest error that chance can explain in a track finer than whole pixels."""
VELOCITIES = ("vcl", "vsl", "vap", "lin", "str_", "wob", "mad_deg", "progress")

Values = NDArray[np.float64]
Found = tuple[dict[str, float], dict[str, Message]]
"""Values by name, and why others are withheld."""


def compute_kinematics(
    track: Track, *, um_per_px: float | None = None, window_s: float = 0.1
) -> Kinematics:
    """Compute the velocities of a track from what was measured or set by hand.

    Predicted and lost points and repeated frames carry no position and are left out, as is what
    was followed before a correction that jumped. The motion of a field that moves is subtracted.
    Values that the track is too short or too full of gaps for, or the frame rate too low, are None
    and ``withheld`` says why.

    Args:
        track: one sperm's path with the real times of its frames.
        um_per_px: the calibration; without it the unit is px/s and no WHO class is given.
        window_s: the full width of the moving mean that makes the average path.

    Raises:
        ValueError: ``um_per_px`` or ``window_s`` is not above zero.
    """
    if window_s <= 0 or (um_per_px is not None and um_per_px <= 0):
        raise ValueError(f"um_per_px and window_s must be above 0, got {um_per_px}, {window_s}")
    moved = max(jumps(track, beyond_px=RECENTRED_PX), default=None)
    begin = track.first_frame if moved is None else moved
    points = [p for p in track.points if p.frame >= begin and _is_position(p)]
    t = np.array([p.time_s for p in points], dtype=np.float64)
    p = _places(points, track)
    span_s = float(t[-1] - t[0]) if len(t) > 1 else 0.0
    fps = _distinct_fps(track)
    values: dict[str, float] = {}
    withheld: dict[str, Message] = {}
    reason = _too_short(len(t), span_s) or _too_rare(track, points)
    if reason is None:
        unit_px = um_per_px or 1.0
        values, withheld = _velocities(p * unit_px, t, unit_px=unit_px, fps=fps, window_s=window_s)
    else:
        if moved is not None:
            reason = Message(
                "{reason} (counted from the correction in frame {frame} on)",
                reason=reason,
                frame=moved,
            )
        withheld = dict.fromkeys((*VELOCITIES, "alh_mean", "bcf_hz"), reason)
    motility = None
    if um_per_px is None:
        withheld["motility_class"] = Message("no um/px is set, so there is no speed in um/s")
    elif "progress" in values:
        motility = motility_class(values["progress"])
    else:
        withheld["motility_class"] = withheld["progress"]
    return Kinematics(
        unit="px/s" if um_per_px is None else "um/s",
        window_s=window_s,
        fps=fps,
        span_s=span_s,
        measured_points=len(points),
        motility_class=motility,
        withheld=tuple(withheld.items()),
        **values,
    )


def _distinct_fps(track: Track) -> float:
    """The rate at which the camera took pictures: repeated frames are none."""
    times = [p.time_s for p in track.points]
    return track.distinct_fps(1 / float(np.median(np.diff(times)))) if len(times) > 1 else 0.0


def own_path_px(track: Track) -> float:
    """How far the sperm went on its winding path, without the motion of the field."""
    return _length(_places([p for p in track.points if _is_position(p)], track))


def field_path_px(track: Track) -> float:
    """How far the field went, there and back, between the positions of ``own_path_px``."""
    if track.field is None:
        return 0.0
    shifts = [track.field.at(p.frame) for p in track.points if _is_position(p)]
    return _length(np.array(shifts, dtype=np.float64).reshape(-1, 2))


def _places(points: Sequence[TrackPoint], track: Track) -> Values:
    """Where the sperm is (N, 2) on the slide: a field that moves is taken off."""
    p = np.array([(p.x_px, p.y_px) for p in points], dtype=np.float64).reshape(-1, 2)
    field = track.field
    if field is not None and field.moves:
        p -= np.array([field.at(point.frame) for point in points]).reshape(-1, 2)
    return p


def motility_class(progress_um_s: float) -> str:
    """Name the WHO class of the way from start to end point in one second, in um/s.

    Below 5 um/s the head's path cannot tell a sperm that beats on the spot from an immotile one.
    """
    if progress_um_s >= RAPID_UM_S:
        return marked("rapidly progressive")
    if progress_um_s >= SLOW_UM_S:
        return marked("slowly progressive")
    return marked("non-progressive or immotile")


def progress(p: Values, t: Values) -> float:
    """The median distance from start to end point of all stretches of one second, per second.

    This is how the WHO manual classes motility: a path that winds, or circles on the spot, is
    long but leads nowhere.

    Args:
        p: (N, 2) positions.
        t: (N,) times, ascending, that span about a second or more.
    """
    end = np.searchsorted(t, t + 0.99 * MINIMUM_SPAN_S - 1e-6)  # times are rounded sums
    start = np.flatnonzero(end < len(t))
    ways = np.hypot(*(p[end[start]] - p[start]).T) / (t[end[start]] - t[start])
    return float(np.median(ways))


def average_path(p: Values, t: Values, *, window_s: float) -> Values:
    """Take the centred moving mean over time; at the ends the window shrinks on both sides.

    Args:
        p: (N, 2) positions.
        t: (N,) times, ascending.
        window_s: full width of the window.

    Returns:
        (N, 2): the first and the last point are those of the path itself.
    """
    half = np.minimum(window_s / 2, np.minimum(t - t[0], t[-1] - t))
    # Frame times are sums of rounded periods: a hair of slack keeps the window symmetric.
    slack = 1e-6
    first = np.searchsorted(t, t - half - slack)
    behind = np.searchsorted(t, t + half + slack)
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(p - p[0], axis=0)])
    return np.asarray(p[0] + (sums[behind] - sums[first]) / (behind - first)[:, None])


def _velocities(p: Values, t: Values, *, unit_px: float, fps: float, window_s: float) -> Found:
    """The values by name, and why others are not among them; a pixel is ``unit_px`` long."""
    duration = float(t[-1] - t[0])
    a = average_path(p, t, window_s=window_s)
    vcl, vap = _length(p) / duration, _length(a) / duration
    vsl = float(np.hypot(*(p[-1] - p[0]))) / duration
    values = {"vcl": vcl, "vsl": vsl, "vap": vap, "progress": progress(p, t)}
    withheld: dict[str, Message] = {}
    for name, part, whole in (("lin", vsl, vcl), ("str_", vsl, vap), ("wob", vap, vcl)):
        if whole > 0:
            values[name] = part / whole
        else:
            withheld[name] = _did_not_move()
    if window_s * fps < 2 and "wob" in values:
        # Nothing is averaged, so VAP is VCL and their ratio says nothing about the sperm.
        del values["wob"]
        withheld["wob"] = Message(
            "at {fps:.4g} pictures per second the window of {window:.0f} ms holds a single one, "
            "so VAP equals VCL",
            fps=fps,
            window=1e3 * window_s,
        )
    for found, left_out in (
        _turning(p, unit_px=unit_px),
        _lateral(p, a, unit_px=unit_px, fps=fps, window_s=window_s, duration=duration),
    ):
        values |= found
        withheld |= left_out
    return values, withheld


def _turning(p: Values, *, unit_px: float) -> Found:
    """The mean angular displacement, unless the steps are no longer than errors."""
    turning = _mean_turn(p)
    if turning is None:
        return {}, {"mad_deg": _did_not_move()}
    if error := error_px(np.diff(p, axis=0) / unit_px, kernel=STEP):
        return {}, {
            "mad_deg": Message(
                "its steps are as short as an error of the track of {error:.2g} px makes them",
                error=error,
            )
        }
    return {"mad_deg": turning}, {}


def _lateral(
    p: Values, a: Values, *, unit_px: float, fps: float, window_s: float, duration: float
) -> Found:
    """ALH and BCF, unless the camera was too slow or the offsets are no more than errors."""
    if fps < MINIMUM_FPS_LATERAL * 0.98:  # cameras call 49.9 fps fifty
        # Not frames: the video may hold more of them, of which some repeat the one before.
        reason = Message(
            "the camera took {fps:.4g} pictures per second and at least 50 are needed", fps=fps
        )
    elif error := error_px((p - a) / unit_px, kernel=_offset_kernel(fps * window_s)):
        reason = Message(
            "it strays from its average path no further than an error of the track of "
            "{error:.2g} px explains",
            error=error,
        )
    else:
        alh = float(np.mean(np.hypot(*(p - a).T)))
        return {"alh_mean": alh, "bcf_hz": _crossings(p, a) / duration}, {}
    return {}, {"alh_mean": reason, "bcf_hz": reason}


def error_px(values_px: Values, *, kernel: Values) -> float | None:
    """The error of one coordinate that explains all of ``values_px``; None where they are motion.

    The errors of a track are independent from frame to frame, which leaves its mark: of steps, for
    example, one error makes two, which undo each other, so that neighbours correlate by -1/2;
    those of a sperm that wanders do not correlate, or positively where it keeps its course. What
    correlates nearer to errors than to a wandering, or to a beat that turns at every frame (-1),
    is no motion that can be told from errors, as long as it is small enough to be one.

    Args:
        values_px: (M, 2) steps, or offsets from the average path.
        kernel: the weights of the places that make a value.
    """
    square = float(np.square(values_px).sum())
    error = math.sqrt(square / values_px.size / float(kernel @ kernel))
    if not 0 < error <= LARGEST_ERROR_PX:
        return None
    steady = values_px - values_px.mean(axis=0)
    found = float((steady[1:] * steady[:-1]).sum()) / square
    errors, wandering = _neighbours(kernel), _neighbours(np.cumsum(kernel))
    return error if (errors - 1) / 2 < found < (errors + wandering) / 2 else None


def _neighbours(kernel: Values) -> float:
    """How neighbours correlate where each is a sum of independent values with these weights."""
    return float(kernel[1:] @ kernel[:-1] / (kernel @ kernel))


def _offset_kernel(pictures: float) -> Values:
    """An offset from the moving mean over a window of so many pictures, as weights of places."""
    half = int(pictures / 2 + 1e-6)
    return np.asarray(np.eye(2 * half + 1)[half] - 1 / (2 * half + 1))


def _is_position(point: TrackPoint) -> bool:
    return point.status in (TrackStatus.MEASURED, TrackStatus.MANUAL) and not point.is_duplicate


def _did_not_move() -> Message:
    return Message("the sperm did not move")


def _too_short(points: int, span_s: float) -> Message | None:
    if points < MINIMUM_POINTS:
        return Message(
            "only {count} of at least {needed} needed positions were measured",
            count=points,
            needed=MINIMUM_POINTS,
        )
    if span_s < MINIMUM_SPAN_S * 0.99:
        return Message(
            "the track lasts {span:.2f} s and at least one second is needed", span=span_s
        )
    return None


def _too_rare(track: Track, points: Sequence[TrackPoint]) -> Message | None:
    """Bridged gaps shorten a path: most pictures between its ends must show the sperm."""
    first, last = points[0].frame, points[-1].frame
    pictures = sum(first <= p.frame <= last and not p.is_duplicate for p in track.points)
    if len(points) >= MINIMUM_SHARE * pictures:
        return None
    return Message(
        "only {count} of {pictures} pictures between its ends show the sperm",
        count=len(points),
        pictures=pictures,
    )


def _length(path: Values) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def _mean_turn(p: Values) -> float | None:
    """The mean absolute change of heading in degrees, over the steps that went anywhere."""
    steps = np.diff(p, axis=0)
    steps = steps[np.hypot(*steps.T) > 0]
    if len(steps) < 2:
        return None
    heading = np.arctan2(steps[:, 1], steps[:, 0])
    turn = np.mod(np.diff(heading) + np.pi, 2 * np.pi) - np.pi
    return float(np.degrees(np.mean(np.abs(turn))))


def _crossings(p: Values, a: Values) -> int:
    """How often p goes from one side of the average path to the other."""
    direction = np.gradient(a, axis=0)
    offset = p - a
    across = direction[:, 0] * offset[:, 1] - direction[:, 1] * offset[:, 0]
    # Where the window holds one point, p and a are the same but for rounding: no side.
    side = np.sign(across[np.abs(across) > 1e-9 * np.abs(across).max()])
    return int(np.count_nonzero(side[1:] != side[:-1]))
