"""The kinds of quality flags, each with a title of two or three words and the check behind it."""

from typing import Literal

from rostfine_core.marking import marked

FlagCode = Literal[
    "no_head_at_click",
    "no_sperm_head",
    "placed_by_hand",
    "track_lost",
    "track_left",
    "track_doubtful",
    "track_jump",
    "track_uncertain",
    "track_strayed",
    "off_centre",
    "clip_short",
    "field_moves",
    "interlaced",
    "same_head",
    "crop_over_border",
    "too_dark",
    "too_bright",
    "light_changes",
    "head_not_found",
    "out_of_focus",
    "noisy",
    "low_contrast",
    "span_unlike_training",
    "unlike_training",
    "training_looks_unknown",
    "sperm_too_small",
    "sperm_too_large",
    "fps_unknown",
    "fps_unlike_training",
    "scale_unknown",
    "scale_doubtful",
    "scale_unlike_training",
    "few_training_samples",
    "training_samples_unknown",
    "video",
    "device",
]
"""The codes of this version; files of other versions may hold others."""

NOTE = ""
"""In place of a check, where a flag passes on what was done, or is known of video or processor."""
FLAGS: dict[FlagCode, tuple[str, str]] = {
    "no_head_at_click": (marked("No head under the click"), marked("click")),
    "no_sperm_head": (marked("Maybe no sperm"), marked("click")),
    "placed_by_hand": (marked("Placed by hand"), NOTE),
    "track_lost": (marked("Track lost"), marked("track")),
    "track_left": (marked("Left the picture"), marked("track")),
    "track_doubtful": (marked("Track doubtful"), marked("track")),
    "track_jump": (marked("Track jumps"), marked("track")),
    "track_uncertain": (marked("Track uncertain"), marked("track")),
    "track_strayed": (marked("Track may have strayed"), marked("track")),
    "off_centre": (marked("Head off the middle"), marked("likeness to the training")),
    "clip_short": (marked("Few frames"), marked("track")),
    "field_moves": (marked("Picture moves"), marked("motion of the picture")),
    "interlaced": (marked("Interlaced video"), marked("interlacing")),
    "same_head": (marked("Same sperm twice"), marked("same sperm twice")),
    "crop_over_border": (marked("Crop over the border"), marked("crop over the border")),
    "too_dark": (marked("Too dark"), marked("light")),
    "too_bright": (marked("Too bright"), marked("light")),
    "light_changes": (marked("Light changes"), marked("light")),
    "head_not_found": (marked("Head not found"), marked("focus")),
    "out_of_focus": (marked("Out of focus"), marked("focus")),
    "noisy": (marked("Noisy"), marked("likeness to the training")),
    "low_contrast": (marked("Low contrast"), marked("likeness to the training")),
    "span_unlike_training": (marked("Clip too short"), marked("likeness to the training")),
    "unlike_training": (marked("Unlike the training"), marked("likeness to the training")),
    "training_looks_unknown": (
        marked("Training clips unknown"),
        marked("likeness to the training"),
    ),
    "sperm_too_small": (marked("Sperm too small"), marked("head size")),
    "sperm_too_large": (marked("Sperm too large"), marked("head size")),
    "fps_unknown": (marked("Training frame rate unknown"), marked("frame rate")),
    "fps_unlike_training": (marked("Frame rate unlike the training"), marked("frame rate")),
    "scale_unknown": (marked("Scale unknown"), marked("scale")),
    "scale_doubtful": (marked("Scale doubtful"), marked("scale")),
    "scale_unlike_training": (marked("Scale unlike the training"), marked("scale")),
    "few_training_samples": (marked("Model of few samples"), marked("training samples")),
    "training_samples_unknown": (marked("Training samples unknown"), marked("training samples")),
    "video": (marked("Note on the video"), NOTE),
    "device": (marked("Note on the processor"), NOTE),
}
"""Title and check of every code, in the order in which a reader is told of the checks."""
OF_THE_VIDEO: frozenset[str] = frozenset[FlagCode](
    (
        "field_moves",
        "interlaced",
        "fps_unknown",
        "fps_unlike_training",
        "scale_unknown",
        "scale_doubtful",
        "scale_unlike_training",
        "training_looks_unknown",
        "few_training_samples",
        "training_samples_unknown",
        "video",
        "device",
    )
)
"""Codes that speak of the recording, the microscope or the model."""
FLAG_TITLES: dict[str, str] = {code: title for code, (title, _) in FLAGS.items()}
CHECKS = tuple(dict.fromkeys(check for _, check in FLAGS.values() if check))
"""What is checked of a sperm, each once."""
