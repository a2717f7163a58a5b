"""A second person's blind grades beside the model's answers, and how they agree over time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Grade

WINDOW = 20
"""So many of the newest reviews make each point."""


@dataclass(frozen=True, kw_only=True)
class ReviewTask:
    """A video with ``left`` graded sperm that somebody may still review."""

    video_id: str
    sample: str
    name: str
    left: int


@dataclass(frozen=True, kw_only=True, eq=False)
class BlindClip:
    """What a reviewer sees: the clip (T, S, S, 3); ``left`` sperm of the video are to review.

    ``assessment_id`` is the one whose clip this is, which the review belongs to.
    """

    sperm_id: str
    assessment_id: str
    name: str
    left: int
    images: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class BlindReview:
    """A grade that was given without seeing the model's, and what the model expects of a panel."""

    sperm_id: str
    reviewer: str
    utc: str
    grade: Grade
    expected_grade: float

    @property
    def distance(self) -> float:
        """By how many grades the two differ."""
        return abs(self.grade.value - self.expected_grade)


@dataclass(frozen=True, kw_only=True)
class TrendPoint:
    """Agreement over the ``count`` reviews up to a moment.

    ``distance`` is the mean difference in grades, ``within_one`` the share of reviews that differ
    by less than one.
    """

    utc: str
    count: int
    distance: float
    within_one: float


def agreement_over_time(reviews: Sequence[BlindReview]) -> tuple[TrendPoint, ...]:
    """A point for each review, over the newest ``WINDOW`` up to it."""
    ordered = sorted(reviews, key=lambda r: (r.utc, r.sperm_id))
    points = []
    for end in range(1, len(ordered) + 1):
        distances = [r.distance for r in ordered[max(0, end - WINDOW) : end]]
        points.append(
            TrendPoint(
                utc=ordered[end - 1].utc,
                count=len(distances),
                distance=sum(distances) / len(distances),
                within_one=sum(d < 1 for d in distances) / len(distances),
            )
        )
    return tuple(points)
