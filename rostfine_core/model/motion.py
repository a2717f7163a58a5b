"""What a network is told of a sperm's motion, which its pictures cannot show.

Every picture is centred on the head, so that the way it swims is cut away, and 16 frames may lie
1 s or 12 s apart. A network with a ``motion_width`` is therefore told how fast the head moved, from
the centres of the same pictures. Letters: B clips, T frames of the clip.
"""

import torch
from torch import Tensor

MOTION_NUMBERS = 6
"""How many numbers ``measure_motion`` gives for a clip."""
SPEED_UM_S = 5.0
"""The speed around which differences count most: twice as fast is less news to a fast sperm."""
LAG = 5
"""Steps of the clip over which the mean speed leaves out the head's swing and errors of a track."""
SHORTEST_S = 1e-3


def measure_motion(paths: Tensor) -> Tensor:
    """Sum up where the head was, (B, T, 3) of s, um and um, in (B, 6) numbers of about 0 to 3.

    In order: the logarithm of 1 + the time span in s; of 1 + a speed over 5 um/s for the median
    step, for the path (VCL at the clip's frames), for pieces of ``LAG`` steps and for the straight
    line (VSL); and the path's linearity (LIN, VSL / VCL). Frames that repeat count as no step.
    """
    times, places = paths[..., 0], paths[..., 1:]
    span = (times[:, -1] - times[:, 0]).clamp_min(SHORTEST_S)
    lengths, gaps = _moves(times, places, lag=1)
    moves = torch.where(gaps > SHORTEST_S, lengths / gaps.clamp_min(SHORTEST_S), torch.nan)
    middle = moves.nanmedian(dim=1).values.nan_to_num(0.0)
    curved = lengths.sum(dim=1) / span
    longer, pauses = _moves(times, places, lag=min(LAG, paths.shape[1] - 1))
    smooth = longer.sum(dim=1) / pauses.sum(dim=1).clamp_min(SHORTEST_S)
    straight = (places[:, -1] - places[:, 0]).norm(dim=-1) / span
    speeds = torch.stack([middle, curved, smooth, straight], dim=1)
    linearity = straight / curved.clamp_min(SHORTEST_S)
    return torch.cat(
        [span.log1p()[:, None], (speeds / SPEED_UM_S).log1p(), linearity[:, None]], dim=1
    )


def _moves(times: Tensor, places: Tensor, *, lag: int) -> tuple[Tensor, Tensor]:
    """Distances and times from each frame to the one ``lag`` frames later, (B, T - lag) each."""
    far = (places[:, lag:] - places[:, :-lag]).norm(dim=-1)
    return far, times[:, lag:] - times[:, :-lag]
