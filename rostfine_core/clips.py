"""Clips: a few frames spread over a track, cropped around the head's sub-pixel position.

Where the scale of the video and that of the model's training are known, crops are resampled to the
latter. The paper cuts 16 frames of 150x150 pixels from the 175 frames of a video; count, size and
span are settings here. A crop that crosses the frame's border repeats the border, which moves a
grade less than a crop moved inwards or a shorter clip would (measured in decision 0046); the clip
records the share, and a flag says it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import CROP_PX, Clip, CropBox, Track, TrackPoint, TrackStatus
from rostfine_core.errors import TrackingError
from rostfine_core.interlace import one_field
from rostfine_core.messages import Message
from rostfine_core.squares import cut_square

MINIMUM_CLIP_FRAMES = 2


@dataclass(frozen=True, kw_only=True)
class ClipSettings:
    """How a clip is cut: ``frame_count`` squares of ``size_px`` over at most ``max_span_s``.

    ``magnification`` is the number of their pixels for each pixel of the video. The defaults are
    the paper's: 16 frames of 150 pixels from 175 frames at 15 frames per second.
    """

    frame_count: int = 16
    size_px: int = CROP_PX
    max_span_s: float = 175 / 15
    magnification: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that cannot give a clip."""
        if self.frame_count < MINIMUM_CLIP_FRAMES or self.size_px < 8 or not self.max_span_s > 0:
            raise ValueError(
                f"a clip needs at least {MINIMUM_CLIP_FRAMES} frames of 8 pixels over more than "
                f"0 s, got {self.frame_count} of {self.size_px} over {self.max_span_s} s"
            )
        if not (math.isfinite(self.magnification) and self.magnification > 0):
            raise ValueError(f"magnification must be above 0, got {self.magnification}")

    @property
    def covered_px(self) -> float:
        """The side of what a square shows, in pixels of the video."""
        return self.size_px / self.magnification


def clip_points(track: Track, *, settings: ClipSettings) -> tuple[TrackPoint, ...]:
    """Choose a clip's track points, evenly from the first to the last, both included.

    Points where the sperm was lost are skipped. A track with fewer points than the clip has frames
    repeats some, as the paper's sampling does.

    Raises:
        TrackingError: the sperm was seen in fewer than two frames.
    """
    seen = [p for p in track.points if p.status is not TrackStatus.LOST]
    if seen:
        end_s = seen[0].time_s + settings.max_span_s
        seen = [p for p in seen if p.time_s < end_s]
    if len(seen) < MINIMUM_CLIP_FRAMES:
        raise TrackingError(
            Message(
                "The sperm was seen in {count} frame(s), too few to grade: correct its track or "
                "click another sperm.",
                count=len(seen),
            )
        )
    chosen = np.floor(np.linspace(0, len(seen) - 1, settings.frame_count)).astype(int)
    return tuple(seen[i] for i in chosen)


def cut_box(point: TrackPoint, *, width_px: int, height_px: int, size_px: float) -> CropBox:
    """Place the square of one track point in its frame and measure how much lies outside."""
    half = size_px / 2
    inside_x = min(point.x_px + half, width_px - 0.5) - max(point.x_px - half, -0.5)
    inside_y = min(point.y_px + half, height_px - 0.5) - max(point.y_px - half, -0.5)
    inside = max(0.0, inside_x) * max(0.0, inside_y) / size_px**2
    return CropBox(
        frame=point.frame,
        time_s=point.time_s,
        centre_x_px=point.x_px,
        centre_y_px=point.y_px,
        size_px=size_px,
        padded_share=round(max(0.0, 1 - inside), 6),
        status=point.status,
    )


def cut_clip(
    track: Track,
    *,
    image_at: Callable[[int], NDArray[np.uint8]],
    settings: ClipSettings,
) -> Clip:
    """Cut the clip of a finished track.

    Args:
        track: the path of one sperm.
        image_at: gives the (H, W, 3) uint8 RGB picture of a frame by its number.
        settings: count, size and span.

    Raises:
        TrackingError: the sperm was seen in fewer than two frames.
    """
    images, boxes = [], []
    for point in clip_points(track, settings=settings):
        image = image_at(point.frame)
        if track.field is not None and track.field.is_one_field:
            image = one_field(image)
        square, box = _cut(point, image, settings=settings)
        images.append(square)
        boxes.append(replace(box, field_px=_field_px(track, point.frame)))
    return Clip(target=track.target, images=np.stack(images), boxes=tuple(boxes))


def _field_px(track: Track, frame: int) -> tuple[float, float]:
    """How far the picture had moved by ``frame``, if it moves at all."""
    return track.field.at(frame) if track.field is not None and track.field.moves else (0.0, 0.0)


def _cut(
    point: TrackPoint, image: NDArray[np.uint8], *, settings: ClipSettings
) -> tuple[NDArray[np.uint8], CropBox]:
    height, width = image.shape[:2]
    square = cut_square(
        image,
        x_px=point.x_px,
        y_px=point.y_px,
        size_px=settings.size_px,
        magnification=settings.magnification,
    )
    return square, cut_box(point, width_px=width, height_px=height, size_px=settings.covered_px)


class CropRecorder:
    """Keeps the squares around one sperm while the video is decoded, so that one pass is enough.

    Which frames a clip needs is known only when the track ends. Until then the square of every
    frame in the span is kept (150x150x3 bytes each: 12 MB for the paper's 175 frames).
    """

    def __init__(self, *, settings: ClipSettings) -> None:
        self._settings = settings
        self._squares: dict[int, tuple[NDArray[np.uint8], CropBox]] = {}
        self._end_s: float | None = None

    def wants(self, point: TrackPoint) -> bool:
        """Whether the clip could use this point, so that its frame is needed in colour."""
        if point.status is TrackStatus.LOST:
            return False
        return self._end_s is None or point.time_s < self._end_s

    def record(self, point: TrackPoint, image: NDArray[np.uint8]) -> None:
        """Keep the square around ``point`` of the (H, W, 3) uint8 RGB picture."""
        if self._end_s is None:
            self._end_s = point.time_s + self._settings.max_span_s
        self._squares[point.frame] = _cut(point, image, settings=self._settings)

    def clip(self, track: Track) -> Clip:
        """Assemble the clip of the finished ``track``; it equals that of ``cut_clip``.

        Raises:
            TrackingError: the sperm was seen in fewer than two frames.
        """
        points = clip_points(track, settings=self._settings)
        squares, boxes = zip(*(self._squares[p.frame] for p in points), strict=True)
        # The tracker can settle a doubt later, so only the finished track has the final status.
        final = (
            replace(box, status=p.status, field_px=_field_px(track, p.frame))
            for box, p in zip(boxes, points, strict=True)
        )
        return Clip(target=track.target, images=np.stack(squares), boxes=tuple(final))


class ColourFrame(Protocol):
    """A decoded frame that converts its colours on request."""

    def rgb(self) -> NDArray[np.uint8]:
        """The (H, W, 3) uint8 RGB picture."""


class CropRecorders:
    """One ``CropRecorder`` per sperm, fed by the tracking loop."""

    def __init__(self, targets: Sequence[str], *, settings: ClipSettings) -> None:
        self._recorders = {target: CropRecorder(settings=settings) for target in targets}

    def record(self, target: str, point: TrackPoint, frame: ColourFrame) -> None:
        """Keep the square around a point if the clip of ``target`` could use it."""
        recorder = self._recorders[target]
        if recorder.wants(point):
            recorder.record(point, frame.rgb())

    def clip(self, track: Track) -> Clip:
        """Assemble the clip of a finished track.

        Raises:
            TrackingError: the sperm was seen in fewer than two frames.
        """
        return self._recorders[track.target].clip(track)
