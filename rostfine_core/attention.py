"""Paints attention maps, for the screen and for paper alike.

A half-transparent map covers a crop. The crop turns grey, so that every colour in the picture is
attention. OpenCV is imported only when something is painted, so that the window appears sooner.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Explanation

Pixels = NDArray[np.uint8]

COLOUR_MAPS = ("cividis", "viridis", "magma", "inferno")
"""The available colour maps: all keep their order in greyscale and for colour-blind eyes."""
OUTLINE = (255, 255, 255, 255)
BAR_LEVELS = 64


class AttentionKind(StrEnum):
    """Which part of an explanation is shown."""

    ROLLOUT = "rollout"
    BRANCH = "branch"
    PATCHES = "patches"
    FORWARD = "forward"

    @property
    def is_crisp(self) -> bool:
        """Whether it is drawn as squares, since it says something of the selected patches only."""
        return self in (AttentionKind.PATCHES, AttentionKind.FORWARD)


@dataclass(frozen=True, kw_only=True)
class Paint:
    """How attention is coloured: one of ``COLOUR_MAPS``, and how much it covers, 0 to 1."""

    colour_map: str = COLOUR_MAPS[0]
    opacity: float = 0.55

    def __post_init__(self) -> None:
        """Refuse an unknown colour map."""
        if self.colour_map not in COLOUR_MAPS:
            raise ValueError(f"colour map {self.colour_map!r} is none of {', '.join(COLOUR_MAPS)}")


DEFAULT_PAINT = Paint()


def maps_of(explanation: Explanation, kind: AttentionKind) -> NDArray[np.float32] | None:
    """The maps that a kind of picture shows, for all frames, (T, G, G); None if not kept."""
    if kind is AttentionKind.FORWARD:
        return explanation.branch_forward
    is_rollout = kind is AttentionKind.ROLLOUT
    return explanation.encoder_rollout if is_rollout else explanation.branch_attention


def scaled_maps(explanation: Explanation, kind: AttentionKind) -> NDArray[np.float32]:
    """The maps scaled to 0...1, (T, G, G), all frames alike so that they can be compared.

    The scale runs from the clip's lowest to its highest value. For selected patches it starts at
    0, the attention to a patch that was not selected.

    Raises:
        ValueError: the maps were not kept.
    """
    maps = maps_of(explanation, kind)
    if maps is None:
        raise ValueError(f"this explanation has no {kind} maps")
    low = 0.0 if kind.is_crisp else float(maps.min())
    high = float(maps.max())
    if not high > low:
        return np.zeros_like(maps)
    return ((maps - low) / (high - low)).clip(0, 1).astype(np.float32)


def overlay(
    explanation: Explanation, kind: AttentionKind, slot: int, *, edge_px: int, paint: Paint
) -> Pixels:
    """One frame's attention as (P, P, 4) uint8 RGBA, to lay over a crop of any size.

    Args:
        explanation: the maps.
        kind: maps are smooth; a thin line surrounds what exceeds half of the scale, for prints
            without colour. Selected patches are crisp squares, and the rest stays uncovered.
        slot: which of the T frames that the network saw.
        edge_px: the side P of the picture.
        paint: the colours.
    """
    values = scaled_maps(explanation, kind)[slot]
    if kind.is_crisp:
        rgba = _patches(values, explanation.selected_patches[slot], edge_px=edge_px, paint=paint)
    else:
        rgba = _smooth(values, edge_px=edge_px, paint=paint)
    return _turned(rgba, explanation.headings_rad[slot]) if explanation.headings_rad else rgba


def painted(image: Pixels, rgba: Pixels) -> Pixels:
    """A crop (P, P, 3) in grey under an overlay (P, P, 4): (P, P, 3) uint8 RGB."""
    share = rgba[..., 3:].astype(np.float32) / 255
    mixed = (1 - share) * grey(image) + share * rgba[..., :3]
    return np.rint(mixed).astype(np.uint8)


def enlarged(image: Pixels, *, edge_px: int) -> Pixels:
    """A square crop resized smoothly to ``edge_px``."""
    import cv2

    return np.asarray(
        cv2.resize(image, (edge_px, edge_px), interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )


def colours(values: NDArray[np.float32], *, colour_map: str) -> Pixels:
    """The colour of each value from 0 to 1: (...) -> (..., 3) uint8 RGB."""
    import cv2

    levels = np.rint(values * 255).astype(np.uint8).reshape(-1, 1)
    bgr = cv2.applyColorMap(levels, getattr(cv2, f"COLORMAP_{colour_map.upper()}"))
    return np.ascontiguousarray(bgr[:, 0, ::-1].reshape(*values.shape, 3), dtype=np.uint8)


def colour_bar(images: Pixels, *, paint: Paint) -> Pixels:
    """The colour scale as it looks over the usual brightness of ``images``, (64, 3) uint8."""
    levels = np.linspace(0, 1, BAR_LEVELS, dtype=np.float32)[None]
    background = np.full((1, BAR_LEVELS, 3), np.median(images[:, ::4, ::4]), np.uint8)
    tints = _covering(colours(levels, colour_map=paint.colour_map), paint)
    return painted(background, tints).reshape(BAR_LEVELS, 3)


def grey(image: Pixels) -> Pixels:
    """A picture (..., 3) without its colours."""
    import cv2

    return np.asarray(
        cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8
    )


def _smooth(values: NDArray[np.float32], *, edge_px: int, paint: Paint) -> Pixels:
    """A map interpolated between the patch centres, as RGBA."""
    import cv2

    smooth = cv2.resize(values, (edge_px, edge_px), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    rgba = _covering(colours(smooth, colour_map=paint.colour_map), paint)
    over_half = (smooth > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(over_half, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(rgba, outlines, -1, OUTLINE, _line_px(edge_px), cv2.LINE_AA)
    return rgba


def _patches(
    values: NDArray[np.float32], selected: NDArray[np.int64], *, edge_px: int, paint: Paint
) -> Pixels:
    import cv2

    grid = values.shape[0]
    tints = _covering(colours(values, colour_map=paint.colour_map), paint)
    ends = [round(i * edge_px / grid) for i in range(grid + 1)]
    rgba = np.zeros((edge_px, edge_px, 4), np.uint8)
    for index in dict.fromkeys(int(i) for i in selected):
        row, column = divmod(index, grid)
        rgba[ends[row] : ends[row + 1], ends[column] : ends[column + 1]] = tints[row, column]
        corners = (ends[column], ends[row]), (ends[column + 1] - 1, ends[row + 1] - 1)
        cv2.rectangle(rgba, *corners, OUTLINE, _line_px(edge_px))
    return rgba


def _turned(rgba: Pixels, heading_rad: float) -> Pixels:
    """Turn a picture of what the network saw back onto the crop; unseen corners stay uncovered."""
    import cv2

    middle = (rgba.shape[0] - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), -math.degrees(heading_rad), 1.0)
    return np.asarray(cv2.warpAffine(rgba, turn, rgba.shape[1::-1]), dtype=np.uint8)


def _covering(tints: Pixels, paint: Paint) -> Pixels:
    """Add the opacity to colours (..., 3) as a fourth channel."""
    opacity = np.full((*tints.shape[:-1], 1), round(255 * paint.opacity), np.uint8)
    return np.concatenate([tints, opacity], axis=-1)


def _line_px(edge_px: int) -> int:
    return max(1, edge_px // 150)
