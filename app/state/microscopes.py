"""Which of a microscope's values hold for a video: a scale belongs to one size of picture."""

from dataclasses import dataclass, replace

from rostfine_core.domain import Calibration, VideoInfo

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The values to use, and those whose scale is only offered, since it may not hold."""

    calibration: Calibration
    offered: Calibration | None = None


def fitted(known: Calibration, *, set_for: Size | None, video: VideoInfo | None) -> Fitted:
    """A known microscope's values for a video.

    Another size of picture is another camera, binning or converter, and so another scale: that is
    used only once the user confirms it, and so is one whose size of picture is not known.

    Args:
        known: the microscope.
        set_for: the size of picture for which its scale was set.
        video: the video, None before one is open.
    """
    if known.um_per_px is None or video is None or set_for == (video.width_px, video.height_px):
        return Fitted(calibration=known)
    return Fitted(calibration=replace(known, um_per_px=None), offered=known)
