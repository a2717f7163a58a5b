"""Draws sperm and debris, anti-aliased at sub-pixel positions, into a window of the field."""

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.simulation.morphology import SpermShape, acrosome_outline, head_outline
from rostfine_core.simulation.motion import Swimming, centreline
from rostfine_core.simulation.optics import Look

SUPERSAMPLING = 3
SHIFT_BITS = 4
DENSITY = {"head": 230, "acrosome": 160, "vacuole": 85, "neck": 145, "tail": 95, "droplet": 120}
TIP_DENSITY = 45
LINE_STEPS = 8
MASK_PARTS = ("head", "neck", "tail")


@dataclass(frozen=True, kw_only=True)
class Window:
    """A rectangle of the field in whole pixels, drawn into an array (height, width)."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Pose:
    """A sperm at one moment: the head's centre and heading, and the tail's phase."""

    x_px: float
    y_px: float
    heading_rad: float
    phase_rad: float


@dataclass(frozen=True, kw_only=True)
class SimulatedSperm:
    """A sperm's shape and swimming; it lies ``defocus_um`` (signed) from the plane of focus."""

    shape: SpermShape
    swimming: Swimming
    defocus_um: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Speck:
    """A round object: debris, a bubble (``density`` < 0) or a round cell (``hollow``).

    A ``hollow`` of 0 is a full disc, 1 only a ring.
    """

    x_px: float
    y_px: float
    radius_um: float
    density: float
    defocus_um: float = 0.0
    hollow: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SpermOutlines:
    """A posed sperm's parts as polygons and lines in field pixels; widths in pixels."""

    head: NDArray[np.float64]
    acrosome: tuple[NDArray[np.float64], ...]
    vacuoles: tuple[tuple[float, float, float], ...]
    neck: NDArray[np.float64]
    neck_width: float
    tail: NDArray[np.float64]
    tail_width: float
    droplet: tuple[float, float, float] | None


def place(sperm: SimulatedSperm, pose: Pose, *, um_per_px: float) -> SpermOutlines:
    """Place a sperm's parts in the field."""
    shape = sperm.shape
    line, neck_end = centreline(shape, sperm.swimming, phase_rad=pose.phase_rad)

    def to_field(points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        cos, sin = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
        turned = points_um @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(turned / um_per_px + (pose.x_px, pose.y_px))

    half = np.array([shape.head_length_um, shape.head_width_um]) / 2
    spots = [np.array([[v.along, v.across]]) * half for v in shape.vacuoles]
    centres = [to_field(spot)[0] for spot in spots]
    line_px = to_field(line)
    side = 0.35 * shape.droplet_um * np.array([[0.0, 1.0]])
    droplet = to_field(line[max(neck_end // 2, 1)][None] + side)[0]
    return SpermOutlines(
        head=to_field(head_outline(shape)),
        acrosome=tuple(to_field(acrosome_outline(shape, grown=g)) for g in (0.05, 0.0, -0.05)),
        vacuoles=tuple(
            (float(c[0]), float(c[1]), v.radius_um / um_per_px)
            for c, v in zip(centres, shape.vacuoles, strict=True)
        ),
        neck=line_px[: neck_end + 1],
        neck_width=shape.neck_width_um / um_per_px,
        tail=line_px[neck_end:],
        tail_width=shape.tail_width_um / um_per_px,
        droplet=(float(droplet[0]), float(droplet[1]), shape.droplet_um / 2 / um_per_px)
        if shape.droplet_um > 0
        else None,
    )


def draw_sperm(
    signal: NDArray[np.float32],
    sperm: SimulatedSperm,
    pose: Pose,
    *,
    window: Window,
    um_per_px: float,
    look: Look,
) -> None:
    """Add a sperm to ``signal`` (H, W), the relative change of brightness in ``window``."""
    outlines = place(sperm, pose, um_per_px=um_per_px)
    tile = _tile(outlines, window, margin_px=math.ceil(3.2 * look.halo_um / um_per_px) + 2)
    if tile is None:
        return
    density = _density(outlines, tile, tail_contrast=look.tail_contrast)
    blur_px = math.hypot(look.blur_um, 0.12 * sperm.defocus_um) / um_per_px
    rows = slice(tile.top_px - window.top_px, tile.top_px - window.top_px + tile.height_px)
    columns = slice(tile.left_px - window.left_px, tile.left_px - window.left_px + tile.width_px)
    signal[rows, columns] += _image_of(
        density, blur_px=blur_px, um_per_px=um_per_px, defocus_um=sperm.defocus_um, look=look
    )


def draw_speck(
    signal: NDArray[np.float32],
    speck: Speck,
    *,
    at_px: tuple[float, float],
    um_per_px: float,
    look: Look,
) -> None:
    """Add a speck to ``signal`` (H, W), with its centre ``at_px`` in that array."""
    blur = math.hypot(look.blur_um, 0.12 * speck.defocus_um) / um_per_px
    radius = speck.radius_um / um_per_px
    rim = 0.8 * look.halo_um / um_per_px + blur
    reach = math.ceil(radius + 3.6 * rim + 2)
    x, y = at_px
    height, width = signal.shape
    left, right = max(round(x) - reach, 0), min(round(x) + reach + 1, width)
    top, bottom = max(round(y) - reach, 0), min(round(y) + reach + 1, height)
    if left >= right or top >= bottom:
        return
    across = np.arange(left, right, dtype=np.float32) - np.float32(x)
    down = np.arange(top, bottom, dtype=np.float32) - np.float32(y)
    distance = np.sqrt(across[None] ** 2 + down[:, None] ** 2) - np.float32(radius)
    inside = 0.5 - 0.5 * np.tanh(distance / (1.2 * blur + 0.3))
    ring = np.exp(-((distance / (0.4 * rim + 0.6)) ** 2))
    outer = np.exp(-(((distance - 1.2 * rim) / rim) ** 2))
    body = (1 - speck.hollow) * inside + speck.hollow * ring
    signal[top:bottom, left:right] -= speck.density * (
        look.absorption * body - 0.3 * abs(look.halo) * outer
    )


def draw_masks(
    masks: NDArray[np.uint8], sperm: SimulatedSperm, pose: Pose, *, window: Window, um_per_px: float
) -> None:
    """Set ``masks`` (3, H, W) to 1 where head, neck or tail cover at least half a pixel."""
    outlines = place(sperm, pose, um_per_px=um_per_px)
    droplet = () if outlines.droplet is None else (outlines.droplet,)
    for mask, part in zip(masks, MASK_PARTS, strict=True):
        canvas = _canvas(window)
        if part == "head":
            _fill(canvas, outlines.head, window, 255)
        elif part == "neck":
            widths = (outlines.neck_width, _neck_end(outlines))
            _tapered(canvas, outlines.neck, window, widths_px=widths, values=(255, 255))
            for spot in droplet:
                _disc(canvas, spot, window, 255)
        else:
            widths = (outlines.tail_width, 0.45 * outlines.tail_width)
            _tapered(canvas, outlines.tail, window, widths_px=widths, values=(255, 255))
        mask |= (_shrink(canvas, window) >= 127.5).astype(np.uint8)


def _tile(outlines: SpermOutlines, window: Window, *, margin_px: int) -> Window | None:
    """The part of ``window`` that drawing the sperm can change, or None."""
    points = np.concatenate([outlines.head, outlines.neck, outlines.tail])
    low = np.floor(points.min(axis=0)).astype(int) - margin_px
    high = np.ceil(points.max(axis=0)).astype(int) + margin_px
    left, top = max(int(low[0]), window.left_px), max(int(low[1]), window.top_px)
    right = min(int(high[0]), window.left_px + window.width_px)
    bottom = min(int(high[1]), window.top_px + window.height_px)
    if left >= right or top >= bottom:
        return None
    return Window(left_px=left, top_px=top, width_px=right - left, height_px=bottom - top)


def _density(outlines: SpermOutlines, tile: Window, *, tail_contrast: float) -> NDArray[np.float32]:
    """How dense the sperm is in each pixel of ``tile`` (0 to 1), drawn from tail to head."""
    canvas = _canvas(tile)
    neck, tail, tip = (
        round(density * tail_contrast)
        for density in (DENSITY["neck"], DENSITY["tail"], TIP_DENSITY)
    )
    _tapered(
        canvas,
        outlines.tail,
        tile,
        widths_px=(outlines.tail_width, 0.45 * outlines.tail_width),
        values=(tail, tip),
    )
    _tapered(
        canvas,
        outlines.neck,
        tile,
        widths_px=(outlines.neck_width, _neck_end(outlines)),
        values=(neck, tail),
    )
    if outlines.droplet is not None:
        _disc(canvas, outlines.droplet, tile, DENSITY["droplet"])
    _fill(canvas, outlines.head, tile, DENSITY["head"])
    # Three caps, each lighter than the one below, give the acrosome a soft border.
    for step, cap in enumerate(outlines.acrosome, start=1):
        lighter = (DENSITY["head"] - DENSITY["acrosome"]) * step // len(outlines.acrosome)
        _fill(canvas, cap, tile, DENSITY["head"] - lighter)
    for spot in outlines.vacuoles:
        _disc(canvas, spot, tile, DENSITY["vacuole"])
    return _shrink(canvas, tile) / np.float32(255)


def _image_of(
    density: NDArray[np.float32],
    *,
    blur_px: float,
    um_per_px: float,
    defocus_um: float,
    look: Look,
) -> NDArray[np.float32]:
    """A thin object's change of brightness: absorption, edges and the rim from defocus."""
    sharp = cv2.GaussianBlur(density, (0, 0), max(blur_px, 0.3))
    spread = math.hypot(blur_px, 0.3 / um_per_px)
    middle = np.asarray(cv2.GaussianBlur(density, (0, 0), spread), dtype=np.float32)
    wide = cv2.GaussianBlur(density, (0, 0), math.hypot(blur_px, look.halo_um / um_per_px))
    halo = look.halo + 0.25 * defocus_um
    image = look.absorption * sharp + look.outline * (sharp - middle) + halo * (sharp - wide)
    if look.relief > 0:
        image += look.relief * _slope(middle, look.light_angle_rad) * np.float32(0.5 / um_per_px)
    return np.asarray(-image, dtype=np.float32)


def _slope(image: NDArray[np.float32], angle_rad: float) -> NDArray[np.float32]:
    """How much (H, W) rises from one pixel to the next in one direction."""
    x, y = math.cos(angle_rad) / 2, math.sin(angle_rad) / 2
    kernel = np.array([[0, -y, 0], [-x, 0, x], [0, y, 0]])
    return np.asarray(cv2.filter2D(image, -1, kernel), dtype=np.float32)


def _canvas(window: Window) -> NDArray[np.uint8]:
    height, width = window.height_px * SUPERSAMPLING, window.width_px * SUPERSAMPLING
    return np.zeros((height, width), dtype=np.uint8)


def _shrink(canvas: NDArray[np.uint8], window: Window) -> NDArray[np.float32]:
    size = (window.width_px, window.height_px)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _fixed(points: NDArray[np.float64], window: Window) -> NDArray[np.int32]:
    """Convert field pixels to the canvas's fixed-point coordinates (pixel centres are whole)."""
    scaled = (points - (window.left_px, window.top_px) + 0.5) * SUPERSAMPLING - 0.5
    return np.asarray(np.rint(scaled * (1 << SHIFT_BITS)), dtype=np.int32)


def _fill(
    canvas: NDArray[np.uint8], points: NDArray[np.float64], window: Window, value: int
) -> None:
    cv2.fillPoly(canvas, [_fixed(points, window)], value, shift=SHIFT_BITS)


def _tapered(
    canvas: NDArray[np.uint8],
    points: NDArray[np.float64],
    window: Window,
    *,
    widths_px: tuple[float, float],
    values: tuple[int, int],
) -> None:
    """Draw a line whose width and density change in steps from the first value to the second."""
    fixed = _fixed(points, window)
    edges = np.linspace(0, len(points) - 1, min(LINE_STEPS, len(points) - 1) + 1).astype(int)
    for first, last in reversed(list(pairwise(edges.tolist()))):
        share = first / (len(points) - 1)
        width = widths_px[0] + share * (widths_px[1] - widths_px[0])
        value = round(values[0] + share * (values[1] - values[0]))
        thickness = max(round(width * SUPERSAMPLING), 1)
        part = [fixed[first : last + 1]]
        cv2.polylines(canvas, part, False, value, thickness=thickness, shift=SHIFT_BITS)


def _neck_end(outlines: SpermOutlines) -> float:
    """The neck's width where it meets the tail."""
    return 0.4 * outlines.neck_width + 0.6 * outlines.tail_width


def _disc(
    canvas: NDArray[np.uint8], spot: tuple[float, float, float], window: Window, value: int
) -> None:
    centre = _fixed(np.array([spot[:2]]), window)[0]
    radius = round(spot[2] * SUPERSAMPLING * (1 << SHIFT_BITS))
    cv2.circle(
        canvas, (int(centre[0]), int(centre[1])), radius, value, thickness=-1, shift=SHIFT_BITS
    )
