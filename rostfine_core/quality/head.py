"""The head in the middle of a crop: how long it is, how sharp, and how much it stands out."""

import math
from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure
from rostfine_core.tracking.head_measure import find_head

HEAD_LEVEL = 0.3  # of the peak difference: where the head ends
TAIL_SHARES = (0.55, 0.7, 0.85)  # of the head's half width: neck and tail are thinner
SLENDER = 2.0  # length by width from which a neck is still on the head, which is about 5 by 3
HALF = 0.45  # of the crop is taken up by a head that is as long, a little less where it is cut
CORNER = 10  # the corners that show the background are this part of the crop's side
OUTLINES = 3  # frames of a clip in which the outline is measured, 8 ms each

Picture = NDArray[np.float32]


def contrast(image: NDArray[np.uint8]) -> float:
    """The largest grey difference from the background within a sixteenth of the crop's middle.

    Args:
        image: (S, S, 3) uint8 crop.
    """
    difference = _difference_from_background(image)
    middle = _middle(difference.shape[0])
    return float(difference[middle, middle].max())


def head_length_and_edge(image: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Measure the head at the centre of a crop.

    The head is what differs from the background around the crop's centre: the connected region
    over ``HEAD_LEVEL`` of its own peak difference. Its length is the longer axis of the ellipse of
    equal second moments, without the tail: where neck or tail are nearly as wide as the head, more
    is taken off until what is left is no longer slender. The width of its edge is the peak
    difference over the steepest slope.

    Args:
        image: (S, S, 3) uint8 crop.

    Returns:
        Length and edge width in pixels, or None when nothing at the centre stands out, or what
        does goes on beyond the crop, as the dark rim of the field. A head that is longer than the
        crop is as long as that.
    """
    return _within_crop(image) or _beyond_crop(image)


def _within_crop(image: NDArray[np.uint8]) -> tuple[float, float] | None:
    difference = _difference_from_background(image)
    middle = _middle(difference.shape[0])
    centre = difference[middle, middle]
    noise = float(np.median(difference)) / 0.6745
    peak = float(centre.max())
    if peak < max(6.0, 5 * noise):
        return None
    for tail_share in TAIL_SHARES:
        region = _head_region(difference > HEAD_LEVEL * peak, centre, middle, tail_share=tail_share)
        length, width = _axes(region)
        if length < SLENDER * width:
            break
    if _is_cut(region):
        return None
    return length, _edge_width(difference, region, peak)


def _beyond_crop(image: NDArray[np.uint8]) -> tuple[float, float] | None:
    """A head that takes up half of the crop, but no corner: those show the background."""
    smooth, side = _smooth(image), len(image)
    corner = slice(None, side // CORNER), slice(-(side // CORNER), None)
    corners = np.stack([smooth[rows, columns] for rows in corner for columns in corner])
    difference: Picture = np.abs(smooth - np.float32(np.median(corners)))
    peak = float(np.median(difference[_middle(side), _middle(side)]))
    if peak < max(6.0, 5 * float(np.std(corners))):
        return None
    _, labels = cv2.connectedComponents((difference > HEAD_LEVEL * peak).astype(np.uint8))
    region = np.asarray(labels == labels[side // 2, side // 2])
    if region.mean() < HALF or region[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return None
    return float(side), _edge_width(difference, region, peak)


def found_head(heads: Sequence[tuple[float, float] | None]) -> tuple[float, float] | None:
    """The head's median length and edge in pixels, where most frames show one."""
    found = [head for head in heads if head is not None]
    if len(found) < len(heads) / 2:
        return None
    return median(length for length, _ in found), median(edge for _, edge in found)


def measured_head(image: NDArray[np.uint8]) -> HeadMeasure | None:
    """The head, as the tracker measures it, that stands out in the middle of a crop.

    Args:
        image: (S, S, 3) uint8 crop.
    """
    middle = (image.shape[0] - 1) / 2
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return find_head(grey.astype(np.uint8, copy=False), x_px=middle, y_px=middle)


def measured_heads(images: NDArray[np.uint8]) -> list[HeadMeasure | None]:
    """The head in some evenly spread frames of a clip, the first among them.

    Args:
        images: (F, S, S, 3) uint8 crops.
    """
    return [measured_head(image) for image in images[:: math.ceil(len(images) / OUTLINES)]]


def outline_length(heads: Sequence[HeadMeasure | None]) -> float | None:
    """Median length in pixels of the heads' outlines; None where most frames show none."""
    lengths = [head.length_px for head in heads if head is not None]
    return median(lengths) if 2 * len(lengths) >= len(heads) else None


def _middle(side: int) -> slice:
    """A sixteenth of the side to either side of the middle."""
    return slice(side // 2 - side // 16 - 1, side // 2 + side // 16 + 2)


def _is_cut(region: NDArray[np.bool_]) -> bool:
    """Whether the crop's border cuts a region: nobody sees how long it is."""
    return bool(region[[0, -1]].any() or region[:, [0, -1]].any())


def _axes(region: NDArray[np.bool_]) -> tuple[float, float]:
    """Length and width in pixels of the ellipse with the second moments of ``region``."""
    moments = cv2.moments(region.astype(np.uint8), binaryImage=True)
    spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
    short, long = np.linalg.eigvalsh(spread / moments["m00"] + np.eye(2) / 12)  # pixels are squares
    return 4 * float(np.sqrt(long)), 4 * float(np.sqrt(short))


def _head_region(
    mask: NDArray[np.bool_], centre: Picture, middle: slice, *, tail_share: float
) -> NDArray[np.bool_]:
    """The part of ``mask`` in the middle, without what is thinner than a share of the head."""
    kernel = np.ones((3, 3), np.uint8)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    filled = _filled(closed.astype(np.uint8))
    # A border of nothing around the crop, so that a distance is finite and ends there.
    depth = cv2.distanceTransform(np.pad(filled, 1), cv2.DIST_L2, 5)[1:-1, 1:-1][middle, middle]
    size = 2 * int(tail_share * float(depth.max())) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    _, labels = cv2.connectedComponents(cv2.morphologyEx(filled, cv2.MORPH_OPEN, disc))
    here = labels[middle, middle]
    # The place of the peak may lie on what was taken off; the deepest place never does.
    label = here.flat[centre.argmax()] or here.flat[depth.argmax()]
    return np.asarray(labels == label)


def _filled(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill what is bright inside a dark outline, but not an outline as large as the crop."""
    outlines, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    filled = mask.copy()
    for outline, (*_, parent) in zip(outlines, tree[0], strict=True):
        is_hole = parent >= 0
        if not is_hole and max(cv2.boundingRect(outline)[2:]) < len(mask):
            cv2.drawContours(filled, [outline], -1, 1, cv2.FILLED)
    return filled


def _smooth(image: NDArray[np.uint8]) -> Picture:
    """Grey, smoothed by one pixel against noise."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32, copy=False)


def _difference_from_background(image: NDArray[np.uint8]) -> Picture:
    """Absolute difference from the crop's median."""
    smooth = _smooth(image)
    difference: Picture = np.abs(smooth - np.float32(np.median(smooth)))
    return difference


def _edge_width(difference: Picture, region: NDArray[np.bool_], peak: float) -> float:
    around = cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    slope = np.hypot(
        cv2.Sobel(difference, cv2.CV_32F, 1, 0, scale=1 / 8),
        cv2.Sobel(difference, cv2.CV_32F, 0, 1, scale=1 / 8),
    )
    return peak / max(float(np.percentile(slope[around], 95)), 1e-6)
