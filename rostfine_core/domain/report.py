"""What a report holds: the videos of one sample, with everything known of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain.assessment import Assessment, LeftOut, QualityFlag, Severity
from rostfine_core.domain.case import SampleRecord
from rostfine_core.domain.report_identity import ReportIdentity
from rostfine_core.domain.track import Track, TrackPoint, TrackStatus
from rostfine_core.flag_titles import OF_THE_VIDEO


@dataclass(frozen=True, kw_only=True, eq=False)
class Overview:
    """The picture that shows where the sperm of a video are: ``image`` (H, W, 3) uint8 RGB."""

    frame: int
    image: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoSection:
    """One video's part of a report: its file, its graded sperm, those left out, its overview.

    ``overview`` is None where the video was not at hand.
    """

    name: str
    sha256: str
    assessments: tuple[Assessment, ...]
    left_out: tuple[LeftOut, ...] = ()
    overview: Overview | None = None

    @classmethod
    def of(
        cls,
        assessments: Sequence[Assessment],
        *,
        left_out: Sequence[LeftOut] = (),
        overview: Overview | None = None,
    ) -> Self:
        """The section of the video that the assessments, at least one, were made from."""
        made = assessments[0].provenance
        return cls(
            name=made.video_name,
            sha256=made.video_sha256,
            assessments=tuple(assessments),
            left_out=tuple(left_out),
            overview=overview,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleReport:
    """All that a report shows: a sample's videos in their order; its sperm have distinct names.

    ``sample`` holds what the lab noted of it beyond each assessment's ``SampleInfo``, and
    ``patient`` is a pseudonym, "" if unknown.
    """

    videos: tuple[VideoSection, ...]
    sample: SampleRecord = field(default_factory=SampleRecord)
    patient: str = ""
    identity: ReportIdentity = field(default_factory=ReportIdentity)

    @property
    def assessments(self) -> tuple[Assessment, ...]:
        """The graded sperm of all videos."""
        return tuple(a for video in self.videos for a in video.assessments)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The sperm of all videos that have no grade here, and why."""
        return tuple(one for video in self.videos for one in video.left_out)


def shared_flags(assessments: Sequence[Assessment]) -> tuple[QualityFlag, ...]:
    """What all sperm of a video have in common, warnings first.

    Flags of the codes in ``OF_THE_VIDEO`` are still measured on each sperm: one that does not say
    the same of all is said of those that it concerns.
    """
    if not assessments:
        return ()
    first, *others = (dict.fromkeys(assessment.flags) for assessment in assessments)
    found = [f for f in first if f.code in OF_THE_VIDEO and all(f in flags for flags in others)]
    return tuple(sorted(found, key=lambda f: f.severity is not Severity.WARNING))


def own_flags(assessment: Assessment, shared: Sequence[QualityFlag]) -> tuple[QualityFlag, ...]:
    """What concerns this sperm alone."""
    return tuple(flag for flag in assessment.flags if flag not in shared)


def overview_frame(tracks: Sequence[Track]) -> int:
    """The frame that shows the most sperm, of those in which one was clicked first."""
    found = Counter(
        frame
        for frame in {t.first_frame for t in tracks}
        for track in tracks
        if place_in(track, frame) is not None
    )
    return min(found, key=lambda frame: (-found[frame], frame), default=0)


def place_in(track: Track, frame: int) -> TrackPoint | None:
    """Where a sperm is in a frame; None outside its track, or where it is lost."""
    point = track.at(frame)
    return None if point is None or point.status is TrackStatus.LOST else point
