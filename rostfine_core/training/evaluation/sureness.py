"""What views, calibration and ranges of a model bring on a test set, as numbers and in words."""

from dataclasses import dataclass

import numpy as np

from rostfine_core.domain import Grade
from rostfine_core.model import Answering
from rostfine_core.training.evaluation.grading import Graded
from rostfine_core.training.metrics.metrics import Shares, ece_p_a_or_b, mse
from rostfine_core.training.metrics.ranges import is_inside, width_of


@dataclass(frozen=True, kw_only=True)
class Score:
    """Two scores of the same answers before a step of making them."""

    mse: float
    ece_p_a_or_b: float

    @classmethod
    def of(cls, prediction: Shares, labels: Shares) -> "Score":
        """Score predictions (N, 5)."""
        return cls(mse=mse(prediction, labels), ece_p_a_or_b=ece_p_a_or_b(prediction, labels))

    @property
    def in_words(self) -> str:
        """Both scores."""
        return f"MSE {100 * self.mse:.3f}e-2, calibration error {100 * self.ece_p_a_or_b:.2f}%"


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """A single model's answers in the making.

    ``single_view`` are the scores of the clip as it is, ``uncalibrated`` those of all ``views``
    before a calibration (None without one). ``view_spread`` is the mean standard deviation of the
    expected grade over the views (None for one view). ``covered`` (5) are the shares of clips whose
    votes lie in the ranges for ``coverage``, ``widths`` (5) the ranges' mean widths; both are empty
    without ranges.
    """

    views: int
    single_view: Score | None
    uncalibrated: Score | None
    view_spread: float | None
    coverage: float | None
    covered: tuple[float, ...]
    widths: tuple[float, ...]

    @property
    def in_words(self) -> str:
        """A few sentences for the report."""
        said = []
        if self.view_spread is not None:
            said.append(
                f"Each answer is the mean of {self.views} views of the clip, which differ by "
                f"{self.view_spread:.3f} grades (mean standard deviation)."
            )
        if self.single_view is not None:
            said.append(f"One view alone: {self.single_view.in_words}.")
        if self.uncalibrated is not None:
            said.append(f"Before the calibration: {self.uncalibrated.in_words}.")
        if self.coverage is not None:
            each = ", ".join(
                f"{grade.name} {100 * covered:.1f}% ({100 * width:.1f})"
                for grade, covered, width in zip(Grade, self.covered, self.widths, strict=True)
            )
            said.append(
                f"Ranges meant to cover {self.coverage:.0%} of the votes cover (mean width in "
                f"points): {each}."
            )
        return " ".join(said)


def sureness_of(graded: Graded, labels: Shares) -> Sureness | None:
    """What views, calibration and ranges bring against ``labels`` (N, 5).

    None for a plain answer or an ensemble.
    """
    single = graded.single
    if single is None or single.answering == Answering():
        return None
    count, votes = single.answering.views.count, labels.astype(np.float64)
    spread, before, ranges = graded.view_spread, single.answer.uncalibrated, single.answer.ranges
    return Sureness(
        views=count,
        single_view=Score.of(single.network[:, 0], votes) if count > 1 else None,
        uncalibrated=None if before is None else Score.of(before, votes),
        view_spread=None if spread is None else float(spread.mean()),
        coverage=None if single.answering.ranges is None else single.answering.ranges.coverage,
        covered=() if ranges is None else tuple(is_inside(votes, ranges).mean(axis=0).tolist()),
        widths=() if ranges is None else tuple(width_of(ranges).mean(axis=0).tolist()),
    )
