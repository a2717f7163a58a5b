"""Which of two sperm a panel would prefer, or that there is no clear difference."""

import math
from dataclasses import dataclass
from enum import StrEnum

from rostfine_core.domain import GradeDistribution, Prediction

CLEAR_SUPERIORITY = 0.71  # a "large" effect: Cohen's d of 0.8 is a superiority of 0.714
SPREADS_APART = 2.0


class Preference(StrEnum):
    """The outcome of comparing two sperm."""

    FIRST = "first"
    SECOND = "second"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class VoteComparison:
    """One expert's vote on the first sperm against another's on the second, drawn independently.

    ``superiority`` counts ties half: 0.5 favours neither.
    """

    p_better: float
    p_equal: float
    p_worse: float
    preference: Preference

    @property
    def superiority(self) -> float:
        """P(first better) + P(equal) / 2."""
        return self.p_better + self.p_equal / 2


def compare_votes(first: Prediction, second: Prediction) -> VoteComparison:
    """Compare two predictions.

    The difference is clear only if the superiority is large and, where both predictions have a
    spread over models or views, the expected grades differ by more than twice the two combined.
    """
    better, equal, worse = _vote(first.grade, second.grade)
    superiority = better + equal / 2
    is_clear = max(superiority, 1 - superiority) >= CLEAR_SUPERIORITY
    spreads = (first.spread, second.spread)
    if spreads[0] is not None and spreads[1] is not None:
        apart = abs(first.grade.expected_grade - second.grade.expected_grade)
        is_clear = is_clear and apart > SPREADS_APART * math.hypot(spreads[0], spreads[1])
    if not is_clear:
        preference = Preference.UNCLEAR
    else:
        preference = Preference.FIRST if superiority > 0.5 else Preference.SECOND
    return VoteComparison(p_better=better, p_equal=equal, p_worse=worse, preference=preference)


def _vote(first: GradeDistribution, second: GradeDistribution) -> tuple[float, float, float]:
    p, q = first.probabilities, second.probabilities
    equal = sum(a * b for a, b in zip(p, q, strict=True))
    better = sum(p[i] * q[j] for i in range(5) for j in range(i + 1, 5))
    return better, equal, max(0.0, 1 - better - equal)
