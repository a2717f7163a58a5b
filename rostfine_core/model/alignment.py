"""Turns each frame of a clip so that the sperm's head points right and its tail lies to the left.

A small network then learns one direction of form instead of all (see the model card). Letters: N
frames, S their edge in pixels. Lengths are shares of the edge, angles radians with x right, y down.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

HEAD_REACH = 0.073
"""The standard deviation of the window around the crop's centre in which the head is measured."""
TAIL_FROM, TAIL_TO, TAIL_WIDTH, TAIL_SPREAD = 0.093, 0.3, 0.027, 0.35
"""Where along the axis a tail is looked for; how far aside at the centre, and more per length."""
NOISE_LEVELS = 2.5
"""Smaller deviations from the background, in medians of all deviations, count as noise."""
SAMPLING = 3


def measure_headings(frames: Tensor) -> Tensor:
    """The direction of the head's front in each frame: (N, 3, S, S) float -> (N,).

    The axis is that of the second moments of what differs from the background near the centre; the
    rear is where the tail, beyond the head, adds more. Round heads without a tail have no
    direction, and get a random one.
    """
    grey = frames.mean(dim=1)
    edge = grey.shape[-1]
    differs = _difference(grey)
    across, down = _places(edge, device=frames.device)
    window = torch.exp(-(across**2 + down**2) / (2 * (HEAD_REACH * edge) ** 2))
    head = differs * window
    xx, yy, xy = (
        (head * product).sum(dim=(1, 2)) for product in (across**2, down**2, across * down)
    )
    axis = 0.5 * torch.atan2(2 * xy, xx - yy)
    x, y = axis.cos()[:, None, None], axis.sin()[:, None, None]
    along, aside = x * across + y * down, x * down - y * across
    length = along.abs()
    in_reach = (length > TAIL_FROM * edge) & (length < TAIL_TO * edge)
    in_reach &= aside.abs() < TAIL_WIDTH * edge + TAIL_SPREAD * length
    # What is far darker than a tail, such as another head, counts no more than one.
    strongest = head.amax(dim=(1, 2), keepdim=True) / 2
    tail = torch.minimum(differs, strongest) * in_reach
    in_front = (tail * along.sign()).sum(dim=(1, 2)) > 0
    return torch.where(in_front, axis + math.pi, axis)


def turn_frames(frames: Tensor, headings: Tensor, *, size: int) -> Tensor:
    """Turn frames about their centre so that ``headings`` (N,) point right, and resize them.

    (N, C, S, S) -> (N, C, size, size); the border repeats where the turned square leaves the frame.
    """
    cos, sin, none = headings.cos(), headings.sin(), torch.zeros_like(headings)
    rows = torch.stack([torch.stack([cos, -sin, none], 1), torch.stack([sin, cos, none], 1)], 1)
    grid = F.affine_grid(rows, [len(frames), frames.shape[1], size, size], align_corners=False)
    return F.grid_sample(frames, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _difference(grey: Tensor) -> Tensor:
    """How far pixels (N, S, S) differ from the frame's background, beyond the noise."""
    sampled = grey[:, ::SAMPLING, ::SAMPLING].flatten(1)
    background = sampled.median(dim=1, keepdim=True).values
    noise = (sampled - background).abs().median(dim=1).values[:, None, None]
    differs = (grey - background[..., None]).abs()
    smooth = F.avg_pool2d(differs[:, None], kernel_size=3, stride=1, padding=1)[:, 0]
    return (smooth - NOISE_LEVELS * noise).clamp_min(0)


def _places(edge: int, *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Each pixel's distance from the centre, across and down (S, S)."""
    steps = torch.arange(edge, device=device, dtype=torch.float32) - (edge - 1) / 2
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    return across, down
