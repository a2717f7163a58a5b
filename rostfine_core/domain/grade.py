"""How a panel votes on a sperm, and the network's answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np

from rostfine_core.marking import marked


class Grade(Enum):
    """The five votes an expert can give; the values are those used for the expected grade."""

    A = 1
    B = 2
    C = 3
    D = 4
    E = 5

    @property
    def meaning(self) -> str:
        """The word the experts were given for this grade (FACTS, task and data)."""
        return _MEANINGS[self.name]


_MEANINGS = {
    "A": marked("best"),
    "B": marked("good"),
    "C": marked("neither"),
    "D": marked("bad"),
    "E": marked("worst"),
}

EXPECTED_GRADE = marked("Expected grade")
VOTES_A_OR_B = marked("Votes A or B")
DISAGREEMENT = marked("Disagreement")
MODEL_SPREAD = marked("Model spread")
VIEW_SPREAD = marked("View spread")
"""What each number is called: on screen, in the report and, with its unit, in files."""
FORMER_NAMES = {"votes_a_or_b": "p_a_or_b", "disagreement_bits": "entropy_bits"}
"""What files of version 0.1 call these numbers: written too, since others read them there."""


@dataclass(frozen=True)
class GradeDistribution:
    """The share of a panel that would vote A, B, C, D and E: five numbers that sum to 1."""

    probabilities: tuple[float, float, float, float, float]

    def __post_init__(self) -> None:
        """Refuse values that are not a distribution."""
        p = self.probabilities
        if len(p) != len(Grade) or not all(math.isfinite(x) and x >= 0 for x in p):
            raise ValueError(f"a grade distribution needs five finite shares >= 0, got {p}")
        if abs(sum(p) - 1) > 1e-3:
            raise ValueError(f"the shares of a grade distribution must sum to 1, got {sum(p):.4f}")

    @property
    def expected_grade(self) -> float:
        """The mean vote with A = 1 ... E = 5; lower is better."""
        return sum(g.value * p for g, p in zip(Grade, self.probabilities, strict=True))

    @property
    def entropy_bits(self) -> float:
        """How much the panel disagrees: 0 when all agree, log2(5) = 2.32 when votes are even."""
        return -sum(p * math.log2(p) for p in self.probabilities if p > 0)

    @property
    def p_a_or_b(self) -> float:
        """The share of the panel that votes A or B."""
        return self.probabilities[0] + self.probabilities[1]


class AnswerMode(StrEnum):
    """How much of what a model says about its answers is used (``model/answering.py``)."""

    FULL = "full"
    UNCALIBRATED = "uncalibrated"
    """All views, but neither the calibration nor the ranges that were measured with it."""
    SINGLE_VIEW = "single view"
    """The network's answer for the clip as it is."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The network's answer: the mean of three heads, and each head.

    ``ensemble`` holds each member's final distribution, and is empty for a single model. Its
    spread is the model's uncertainty, as opposed to disagreement within the panel.

    ``views`` holds the answers for turned and mirrored copies of the clip and for subsets of its
    frames, of which ``grade`` is made; empty if the clip was graded once. ``uncalibrated`` is the
    answer before a calibration, which changes ``grade``, ``ensemble`` and ``views`` but not the
    heads; None if none was applied. ``ranges`` are the lowest and highest of each of the five
    shares that a panel may give: of clips like those that they were measured on, the share
    ``range_coverage`` lies inside, for each grade by itself. Both are missing if the model says
    nothing of them.

    Raises:
        ValueError: the ranges are not five within 0 to 1 with a coverage between 0 and 1.
    """

    grade: GradeDistribution
    grade_global: GradeDistribution
    grade_spatial: GradeDistribution
    grade_temporal: GradeDistribution
    ensemble: tuple[GradeDistribution, ...] = ()
    views: tuple[GradeDistribution, ...] = ()
    uncalibrated: GradeDistribution | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    range_coverage: float | None = None

    def __post_init__(self) -> None:
        """Refuse ranges that are none, or that do not say what they cover."""
        if not self.ranges and self.range_coverage is None:
            return
        if self.range_coverage is None or not 0 < self.range_coverage < 1:
            raise ValueError(f"ranges need a coverage between 0 and 1, got {self.range_coverage}")
        if len(self.ranges) != len(Grade) or not all(0 <= a <= b <= 1 for a, b in self.ranges):
            raise ValueError(f"a coverage needs five ranges within 0 to 1, got {self.ranges}")

    @property
    def ensemble_spread(self) -> float | None:
        """Standard deviation of the expected grade over the ensemble; None for a single model."""
        return _deviation([m.expected_grade for m in self.ensemble])

    @property
    def view_spread(self) -> float | None:
        """Standard deviation of the expected grade over the views; None for a single view."""
        return _deviation([v.expected_grade for v in self.views])

    @property
    def spread(self) -> float | None:
        """How unsure the model is: the ensemble's spread, or that of a single model's views."""
        return self.view_spread if self.ensemble_spread is None else self.ensemble_spread

    @property
    def view_spread_a_or_b(self) -> float | None:
        """Standard deviation of the share A or B over the views; None for a single view."""
        return _deviation([v.p_a_or_b for v in self.views])


def _deviation(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
