"""Flags on what is unlike the model's training, and on how little it was trained on."""

from collections.abc import Iterator

from rostfine_core.domain import ModelInfo, QualityFlag, Track, VideoInfo
from rostfine_core.messages import Message

RATE_RATIO = 1.5  # a third slower or half faster than the training videos
SIZE_MARGIN = 1.25  # nine in ten simulated heads are measured within a quarter of their length
FEWEST_TRAINING_SAMPLES = 10
HEAD_SHARE = (0.08, 0.45)  # of the crop's side, when the model does not know its own range


def size_flags(length_px: float | None, *, crop_px: int, model: ModelInfo) -> Iterator[QualityFlag]:
    """Compare the head's length, None where no head was measured, with the training's."""
    if length_px is None:
        return
    shortest, longest = model.trained_head_length_px or (
        HEAD_SHARE[0] * crop_px,
        HEAD_SHARE[1] * crop_px,
    )
    if length_px * SIZE_MARGIN < shortest:
        yield QualityFlag.warning(
            "sperm_too_small",
            Message(
                "The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
                "{longest:.0f} px: use a higher magnification.",
                length=length_px,
                shortest=shortest,
                longest=longest,
            ),
        )
    if length_px >= crop_px:
        yield QualityFlag.warning(
            "sperm_too_large",
            Message(
                "The head is longer than the crop of {crop:.0f} px, while the model expects "
                "{shortest:.0f} to {longest:.0f} px: use a lower magnification.",
                crop=crop_px,
                shortest=shortest,
                longest=longest,
            ),
        )
    elif length_px > longest * SIZE_MARGIN:
        yield QualityFlag.warning(
            "sperm_too_large",
            Message(
                "The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
                "{longest:.0f} px: use a lower magnification.",
                length=length_px,
                shortest=shortest,
                longest=longest,
            ),
        )


def unknown_looks_flags() -> Iterator[QualityFlag]:
    """That a clip could not be compared with those of the training."""
    yield QualityFlag.notice(
        "training_looks_unknown",
        Message(
            "The model does not say what its training clips look like: focus and head size were "
            "checked by rules of thumb, noise, contrast and the rest not at all."
        ),
    )


def rate_flags(video: VideoInfo, track: Track, *, model: ModelInfo) -> Iterator[QualityFlag]:
    """Compare the rate of the frames that show something new: a converter repeats others."""
    if model.trained_fps is None:
        yield QualityFlag.notice(
            "fps_unknown", Message("The model does not say which frame rate it was trained on.")
        )
        return
    fps = track.distinct_fps(video.fps)
    if 1 / RATE_RATIO <= fps / model.trained_fps <= RATE_RATIO:
        return
    if fps < video.fps:
        yield QualityFlag.warning(
            "fps_unlike_training",
            Message(
                "The video has about {fps:.4g} different frames per second (stored as {stored:.4g} "
                "by repeating some), the training videos had {trained:.4g}.",
                fps=fps,
                stored=video.fps,
                trained=model.trained_fps,
            ),
        )
    else:
        yield QualityFlag.warning(
            "fps_unlike_training",
            Message(
                "The video has {fps:.4g} frames per second, the training videos had {trained:.4g}.",
                fps=fps,
                trained=model.trained_fps,
            ),
        )


def sample_flags(model: ModelInfo) -> Iterator[QualityFlag]:
    """So few patients can teach hardly anything, whatever the file calls itself."""
    samples, fewest = model.trained_samples, model.fewest_trained_samples
    if samples is not None:
        if samples < FEWEST_TRAINING_SAMPLES:
            yield QualityFlag.warning(
                "few_training_samples",
                Message(
                    "The model's last training saw only {samples} sample(s): its grades say "
                    "little.",
                    samples=samples,
                ),
            )
    elif fewest is None:
        yield QualityFlag.notice(
            "training_samples_unknown",
            Message("The model does not say how many samples it was trained on."),
        )
    elif fewest < FEWEST_TRAINING_SAMPLES:
        yield QualityFlag.warning(
            "few_training_samples",
            Message(
                "The last training of a model of this ensemble saw only {samples} sample(s): its "
                "grades say little.",
                samples=fewest,
            ),
        )
