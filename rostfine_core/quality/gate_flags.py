"""Flags on clips that look unlike those of the model's training, each with what to do."""

from collections.abc import Iterator

import numpy as np

from rostfine_core.domain import Gate, QualityFlag
from rostfine_core.flag_titles import FlagCode
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.quality.gate_fit import distance
from rostfine_core.quality.looks import (
    AROUND,
    BESIDE,
    CONTRAST,
    EDGE,
    ELONGATION,
    FOCUS,
    FPS,
    HEAD,
    INSIDE,
    NECK,
    NOISE,
    OFF_CENTRE,
    SIDE,
    SPAN,
    TAIL,
    WITHIN,
    Looks,
    as_vector,
)

REASONS: dict[tuple[str, bool], tuple[FlagCode, str]] = {
    (FOCUS, False): (
        "out_of_focus",
        marked(
            "The head shows less fine detail than in training (ratio of fine to coarse structure "
            "{value:.2g}, there {low:.2g} or more): focus on it, and record without smoothing."
        ),
    ),
    (FOCUS, True): (
        "unlike_training",
        marked(
            "The head shows harsher detail than in training (ratio of fine to coarse structure "
            "{value:.2g}, there {high:.2g} or less): switch off sharpening in the camera."
        ),
    ),
    (NOISE, True): (
        "noisy",
        marked(
            "The picture is noisier than in training ({value:.0%} of its contrast, there "
            "{high:.0%} or less): use more light or a longer exposure."
        ),
    ),
    (CONTRAST, False): (
        "low_contrast",
        marked(
            "The head stands out less than in training (by {value:.0%} of the light, there "
            "{low:.0%} or more): adjust condenser and focus."
        ),
    ),
    (SIDE, False): (
        "unlike_training",
        marked(
            "The head is darker against its surroundings than in training ({value:+.1f}, there "
            "{low:+.1f} or more): use the illumination of the training videos."
        ),
    ),
    (SIDE, True): (
        "unlike_training",
        marked(
            "The head is brighter against its surroundings than in training ({value:+.1f}, there "
            "{high:+.1f} or less): use the illumination of the training videos, not inverted."
        ),
    ),
    (HEAD, False): (
        "sperm_too_small",
        marked(
            "The head is {value:.0f} px long in the clip, in training it was {low:.0f} px or more: "
            "check the scale, or use a higher magnification."
        ),
    ),
    (HEAD, True): (
        "sperm_too_large",
        marked(
            "The head is {value:.0f} px long in the clip, in training it was {high:.0f} px or "
            "less: check the scale, or use a lower magnification."
        ),
    ),
    (OFF_CENTRE, True): (
        "off_centre",
        marked(
            "The head lies {value:.0%} of its length beside the middle of the crop, in training "
            "{high:.0%} or less: correct its track, so that the crops follow the head."
        ),
    ),
    (TAIL, False): (
        "no_sperm_head",
        marked(
            "Nothing like a tail stands out beside the head ({value:.2g} of the contrast, in "
            "training {low:.2g} or more): check that this is a sperm, and focus on it."
        ),
    ),
    (SPAN, False): (
        "span_unlike_training",
        marked(
            "The clip spans {value:.1f} s, those of the training {low:.1f} s or more: record or "
            "follow the sperm for longer."
        ),
    ),
    (FPS, False): (
        "fps_unlike_training",
        marked(
            "The video has {value:.4g} different frames per second, the training videos had "
            "{low:.4g} or more."
        ),
    ),
    (FPS, True): (
        "fps_unlike_training",
        marked(
            "The video has {value:.4g} different frames per second, the training videos had "
            "{high:.4g} or less."
        ),
    ),
}
"""Code and reason for a value below (False) or above (True) that of the training."""
KINDS = {
    HEAD: Message("the length of the head"),
    ELONGATION: Message("the form of the head"),
    EDGE: Message("the head's edge"),
    CONTRAST: Message("the contrast"),
    SIDE: Message("how bright the head is"),
    TAIL: Message("the tail"),
    INSIDE: Message("the inside of the head"),
    NECK: Message("the neck"),
    BESIDE: Message("what lies beside the head"),
    **dict.fromkeys(AROUND, Message("the texture of the whole crop")),
    **dict.fromkeys(WITHIN, Message("the texture of the head")),
}


def gate_flags(looks: Looks, gate: Gate) -> Iterator[QualityFlag]:
    """Compare what was measured of a clip with the training; what is not known is not flagged.

    Nor is a value that, rounded as the reason tells it, is the limit itself.
    """
    is_single = False
    for name, (low, high) in gate.limits.items():
        value = looks.get(name, np.nan)
        for end, is_high in ((low, False), (high, True)):
            if end is None or (name, is_high) not in REASONS:
                continue
            if value > end if is_high else value < end:
                code, reason = REASONS[name, is_high]
                limit = {"high" if is_high else "low": end}
                told = Message(reason, value=value, **limit)
                if told != Message(reason, value=end, **limit):
                    yield QualityFlag.warning(code, told)
                    is_single = True
    if not is_single:
        yield from _joint_flag(looks, gate)


def _joint_flag(looks: Looks, gate: Gate) -> Iterator[QualityFlag]:
    """Whether all measures together are too far from their mean; unknown ones count as the mean."""
    vector = as_vector(looks, gate.names)
    differences = np.nan_to_num(vector - np.array(gate.mean))
    precision = np.array(gate.precision)
    far = float(distance(differences[None], precision)[0])
    if round(far, 1) > round(gate.farthest, 1):
        shares = differences * (precision @ differences)
        most = KINDS.get(gate.names[int(np.argmax(shares))], Message("the picture"))
        yield QualityFlag.warning(
            "unlike_training",
            Message(
                "The clip looks unlike those of the training (distance {far:.1f}, there "
                "{farthest:.1f} or less), most of all in {most}: check that this is a sperm, and "
                "that focus, light and magnification are those of the training.",
                far=far,
                farthest=gate.farthest,
                most=most,
            ),
        )
