"""Small simulated scenes of every kind that the tracker is judged by, with the true positions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.simulation.population import sample_sperm
from rostfine_core.simulation.render import SimulatedSperm
from rostfine_core.simulation.scene import TargetTruth

WIDTH_PX, HEIGHT_PX, FRAMES = 320, 240, 60
FRAME_RATES = (10.0, 15.0, 25.0, 30.0, 50.0, 60.0, 100.0)
SCALES_UM_PX = (0.19, 0.3, 0.45, 0.65)
COARSE_UM_PX = (1.1,)
"""At which heads are as small as the tracker can follow them."""
HEAD_UM = 4.8
FARTHEST_STEP_HEADS = 2.5
"""No sperm goes further between two frames than this many head lengths: nobody could tell."""
Truth = dict[str, dict[int, tuple[float, float]]]


@dataclass(frozen=True, kw_only=True)
class Take:
    """One clip to track: its frames, where every target is, and how far off still counts."""

    name: str
    frames: list[GreyFrame]
    truth: Truth
    tolerance_px: float
    beyond: Truth = field(default_factory=dict)
    """Where targets are outside the picture, where that is known."""
    is_complete: bool = False
    """Whether ``truth`` names every sperm that can be seen."""


def simulated_takes(
    count: int, *, first: int = 0, scales_um_px: Sequence[float] = SCALES_UM_PX
) -> Iterator[Take]:
    """Draw ``count`` scenes: sizes, speeds, densities, looks, rates, noise, compression, drift."""
    for number in range(first, first + count):
        yield simulated_take(number, scales_um_px=scales_um_px)


def simulated_take(number: int, *, scales_um_px: Sequence[float] = SCALES_UM_PX) -> Take:
    """Draw scene ``number``; the same number and scales give the same scene."""
    rng = np.random.default_rng([20260, number])
    settings = _drawn_settings(rng, number, scales_um_px)
    quality = int(rng.integers(40, 95)) if rng.random() < 0.6 else None
    is_interlaced = settings.fps <= 30 and rng.random() < 0.15
    step = 2 if is_interlaced else 1
    scene = simulate_scene(replace(settings, fps=step * settings.fps, frame_count=step * FRAMES))
    images = [_grey(image) for image in scene.frames()]
    if is_interlaced:
        images = [_woven(a, b) for a, b in zip(images[::2], images[1::2], strict=True)]
    if quality is not None:
        images = [_compressed(image, quality) for image in images]
    return Take(
        name=f"simulated {number}",
        frames=[
            GreyFrame(index=i, time_s=i / settings.fps, image=image)
            for i, image in enumerate(images)
        ],
        truth=_truth(scene.truth.targets, step=step),
        beyond={
            t.target: {f: (float(x), float(y)) for f, (x, y) in enumerate(t.xy_px[::step])}
            for t in scene.truth.targets
        },
        tolerance_px=max(0.75 * HEAD_UM / settings.um_per_px, 4.0),
        is_complete=True,
    )


def _drawn_settings(
    rng: np.random.Generator, number: int, scales_um_px: Sequence[float]
) -> SceneSettings:
    um_per_px, fps = float(rng.choice(scales_um_px)), float(rng.choice(FRAME_RATES))
    field_um2 = WIDTH_PX * HEIGHT_PX * um_per_px**2
    density = float(rng.choice([0.0005, 0.0012, 0.0025]))
    sperm = int(np.clip(round(density * field_um2), 2, 40))
    speed = float(rng.choice([1.0, 2.0, 4.0]))
    return SceneSettings(
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        frame_count=FRAMES,
        fps=fps,
        um_per_px=um_per_px,
        sperm=tuple(
            _fast(sample_sperm(rng), speed, FARTHEST_STEP_HEADS * HEAD_UM * fps)
            for _ in range(sperm)
        ),
        sperm_count=sperm,
        speck_count=int(rng.choice([0, 10, 30])),
        round_cells=int(rng.integers(2)),
        drift_px_s=tuple(rng.normal(0, 8, 2)) if rng.random() < 0.2 else None,
        seed=number,
    )


def _truth(targets: Sequence[TargetTruth], *, step: int) -> Truth:
    """Where targets are inside the picture, each while it stays there."""
    truth = {
        t.target: {
            f: (float(t.xy_px[f * step, 0]), float(t.xy_px[f * step, 1]))
            for f in range(FRAMES)
            if t.visible[f * step]
        }
        for t in targets
    }
    stays = {name: _one_stay(path) for name, path in truth.items() if path}
    return {name: path for name, path in stays.items() if len(path) > 5}


def _one_stay(path: dict[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
    """The first uninterrupted part of a path: what leaves and comes back is another target."""
    first = min(path)
    stay = next((f for f in range(first, first + len(path) + 1) if f not in path), first)
    return {f: path[f] for f in range(first, stay)}


def _fast(sperm: SimulatedSperm, factor: float, farthest_um_s: float) -> SimulatedSperm:
    swimming = sperm.swimming
    speed = min(factor * swimming.speed_um_s, farthest_um_s)
    return replace(sperm, swimming=replace(swimming, speed_um_s=speed))


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _woven(odd: NDArray[np.uint8], even: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One interlaced frame of two moments."""
    frame = odd.copy()
    frame[1::2] = even[1::2]
    return frame


def _compressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
