"""What the network sees of one sperm, and where it looked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain.track import TrackStatus

CROP_PX = 150
"""The side of the square cut around a head (paper), unless the model was trained on another."""


@dataclass(frozen=True, kw_only=True)
class CropBox:
    """The square cut from one frame, centred on the sub-pixel track.

    ``size_px`` is its side in pixels of the video, which is not that of ``Clip.images`` where the
    clip was resampled to the scale of the model. ``padded_share`` (0 to 1) is the part of the
    square outside the frame, filled by repeating the border; ``status`` is that of the
    track point at its centre. ``field_px`` is how far the picture itself had moved by then, as the
    kinematics take it off: (0, 0) where it rests.
    """

    frame: int
    time_s: float
    centre_x_px: float
    centre_y_px: float
    size_px: float
    padded_share: float
    status: TrackStatus
    field_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """What the network sees of one sperm: ``images`` (T, S, S, 3) uint8 RGB and their boxes."""

    target: str
    images: NDArray[np.uint8]
    boxes: tuple[CropBox, ...]

    @property
    def magnification(self) -> float:
        """Pixels of the images for each pixel of the video."""
        return float(self.images.shape[1] / self.boxes[0].size_px)

    def path_um(self, um_per_px: float) -> NDArray[np.float32]:
        """Where the head was on the slide, (T, 3) of s, um and um; the images' scale is given."""
        boxes = [
            (b.time_s, b.centre_x_px - b.field_px[0], b.centre_y_px - b.field_px[1])
            for b in self.boxes
        ]
        to_um = self.magnification * um_per_px
        path: NDArray[np.float32] = (np.array(boxes) * (1, to_um, to_um)).astype(np.float32)
        return path

    @property
    def span_s(self) -> float:
        """From the first frame to the last."""
        return self.boxes[-1].time_s - self.boxes[0].time_s


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Where the network looked, on its patch grid, for its ``T`` input frames.

    ``encoder_rollout`` and ``branch_attention`` are (T, G, G) float32, not normalised;
    ``selected_patches`` (T, K) are indices into the row-major G*G grid; ``clip_frames`` gives the
    index of each of the T frames in ``Clip.images``. If the network saw the frames turned,
    ``headings_rad`` (T) are the directions in the crop (x right, y down) that pointed right.

    ``branch_attention`` is drawn as the official code draws it, from the last attention over the
    branch's input; ``branch_forward`` (T, G, G) is that of the pass that graded, where a token is
    already a mixture of all selected patches. None in results of versions that did not keep it.
    """

    encoder_rollout: NDArray[np.float32]
    branch_attention: NDArray[np.float32]
    selected_patches: NDArray[np.int64]
    clip_frames: tuple[int, ...]
    headings_rad: tuple[float, ...] = ()
    branch_forward: NDArray[np.float32] | None = None


NEARLY_EVEN = 0.1
"""A range of attention, relative to its mean, so small that colours would exaggerate it."""


def attention_range(maps: NDArray[np.float32]) -> tuple[float, float] | None:
    """The lowest and highest value of maps (T, G, G) in multiples of their mean.

    None for uniform maps.
    """
    low, high, mean = float(maps.min()), float(maps.max()), float(maps.mean())
    return (low / mean, high / mean) if high > low and mean > 0 else None
