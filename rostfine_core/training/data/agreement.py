"""Statistics of a labelled data set: the paper's Table 1 and the agreement of its experts."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import SIMULATED
from rostfine_core.training.data.dataset import GRADES, ClipDataset
from rostfine_core.training.metrics.metrics import entropy_bits, ranked_grades

Votes = NDArray[np.int64]
SIMULATED_CLIPS = (
    "Clips and experts here are simulated: this says nothing about real sperm or panels."
)


@dataclass(frozen=True, kw_only=True)
class DatasetStatistics:
    """Counts and agreement of one data set.

    ``kind`` is ``simulated`` as soon as any clip is. ``most_selected`` counts clips by their most
    selected grade (the paper's Table 1); ``mean_share`` is the mean distribution. Agreement is 1 if
    all experts agree, 0 if no more than by chance, NaN if votes are too few or all the same. Kappa
    is None if panels differ in size, which it does not allow.
    """

    name: str
    kind: str
    clips: int
    samples: int
    clips_per_sample: tuple[int, float, int]
    most_selected: tuple[int, ...]
    mean_share: tuple[float, ...]
    mean_entropy_bits: float
    fleiss_kappa: float | None
    krippendorff_alpha_nominal: float
    krippendorff_alpha_ordinal: float

    @property
    def summary(self) -> str:
        """The table as Markdown."""
        low, middle, high = self.clips_per_sample
        shares = " | ".join(f"{100 * s:.1f}%" for s in self.mean_share)
        return "\n".join(
            [
                f"# {self.name}",
                "",
                *([f"> {SIMULATED_CLIPS}", ""] if self.kind == SIMULATED else []),
                f"{self.clips} clips of {self.samples} samples ({low} to {high} clips each, median "
                f"{middle:g}).",
                "",
                "| | " + " | ".join(GRADES) + " |",
                "|---" * (len(GRADES) + 1) + "|",
                "| most selected | " + " | ".join(map(str, self.most_selected)) + " |",
                f"| mean share | {shares} |",
                "",
                f"Agreement: Fleiss' kappa {_shown(self.fleiss_kappa)}, Krippendorff's alpha "
                f"{_shown(self.krippendorff_alpha_nominal)} (nominal), "
                f"{_shown(self.krippendorff_alpha_ordinal)} (ordinal); mean entropy of the votes "
                f"{self.mean_entropy_bits:.2f} bits.",
                "",
            ]
        )


def _shown(agreement: float | None) -> str:
    return "undefined" if agreement is None or math.isnan(agreement) else f"{agreement:.3f}"


def describe_dataset(dataset: ClipDataset) -> DatasetStatistics:
    """Compute the statistics of a data set."""
    votes = np.array([c.votes for c in dataset.clips], dtype=np.int64)
    labels = dataset.labels.astype(np.float64)
    per_sample = np.unique(np.asarray(dataset.samples, dtype=str), return_counts=True)[1]
    first = np.bincount(ranked_grades(labels)[:, 0], minlength=len(GRADES))
    return DatasetStatistics(
        name=dataset.name,
        kind=dataset.kind,
        clips=len(votes),
        samples=len(per_sample),
        clips_per_sample=(
            int(per_sample.min()),
            float(np.median(per_sample)),
            int(per_sample.max()),
        ),
        most_selected=tuple(first.tolist()),
        mean_share=tuple(labels.mean(axis=0).tolist()),
        mean_entropy_bits=float(entropy_bits(labels).mean()),
        fleiss_kappa=fleiss_kappa(votes) if np.ptp(votes.sum(axis=1)) == 0 else None,
        krippendorff_alpha_nominal=krippendorff_alpha(votes, level="nominal"),
        krippendorff_alpha_ordinal=krippendorff_alpha(votes, level="ordinal"),
    )


def fleiss_kappa(votes: Votes) -> float:
    """Fleiss' kappa (1971) of counts (clips, grades) by panels of equal size; NaN if undefined.

    Raises:
        ValueError: the panels differ in size, which only Krippendorff's alpha allows.
    """
    raters = votes.sum(axis=1)
    if len(set(raters.tolist())) != 1:
        raise ValueError("Fleiss' kappa needs the same number of votes for every clip")
    size = raters[0]
    agreement = ((votes**2).sum(axis=1) - size) / (size * (size - 1)) if size > 1 else np.nan
    by_chance = float(((votes.sum(axis=0) / votes.sum()) ** 2).sum())
    return float((np.mean(agreement) - by_chance) / (1 - by_chance)) if by_chance < 1 else np.nan


def krippendorff_alpha(votes: Votes, *, level: Literal["nominal", "ordinal"]) -> float:
    """Krippendorff's alpha of counts (clips, grades); clips with a single vote are ignored.

    ``ordinal`` weights a disagreement by the number of votes between the two grades.
    """
    paired = votes[votes.sum(axis=1) > 1].astype(np.float64)
    sizes = paired.sum(axis=1)
    # Coincidences o_ck: ordered pairs of votes within a clip, weighted 1 / (size - 1).
    weighted = paired / (sizes - 1)[:, None]
    observed = weighted.T @ paired - np.diag(weighted.sum(axis=0))
    totals = observed.sum(axis=1)
    expected = (np.outer(totals, totals) - np.diag(totals)) / (totals.sum() - 1)
    distance = _distance(totals, level)
    worst = float((expected * distance).sum())
    return 1 - float((observed * distance).sum()) / worst if worst else float("nan")


def _distance(totals: NDArray[np.float64], level: str) -> NDArray[np.float64]:
    """Squared differences between grades: 0 or 1, or by the votes between them (ordinal)."""
    count = len(totals)
    if level == "nominal":
        return 1 - np.eye(count)
    # Sum of the totals from c to k, less half of both ends.
    middle = np.cumsum(totals) - totals / 2
    squared: NDArray[np.float64] = (middle[:, None] - middle[None, :]) ** 2
    return squared
