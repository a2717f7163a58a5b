"""What can be wrong with the clicks that tracking starts from, said in sentences."""

import math
from collections import Counter
from collections.abc import Sequence

from rostfine_core.domain import Seed
from rostfine_core.errors import TrackingError


def check_seeds(seeds: Sequence[Seed]) -> None:
    """Refuse clicks that no video can hold.

    Raises:
        TrackingError: there is no click, one has no place or time, or two contradict each other.
    """
    if not seeds:
        raise TrackingError("There is nothing to track: click at least one sperm.")
    for seed in seeds:
        if not (math.isfinite(seed.x_px) and math.isfinite(seed.y_px)):
            raise TrackingError(
                f"The click on target {seed.target} in frame {seed.frame} has no position "
                f"({seed.x_px}, {seed.y_px}): give x and y in pixels."
            )
        if seed.frame < 0:
            raise TrackingError(
                f"The click on target {seed.target} names frame {seed.frame}: "
                "frames are counted from 0."
            )
    (target, frame), count = Counter((s.target, s.frame) for s in seeds).most_common(1)[0]
    if count > 1:
        raise TrackingError(
            f"Target {target} is clicked {count} times in frame {frame}: "
            "keep one click a target and frame."
        )


def check_in_frame(seed: Seed, *, width_px: int, height_px: int) -> None:
    """Refuse a click beside the picture.

    Raises:
        TrackingError: the click lies outside a frame of this size.
    """
    if not (-0.5 <= seed.x_px <= width_px - 0.5 and -0.5 <= seed.y_px <= height_px - 0.5):
        raise TrackingError(
            f"The click on target {seed.target} in frame {seed.frame} at "
            f"({seed.x_px:g}, {seed.y_px:g}) lies outside the {width_px}x{height_px} frame: "
            "click inside the picture."
        )
