"""Flags on a track: lost, left, doubtful, corrected far away, uncertain."""

from collections.abc import Iterator

from rostfine_core.domain import UNCERTAIN_SCORE, Doubt, DoubtKind, QualityFlag, Track, TrackStatus
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.tracking.jumps import HEAD_LENGTH_PX, jumps

UNCERTAIN_SHARE = 0.2
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
    DoubtKind.CLICK: marked(
        "Another head lies where this one was clicked in frame {frame}: check which of them is "
        "followed, and click it again where they are apart."
    ),
}

ENDED_DOUBTS = {
    DoubtKind.MEETING: marked(
        "From frame {frame} to {last} the track may follow another sperm that came close: check "
        "it there and click the sperm again where the track left it."
    ),
    DoubtKind.FOUND_AGAIN: DOUBTS[DoubtKind.FOUND_AGAIN],
    DoubtKind.SHARED: marked(
        "From frame {frame} to {last} two tracks are on one head: one of them has lost its sperm, "
        "so check both there."
    ),
    DoubtKind.CLICK: marked(
        "Another head lies where this one was clicked in frame {frame}, and may be the one that is "
        "followed up to frame {last}: check it there."
    ),
}


def track_flags(track: Track) -> Iterator[QualityFlag]:
    """Check whether the sperm was followed."""
    yield from _lost_flags(track)
    for doubt in track.doubts:
        last = _doubtful_until(track, doubt)
        reason = (
            Message(DOUBTS[doubt.kind], frame=doubt.frame)
            if last is None
            else Message(ENDED_DOUBTS[doubt.kind], frame=doubt.frame, last=last)
        )
        yield QualityFlag.warning("track_doubtful", reason)
    yield from _jump_flags(track)
    yield from _uncertainty_flags(track)


def _doubtful_until(track: Track, doubt: Doubt) -> int | None:
    """The last frame of a doubtful stretch, None where no correction or decision ends it.

    A frame has one reason, so that another one may hide how far this reaches.
    """
    last = max(p.frame for p in track.points if p.doubt == doubt)
    after = (p for p in track.points if p.frame > last and p.status is not TrackStatus.LOST)
    end = next((p.frame for p in after if p.doubt is None), None)
    if end is None:
        return None
    return max(p.frame for p in track.points if p.doubt is not None and p.frame < end)


def _lost_flags(track: Track) -> Iterator[QualityFlag]:
    total = len(track.points)
    lost = [p.frame for p in track.points if p.status is TrackStatus.LOST]
    if lost:
        yield QualityFlag.warning(
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
        yield QualityFlag.notice(
            "track_left",
            Message(
                "The sperm left the picture: from frame {frame} on the middle of its head lies "
                "beyond the border. Only what was seen before counts.",
                frame=track.left_frame,
            ),
        )


def _jump_flags(track: Track) -> Iterator[QualityFlag]:
    for frame in jumps(track, beyond_px=HEAD_LENGTH_PX):
        yield QualityFlag.warning(
            "track_jump",
            Message(
                "The correction in frame {frame} is far from where the track was: before it "
                "something else may have been followed, so correct the first frame in which the "
                "track is wrong.",
                frame=frame,
            ),
        )


def _uncertainty_flags(track: Track) -> Iterator[QualityFlag]:
    seen = [p for p in track.points if p.status is not TrackStatus.LOST and not p.is_duplicate]
    doubtful = [
        p
        for p in seen
        if (p.status is TrackStatus.PREDICTED and p.doubt is None)
        or (p.status is TrackStatus.MEASURED and p.score < UNCERTAIN_SCORE)
    ]
    if seen and len(doubtful) > UNCERTAIN_SHARE * len(seen):
        yield QualityFlag.warning(
            "track_uncertain",
            Message(
                "The position is uncertain in {doubtful} of {seen} different frames: check the "
                "track and correct it where it left the sperm.",
                doubtful=len(doubtful),
                seen=len(seen),
            ),
        )
