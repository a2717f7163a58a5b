"""What adds up over the steps of one epoch."""

from dataclasses import dataclass

from rostfine_core.training.losses import LossTerms


@dataclass
class EpochSums:
    """Clips seen, and each loss times the clips it was the mean of."""

    clips: int = 0
    total: float = 0.0
    grade: float = 0.0
    diversity: float = 0.0
    auxiliary: float = 0.0
    seconds: float = 0.0

    def add(self, terms: LossTerms, *, clips: int) -> None:
        """Count a batch of ``clips``."""
        self.clips += clips
        self.total += terms.total.item() * clips
        self.grade += terms.grade.item() * clips
        self.diversity += terms.diversity.item() * clips
        if terms.auxiliary is not None:
            self.auxiliary += terms.auxiliary.item() * clips
