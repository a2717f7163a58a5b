"""Augmentation of whole clips by changes that leave a sperm's quality the same.

Letters: B clips, T frames, H rows, W columns; square pictures (H = W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rostfine_core.training.config import AugmentationSection

BRIGHTEST = 255.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of one clip; ``gain`` multiplies its brightness, the others move its pixels."""

    flip: bool
    quarter_turns: int
    gain: float
    right_px: int = 0
    down_px: int = 0


def draw_changes(
    count: int, *, settings: AugmentationSection, rng: np.random.Generator
) -> list[Change]:
    """Draw the changes of ``count`` clips.

    The same numbers are drawn whatever is enabled, so changing one setting does not affect the
    draws of the others.
    """
    flips = rng.integers(0, 2, count) * settings.flips
    turns = rng.integers(0, 4, count) * settings.rotations
    gains = 1 + settings.brightness * rng.uniform(-1, 1, count)
    # A separate generator, so that recipes older than shifts keep their draws.
    limit = settings.shift_px
    shifts = rng.spawn(1)[0].integers(-limit, limit, (count, 2), endpoint=True)
    return [
        Change(flip=bool(f), quarter_turns=int(t), gain=float(g), right_px=int(x), down_px=int(y))
        for f, t, g, (x, y) in zip(flips, turns, gains, shifts, strict=True)
    ]


def augment(images: Tensor, changes: Sequence[Change]) -> Tensor:
    """Flip, rotate, shift and brighten each clip as a whole: (B, T, H, W, 3) uint8 -> the same."""
    if all(change == UNCHANGED for change in changes):
        return images
    return torch.stack([_change(c, change) for c, change in zip(images, changes, strict=True)])


UNCHANGED = Change(flip=False, quarter_turns=0, gain=1.0)


def _change(clip: Tensor, change: Change) -> Tensor:
    if change.flip:
        clip = clip.flip(2)
    if change.quarter_turns:
        clip = clip.rot90(change.quarter_turns, (1, 2))
    if change.right_px or change.down_px:
        clip = _shift(clip, right_px=change.right_px, down_px=change.down_px)
    if change.gain != 1:
        clip = (clip * change.gain).round().clamp(0, BRIGHTEST).to(torch.uint8)
    return clip


def _shift(clip: Tensor, *, right_px: int, down_px: int) -> Tensor:
    """Shift (T, H, W, 3), repeating the border as crops at a frame's edge do."""
    height, width = clip.shape[1:3]
    rows = (torch.arange(height) - down_px).clamp(0, height - 1)
    columns = (torch.arange(width) - right_px).clamp(0, width - 1)
    return clip[:, rows][:, :, columns]
