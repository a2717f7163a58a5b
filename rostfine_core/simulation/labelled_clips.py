"""A series of labelled clips of simulated sperm, cut as the program cuts clips from videos."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Clip, CropBox, GradeDistribution, TrackStatus
from rostfine_core.interlace import one_field
from rostfine_core.simulation.field import (
    Field,
    Swimmer,
    crop,
    draw_window,
    sample_field,
    sample_specks,
)
from rostfine_core.simulation.motion import Trajectory, swim
from rostfine_core.simulation.optics import LookFamily
from rostfine_core.simulation.panel import Findings, cast_votes, expected_votes, find_faults
from rostfine_core.simulation.population import SAMPLE_SPREAD, sample_sperm
from rostfine_core.simulation.render import Pose, SimulatedSperm, Window, draw_masks
from rostfine_core.tracking.centres import Centres
from rostfine_core.tracking.head_measure import find_outlines

CLIP_FRAMES = 16
CLIP_SIZE_PX = 150
VIDEO_FRAMES = 175
VIDEO_S = 175 / 15
"""A clip lasts no longer than this, and no longer than ``VIDEO_FRAMES``."""
CLIPS_PER_SAMPLE = 10
CLIP_UM_PER_PX = 0.18
"""The scale to which all crops are resampled, whatever the scale of the video."""
SCALE_ERROR = 0.02
"""How wrong (1 sigma) the scale is with which a lab's videos come."""
SCALES_UM_PER_PX = (0.11, 0.3)
CAMERA_SHARE = 0.5
FRAME_RATES = {10.0: 0.05, 15.0: 0.51, 20.0: 0.08, 25.0: 0.12, 30.0: 0.14, 50.0: 0.04, 60.0: 0.06}
WHOLE_SHARE = 0.6
"""Clips over all of the time seen; the others are shorter, down to 1 s."""
WOVEN_PX = 4.0
"""Fields that move further apart in a frame are noticed, and the clip shows one field alone."""
FURTHEST_UM = 1.5
"""What is measured further off than a third of a head is another sperm that crosses."""
_SAMPLE_STREAM, _CLIP_STREAM = 0, 1


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedClip:
    """One labelled clip with its truth.

    ``images`` (16, 150, 150, 3) uint8 RGB; ``masks`` (16, 3, 150, 150) uint8 of head, neck and
    tail, or None; ``centres_px`` (16, 2) are the centres of the crops in the field and
    ``heads_px`` (16, 2) the true positions of the head; ``frames`` are the video frames shown.
    A pixel of the field is ``magnification`` pixels of the crop, so that a crop's pixel is
    ``CLIP_UM_PER_PX`` but for the error with which the lab knows its scale.
    """

    clip: str
    sample: str
    images: NDArray[np.uint8]
    votes: tuple[int, int, int, int, int]
    expected: GradeDistribution
    sperm: SimulatedSperm
    findings: Findings
    field: Field
    frames: tuple[int, ...]
    centres_px: NDArray[np.float64]
    heads_px: NDArray[np.float64]
    magnification: float
    masks: NDArray[np.uint8] | None = None

    @property
    def um_per_px(self) -> float:
        """The true scale of the crops."""
        return self.field.um_per_px / self.magnification

    @property
    def path_um(self) -> NDArray[np.float32]:
        """Where the head was, (16, 3) of s, um and um, as a lab measures it."""
        return self.seen.path_um(CLIP_UM_PER_PX)

    @property
    def seen(self) -> Clip:
        """The clip as the program cuts it from a video, without the truth."""
        boxes = tuple(
            CropBox(
                frame=frame,
                time_s=frame / self.field.fps,
                centre_x_px=float(x),
                centre_y_px=float(y),
                size_px=CLIP_SIZE_PX / self.magnification,
                padded_share=0.0,
                status=TrackStatus.MEASURED,
            )
            for frame, (x, y) in zip(self.frames, self.centres_px, strict=True)
        )
        return Clip(target=self.clip, images=self.images, boxes=boxes)


def simulate_clips(
    count: int,
    *,
    seed: int,
    start: int = 0,
    clips_per_sample: int = CLIPS_PER_SAMPLE,
    with_masks: bool = False,
    look: LookFamily | None = None,
) -> Iterator[SimulatedClip]:
    """Yield clips ``start`` to ``start + count - 1`` of the endless series of ``seed``.

    With ``look`` all are of that kind; else half are clean and half have a camera's faults.

    A clip depends only on the seed and its number, not on the clips drawn before it.
    """
    for index in range(start, start + count):
        yield simulate_clip(
            index,
            seed=seed,
            clips_per_sample=clips_per_sample,
            with_masks=with_masks,
            look=look,
        )


def simulate_clip(
    index: int,
    *,
    seed: int,
    clips_per_sample: int = CLIPS_PER_SAMPLE,
    with_masks: bool = False,
    look: LookFamily | None = None,
    span_s: float | None = None,
) -> SimulatedClip:
    """Simulate clip number ``index`` of the series, on request over a span of so many seconds."""
    sample = index // clips_per_sample
    field, magnification, burden = _sample_of(seed, sample, look)
    rng = np.random.default_rng([seed, _CLIP_STREAM, index])
    sperm = sample_sperm(rng, burden=burden)
    findings = find_faults(sperm.shape, sperm.swimming)
    swimmer, seen = _place_in_field(sperm, field, rng)
    frames = _choose_frames(seen, field.fps, rng)
    if span_s is not None:
        frames = _spread(min(max(round(span_s * field.fps), 1), max(seen, 2) - 1))
    others = _crossing(swimmer, frames, field, rng)
    heads = np.array([_xy(swimmer.pose(k, field=field)) for k in frames])
    images, centres = _photograph([swimmer, *others], field, frames, magnification, rng)
    masks = _masks(swimmer, field, frames, centres, magnification) if with_masks else None
    return SimulatedClip(
        clip=f"s{seed}_{index:06d}",
        sample=f"s{seed}_sample{sample:05d}",
        images=images,
        votes=cast_votes(findings, rng),
        expected=expected_votes(findings),
        sperm=sperm,
        findings=findings,
        field=field,
        frames=frames,
        centres_px=centres,
        heads_px=heads,
        magnification=magnification,
        masks=masks,
    )


@lru_cache(maxsize=4)
def _sample_of(seed: int, sample: int, look: LookFamily | None) -> tuple[Field, float, float]:
    """A sample's field, its crops' magnification, and how much worse (above 0) its sperm are."""
    rng = np.random.default_rng([seed, _SAMPLE_STREAM, sample])
    drawn = LookFamily.CAMERA if rng.random() < CAMERA_SHARE else LookFamily.CLEAN
    family = look or drawn
    scale = math.exp(rng.uniform(*np.log(SCALES_UM_PER_PX)))
    field = sample_field(rng, um_per_px=scale, family=family)
    field = replace(field, fps=float(rng.choice(list(FRAME_RATES), p=list(FRAME_RATES.values()))))
    specks = sample_specks(
        rng, field=field, count=int(rng.integers(60, 260)), round_cells=int(rng.integers(0, 5))
    )
    magnification = scale / CLIP_UM_PER_PX * math.exp(rng.normal(0, SCALE_ERROR))
    return replace(field, specks=specks), magnification, float(rng.normal(0, SAMPLE_SPREAD))


def _place_in_field(
    sperm: SimulatedSperm, field: Field, rng: np.random.Generator
) -> tuple[Swimmer, int]:
    """Start the sperm where it stays in the field longest; also returns for how many frames."""
    times = np.arange(min(VIDEO_FRAMES, round(VIDEO_S * field.fps))) / field.fps
    path = swim(sperm.swimming, times_s=times, start_um=(0, 0), heading_rad=0, rng=rng)
    best, longest = path, 0
    for _ in range(10):
        start = rng.uniform((30, 30), (field.width_px - 30, field.height_px - 30)) * field.um_per_px
        moved = _moved(path, turn_rad=rng.uniform(0, 2 * math.pi), shift_um=start)
        seen = _frames_inside(moved, field)
        if seen > longest:
            best, longest = moved, seen
        if longest == len(times):
            break
    return Swimmer(sperm=sperm, trajectory=best), longest


def _moved(path: Trajectory, *, turn_rad: float, shift_um: NDArray[np.float64]) -> Trajectory:
    cos, sin = math.cos(turn_rad), math.sin(turn_rad)
    turned = path.xy_um @ np.array([[cos, sin], [-sin, cos]])
    return replace(path, xy_um=turned + shift_um, heading_rad=path.heading_rad + turn_rad)


def _frames_inside(path: Trajectory, field: Field) -> int:
    drift = np.asarray(field.drift_px_s) * path.times_s[:, None]
    xy = path.xy_um / field.um_per_px + drift
    edge = np.array([field.width_px, field.height_px]) - 5
    outside = np.flatnonzero(((xy < 4) | (xy > edge)).any(axis=1))
    return int(outside[0]) if len(outside) else len(xy)


def _choose_frames(seen: int, fps: float, rng: np.random.Generator) -> tuple[int, ...]:
    """16 frames spread evenly over the frames seen, or over a part of them from the first."""
    span = max(seen, 2)
    if rng.random() >= WHOLE_SHARE:
        span = round(fps * math.exp(rng.uniform(0, max(math.log(seen / fps), 0)))) if seen else 2
    return _spread(min(max(span, 2), max(seen, 2)) - 1)


def _spread(last: int) -> tuple[int, ...]:
    """16 frames from the first to number ``last``."""
    return tuple(np.floor(np.linspace(0, last, CLIP_FRAMES)).astype(int).tolist())


def _crossing(
    swimmer: Swimmer, frames: tuple[int, ...], field: Field, rng: np.random.Generator
) -> list[Swimmer]:
    """Other sperm that pass close by in one of the clip's frames."""
    others = []
    for _ in range(int(rng.poisson(0.35))):
        sperm = replace(sample_sperm(rng), defocus_um=float(rng.normal(0, 2.0)))
        path = swim(
            sperm.swimming,
            times_s=swimmer.trajectory.times_s,
            start_um=(0, 0),
            heading_rad=rng.uniform(0, 2 * math.pi),
            rng=rng,
        )
        meeting = frames[int(rng.integers(len(frames)))]
        away = rng.uniform(4, 16) * np.array([math.cos(a := rng.uniform(0, 7)), math.sin(a)])
        shift = swimmer.trajectory.xy_um[meeting] + away - path.xy_um[meeting]
        others.append(Swimmer(sperm=sperm, trajectory=_moved(path, turn_rad=0.0, shift_um=shift)))
    return others


def _photograph(
    swimmers: list[Swimmer],
    field: Field,
    frames: tuple[int, ...],
    magnification: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The crops, and their centres (N, 2): where the first swimmer's head is measured."""
    images, centres = [], []
    measure = _Measure(furthest_px=FURTHEST_UM / field.um_per_px)
    step_px = swimmers[0].sperm.swimming.speed_um_s / field.um_per_px / field.fps
    is_woven = field.look.is_interlaced and step_px < WOVEN_PX
    for frame in frames:
        posed = [(s.sperm, s.pose(frame, field=field)) for s in swimmers]
        target = posed[0][1]
        window = _window_around(_xy(target), field, magnification)
        later = [(s.sperm, s.pose(frame, field=field, later=0.5)) for s in swimmers if is_woven]
        picture = draw_window(
            field,
            posed,
            window=window,
            time_s=frame / field.fps,
            rng=rng,
            later=later,
        )
        if field.look.is_interlaced and not is_woven:
            picture = one_field(picture)
        at = measure.centre(picture, target, window)
        images.append(
            crop(
                picture,
                window=window,
                centre_px=at,
                size_px=CLIP_SIZE_PX,
                magnification=magnification,
            )
        )
        centres.append(at)
    return np.stack(images), np.array(centres)


class _Measure:
    """Measures one head from frame to frame, as the tracker does, but told where to look."""

    def __init__(self, *, furthest_px: float) -> None:
        self._furthest_px = furthest_px
        self._centres: Centres | None = None
        self._heading_rad = 0.0

    def centre(self, picture: NDArray[np.uint8], pose: Pose, window: Window) -> tuple[float, float]:
        """The middle of the head in field pixels; its true centre while none was measured."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        true = complex(pose.x_px - window.left_px, pose.y_px - window.top_px)
        if self._centres is None:
            (head,) = find_outlines(grey, [true])
            if head is None or abs(head.outline.middles[0] - true) > self._furthest_px:
                return _xy(pose)
            self._centres = Centres()
            self._centres.add([head.outline], grey, np.array([true]))
        else:
            self._centres.turn(pose.heading_rad - self._heading_rad)
            self._centres.follow(grey, np.zeros(1, np.intp), np.array([true]))
        self._heading_rad = pose.heading_rad
        middle = true + self._centres.lead[0]
        return float(middle.real) + window.left_px, float(middle.imag) + window.top_px


def _window_around(head: tuple[float, float], field: Field, magnification: float) -> Window:
    """The window of whole pixels of the field from which a crop near ``head`` is cut."""
    half = math.ceil(CLIP_SIZE_PX / 2 / magnification + FURTHEST_UM / field.um_per_px) + 3
    left, top = (max(math.floor(c) - half, 0) for c in head)
    right = min(math.floor(head[0]) + half + 2, field.width_px)
    bottom = min(math.floor(head[1]) + half + 2, field.height_px)
    return Window(left_px=left, top_px=top, width_px=right - left, height_px=bottom - top)


def _masks(
    swimmer: Swimmer,
    field: Field,
    frames: tuple[int, ...],
    centres: NDArray[np.float64],
    magnification: float,
) -> NDArray[np.uint8]:
    masks = np.zeros((len(frames), 3, CLIP_SIZE_PX, CLIP_SIZE_PX), dtype=np.uint8)
    window = Window(left_px=0, top_px=0, width_px=CLIP_SIZE_PX, height_px=CLIP_SIZE_PX)
    middle = (CLIP_SIZE_PX - 1) / 2
    for mask, frame, (x, y) in zip(masks, frames, centres, strict=True):
        pose = swimmer.pose(frame, field=field)
        moved = replace(
            pose,
            x_px=middle + magnification * (pose.x_px - x),
            y_px=middle + magnification * (pose.y_px - y),
        )
        scale = field.um_per_px / magnification
        draw_masks(mask, swimmer.sperm, moved, window=window, um_per_px=scale)
    return masks


def _xy(pose: Pose) -> tuple[float, float]:
    return pose.x_px, pose.y_px
