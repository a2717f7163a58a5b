"""Flags on the scale: unknown, at odds with the file or the head, or beyond what resampling mends.

Where both scales are known, clips are resampled to that of the training (``ModelInfo``).
"""

from collections.abc import Iterator

from rostfine_core.domain import ModelInfo, QualityFlag, VideoInfo
from rostfine_core.messages import Message

SCALE_RATIO = 1.5
COARSEST = 2.0
"""Times that a pixel of the video may be as wide as one of the clip."""
FILED_SCALE_TOLERANCE = 0.02
HEAD_UM = (2.0, 10.0)  # human heads are 4 to 5.5 um long; a blurred or bright rim may double it


def scale_flags(
    um_per_px: float | None,
    *,
    video: VideoInfo,
    model: ModelInfo,
    head_length_px: float | None,
    magnification: float,
    usual_head_px: tuple[float, float] | None,
) -> Iterator[QualityFlag]:
    """Check the calibration.

    Args:
        um_per_px: what the user set, if anything.
        video: with what its file states.
        model: with the scale of its training.
        head_length_px: in pixels of the video; None where no head was measured.
        magnification: by how much the clip was enlarged.
        usual_head_px: of the training's clips, if known: other heads need a scale to be believed.
    """
    unusual: tuple[QualityFlag, ...] = ()
    if um_per_px is None and head_length_px is not None and usual_head_px is not None:
        unusual = tuple(_unknown_scale_flags(head_length_px, *usual_head_px))
    yield from unusual or _training_scale_flags(um_per_px, video, model, magnification)
    if um_per_px is not None:
        yield from _filed_scale_flags(um_per_px, video.um_per_px)
        yield from _head_scale_flags(um_per_px, head_length_px)


def _unknown_scale_flags(length_px: float, low_px: float, high_px: float) -> Iterator[QualityFlag]:
    # Compared as they are told, so that no reason calls a length both inside and outside.
    if not round(low_px) <= round(length_px) <= round(high_px):
        yield QualityFlag.warning(
            "scale_unknown",
            Message(
                "No um/px is set, and the head is {length:.0f} px long, most of the training's "
                "{low:.0f} to {high:.0f} px: the magnification may be another, which changes the "
                "grade. Set the scale.",
                length=length_px,
                low=low_px,
                high=high_px,
            ),
        )


def _training_scale_flags(
    um_per_px: float | None, video: VideoInfo, model: ModelInfo, magnification: float
) -> Iterator[QualityFlag]:
    if um_per_px is None:
        yield QualityFlag.notice("scale_unknown", _unset_reason(video.um_per_px))
    elif model.trained_um_per_px is None:
        yield QualityFlag.notice(
            "scale_unknown",
            Message("The model does not say which magnification it was trained on."),
        )
    elif not 1 / SCALE_RATIO <= _seen_ratio(um_per_px, magnification, model) <= SCALE_RATIO:
        yield QualityFlag.warning(
            "scale_unlike_training",
            Message(
                "The video has {scale:.3g} um/px, the training videos had {trained:.3g} um/px.",
                scale=um_per_px,
                trained=model.trained_um_per_px,
            ),
        )
    elif magnification > COARSEST:
        yield QualityFlag.warning(
            "scale_unlike_training",
            Message(
                "The video has {scale:.3g} um/px, the training videos had {trained:.3g} um/px: the "
                "clip was enlarged, but shows no more than the video does. Use a higher "
                "magnification.",
                scale=um_per_px,
                trained=model.trained_um_per_px,
            ),
        )


def _unset_reason(filed: float | None) -> Message:
    """What no scale means, and which one the file states."""
    if filed is None:
        return Message(
            "No um/px is set, so speeds are in px/s and the clip could not be resampled to the "
            "scale of the training: set it."
        )
    return Message(
        "No um/px is set, so speeds are in px/s and the clip could not be resampled to the "
        "scale of the training; the file states {filed:.4g} um/px: set that if it is right.",
        filed=filed,
    )


def _seen_ratio(um_per_px: float, magnification: float, model: ModelInfo) -> float:
    """How much coarser than in training the clip is that the network saw."""
    assert model.trained_um_per_px is not None
    return um_per_px / magnification / model.trained_um_per_px


def _filed_scale_flags(um_per_px: float, filed: float | None) -> Iterator[QualityFlag]:
    if filed and abs(um_per_px / filed - 1) > FILED_SCALE_TOLERANCE:
        yield QualityFlag.notice(
            "scale_doubtful",
            Message(
                "The scale was set to {scale:.4g} um/px, the file states {filed:.4g}: check it.",
                scale=um_per_px,
                filed=filed,
            ),
        )


def _head_scale_flags(um_per_px: float, head_length_px: float | None) -> Iterator[QualityFlag]:
    """A head's length in micrometres tells a slip of the scale, as of a decimal point."""
    if head_length_px is None:
        return
    length_um = head_length_px * um_per_px
    if not HEAD_UM[0] <= length_um <= HEAD_UM[1]:
        yield QualityFlag.warning(
            "scale_doubtful",
            Message(
                "At {scale:.4g} um/px the head would be {length:.3g} um long, while human heads "
                "are 4 to 5.5 um: check the scale.",
                scale=um_per_px,
                length=length_um,
            ),
        )
