"""What a calibration brought, measured on samples that it was not fitted on, as a short table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rostfine_core.domain import Gate, Grade
from rostfine_core.model import Answering
from rostfine_core.model.answering import Floats, Scale
from rostfine_core.quality.gate_fit import FALSE_ALARMS, FEWEST_CLIPS
from rostfine_core.training.calibration.conformal import CAUTIOUS_SAMPLES
from rostfine_core.training.calibration.maps import negative_log_likelihood
from rostfine_core.training.metrics.metrics import ece_p_a_or_b, mse
from rostfine_core.training.metrics.ranges import is_inside, width_of

SCALES: Mapping[Scale, str] = {
    "none": "the same for all clips",
    "views": "in proportion to what the views differ",
    "votes": "in proportion to the deviation of a vote",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossed:
    """Each clip's answer (N, 5) and ranges (N, 5, 2) from a fit to other samples."""

    shares: Floats
    ranges: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationResult:
    """A model's new ``answering``, and what its parts bring on samples they were not fitted on.

    ``chosen`` names the calibration, "" for none. ``widths`` are the mean widths by scale. Answers
    are (N, 5): of the ``single_view``, the ``mean`` of all views, and ``crossed`` calibrated.
    ``gate`` is None where the clips were too few for one.
    """

    model: Path
    answering: Answering
    chosen: str
    widths: Mapping[Scale, float]
    votes: Floats
    single_view: Floats
    mean: Floats
    crossed: Crossed
    gate: Gate | None

    @property
    def coverage(self) -> Floats:
        """(5,) how often a share of votes lies in its range."""
        found: Floats = is_inside(self.votes, self.crossed.ranges).mean(axis=0)
        return found

    @property
    def summary(self) -> str:
        """The tables, for the command line."""
        parts = (*self._scores(), "", *self._ranges(), "", *self._gate(), *self._cautions())
        return "\n".join(parts)

    def _scores(self) -> Iterator[str]:
        count = self.answering.views.count
        ranges = self.answering.ranges
        assert ranges is not None  # calibrate measures them
        yield (
            f"{ranges.clips} clips of {ranges.samples} samples; calibrated answers and ranges are "
            "of samples that they were not fitted on."
        )
        yield f"{'':34}{'NLL':>8}{'ECE P(A or B)':>15}{'MSE (1e-2)':>12}"
        rows = {"one view": self.single_view}
        if count > 1:
            rows[f"{count} views"] = self.mean
        if self.chosen:
            rows[f"calibrated ({self.chosen})"] = self.crossed.shares
        for title, shares in rows.items():
            loss = negative_log_likelihood(shares, self.votes).mean()
            error = 100 * ece_p_a_or_b(shares, self.votes)
            yield (f"{title:34}{loss:8.4f}{error:14.2f}%{100 * mse(shares, self.votes):12.3f}")
        if not self.chosen:
            yield "No calibration lowers the NLL by more than its standard error: none was taken."

    def _ranges(self) -> Iterator[str]:
        ranges = self.answering.ranges
        assert ranges is not None
        tried = ", ".join(f"{SCALES[s]} {100 * w:.1f}" for s, w in self.widths.items())
        yield (
            f"Ranges for {ranges.coverage:.0%}, {SCALES[ranges.scale]} (mean width in points of "
            f"what was tried: {tried})"
        )
        yield f"{'share':>6}{'covered':>10}{'mean width':>12}"
        widths = width_of(self.crossed.ranges).mean(axis=0)
        for grade, covered, width in zip(Grade, self.coverage, widths, strict=True):
            yield f"{grade.name:>6}{covered:10.1%}{100 * width:12.1f}"

    def _gate(self) -> Iterator[str]:
        if self.gate is None:
            yield f"No gate: it needs at least {FEWEST_CLIPS} clips."
            return
        yield (
            f"Gate: limits at which {FALSE_ALARMS:.0%} of clips are flagged that it was not fitted "
            f"to (distance of all measures together: {self.gate.farthest:.2f})"
        )
        yield f"{'measure':>16}{'lowest':>10}{'highest':>10}"
        for name, limits in self.gate.limits.items():
            yield f"{name:>16}" + "".join(
                f"{'-' if end is None else format(end, '.3g'):>10}" for end in limits
            )

    def _cautions(self) -> Iterator[str]:
        ranges = self.answering.ranges
        assert ranges is not None
        if ranges.samples < CAUTIOUS_SAMPLES:
            yield (
                f"Caution: with fewer than {CAUTIOUS_SAMPLES} samples, the coverage on further "
                "ones may be far from that measured."
            )
