"""Quality flags: the reasons to doubt an assessment, each with the measured value behind it.

Every limit is a named constant here; what a limit was chosen from stands beside it. A check that
lacks what it needs (no calibration, a model that does not say its training conditions) says so
as a notice instead of passing silently.
"""

from collections.abc import Iterator, Sequence
from statistics import median

from rostfine_core.domain import (
    UNCERTAIN_SCORE,
    Clip,
    DoubtKind,
    ModelInfo,
    QualityFlag,
    Severity,
    Track,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.flag_titles import FlagCode
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.quality.field_flags import field_flags
from rostfine_core.quality.head import contrast, has_head, head_length_and_edge
from rostfine_core.quality.light_flags import light_flags
from rostfine_core.tracking.jumps import HEAD_LENGTH_PX, jumps

UNCERTAIN_SHARE = 0.2
RATE_RATIO = 1.5  # a third slower or half faster than the training videos
SCALE_RATIO = 1.5
FILED_SCALE_TOLERANCE = 0.02
SHARP_EDGE_PX = 3.0  # what a perfectly sharp edge measures after smoothing by one pixel
BLUR_EDGE_SHARE = 0.28  # what an edge is wider than that, as a part of the head's length
# Of the first frame's contrast; what strayed to debris had 0.2 to 0.5, a sperm over 0.7.
FAINT = 0.5
FAINT_SHARE = 0.2  # of the frames, since a blink of the light or a crossing fades a few
SIZE_MARGIN = 1.25  # nine in ten simulated heads are measured within a quarter of their length
HEAD_UM = (2.0, 10.0)  # human heads are 4 to 5.5 um long; a blurred or bright rim may double it
FEWEST_TRAINING_SAMPLES = 10
HEAD_SHARE = (0.08, 0.45)  # of the crop's side, when the model does not know its own range
DOUBTS = {
    DoubtKind.MEETING: marked(
        "From frame {frame} on the track may follow another sperm that came close: check it from "
        "there and click the sperm again where the track left it."
    ),
    DoubtKind.FOUND_AGAIN: marked(
        "What was found again in frame {frame}, after the sperm was lost, may be another one: "
        "check it and click the sperm again if so."
    ),
    DoubtKind.SHARED: marked(
        "From frame {frame} on two tracks are on one head: one of them has lost its sperm, so "
        "check both from there."
    ),
}
Heads = Sequence[tuple[float, float] | None]
"""Length and edge width in pixels by frame, None where no head stands out."""


def quality_flags(
    *,
    track: Track,
    clip: Clip,
    video: VideoInfo,
    um_per_px: float | None,
    model: ModelInfo,
) -> tuple[QualityFlag, ...]:
    """Check one sperm's track, clip and video; the flags come in the order of the work.

    Args:
        track: the whole path.
        clip: what the network saw.
        video: with the frame rate that was used.
        um_per_px: the calibration, None where there is none.
        model: says under which conditions it was trained.
    """
    heads = _heads(clip)
    return (
        *_recording_flags(track, clip, heads, model),
        *field_flags(track, um_per_px=um_per_px),
        *_size_flags(clip, heads, model),
        *_rate_flags(video, track, model),
        *_scale_flags(um_per_px, video, model),
        *_filed_scale_flags(um_per_px, video.um_per_px),
        *_head_scale_flags(heads, um_per_px),
        *_training_flags(model),
    )


def recording_flags(track: Track, clip: Clip) -> tuple[QualityFlag, ...]:
    """The checks that need no model: whether the sperm was followed and is well seen."""
    return (
        *_recording_flags(track, clip, _heads(clip), None),
        *field_flags(track, um_per_px=None),
    )


def _recording_flags(
    track: Track, clip: Clip, heads: Heads, model: ModelInfo | None
) -> Iterator[QualityFlag]:
    yield from _click_flags(clip)
    yield from _track_flags(track)
    yield from _clip_flags(clip)
    yield from _border_flags(clip)
    yield from light_flags(clip, model=model)
    yield from _head_flags(heads)


def _heads(clip: Clip) -> Heads:
    return [head_length_and_edge(image) for image in clip.images]


def _warning(code: FlagCode, reason: Message) -> QualityFlag:
    return QualityFlag(code=code, severity=Severity.WARNING, reason=reason)


def _notice(code: FlagCode, reason: Message) -> QualityFlag:
    return QualityFlag(code=code, severity=Severity.NOTICE, reason=reason)


def _track_flags(track: Track) -> Iterator[QualityFlag]:
    total = len(track.points)
    lost = [p.frame for p in track.points if p.status is TrackStatus.LOST]
    if lost:
        yield _warning(
            "track_lost",
            Message(
                "The sperm was lost in {lost} of {total} frames, first in frame {first}: check the "
                "track.",
                lost=len(lost),
                total=total,
                first=lost[0],
            ),
        )
    if track.left_frame is not None:
        yield _notice(
            "track_left",
            Message(
                "The sperm left the picture in frame {frame}: only what was seen before counts.",
                frame=track.left_frame,
            ),
        )
    for doubt in track.doubts:
        yield _warning("track_doubtful", Message(DOUBTS[doubt.kind], frame=doubt.frame))
    for frame in jumps(track, beyond_px=HEAD_LENGTH_PX):
        yield _warning(
            "track_jump",
            Message(
                "The correction in frame {frame} is far from where the track was: before it "
                "something else may have been followed, so correct the first frame in which the "
                "track is wrong.",
                frame=frame,
            ),
        )
    seen = [p for p in track.points if p.status is not TrackStatus.LOST and not p.is_duplicate]
    doubtful = [
        p
        for p in seen
        if (p.status is TrackStatus.PREDICTED and p.doubt is None)
        or (p.status is TrackStatus.MEASURED and p.score < UNCERTAIN_SCORE)
    ]
    if seen and len(doubtful) > UNCERTAIN_SHARE * len(seen):
        yield _warning(
            "track_uncertain",
            Message(
                "The position is uncertain in {doubtful} of {seen} different frames: check the "
                "track and correct it where it left the sperm.",
                doubtful=len(doubtful),
                seen=len(seen),
            ),
        )


def _clip_flags(clip: Clip) -> Iterator[QualityFlag]:
    """Look at what was followed: whether it is seen often enough, and stays the same thing."""
    total, distinct = len(clip.boxes), len({box.frame for box in clip.boxes})
    if distinct < total:
        yield _warning(
            "clip_short",
            Message(
                "Only {distinct} different frames show the sperm, so the clip of {total} repeats "
                "some.",
                distinct=distinct,
                total=total,
            ),
        )
    first, *others = map(contrast, clip.images)
    faint = sum(value < FAINT * first for value in others)
    if faint > FAINT_SHARE * total:
        yield _warning(
            "track_strayed",
            Message(
                "In {faint} of {total} frames what is followed stands out less than half as much "
                "as in the first: the track may have left the sperm, check it.",
                faint=faint,
                total=total,
            ),
        )


def _border_flags(clip: Clip) -> Iterator[QualityFlag]:
    padded = [b.padded_share for b in clip.boxes if b.padded_share > 0]
    if padded:
        yield _warning(
            "crop_over_border",
            Message(
                "In {padded} of {total} frames the crop reaches over the picture's border (up to "
                "{share:.0%} of it was filled by repeating the border).",
                padded=len(padded),
                total=len(clip.boxes),
                share=max(padded),
            ),
        )


def is_on_a_head(clip: Clip) -> bool:
    """Whether a head stands out where the sperm was clicked, if the clip shows that place."""
    return clip.boxes[0].status is not TrackStatus.MANUAL or has_head(clip.images[0])


def _click_flags(clip: Clip) -> Iterator[QualityFlag]:
    if not is_on_a_head(clip):
        yield _warning(
            "no_head_at_click",
            Message(
                "Nothing stands out where the sperm was clicked in frame {frame}: the click may "
                "have missed it, and what was followed may be something else.",
                frame=clip.boxes[0].frame,
            ),
        )


def _head_flags(heads: Heads) -> Iterator[QualityFlag]:
    """Whether there is a head, and a sharp one; the median frame speaks for the clip."""
    found = _found(heads)
    if found is None:
        yield _warning(
            "head_not_found",
            Message(
                "No head stands out in {missing} of {total} frames: the sperm may be out of focus, "
                "or the track may have left it.",
                missing=heads.count(None),
                total=len(heads),
            ),
        )
        return
    length, edge = found
    if edge - SHARP_EDGE_PX > BLUR_EDGE_SHARE * length:
        yield _warning(
            "out_of_focus",
            Message(
                "The head's edge is {edge:.1f} px wide on a head of {length:.0f} px: the sperm is "
                "out of focus.",
                edge=edge,
                length=length,
            ),
        )


def _found(heads: Heads) -> tuple[float, float] | None:
    """The head's median length and edge in pixels, where most frames show one."""
    found = [head for head in heads if head is not None]
    if len(found) < len(heads) / 2:
        return None
    return median(length for length, _ in found), median(edge for _, edge in found)


def _size_flags(clip: Clip, heads: Heads, model: ModelInfo) -> Iterator[QualityFlag]:
    found = _found(heads)
    if found is None:
        return
    length, side = found[0], clip.images.shape[1]
    shortest, longest = model.trained_head_length_px or (
        HEAD_SHARE[0] * side,
        HEAD_SHARE[1] * side,
    )
    if length * SIZE_MARGIN < shortest:
        yield _warning(
            "sperm_too_small",
            Message(
                "The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
                "{longest:.0f} px: use a higher magnification.",
                length=length,
                shortest=shortest,
                longest=longest,
            ),
        )
    if length > longest * SIZE_MARGIN:
        yield _warning(
            "sperm_too_large",
            Message(
                "The head is about {length:.0f} px long, while the model expects {shortest:.0f} to "
                "{longest:.0f} px: use a lower magnification.",
                length=length,
                shortest=shortest,
                longest=longest,
            ),
        )


def _head_scale_flags(heads: Heads, um_per_px: float | None) -> Iterator[QualityFlag]:
    """A head's length in micrometres tells a slip of the scale, as of a decimal point."""
    found = _found(heads)
    if found is None or um_per_px is None:
        return
    length_um = found[0] * um_per_px
    if not HEAD_UM[0] <= length_um <= HEAD_UM[1]:
        yield _warning(
            "scale_doubtful",
            Message(
                "At {scale:.4g} um/px the head would be {length:.3g} um long, while human heads "
                "are 4 to 5.5 um: check the scale.",
                scale=um_per_px,
                length=length_um,
            ),
        )


def _rate_flags(video: VideoInfo, track: Track, model: ModelInfo) -> Iterator[QualityFlag]:
    """Compare the rate of the frames that show something new: a converter repeats others."""
    if model.trained_fps is None:
        yield _notice(
            "fps_unknown", Message("The model does not say which frame rate it was trained on.")
        )
        return
    fps = video.fps * track.distinct_share
    if 1 / RATE_RATIO <= fps / model.trained_fps <= RATE_RATIO:
        return
    if fps < video.fps:
        yield _warning(
            "fps_unlike_training",
            Message(
                "The video has about {fps:.4g} different frames per second (stored as {stored:.4g} "
                "by repeating some), the training videos had {trained:.4g}.",
                fps=round(fps, 0 if fps >= 10 else 1),  # each sperm counts its own repeats
                stored=video.fps,
                trained=model.trained_fps,
            ),
        )
    else:
        yield _warning(
            "fps_unlike_training",
            Message(
                "The video has {fps:.4g} frames per second, the training videos had {trained:.4g}.",
                fps=fps,
                trained=model.trained_fps,
            ),
        )


def _scale_flags(
    um_per_px: float | None, video: VideoInfo, model: ModelInfo
) -> Iterator[QualityFlag]:
    filed = video.um_per_px
    if um_per_px is None and filed is not None:
        yield _notice(
            "scale_unknown",
            Message(
                "No um/px is set, so speeds are in px/s; the file states {filed:.4g} um/px: set "
                "that if it is right.",
                filed=filed,
            ),
        )
    elif um_per_px is None:
        yield _notice(
            "scale_unknown",
            Message(
                "No um/px is set, so speeds are in px/s and the magnification cannot be compared "
                "with the training videos."
            ),
        )
    elif model.trained_um_per_px is None:
        yield _notice(
            "scale_unknown",
            Message("The model does not say which magnification it was trained on."),
        )
    elif not 1 / SCALE_RATIO <= um_per_px / model.trained_um_per_px <= SCALE_RATIO:
        yield _warning(
            "scale_unlike_training",
            Message(
                "The video has {scale:.3g} um/px, the training videos had {trained:.3g} um/px.",
                scale=um_per_px,
                trained=model.trained_um_per_px,
            ),
        )


def _filed_scale_flags(um_per_px: float | None, filed: float | None) -> Iterator[QualityFlag]:
    if um_per_px and filed and abs(um_per_px / filed - 1) > FILED_SCALE_TOLERANCE:
        yield _notice(
            "scale_doubtful",
            Message(
                "The scale was set to {scale:.4g} um/px, the file states {filed:.4g}: check it.",
                scale=um_per_px,
                filed=filed,
            ),
        )


def _training_flags(model: ModelInfo) -> Iterator[QualityFlag]:
    """So few patients can teach hardly anything, whatever the file calls itself."""
    samples, fewest = model.trained_samples, model.fewest_trained_samples
    if samples is not None:
        if samples < FEWEST_TRAINING_SAMPLES:
            yield _warning(
                "few_training_samples",
                Message(
                    "The model's last training saw only {samples} sample(s): its grades say "
                    "little.",
                    samples=samples,
                ),
            )
    elif fewest is None:
        yield _notice(
            "training_samples_unknown",
            Message("The model does not say how many samples it was trained on."),
        )
    elif fewest < FEWEST_TRAINING_SAMPLES:
        yield _warning(
            "few_training_samples",
            Message(
                "The last training of a model of this ensemble saw only {samples} sample(s): its "
                "grades say little.",
                samples=fewest,
            ),
        )
