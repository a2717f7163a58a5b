"""Fits a model's gate to held-back clips: what clips like those of its training look like."""

import math

from rostfine_core.domain import Gate, LongJob, Progress
from rostfine_core.quality.gate_fit import FEWEST_CLIPS, fit_gate
from rostfine_core.quality.looks import FPS, SPAN, Looks, looks_of
from rostfine_core.training.data.dataset import ClipDataset

PROGRESS_EVERY = 16


def measure_gate(data: ClipDataset) -> LongJob[Gate | None]:
    """The gate of clips that look like these; None for fewer than ``FEWEST_CLIPS``.

    Raises:
        DatasetError: a clip cannot be read.
    """
    if len(data.clips) < FEWEST_CLIPS:
        return None
    looks = list[Looks]()
    for done, clip in enumerate(data.clips, start=1):
        span_s, fps = (clip.numbers.get(name, math.nan) for name in (SPAN, FPS))
        looks.append(looks_of(data.pictures(clip), span_s=span_s, fps=fps))
        if done % PROGRESS_EVERY == 0:
            yield Progress(stage="looking at clips", done=done, total=len(data.clips))
    return fit_gate(looks, data.samples)
