"""Flags on the light of a clip: too dark, too bright, changing."""

import json
from collections.abc import Iterator

import numpy as np

from rostfine_core.domain import Clip, ModelInfo, QualityFlag
from rostfine_core.light import (
    EVENED_CHANGE,
    SLOW_CHANGE,
    STEADY_CHANGE,
    background_levels,
    light_change,
    slow_change,
)
from rostfine_core.messages import Message

DARK_LEVEL, BRIGHT_LEVEL = 40, 225  # medians of 0..255; the real clips lie between 90 and 200
CLIPPED_SHARE = 0.05


def light_flags(clip: Clip, *, model: ModelInfo | None) -> Iterator[QualityFlag]:
    """Check the light; whether a change of it was evened out is a matter of the ``model``."""
    level = float(np.median(clip.images))
    if level < DARK_LEVEL:
        yield QualityFlag.warning(
            "too_dark",
            Message("The picture is too dark (median {level:.0f} of 255).", level=level),
        )
    if level > BRIGHT_LEVEL:
        yield QualityFlag.warning(
            "too_bright",
            Message("The picture is too bright (median {level:.0f} of 255).", level=level),
        )
    clipped = float(np.mean(clip.images >= 254))
    if clipped > CLIPPED_SHARE and level <= BRIGHT_LEVEL:
        yield QualityFlag.warning(
            "too_bright", Message("{share:.0%} of the picture is overexposed.", share=clipped)
        )
    yield from _change_flags(clip, model)


def _change_flags(clip: Clip, model: ModelInfo | None) -> Iterator[QualityFlag]:
    levels = background_levels(clip.images)
    change = light_change(levels)
    if change <= STEADY_CHANGE and slow_change(levels) <= SLOW_CHANGE:
        return
    values = {"change": change, "darkest": levels.min().item(), "brightest": levels.max().item()}
    if change <= STEADY_CHANGE:
        yield QualityFlag.notice(
            "light_changes",
            Message(
                "The light changes by {change:.0%} over the clip (background {darkest:.0f} to "
                "{brightest:.0f} of 255), so the grade is less certain: keep lamp and exposure "
                "constant.",
                **values,
            ),
        )
    elif change <= EVENED_CHANGE and model is not None and _evens_light(model):
        yield QualityFlag.notice(
            "light_changes",
            Message(
                "The light changes by {change:.0%} over the clip (background {darkest:.0f} to "
                "{brightest:.0f} of 255); it was evened out before grading, but the grade is less "
                "certain.",
                **values,
            ),
        )
    else:
        yield QualityFlag.warning(
            "light_changes",
            Message(
                "The light changes by {change:.0%} over the clip (background {darkest:.0f} to "
                "{brightest:.0f} of 255), which can change the grade: keep lamp and exposure "
                "constant.",
                **values,
            ),
        )


def _evens_light(model: ModelInfo) -> bool:
    """Whether the model's input is normalised by clip, which evens out changes of the light."""
    return bool(json.loads(model.preprocessing_json).get("normalise") == "clip")
