"""The film of an explanation: what the network saw, and where it looked, as rows of pictures.

Three rows as in the paper's figure: the frames, the encoder's attention rollout over them, and
the patches that the spatial branch used, as the official code draws them. A fourth, where there is
room, shows those of the pass that graded, if they are known and differ.
"""

from dataclasses import dataclass

import numpy as np

from rostfine_core.attention import (
    AttentionKind,
    Paint,
    Pixels,
    colour_bar,
    enlarged,
    overlay,
    painted,
)
from rostfine_core.domain import (
    NEARLY_EVEN,
    Assessment,
    CropBox,
    Explanation,
    TrackStatus,
    attention_range,
)
from rostfine_core.messages import Message, joined

BAR_SHARE = 0.35
ROW_TITLES = (
    Message("Frames the network saw"),
    Message("Encoder attention (rollout)"),
    Message("Selected patches (spatial branch)"),
    Message("The same in the pass that graded"),
)
LOWER, HIGHER = Message("lower"), Message("higher attention")
OUTLINE = Message("Outline in row two: over half of the scale.")
STATUSES = {
    TrackStatus.PREDICTED: Message("predicted"),
    TrackStatus.LOST: Message("lost"),
    TrackStatus.MANUAL: Message("manual"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionFilm:
    """The panels of one explanation: 3 or 4 ``rows`` of T pictures (P, P, 3) uint8 RGB.

    ``boxes`` says which frame each column shows. ``rollout_range`` holds the map values at the
    two ends of row two's colour scale, see ``attention_range``. ``bar`` (64, 3) is the colour
    scale as it looks over the clip's usual brightness. ``is_drawn_apart`` says that row three is
    not how the grade was computed.
    """

    rows: tuple[tuple[Pixels, ...], ...]
    boxes: tuple[CropBox, ...]
    rollout_range: tuple[float, float] | None
    bar: Pixels
    is_drawn_apart: bool


def paint_film(
    assessment: Assessment, *, edge_px: int, paint: Paint, has_room: bool = False
) -> AttentionFilm:
    """Paint the rows with panels of ``edge_px`` pixels; ``has_room`` for a fourth."""
    explanation, images = assessment.explanation, assessment.clip.images
    kinds = [AttentionKind.ROLLOUT, AttentionKind.PATCHES]
    is_drawn_apart = _is_drawn_apart(explanation)
    if is_drawn_apart and has_room:
        kinds.append(AttentionKind.FORWARD)
    frames = tuple(enlarged(images[i], edge_px=edge_px) for i in explanation.clip_frames)
    overlaid = (
        tuple(
            painted(frame, overlay(explanation, kind, slot, edge_px=edge_px, paint=paint))
            for slot, frame in enumerate(frames)
        )
        for kind in kinds
    )
    return AttentionFilm(
        rows=(frames, *overlaid),
        boxes=tuple(assessment.clip.boxes[i] for i in explanation.clip_frames),
        rollout_range=attention_range(explanation.encoder_rollout),
        bar=colour_bar(images, paint=paint),
        is_drawn_apart=is_drawn_apart,
    )


def _is_drawn_apart(explanation: Explanation) -> bool:
    """Whether the attention that graded is known and is not what the official code draws."""
    forward = explanation.branch_forward
    return forward is not None and not np.array_equal(forward, explanation.branch_attention)


def range_in_words(film: AttentionFilm) -> tuple[Message, ...]:
    """What the colour scales mean, for the captions of the rows after the first."""
    rollout = Message("attention is even over the clip.")
    if film.rollout_range is not None:
        low, high = film.rollout_range
        rollout = Message(
            "colours from this clip's lowest ({low:.3g}×) to highest ({high:.3g}×) value, as "
            "multiples of its mean patch; one scale for all frames.",
            low=low,
            high=high,
        )
        if high - low < NEARLY_EVEN:
            rollout = Message("attention is nearly even over the clip; {scale}", scale=rollout)
    selected = Message(
        "colours from 0 to this clip's highest attention to a selected patch; one scale for all "
        "frames. Patches that were not selected stay grey."
    )
    if film.is_drawn_apart:
        selected = Message(
            "{scale} Drawn from the branch's input as the official code draws it, not as the grade "
            "was computed.",
            scale=selected,
        )
    forward = Message(
        "the branch's last attention as the grade was computed, on a scale of its own; each patch "
        "then holds a mixture of all selected ones."
    )
    return (rollout, selected, forward)[: len(film.rows) - 1]


def scale_bar(edge_px: float, um_per_px: float | None) -> tuple[float, str]:
    """A round length for a crop of ``edge_px`` video pixels: share of the edge, and label."""
    unit_per_px, unit = (1.0, "px") if um_per_px is None else (um_per_px, "µm")
    longest = BAR_SHARE * edge_px * unit_per_px
    power = 10.0 ** np.floor(np.log10(longest))
    length = float(max(m * power for m in (1, 2, 5) if m * power <= longest))
    return length / (edge_px * unit_per_px), f"{length:g} {unit}"


def frame_label(box: CropBox) -> Message:
    """The frame and time of a crop, and the track's status there unless it was measured."""
    time, status = frame_lines(box)
    return joined((time,)) if status is None else joined((time, status), " ")


def frame_lines(box: CropBox) -> tuple[str, Message | None]:
    """The two parts of ``frame_label``; None where the place was measured."""
    time = f"{box.frame} · {box.time_s:.2f} s"
    if box.status is TrackStatus.MEASURED:
        return time, None
    return time, Message("({status})", status=STATUSES[box.status])
