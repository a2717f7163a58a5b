"""The microscope's field of view (scale, look, debris, drift), and how windows of it are drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rostfine_core.simulation.motion import Trajectory
from rostfine_core.simulation.optics import (
    Look,
    LookFamily,
    expose,
    light_field,
    sample_look,
    texture_window,
)
from rostfine_core.simulation.render import (
    Pose,
    SimulatedSperm,
    Speck,
    Window,
    draw_speck,
    draw_sperm,
)
from rostfine_core.squares import cut_square


@dataclass(frozen=True, kw_only=True)
class Field:
    """One sample under one microscope; ``drift_px_s`` moves everything in it.

    ``flicker`` is the amplitude of a slow change in brightness, as a share, with a period of ten
    seconds.
    """

    um_per_px: float
    look: Look
    width_px: int = 1392
    height_px: int = 976
    fps: float = 15.0
    specks: tuple[Speck, ...] = ()
    texture_at_px: tuple[int, int] = (0, 0)
    drift_px_s: tuple[float, float] = (0.0, 0.0)
    flicker: float = 0.0

    @cached_property
    def speck_places(self) -> NDArray[np.float64]:
        """Each speck's x and y, and how far it may reach, all in pixels (N, 3)."""
        rows = [(s.x_px, s.y_px, s.radius_um / self.um_per_px + 40) for s in self.specks]
        return np.array(rows).reshape(-1, 3)


@dataclass(frozen=True, kw_only=True, eq=False)
class Swimmer:
    """A sperm and its trajectory, in um of the field."""

    sperm: SimulatedSperm
    trajectory: Trajectory

    def pose(self, frame: int, *, field: Field, later: float = 0.0) -> Pose:
        """The pose in frame ``frame`` of the field, including the stage's drift.

        ``later`` (0 to 1) is the share of the way to the next frame's pose; after the last frame
        nothing moves.
        """
        path = self.trajectory
        following = min(frame + 1, len(path.times_s) - 1)

        def at(values: NDArray[np.float64]) -> float:
            return float(values[frame] + later * (values[following] - values[frame]))

        drift_x, drift_y = drift_at(field, at(path.times_s))
        return Pose(
            x_px=at(path.xy_um[:, 0]) / field.um_per_px + drift_x,
            y_px=at(path.xy_um[:, 1]) / field.um_per_px + drift_y,
            heading_rad=at(path.heading_rad),
            phase_rad=at(path.phase_rad),
        )


def drift_at(field: Field, time_s: float) -> tuple[float, float]:
    """How far, in pixels, the stage has moved the picture by ``time_s``."""
    return field.drift_px_s[0] * time_s, field.drift_px_s[1] * time_s


def sample_field(
    rng: np.random.Generator,
    *,
    um_per_px: float | None = None,
    look: Look | None = None,
    family: LookFamily = LookFamily.CLEAN,
) -> Field:
    """Draw a random microscope of one family and its scale for one sample, without specks."""
    scale = float(rng.uniform(0.155, 0.21)) if um_per_px is None else um_per_px
    drifting = rng.random() < 0.3
    drift = rng.normal(0, 1.5, 2) if drifting else np.zeros(2)
    return Field(
        um_per_px=scale,
        look=sample_look(rng, family=family) if look is None else look,
        texture_at_px=(int(rng.integers(512)), int(rng.integers(512))),
        drift_px_s=(float(drift[0]), float(drift[1])),
        flicker=float(rng.uniform(0, 0.03)),
    )


def sample_specks(
    rng: np.random.Generator, *, field: Field, count: int, round_cells: int = 2
) -> tuple[Speck, ...]:
    """Scatter ``count`` specks (most small, some bubbles) and a few round cells over the field."""
    small = [_speck(rng, field) for _ in range(count)]
    cells = [
        Speck(
            x_px=rng.uniform(0, field.width_px),
            y_px=rng.uniform(0, field.height_px),
            radius_um=rng.uniform(3.5, 6.0),
            density=rng.uniform(0.2, 0.5),
            defocus_um=rng.normal(0, 2),
            hollow=rng.uniform(0.6, 0.95),
        )
        for _ in range(round_cells)
    ]
    return tuple(small + cells)


def draw_window(
    field: Field,
    swimmers: Sequence[tuple[SimulatedSperm, Pose]],
    *,
    window: Window,
    time_s: float,
    rng: np.random.Generator,
    later: Sequence[tuple[SimulatedSperm, Pose]] = (),
) -> NDArray[np.uint8]:
    """What the camera sees in ``window`` at ``time_s``: RGB (H, W, 3).

    ``later`` are the swimmers half a frame later, see ``draw_all``.
    """
    signal = background_signal(field, window=window, time_s=time_s)
    draw_all(signal, swimmers, field=field, window=window, later=later)
    light = window_light(field, window)
    return expose_signal(field, signal, light=light, time_s=time_s, rng=rng)


def draw_all(
    signal: NDArray[np.float32],
    swimmers: Sequence[tuple[SimulatedSperm, Pose]],
    *,
    field: Field,
    window: Window,
    later: Sequence[tuple[SimulatedSperm, Pose]] = (),
) -> None:
    """Add swimmers at their poses to ``signal`` (H, W), the change of brightness in ``window``.

    With ``later``, the swimmers half a frame later, the picture is woven of two fields: the odd
    lines of the whole field show ``later``.
    """
    woven = signal.copy() if later else signal
    for drawn, posed in ((signal, swimmers), (woven, later)):
        for sperm, pose in posed:
            draw_sperm(
                drawn, sperm, pose, window=window, um_per_px=field.um_per_px, look=field.look
            )
    if later:
        odd = slice((1 - window.top_px) % 2, None, 2)
        signal[odd] = woven[odd]


def background_signal(field: Field, *, window: Window, time_s: float) -> NDArray[np.float32]:
    """The mottling and specks in ``window`` (H, W), moved by the stage's drift."""
    drift_x, drift_y = drift_at(field, time_s)
    texture = texture_window(
        left_px=window.left_px + field.texture_at_px[0] - round(drift_x),
        top_px=window.top_px + field.texture_at_px[1] - round(drift_y),
        width_px=window.width_px,
        height_px=window.height_px,
    )
    signal = np.asarray(field.look.texture * texture, dtype=np.float32)
    reach = field.speck_places[:, 2]
    places = field.speck_places[:, :2] + (drift_x - window.left_px, drift_y - window.top_px)
    size = (window.width_px, window.height_px)
    near = ((places > -reach[:, None]) & (places < size + reach[:, None])).all(axis=1)
    for k in np.flatnonzero(near):
        at = (float(places[k, 0]), float(places[k, 1]))
        draw_speck(signal, field.specks[k], at_px=at, um_per_px=field.um_per_px, look=field.look)
    return signal


def window_light(field: Field, window: Window) -> NDArray[np.float32]:
    """The brightness of the field's illumination in ``window`` (H, W)."""
    return light_field(
        field.look,
        left_px=window.left_px,
        top_px=window.top_px,
        width_px=window.width_px,
        height_px=window.height_px,
        field_px=(field.width_px, field.height_px),
    )


def expose_signal(
    field: Field,
    signal: NDArray[np.float32],
    *,
    light: NDArray[np.float32],
    time_s: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Take the picture of a signal (H, W) under ``light`` (H, W): RGB (H, W, 3)."""
    gain = 1 + field.flicker * math.sin(2 * math.pi * time_s / 10)
    return expose(signal, light=light, look=field.look, rng=rng, gain=gain)


def crop(
    image: NDArray[np.uint8],
    *,
    window: Window,
    centre_px: tuple[float, float],
    size_px: int,
    magnification: float = 1.0,
) -> NDArray[np.uint8]:
    """Cut a square around a sub-pixel position of the field, as ``cut_square`` does.

    ``image`` (H, W, 3) shows ``window``; the square is (size_px, size_px, 3).
    """
    return cut_square(
        image,
        x_px=centre_px[0] - window.left_px,
        y_px=centre_px[1] - window.top_px,
        size_px=size_px,
        magnification=magnification,
    )


def _speck(rng: np.random.Generator, field: Field) -> Speck:
    bubble = rng.random() < 0.06
    return Speck(
        x_px=rng.uniform(-50, field.width_px + 50),
        y_px=rng.uniform(-50, field.height_px + 50),
        radius_um=rng.uniform(0.6, 2.0) if bubble else 0.25 * math.exp(rng.normal(0.3, 0.5)),
        density=-rng.uniform(0.3, 0.8) if bubble else rng.uniform(0.15, 1.0),
        defocus_um=rng.normal(0, 4.0),
        hollow=rng.uniform(0.3, 0.8) if bubble else rng.uniform(0.0, 0.3),
    )
