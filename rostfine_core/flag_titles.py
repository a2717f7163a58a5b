"""The kinds of quality flags, each with a title of two or three words.

``report.wording.NO_FLAGS`` names the checks to the reader of a report: keep it complete.
"""

from typing import Literal

from rostfine_core.marking import marked

FlagCode = Literal[
    "track_lost",
    "track_uncertain",
    "track_doubtful",
    "track_left",
    "track_jump",
    "few_training_samples",
    "training_samples_unknown",
    "track_strayed",
    "same_head",
    "clip_short",
    "crop_over_border",
    "too_dark",
    "too_bright",
    "light_changes",
    "field_moves",
    "interlaced",
    "no_head_at_click",
    "head_not_found",
    "out_of_focus",
    "sperm_too_small",
    "sperm_too_large",
    "fps_unknown",
    "fps_unlike_training",
    "scale_unknown",
    "scale_doubtful",
    "scale_unlike_training",
    "video",
    "device",
]
"""The codes of this version; files of other versions may hold others."""

FLAG_TITLES: dict[str, str] = {
    "track_lost": marked("Track lost"),
    "track_uncertain": marked("Track uncertain"),
    "track_doubtful": marked("Track doubtful"),
    "track_left": marked("Left the picture"),
    "track_jump": marked("Track jumps"),
    "few_training_samples": marked("Model of few samples"),
    "training_samples_unknown": marked("Training samples unknown"),
    "track_strayed": marked("Track may have strayed"),
    "same_head": marked("Same sperm twice"),
    "clip_short": marked("Few frames"),
    "crop_over_border": marked("Crop over the border"),
    "too_dark": marked("Too dark"),
    "too_bright": marked("Too bright"),
    "light_changes": marked("Light changes"),
    "field_moves": marked("Picture moves"),
    "interlaced": marked("Interlaced video"),
    "no_head_at_click": marked("No head under the click"),
    "head_not_found": marked("Head not found"),
    "out_of_focus": marked("Out of focus"),
    "sperm_too_small": marked("Sperm too small"),
    "sperm_too_large": marked("Sperm too large"),
    "fps_unknown": marked("Training frame rate unknown"),
    "fps_unlike_training": marked("Frame rate unlike the training"),
    "scale_unknown": marked("Scale unknown"),
    "scale_doubtful": marked("Scale doubtful"),
    "scale_unlike_training": marked("Scale unlike the training"),
    "video": marked("Note on the video"),
    "device": marked("Note on the processor"),
}
"""Titles by code; a test checks that every ``FlagCode`` has one."""
