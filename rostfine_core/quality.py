"""Quality flags: the reasons to doubt an assessment, each with the measured value behind it.

Every limit is a named constant here; what a limit was chosen from stands beside it. A check that
lacks what it needs (no calibration, a model that does not say its training conditions) says so
as a notice instead of passing silently.
"""

from collections.abc import Iterator
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import (
    Clip,
    ModelInfo,
    QualityFlag,
    Severity,
    Track,
    TrackStatus,
    VideoInfo,
)

UNCERTAIN_SCORE = (
    0.5  # below it a normalised cross-correlation explains under a quarter of the picture
)
UNCERTAIN_SHARE = 0.2
DARK_LEVEL, BRIGHT_LEVEL = 40, 225  # medians of 0..255; the real clips lie between 90 and 200
CLIPPED_SHARE = 0.05
RATE_RATIO = 1.5  # a third slower or half faster than the training videos
SCALE_RATIO = 1.5
SHARP_EDGE_PX = 3.0  # what a perfectly sharp edge measures after smoothing by one pixel
BLUR_EDGE_SHARE = 0.28  # what an edge is wider than that, as a part of the head's length
HEAD_LEVEL = 0.3  # of the peak difference: where the head ends
TAIL_SHARES = (0.55, 0.7, 0.85)  # of the head's half width: neck and tail are thinner
SLENDER = 2.0  # length by width from which a neck is still on the head, which is about 5 by 3
SIZE_MARGIN = 1.25  # nine in ten simulated heads are measured within a quarter of their length
HEAD_SHARE = (0.08, 0.45)  # of the crop's side, when the model does not know its own range

Picture = NDArray[np.float32]


def quality_flags(
    *,
    track: Track,
    clip: Clip,
    video: VideoInfo,
    um_per_px: float | None,
    model: ModelInfo,
) -> tuple[QualityFlag, ...]:
    """Check one sperm's track, clip and video; the flags come in the order of the work.

    Args:
        track: the whole path.
        clip: what the network saw.
        video: with the frame rate that was used.
        um_per_px: the calibration, None where there is none.
        model: says under which conditions it was trained.
    """
    flags: list[QualityFlag] = []
    for check in (
        _track_flags(track),
        _border_flags(clip),
        _light_flags(clip),
        _head_flags(clip, model),
        _rate_flags(video, track, model),
        _scale_flags(um_per_px, model),
    ):
        flags += check
    return tuple(flags)


def _warning(code: str, reason: str) -> QualityFlag:
    return QualityFlag(code=code, severity=Severity.WARNING, reason=reason)


def _notice(code: str, reason: str) -> QualityFlag:
    return QualityFlag(code=code, severity=Severity.NOTICE, reason=reason)


def _track_flags(track: Track) -> Iterator[QualityFlag]:
    total = len(track.points)
    lost = [p.frame for p in track.points if p.status is TrackStatus.LOST]
    if lost:
        yield _warning(
            "track_lost",
            f"The sperm was lost in {len(lost)} of {total} frames, first in frame {lost[0]}: "
            "check the track.",
        )
    seen = [p for p in track.points if p.status is not TrackStatus.LOST and not p.is_duplicate]
    doubtful = [
        p
        for p in seen
        if p.status is TrackStatus.PREDICTED
        or (p.status is TrackStatus.MEASURED and p.score < UNCERTAIN_SCORE)
    ]
    if seen and len(doubtful) > UNCERTAIN_SHARE * len(seen):
        yield _warning(
            "track_uncertain",
            f"The position is uncertain in {len(doubtful)} of {len(seen)} frames: check the "
            "track and correct it where it left the sperm.",
        )


def _border_flags(clip: Clip) -> Iterator[QualityFlag]:
    padded = [b.padded_share for b in clip.boxes if b.padded_share > 0]
    if padded:
        yield _warning(
            "crop_over_border",
            f"In {len(padded)} of {len(clip.boxes)} frames the crop reaches over the picture's "
            f"border (up to {max(padded):.0%} of it was filled by repeating the border).",
        )


def _light_flags(clip: Clip) -> Iterator[QualityFlag]:
    level = float(np.median(clip.images))
    if level < DARK_LEVEL:
        yield _warning("too_dark", f"The picture is too dark (median {level:.0f} of 255).")
    if level > BRIGHT_LEVEL:
        yield _warning("too_bright", f"The picture is too bright (median {level:.0f} of 255).")
    clipped = float(np.mean(clip.images >= 254))
    if clipped > CLIPPED_SHARE and level <= BRIGHT_LEVEL:
        yield _warning("too_bright", f"{clipped:.0%} of the picture is overexposed.")


def _head_flags(clip: Clip, model: ModelInfo) -> Iterator[QualityFlag]:
    """Measure the head in every frame of the clip; the median frame speaks for it."""
    heads = [measure_head(image) for image in clip.images]
    if heads[0] is None and clip.boxes[0].status is TrackStatus.MANUAL:
        yield _warning(
            "no_head_at_click",
            f"Nothing stands out where the sperm was clicked in frame {clip.boxes[0].frame}: the "
            "click may have missed it, and what was followed may be something else.",
        )
    found = [head for head in heads if head is not None]
    if len(found) < len(heads) / 2:
        yield _warning(
            "head_not_found",
            f"No head stands out in {len(heads) - len(found)} of {len(heads)} "
            "frames: the sperm may be out of focus, or the track may have left it.",
        )
        return
    length, edge = median(h[0] for h in found), median(h[1] for h in found)
    if edge - SHARP_EDGE_PX > BLUR_EDGE_SHARE * length:
        yield _warning(
            "out_of_focus",
            f"The head's edge is {edge:.1f} px wide on a head of {length:.0f} px: the sperm is "
            "out of focus.",
        )
    side = clip.images.shape[1]
    shortest, longest = model.trained_head_length_px or (
        HEAD_SHARE[0] * side,
        HEAD_SHARE[1] * side,
    )
    if length * SIZE_MARGIN < shortest:
        yield _warning(
            "sperm_too_small",
            f"The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
            f"{longest:.0f} px: use a higher magnification.",
        )
    if length > longest * SIZE_MARGIN:
        yield _warning(
            "sperm_too_large",
            f"The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
            f"{longest:.0f} px: use a lower magnification.",
        )


def _rate_flags(video: VideoInfo, track: Track, model: ModelInfo) -> Iterator[QualityFlag]:
    """Compare the rate of the frames that show something new: a converter repeats others."""
    if model.trained_fps is None:
        yield _notice("fps_unknown", "The model does not say which frame rate it was trained on.")
        return
    fps = video.fps * track.distinct_share
    if 1 / RATE_RATIO <= fps / model.trained_fps <= RATE_RATIO:
        return
    if fps < video.fps:
        yield _warning(
            "fps_unlike_training",
            f"The video has {fps:.4g} different frames per second (stored as {video.fps:.4g} by "
            f"repeating some), the training videos had {model.trained_fps:.4g}.",
        )
    else:
        yield _warning(
            "fps_unlike_training",
            f"The video has {fps:.4g} different frames per second, the training videos had "
            f"{model.trained_fps:.4g}.",
        )


def _scale_flags(um_per_px: float | None, model: ModelInfo) -> Iterator[QualityFlag]:
    if um_per_px is None:
        yield _notice(
            "scale_unknown",
            "No um/px is set, so speeds are in px/s and the magnification cannot be compared "
            "with the training videos.",
        )
    elif model.trained_um_per_px is None:
        yield _notice(
            "scale_unknown", "The model does not say which magnification it was trained on."
        )
    elif not 1 / SCALE_RATIO <= um_per_px / model.trained_um_per_px <= SCALE_RATIO:
        yield _warning(
            "scale_unlike_training",
            f"The video has {um_per_px:.3g} um/px, the training videos had "
            f"{model.trained_um_per_px:.3g} um/px.",
        )


def measure_head(image: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Measure the head at the centre of a crop.

    The head is what differs from the background around the crop's centre: the connected region
    over ``HEAD_LEVEL`` of its own peak difference. Its length is the longer axis of the ellipse of
    equal second moments, without the tail: where neck or tail are nearly as wide as the head, more
    is taken off until what is left is no longer slender. The width of its edge is the peak
    difference over the steepest slope.

    Args:
        image: (S, S, 3) uint8 crop.

    Returns:
        Length and edge width in pixels, or None when nothing at the centre stands out.
    """
    difference = _difference_from_background(image)
    side = difference.shape[0]
    middle = slice(side // 2 - side // 16 - 1, side // 2 + side // 16 + 2)
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
    return length, _edge_width(difference, region, peak)


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


def _difference_from_background(image: NDArray[np.uint8]) -> Picture:
    """Absolute grey difference from the crop's median, smoothed by one pixel against noise."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    difference: Picture = np.abs(smooth - np.float32(np.median(smooth)))
    return difference


def _edge_width(difference: Picture, region: NDArray[np.bool_], peak: float) -> float:
    around = cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    slope = np.hypot(
        cv2.Sobel(difference, cv2.CV_32F, 1, 0, scale=1 / 8),
        cv2.Sobel(difference, cv2.CV_32F, 0, 1, scale=1 / 8),
    )
    return peak / max(float(np.percentile(slope[around], 95)), 1e-6)
