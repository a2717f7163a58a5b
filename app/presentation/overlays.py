"""Which attention belongs to a frame of the video, as the core paints it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.state.records import Overlay, OverlayKind
from rostfine_core.attention import AttentionKind, maps_of, overlay, painted
from rostfine_core.domain import Assessment, Explanation

CACHED = 64  # pictures of 90 kB, since views are painted again and again


def overlay_frames(assessment: Assessment) -> tuple[int, ...]:
    """The video's frames that the network saw, in order."""
    return tuple(assessment.clip.boxes[i].frame for i in assessment.explanation.clip_frames)


def nearest_slot(assessment: Assessment, frame: int) -> int:
    """Which of the network's frames is nearest to a frame of the video."""
    frames = overlay_frames(assessment)
    return min(range(len(frames)), key=lambda slot: abs(frames[slot] - frame))


def shown_maps(assessment: Assessment, kind: OverlayKind) -> NDArray[np.float32] | None:
    """The maps of all frames behind an overlay, (T, G, G); None without, or if not kept."""
    if kind is OverlayKind.NONE:
        return None
    return maps_of(assessment.explanation, AttentionKind(kind.value))


def crop_overlay(assessment: Assessment, shown: Overlay, slot: int) -> NDArray[np.uint8] | None:
    """What is laid over one frame's crop, (P, P, 4) uint8 RGBA, P being the crop's side."""
    if shown_maps(assessment, shown.kind) is None:
        return None
    return _overlay(assessment.explanation, shown, slot, assessment.clip.images.shape[1])


@lru_cache(maxsize=CACHED)
def _overlay(
    explanation: Explanation, shown: Overlay, slot: int, edge_px: int
) -> NDArray[np.uint8]:
    kind = AttentionKind(shown.kind.value)
    return overlay(explanation, kind, slot, edge_px=edge_px, paint=shown.paint)


def painted_crop(assessment: Assessment, shown: Overlay, slot: int) -> NDArray[np.uint8]:
    """One frame's crop with attention over it, (P, P, 3) uint8 RGB."""
    image = assessment.clip.images[assessment.explanation.clip_frames[slot]]
    rgba = crop_overlay(assessment, shown, slot)
    return image if rgba is None else painted(image, rgba)
