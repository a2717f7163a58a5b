"""What a video file holds, and one of its frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.messages import Message

SIMULATED_VIDEO = "Simulated sperm, no recording (rostfine simulate)"
"""The comment in every video of simulated sperm, so that renamed copies are recognised too."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a video file really holds, whatever its header claims.

    ``timestamps_s`` has one entry per frame and starts at 0; ``fps`` is the mean rate over them.
    ``notes`` tells the user what they should know (file cut off, times assumed, ...).
    ``is_simulated``: the file carries ``SIMULATED_VIDEO``. ``um_per_px`` is the scale stated in
    the file; it is not used in any calculation until the user accepts it.
    """

    path: str
    width_px: int
    height_px: int
    frame_count: int
    fps: float
    duration_s: float
    codec: str
    is_colour: bool
    bit_depth: int
    timestamps_s: tuple[float, ...]
    notes: tuple[Message, ...] = ()
    is_simulated: bool = False
    um_per_px: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class GreyFrame:
    """One decoded frame for tracking: ``image`` (H, W) uint8.

    ``is_duplicate``: the camera or converter repeated the frame before (the same picture up to
    compression noise), so it shows no new position. ``one_field`` (H, W) is the picture at one
    moment where lines were taken at two; None where they were not.
    """

    index: int
    time_s: float
    image: NDArray[np.uint8]
    is_duplicate: bool = False
    one_field: NDArray[np.uint8] | None = None

    @property
    def instant(self) -> NDArray[np.uint8]:
        """(H, W): the picture at one moment."""
        return self.image if self.one_field is None else self.one_field
