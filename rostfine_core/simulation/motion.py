"""How a sperm swims: its path over given times, and the wave that travels along its tail."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rostfine_core.simulation.morphology import SpermShape, TailForm

TAIL_POINTS = 56


class SwimmingKind(StrEnum):
    """The patterns of movement that embryologists distinguish."""

    PROGRESSIVE = "progressive"
    SLOW = "slow"
    CIRCLING = "circling"
    TWITCHING = "twitching"
    IMMOTILE = "immotile"


@dataclass(frozen=True, kw_only=True)
class Swimming:
    """The parameters of a swimming sperm.

    ``beat_angle_rad`` is the amplitude of the tail's tangent angle (the sideways amplitude is
    ``beat_angle_rad`` * wavelength / 2 pi); ``path_curvature_per_um`` bends the average path;
    ``yaw_rad`` and ``lateral_um`` swing the head in time with the beat; ``wander`` is the random
    turning in rad per square root of a second; ``tail_curvature_per_um`` is a constant bend of the
    tail.
    """

    kind: SwimmingKind
    speed_um_s: float
    beat_hz: float
    beat_angle_rad: float
    wavelength_um: float
    path_curvature_per_um: float = 0.0
    yaw_rad: float = 0.0
    lateral_um: float = 0.0
    wander: float = 0.05
    tail_curvature_per_um: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """The head's position ``xy_um`` (N, 2), its heading and the tail's phase at ``times_s`` (N)."""

    times_s: NDArray[np.float64]
    xy_um: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    phase_rad: NDArray[np.float64]


def sample_swimming(
    rng: np.random.Generator, *, kind: SwimmingKind | None = None, vigour: float = 0.5
) -> Swimming:
    """Draw swimming parameters; ``vigour`` (0 to 1) favours progressive sperm."""
    chosen = _sample_kind(rng, vigour) if kind is None else kind
    speed = {
        SwimmingKind.PROGRESSIVE: rng.uniform(7.0, 24.0),
        SwimmingKind.SLOW: rng.uniform(1.5, 6.0),
        SwimmingKind.CIRCLING: rng.uniform(5.0, 18.0),
        SwimmingKind.TWITCHING: 0.0,
        SwimmingKind.IMMOTILE: 0.0,
    }[chosen]
    still = chosen is SwimmingKind.IMMOTILE
    beat_angle = _beat_angle(rng, chosen, speed)
    turn = 1.0 if rng.random() < 0.5 else -1.0
    circle = turn / rng.uniform(8.0, 22.0) if chosen is SwimmingKind.CIRCLING else 0.0
    return Swimming(
        kind=chosen,
        speed_um_s=speed,
        beat_hz=_beat_hz(rng, chosen, speed),
        beat_angle_rad=beat_angle,
        wavelength_um=rng.uniform(22.0, 34.0),
        path_curvature_per_um=circle if circle else rng.normal(0, 0.002),
        yaw_rad=0.0 if still else beat_angle * rng.uniform(0.1, 0.25),
        lateral_um=0.0 if still else beat_angle * rng.uniform(0.3, 0.9),
        wander=0.0 if still else rng.uniform(0.03, 0.12),
        tail_curvature_per_um=rng.normal(0, 0.012 if still else 0.004) - 0.3 * circle,
    )


def swim(
    swimming: Swimming,
    *,
    times_s: NDArray[np.float64],
    start_um: tuple[float, float],
    heading_rad: float,
    rng: np.random.Generator,
) -> Trajectory:
    """Integrate the path of the head from ``start_um`` over ``times_s`` (N, ascending)."""
    steps = np.diff(times_s)
    turning = swimming.path_curvature_per_um * swimming.speed_um_s * steps
    turning = turning + swimming.wander * np.sqrt(steps) * rng.standard_normal(len(steps))
    course = heading_rad + np.concatenate([[0.0], np.cumsum(turning)])
    middle = 0.5 * (course[1:] + course[:-1])
    moves = (swimming.speed_um_s * steps)[:, None] * _unit(middle)
    path = np.asarray(start_um) + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    phase = rng.uniform(0, 2 * math.pi) + 2 * math.pi * swimming.beat_hz * (times_s - times_s[0])
    sideways = swimming.lateral_um * np.sin(phase)
    normal = _unit(course + math.pi / 2)
    xy = path + sideways[:, None] * normal + _tremble(swimming, len(times_s), rng)
    heading = course + swimming.yaw_rad * np.cos(phase)
    return Trajectory(times_s=times_s, xy_um=xy, heading_rad=heading, phase_rad=phase)


def centreline(
    shape: SpermShape, swimming: Swimming, *, phase_rad: float
) -> tuple[NDArray[np.float64], int]:
    """The centreline of neck and tail in the head frame.

    Returns:
        (N, 2) um from the rear of the head to the tip of the tail, and the index of the point where
        the neck ends and the tail starts.
    """
    total = shape.neck_length_um + shape.tail_length_um
    arc = np.linspace(0.0, total, TAIL_POINTS)
    beyond_neck = np.maximum(arc - shape.neck_length_um, 0.0)
    wave = np.sin(phase_rad - 2 * math.pi * arc / swimming.wavelength_um)
    ramp = np.clip(arc / 12.0, 0.0, 1.0)
    angle = math.pi + shape.neck_bend_rad * np.clip(arc / (0.6 * shape.neck_length_um), 0.0, 1.0)
    angle = angle + swimming.beat_angle_rad * ramp * wave
    angle = angle + swimming.tail_curvature_per_um * beyond_neck + _malformation(shape, beyond_neck)
    middle = 0.5 * (angle[1:] + angle[:-1])
    moves = np.diff(arc)[:, None] * _unit(middle)
    start = np.array([-0.47 * shape.head_length_um, 0.0])
    points = start + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    return points, max(int(np.searchsorted(arc, shape.neck_length_um)), 1)


def _malformation(shape: SpermShape, beyond_neck: NDArray[np.float64]) -> NDArray[np.float64]:
    after = beyond_neck - shape.tail_bend_at * shape.tail_length_um
    if shape.tail_form is TailForm.BENT:
        return np.asarray(shape.tail_bend_rad * np.clip(after / 1.5, 0.0, 1.0))
    if shape.tail_form is TailForm.COILED:
        return np.asarray(np.maximum(after, 0.0) * (0.3 + 0.008 * np.maximum(after, 0.0)))
    return np.zeros_like(beyond_neck)


def _unit(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _tremble(swimming: Swimming, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    size = 0.25 if swimming.kind is SwimmingKind.TWITCHING else 0.03
    return np.asarray(size * rng.standard_normal((count, 2)))


def _sample_kind(rng: np.random.Generator, vigour: float) -> SwimmingKind:
    tired = 1 - vigour
    weights = np.array([0.4 + 0.6 * vigour, 0.2, 0.08, 0.02 * tired, 0.03 * tired])
    return list(SwimmingKind)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _beat_hz(rng: np.random.Generator, kind: SwimmingKind, speed_um_s: float) -> float:
    if kind is SwimmingKind.IMMOTILE:
        return 0.0
    if kind is SwimmingKind.TWITCHING:
        return float(rng.uniform(1.0, 4.0))
    return float(rng.uniform(4.0, 8.0) + 0.35 * speed_um_s)


def _beat_angle(rng: np.random.Generator, kind: SwimmingKind, speed_um_s: float) -> float:
    if kind is SwimmingKind.IMMOTILE:
        return float(rng.uniform(0.0, 0.15))
    if kind is SwimmingKind.TWITCHING:
        return float(rng.uniform(0.2, 0.5))
    return float(rng.uniform(0.35, 0.6) + 0.018 * speed_um_s)
