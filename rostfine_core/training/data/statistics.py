"""Statistics of a labelled data set: the paper's Table 1 and the agreement of its experts."""

import math
from dataclasses import dataclass

import numpy as np

from rostfine_core.agreement import fleiss_kappa, krippendorff_alpha
from rostfine_core.domain import SIMULATED
from rostfine_core.training.data.dataset import GRADES, ClipDataset
from rostfine_core.training.metrics.metrics import entropy_bits, ranked_grades

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
