"""Flags on the whole picture: the stage drifts or shakes, the fluid flows, lines are combed."""

from collections.abc import Iterator

from rostfine_core.domain import QualityFlag, Track
from rostfine_core.messages import Message
from rostfine_core.tracking.combing import COMBED
from rostfine_core.tracking.kinematics import field_path_px, own_path_px


def field_flags(track: Track, *, um_per_px: float | None) -> Iterator[QualityFlag]:
    """Say how far the field moved under a sperm, and whether the video is interlaced."""
    field = track.field
    if field is None:
        return
    if field.is_one_field:
        yield QualityFlag.notice(
            "interlaced",
            Message(
                "The video is interlaced: every other line was taken at another moment. Heads "
                "were measured and clips cut by one field, the lines of one moment, which is half "
                "as fine from top to bottom."
            ),
        )
    elif field.combing is not None and field.combing > COMBED:
        yield QualityFlag.notice(
            "interlaced",
            Message(
                "The video is interlaced (combing {combing:.1f}, about 1 in whole pictures): "
                "every other line was taken at another moment, so heads that move look combed.",
                combing=field.combing,
            ),
        )
    unknown = len(field.x_px) - field.measured_frames
    if field.is_suspected or (field.moves and unknown):
        yield QualityFlag.warning(
            "field_moves",
            Message(
                "The whole picture moves, but by how much could not be measured in {unknown} of "
                "{total} frames: there the speeds contain the motion of the stage.",
                unknown=unknown,
                total=len(field.x_px),
            ),
        )
    if field.moves:
        yield _motion_flag(track, _length(field.farthest_px, um_per_px))


def _motion_flag(track: Track, far: Message) -> QualityFlag:
    if field_path_px(track) > own_path_px(track):
        return QualityFlag.warning(
            "field_moves",
            Message(
                "The whole picture moves by up to {far}, and more than the sperm itself (stage or "
                "fluid): this was subtracted from the speeds, which are less exact for it.",
                far=far,
            ),
        )
    return QualityFlag.notice(
        "field_moves",
        Message(
            "The whole picture moves by up to {far} (stage or fluid): this was subtracted from "
            "the speeds.",
            far=far,
        ),
    )


def _length(px: float, um_per_px: float | None) -> Message:
    if um_per_px is None:
        return Message("{px:.1f} px", px=px)
    return Message("{px:.1f} px ({um:.1f} um)", px=px, um=px * um_per_px)
