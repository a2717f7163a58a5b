"""What can be wrong with the clicks that tracking starts from, said in sentences."""

import math
from collections import Counter
from collections.abc import Sequence

from rostfine_core.domain import Seed, VideoInfo, is_in_picture
from rostfine_core.errors import TrackingError
from rostfine_core.messages import Message


def check_seeds(seeds: Sequence[Seed], video: VideoInfo) -> None:
    """Refuse clicks that do not lie in the video.

    Raises:
        TrackingError: there is no click, one lies outside, or two contradict each other.
    """
    check_consistent(seeds)
    for seed in seeds:
        if seed.frame >= video.frame_count:
            raise TrackingError(
                Message(
                    "Sperm {target} was clicked in frame {frame}, but the video has frames 0 to "
                    "{last}: click it in one of those.",
                    target=seed.target,
                    frame=seed.frame,
                    last=video.frame_count - 1,
                )
            )
        check_in_frame(seed, width_px=video.width_px, height_px=video.height_px)


def check_consistent(seeds: Sequence[Seed]) -> None:
    """Refuse clicks that no video can hold.

    Raises:
        TrackingError: there is no click, one has no place or time, or two contradict each other.
    """
    if not seeds:
        raise TrackingError(Message("No sperm was clicked: give at least one position."))
    for seed in seeds:
        if not (math.isfinite(seed.x_px) and math.isfinite(seed.y_px)):
            raise TrackingError(
                Message(
                    "The click on sperm {target} in frame {frame} has no position ({x_px}, "
                    "{y_px}): give x and y in pixels.",
                    target=seed.target,
                    frame=seed.frame,
                    x_px=seed.x_px,
                    y_px=seed.y_px,
                )
            )
        if seed.frame < 0:
            raise TrackingError(
                Message(
                    "The click on sperm {target} names frame {frame}: frames are counted from 0.",
                    target=seed.target,
                    frame=seed.frame,
                )
            )
    (target, frame), count = Counter((s.target, s.frame) for s in seeds).most_common(1)[0]
    if count > 1:
        raise TrackingError(
            Message(
                "Sperm {target} is clicked {count} times in frame {frame}: keep one click for "
                "each sperm and frame.",
                target=target,
                count=count,
                frame=frame,
            )
        )


def check_in_frame(seed: Seed, *, width_px: int, height_px: int) -> None:
    """Refuse a click beside the picture, by the rule of ``is_in_picture``.

    Raises:
        TrackingError: the click lies outside a frame of this size.
    """
    if not is_in_picture(seed.x_px, seed.y_px, width_px=width_px, height_px=height_px):
        raise TrackingError(
            Message(
                "The click ({x_px:g}, {y_px:g}) on sperm {target} lies outside the "
                "{width_px}x{height_px} frame: click inside the picture.",
                x_px=seed.x_px,
                y_px=seed.y_px,
                target=seed.target,
                width_px=width_px,
                height_px=height_px,
            )
        )
