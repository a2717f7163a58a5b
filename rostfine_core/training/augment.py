"""Augmentation of whole clips: what a sperm under a microscope looks the same after.

Letters: B clips, T frames, H rows, W columns; square pictures (H = W).
"""

import numpy as np
import torch
from torch import Tensor

from rostfine_core.training.config import AugmentationSection

BRIGHTEST = 255.0


def augment(images: Tensor, *, settings: AugmentationSection, rng: np.random.Generator) -> Tensor:
    """Flip, turn and brighten each clip as a whole: (B, T, H, W, 3) uint8 -> the same.

    The same numbers are drawn whatever is switched on, so that one setting can be changed
    without changing the others' draws.
    """
    count = len(images)
    flips = rng.integers(0, 2, count) * settings.flips
    turns = rng.integers(0, 4, count) * settings.rotations
    gains = 1 + settings.brightness * rng.uniform(-1, 1, count)
    if not (flips.any() or turns.any() or settings.brightness):
        return images
    clips = [
        _augment_clip(clip, flip=bool(f), quarter_turns=int(t), gain=float(g))
        for clip, f, t, g in zip(images, flips, turns, gains, strict=True)
    ]
    return torch.stack(clips)


def _augment_clip(clip: Tensor, *, flip: bool, quarter_turns: int, gain: float) -> Tensor:
    if flip:
        clip = clip.flip(2)
    if quarter_turns:
        clip = clip.rot90(quarter_turns, (1, 2))
    if gain != 1:
        clip = (clip * gain).round().clamp(0, BRIGHTEST).to(torch.uint8)
    return clip
