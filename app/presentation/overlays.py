"""Attention as pictures: which map belongs to a frame, and its colours with transparency."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from app.state.records import Overlay, OverlayKind
from rostfine_core.domain import Assessment, Explanation

PATCH_COLOUR = (255, 213, 79)


def overlay_frames(assessment: Assessment) -> tuple[int, ...]:
    """The video's frames that the network saw, in order."""
    return tuple(assessment.clip.boxes[i].frame for i in assessment.explanation.clip_frames)


def nearest_slot(assessment: Assessment, frame: int) -> int:
    """Which of the network's frames is nearest to a frame of the video."""
    frames = overlay_frames(assessment)
    return min(range(len(frames)), key=lambda slot: abs(frames[slot] - frame))


def attention(explanation: Explanation, kind: OverlayKind, slot: int) -> NDArray[np.float32] | None:
    """One frame's map on the patch grid, (G, G), 1 being the largest over all frames."""
    if kind is OverlayKind.NONE:
        return None
    if kind is OverlayKind.PATCHES:
        grid = explanation.encoder_rollout.shape[-1]
        chosen = np.zeros(grid * grid, dtype=np.float32)
        chosen[explanation.selected_patches[slot]] = 1
        return chosen.reshape(grid, grid)
    maps = coloured_maps(explanation, kind)
    low, high = float(maps.min()), float(maps.max())
    scaled: NDArray[np.float32] = (maps[slot] - low) / max(high - low, 1e-12)
    return scaled


def coloured_maps(explanation: Explanation, kind: OverlayKind) -> NDArray[np.float32]:
    """The maps of all frames that are coloured, (T, G, G)."""
    is_rollout = kind is OverlayKind.ROLLOUT
    return explanation.encoder_rollout if is_rollout else explanation.branch_attention


def coloured(explanation: Explanation, overlay: Overlay, slot: int) -> NDArray[np.uint8] | None:
    """One frame's map as (G, G, 4) uint8 RGBA; None when nothing is to be laid over."""
    shares = attention(explanation, overlay.kind, slot)
    if shares is None:
        return None
    rgba = np.empty((*shares.shape, 4), dtype=np.uint8)
    if overlay.kind is OverlayKind.PATCHES:
        rgba[..., :3] = PATCH_COLOUR
        rgba[..., 3] = shares * round(255 * overlay.opacity)
        return rgba
    table = pg.colormap.get(overlay.colour_map).getLookupTable(nPts=256, alpha=False)
    rgba[..., :3] = table[np.rint(shares * 255).astype(int)]
    rgba[..., 3] = round(255 * overlay.opacity)
    return rgba
