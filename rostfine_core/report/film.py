"""The film strip of an explanation: what the network saw, and where it looked, as pictures.

Three rows as in the paper's figure: the frames, the encoder's attention rollout over them, and
the patches that the spatial branch drew on. Colours are OpenCV's viridis, which keeps its order
for colour-blind eyes and in greyscale (brighter is more).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import (
    NEARLY_EVEN,
    Assessment,
    CropBox,
    TrackStatus,
    attention_range,
)

Picture = NDArray[np.uint8]

OVERLAY_SHARE = 0.55
BAR_SHARE = 0.35
ROW_TITLES = (
    "Frames the network saw",
    "Encoder attention (rollout)",
    "Selected patches (spatial branch)",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class FilmStrip:
    """The panels of one explanation: ``rows`` is 3 rows of T pictures (P, P, 3) uint8 RGB.

    ``boxes`` says which frame each column shows. ``rollout_range`` holds the map values at the
    two ends of row two's colour scale, see ``attention_range``. ``bar`` (64, 3) is the colour
    scale as it looks over the clip's usual brightness.
    """

    rows: tuple[tuple[Picture, ...], ...]
    boxes: tuple[CropBox, ...]
    rollout_range: tuple[float, float] | None
    bar: Picture


def film_strip(assessment: Assessment, *, edge_px: int) -> FilmStrip:
    """Paint the three rows with panels of ``edge_px`` pixels.

    The rollout's colours run from the clip's lowest to its highest value, the branch's from 0 to
    the clip's highest: shared over the frames, so that frames can be compared.
    """
    explanation = assessment.explanation
    images = [enlarge(assessment.clip.images[i], edge_px=edge_px) for i in explanation.clip_frames]
    rollout, branch = explanation.encoder_rollout, explanation.branch_attention
    rollout_ends = float(rollout.min()), float(rollout.max())
    branch_ends = 0.0, float(branch.max())
    smooth = [paint_map(i, _scaled(m, rollout_ends)) for i, m in zip(images, rollout, strict=True)]
    squares = [
        paint_patches(i, _scaled(m, branch_ends), patches)
        for i, m, patches in zip(images, branch, explanation.selected_patches, strict=True)
    ]
    return FilmStrip(
        rows=(tuple(images), tuple(smooth), tuple(squares)),
        boxes=tuple(assessment.clip.boxes[i] for i in explanation.clip_frames),
        rollout_range=attention_range(rollout),
        bar=_bar(assessment.clip.images),
    )


def enlarge(image: Picture, *, edge_px: int) -> Picture:
    """Resize a square crop smoothly to ``edge_px``."""
    return np.asarray(
        cv2.resize(image, (edge_px, edge_px), interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )


def paint_map(image: Picture, scaled: NDArray[np.float32]) -> Picture:
    """Lay a (G, G) map of 0 to 1 over a picture, interpolated smoothly between patch centres.

    A thin line surrounds what lies over half of the scale, for print without colour.
    """
    edge = image.shape[0]
    smooth = cv2.resize(scaled, (edge, edge), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    painted = _blend(image, colours(smooth))
    outlines, _ = cv2.findContours(
        (smooth > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(painted, outlines, -1, (255, 255, 255), max(1, edge // 150), cv2.LINE_AA)
    return painted


def paint_patches(
    image: Picture, scaled: NDArray[np.float32], selected: NDArray[np.int64]
) -> Picture:
    """Colour the selected patches of a (G, G) map as crisp squares; the rest stays grey."""
    edge, grid = image.shape[0], scaled.shape[0]
    painted = _grey(image)
    ends = [round(i * edge / grid) for i in range(grid + 1)]
    tints = colours(scaled)
    for index in dict.fromkeys(int(i) for i in selected):
        row, column = divmod(index, grid)
        square = np.s_[ends[row] : ends[row + 1], ends[column] : ends[column + 1]]
        painted[square] = _blend(image[square], tints[row, column])
        corners = (ends[column], ends[row]), (ends[column + 1] - 1, ends[row + 1] - 1)
        cv2.rectangle(painted, *corners, (255, 255, 255), max(1, edge // 150))
    return painted


def colours(scaled: NDArray[np.float32]) -> Picture:
    """The colour of each value from 0 to 1: (..., ) -> (..., 3) uint8 RGB."""
    levels = np.rint(scaled * 255).astype(np.uint8)
    flat = cv2.applyColorMap(levels.reshape(-1, 1), cv2.COLORMAP_VIRIDIS)
    rgb = flat[:, 0, ::-1].reshape(*scaled.shape, 3)
    return np.ascontiguousarray(rgb, dtype=np.uint8)


def range_in_words(strip: FilmStrip) -> tuple[str, str]:
    """What the two colour scales mean, for the captions of rows two and three."""
    rollout = "attention is even over the clip."
    if strip.rollout_range is not None:
        low, high = strip.rollout_range
        rollout = (
            f"colours from this clip's lowest ({low:.3g}×) to highest ({high:.3g}×) value, "
            "as multiples of its mean patch; one scale for all frames."
        )
        if high - low < NEARLY_EVEN:
            rollout = f"attention is nearly even over the clip; {rollout}"
    selected = (
        "colours from 0 to this clip's highest attention to a selected patch; one scale for all "
        "frames. Patches that were not selected stay grey."
    )
    return rollout, selected


def scale_bar(edge_px: int, um_per_px: float | None) -> tuple[float, str]:
    """A round length for a crop of ``edge_px`` original pixels: its part of the edge, its label."""
    unit_per_px, unit = (1.0, "px") if um_per_px is None else (um_per_px, "µm")
    longest = BAR_SHARE * edge_px * unit_per_px
    power = 10.0 ** np.floor(np.log10(longest))
    length = float(max(m * power for m in (1, 2, 5) if m * power <= longest))
    return length / (edge_px * unit_per_px), f"{length:g} {unit}"


def frame_label(box: CropBox) -> str:
    """Which frame a column shows and when, marked where the place was not measured."""
    mark = "" if box.status is TrackStatus.MEASURED else f" ({box.status})"
    return f"{box.frame} · {box.time_s:.2f} s{mark}"


def _scaled(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    low, high = ends
    if not high > low:
        return np.zeros_like(values)
    return ((values - low) / (high - low)).clip(0, 1).astype(np.float32)


def _bar(images: Picture) -> Picture:
    levels = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, -1)
    background = np.full((1, 64, 3), np.median(images[:, ::4, ::4]), np.uint8)
    bar: Picture = _blend(background, colours(levels))[0]
    return bar


def _grey(image: Picture) -> Picture:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _blend(image: Picture, tint: Picture) -> Picture:
    """Mix a picture's brightness with a colour (or one colour a pixel)."""
    mixed = (1 - OVERLAY_SHARE) * _grey(image) + OVERLAY_SHARE * tint.astype(np.float32)
    return np.rint(mixed).astype(np.uint8)
