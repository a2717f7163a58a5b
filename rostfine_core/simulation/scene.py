"""Simulates videos of a field full of sperm, with the truth about each."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import GradeDistribution
from rostfine_core.simulation.field import (
    Field,
    Swimmer,
    background_signal,
    draw_all,
    drift_at,
    expose_signal,
    sample_field,
    sample_specks,
    window_light,
)
from rostfine_core.simulation.motion import swim
from rostfine_core.simulation.optics import Look, LookFamily
from rostfine_core.simulation.panel import Findings, expected_votes, find_faults
from rostfine_core.simulation.population import sample_sperm
from rostfine_core.simulation.render import Pose, SimulatedSperm, Window

_FIELD_STREAM, _SPERM_STREAM, _CAMERA_STREAM = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """What to simulate; values that are None are drawn with ``seed``.

    ``sperm`` are placed first, then others are drawn to reach ``sperm_count``; ``blurred_share`` of
    the drawn ones are out of focus. The look is drawn from ``family``; ``noise``, ``drift_px_s``
    and ``flicker`` replace the values of the drawn look and field.
    """

    width_px: int = 1392
    height_px: int = 976
    frame_count: int = 175
    fps: float = 15.0
    um_per_px: float = 0.19
    sperm_count: int = 12
    sperm: tuple[SimulatedSperm, ...] = ()
    blurred_share: float = 0.2
    speck_count: int = 160
    round_cells: int = 2
    look: Look | None = None
    family: LookFamily = LookFamily.CLEAN
    noise: float | None = None
    drift_px_s: tuple[float, float] | None = None
    flicker: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that cannot be simulated."""
        if min(self.width_px, self.height_px) < 16 or self.frame_count < 1:
            raise ValueError(
                f"a scene needs at least 16x16 pixels and 1 frame, got {self.width_px}x"
                f"{self.height_px} and {self.frame_count}"
            )
        if not (self.fps > 0 and self.um_per_px > 0):
            raise ValueError(
                f"fps and um_per_px must be above 0, got {self.fps} and {self.um_per_px}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetTruth:
    """One sperm of a scene: ``xy_px`` (N, 2) and ``heading_rad`` (N) of its head in every frame.

    ``visible`` (N) is true in the frames where the head's centre is inside the field.
    """

    target: str
    sperm: SimulatedSperm
    xy_px: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    visible: NDArray[np.bool_]
    findings: Findings
    expected: GradeDistribution


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneTruth:
    """What is in a scene: its settings, the field and every sperm."""

    settings: SceneSettings
    field: Field
    targets: tuple[TargetTruth, ...]


class Scene:
    """A simulated video: ``truth`` is known at once, ``frames()`` are drawn one at a time."""

    def __init__(self, settings: SceneSettings) -> None:
        self._field = _field_of(settings)
        self._swimmers = _swimmers_of(settings, self._field)
        self.truth = _truth_of(settings, self._field, self._swimmers)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames, (H, W, 3) uint8 RGB, in constant memory; every call yields the same."""
        field, settings = self._field, self.truth.settings
        rng = np.random.default_rng([settings.seed, _CAMERA_STREAM])
        window = Window(
            left_px=0, top_px=0, width_px=settings.width_px, height_px=settings.height_px
        )
        light = window_light(field, window)
        background = _Background(field, settings)
        for number in range(settings.frame_count):
            time_s = number / settings.fps
            signal = background.at(time_s)
            later = self._posed(number, later=0.5) if field.look.is_interlaced else ()
            draw_all(signal, self._posed(number), field=field, window=window, later=later)
            yield expose_signal(field, signal, light=light, time_s=time_s, rng=rng)

    def _posed(self, number: int, *, later: float = 0.0) -> list[tuple[SimulatedSperm, Pose]]:
        swimmers = self._swimmers
        return [(s.sperm, s.pose(number, field=self._field, later=later)) for s in swimmers]


class _Background:
    """Everything that does not swim, drawn once on a larger field and then moved by the drift."""

    def __init__(self, field: Field, settings: SceneSettings) -> None:
        self._field = field
        self._size = (settings.width_px, settings.height_px)
        end = drift_at(field, settings.frame_count / settings.fps)
        self._margin = math.ceil(max(abs(end[0]), abs(end[1]))) + 2
        wide = Window(
            left_px=-self._margin,
            top_px=-self._margin,
            width_px=settings.width_px + 2 * self._margin,
            height_px=settings.height_px + 2 * self._margin,
        )
        self._signal = background_signal(field, window=wide, time_s=0.0)

    def at(self, time_s: float) -> NDArray[np.float32]:
        drift_x, drift_y = drift_at(self._field, time_s)
        shift = np.array([[1, 0, drift_x - self._margin], [0, 1, drift_y - self._margin]])
        moved = cv2.warpAffine(self._signal, shift, self._size, flags=cv2.INTER_LINEAR)
        return np.asarray(moved, dtype=np.float32)


def simulate_scene(settings: SceneSettings) -> Scene:
    """Lay out a scene: all paths are simulated at once, frames only on request."""
    return Scene(settings)


def _field_of(settings: SceneSettings) -> Field:
    rng = np.random.default_rng([settings.seed, _FIELD_STREAM])
    field = sample_field(
        rng, um_per_px=settings.um_per_px, look=settings.look, family=settings.family
    )
    # The video is compressed when it is written, so its frames are not compressed here.
    look = replace(field.look, jpeg_quality=0)
    field = replace(
        field,
        look=look if settings.noise is None else replace(look, noise=settings.noise),
        width_px=settings.width_px,
        height_px=settings.height_px,
        fps=settings.fps,
        drift_px_s=field.drift_px_s if settings.drift_px_s is None else settings.drift_px_s,
        flicker=field.flicker if settings.flicker is None else settings.flicker,
    )
    specks = sample_specks(
        rng, field=field, count=settings.speck_count, round_cells=settings.round_cells
    )
    return replace(field, specks=specks)


def _swimmers_of(settings: SceneSettings, field: Field) -> tuple[Swimmer, ...]:
    times = np.arange(settings.frame_count) / settings.fps
    swimmers = []
    for number in range(max(settings.sperm_count, len(settings.sperm))):
        rng = np.random.default_rng([settings.seed, _SPERM_STREAM, number])
        if number < len(settings.sperm):
            sperm = settings.sperm[number]
        else:
            sperm = _drawn_sperm(rng, blurred_share=settings.blurred_share)
        start = rng.uniform((0.08, 0.08), (0.92, 0.92)) * (field.width_px, field.height_px)
        # Sperm swim roughly towards the centre, so that they stay in the field longer.
        towards = math.atan2(field.height_px / 2 - start[1], field.width_px / 2 - start[0])
        start_um = start * field.um_per_px
        path = swim(
            sperm.swimming,
            times_s=times,
            start_um=(float(start_um[0]), float(start_um[1])),
            heading_rad=towards + rng.normal(0, 0.8),
            rng=rng,
        )
        swimmers.append(Swimmer(sperm=sperm, trajectory=path))
    return tuple(swimmers)


def _drawn_sperm(rng: np.random.Generator, *, blurred_share: float) -> SimulatedSperm:
    sperm = sample_sperm(rng)
    if rng.random() >= blurred_share:
        return sperm
    return replace(sperm, defocus_um=float(rng.normal(0, 4.0)))


def _truth_of(settings: SceneSettings, field: Field, swimmers: tuple[Swimmer, ...]) -> SceneTruth:
    targets = []
    for number, swimmer in enumerate(swimmers, start=1):
        poses = [swimmer.pose(k, field=field) for k in range(settings.frame_count)]
        xy = np.array([(p.x_px, p.y_px) for p in poses])
        inside = (xy >= 0) & (xy <= (settings.width_px - 1, settings.height_px - 1))
        findings = find_faults(swimmer.sperm.shape, swimmer.sperm.swimming)
        targets.append(
            TargetTruth(
                target=str(number),
                sperm=swimmer.sperm,
                xy_px=xy,
                heading_rad=np.array([p.heading_rad for p in poses]),
                visible=np.asarray(inside.all(axis=1)),
                findings=findings,
                expected=expected_votes(findings),
            )
        )
    return SceneTruth(settings=settings, field=field, targets=tuple(targets))
