"""Quality flags: the reasons to doubt an assessment, each with the measured value behind it.

Every limit is a named constant; what a limit was chosen from stands beside it. A check that
lacks what it needs (no calibration, a model that does not say its training conditions) says so
as a notice instead of passing silently.
"""

from collections.abc import Iterator, Sequence

from rostfine_core.domain import (
    Clip,
    Gate,
    HeadMeasure,
    ModelInfo,
    QualityFlag,
    Seed,
    Track,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.messages import Message
from rostfine_core.quality.field_flags import field_flags
from rostfine_core.quality.gate_flags import gate_flags
from rostfine_core.quality.head import (
    contrast,
    found_head,
    head_length_and_edge,
    measured_head,
    measured_heads,
    outline_length,
)
from rostfine_core.quality.light_flags import light_flags
from rostfine_core.quality.looks import FPS, looks_of
from rostfine_core.quality.rim_flags import rim_flags
from rostfine_core.quality.scale_flags import scale_flags
from rostfine_core.quality.track_flags import track_flags
from rostfine_core.quality.training_flags import (
    HEAD_SHARE,
    rate_flags,
    sample_flags,
    size_flags,
    unknown_looks_flags,
)
from rostfine_core.tracking.outlines import LONGEST_PX

SHARP_EDGE_PX = 3.0  # what a perfectly sharp edge measures after smoothing by one pixel
BLUR_EDGE_SHARE = 0.28  # what an edge is wider than that, as a part of the head's length
# Of the first frame's contrast; what strayed to debris had 0.2 to 0.5, a sperm over 0.7.
FAINT = 0.5
FAINT_SHARE = 0.2  # of the frames, since a blink of the light or a crossing fades a few
ROUND, ROUND_FROM_PX = 1.05, 7.0
"""Length by width below which what was clicked is round, if it is that long at least. Of simulated
heads of all forms and looks 0.4% are so round, of 37 in real and foreign clips none (one whose glow
was measured is on the limit), of simulated specks and round cells 58%."""
Heads = list[tuple[float, float] | None]
"""Length and edge width in pixels by frame, None where no head stands out."""


def quality_flags(
    *,
    track: Track,
    clip: Clip,
    video: VideoInfo,
    um_per_px: float | None,
    model: ModelInfo,
    gate: Gate | None = None,
) -> tuple[QualityFlag, ...]:
    """Check one sperm's track, clip and video; the flags come in the order of the work.

    Args:
        track: the whole path.
        clip: what the network saw.
        video: with the frame rate that was used.
        um_per_px: the calibration, None where there is none.
        model: says under which conditions it was trained.
        gate: what its training clips look like, if its file says so; else rules of thumb for focus,
            frame rate and size of the head take its place.
    """
    heads, outlines = _heads(clip), measured_heads(clip.images)
    length_px = _length(heads, outlines)
    if gate is None:
        unlike = _rule_flags(heads, length_px, crop_px=clip.images.shape[1], model=model)
    else:
        looks = looks_of(
            clip.images,
            heads=heads,
            outlines=outlines,
            span_s=clip.span_s,
            fps=track.distinct_fps(video.fps),
        )
        unlike = gate_flags(looks, gate)
    return (
        *_recording_flags(track, clip, heads, outlines[0], model),
        *field_flags(track, um_per_px=um_per_px),
        *unlike,
        *(() if gate is not None and FPS in gate.limits else rate_flags(video, track, model=model)),
        *scale_flags(
            um_per_px,
            video=video,
            model=model,
            head_length_px=None if length_px is None else length_px / clip.magnification,
            magnification=clip.magnification,
            usual_head_px=None if gate is None else gate.usual_head_px,
        ),
        *sample_flags(model),
    )


def _rule_flags(
    heads: Heads, length_px: float | None, *, crop_px: int, model: ModelInfo
) -> Iterator[QualityFlag]:
    """What rules of thumb say of a clip where no gate tells how those of the training look."""
    yield from _focus_flags(heads)
    yield from size_flags(length_px, crop_px=crop_px, model=model)
    yield from unknown_looks_flags()


def hand_flags(seeds: Sequence[Seed]) -> tuple[QualityFlag, ...]:
    """A notice for each of one sperm's points that a person placed, whatever was measured."""
    return tuple(
        QualityFlag.notice(
            "placed_by_hand",
            Message(
                "The sperm was placed by hand in frame {frame}: crops and track follow that "
                "place, not the measured middle of a head.",
                frame=seed.frame,
            ),
        )
        for seed in sorted(seeds, key=lambda s: s.frame)
        if seed.is_exact
    )


def recording_flags(track: Track, clip: Clip) -> tuple[QualityFlag, ...]:
    """The checks that need no model: whether the sperm was followed and is well seen."""
    heads = _heads(clip)
    return (
        *_recording_flags(track, clip, heads, measured_head(clip.images[0]), None),
        *_focus_flags(heads),
        *field_flags(track, um_per_px=None),
    )


def _recording_flags(
    track: Track, clip: Clip, heads: Heads, first: HeadMeasure | None, model: ModelInfo | None
) -> Iterator[QualityFlag]:
    if _shows_click(clip):
        yield from _click_flags(clip, first, frame=clip.boxes[0].frame)
    yield from track_flags(track)
    yield from _clip_flags(clip)
    yield from _border_flags(clip)
    found = found_head(heads)
    yield from rim_flags(clip, head_px=found[0] if found else HEAD_SHARE[0] * clip.images.shape[1])
    yield from light_flags(clip, model=model)
    yield from _head_flags(heads)


def _heads(clip: Clip) -> Heads:
    return [head_length_and_edge(image) for image in clip.images]


def is_on_a_head(clip: Clip) -> bool:
    """Whether a head stands out where the sperm was clicked, if the clip shows that place."""
    return not _shows_click(clip) or _stands_out(clip, measured_head(clip.images[0]))


def _stands_out(clip: Clip, head: HeadMeasure | None) -> bool:
    """Whether there is a head in the first frame, be it too large for the tracker's measure."""
    if head is not None:
        return True
    found = head_length_and_edge(clip.images[0])
    return found is not None and found[0] > 2 * LONGEST_PX


def _shows_click(clip: Clip) -> bool:
    return clip.boxes[0].status is TrackStatus.MANUAL


def _click_flags(clip: Clip, head: HeadMeasure | None, *, frame: int) -> Iterator[QualityFlag]:
    """What is wrong with what was clicked: it is nothing, or something round."""
    if head is not None and ROUND_FROM_PX <= head.length_px < ROUND * head.width_px:
        yield QualityFlag.warning(
            "no_sperm_head",
            Message(
                "What was clicked in frame {frame} is round ({length:.0f} by {width:.0f} px), as "
                "debris and round cells are and hardly a sperm's head: check that it is a sperm.",
                frame=frame,
                length=head.length_px,
                width=head.width_px,
            ),
        )
    if not _stands_out(clip, head):
        yield QualityFlag.warning(
            "no_head_at_click",
            Message(
                "Nothing stands out where the sperm was clicked in frame {frame}: the click may "
                "have missed it, and what was followed may be something else.",
                frame=frame,
            ),
        )


def _clip_flags(clip: Clip) -> Iterator[QualityFlag]:
    """Look at what was followed: whether it is seen often enough, and stays the same thing."""
    total, distinct = len(clip.boxes), len({box.frame for box in clip.boxes})
    if distinct < total:
        yield QualityFlag.warning(
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
        yield QualityFlag.warning(
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
        yield QualityFlag.warning(
            "crop_over_border",
            Message(
                "In {padded} of {total} frames the crop reaches over the picture's border (up to "
                "{share:.0%} of it was filled by repeating the border).",
                padded=len(padded),
                total=len(clip.boxes),
                share=max(padded),
            ),
        )


def _head_flags(heads: Heads) -> Iterator[QualityFlag]:
    """Whether there is a head; the median frame speaks for the clip."""
    if found_head(heads) is None:
        yield QualityFlag.warning(
            "head_not_found",
            Message(
                "No head can be measured in {missing} of {total} frames: the sperm may be out of "
                "focus or at a border, or the track may have left it.",
                missing=heads.count(None),
                total=len(heads),
            ),
        )


def _focus_flags(heads: Heads) -> Iterator[QualityFlag]:
    """Whether the head's edge is sharp, for its length."""
    length, edge = found_head(heads) or (0.0, 0.0)
    if edge - SHARP_EDGE_PX > BLUR_EDGE_SHARE * length:
        yield QualityFlag.warning(
            "out_of_focus",
            Message(
                "The head's edge is {edge:.1f} px wide on a head of {length:.0f} px: the sperm is "
                "out of focus.",
                edge=edge,
                length=length,
            ),
        )


def _length(heads: Heads, outlines: Sequence[HeadMeasure | None]) -> float | None:
    """The head's length in pixels, as the loupe shows it; heads too large for that by contrast."""
    found = found_head(heads)
    if found is None:
        return None
    return outline_length(outlines) or found[0]
