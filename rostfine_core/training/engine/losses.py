"""RoSTFine's losses: distance of the heads to the panel's votes, and diversity of the features.

Letters: B clips in the batch, 5 grades, D width of a feature.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from rostfine_core.training.config import LossKind

SMALLEST_SHARE = 1e-12
OFFICIAL_LOG_OFFSET = 1e-5


@dataclass(frozen=True)
class LossTerms:
    """The losses of one batch, as scalars; ``total`` is minimised."""

    total: Tensor
    grade: Tensor
    diversity: Tensor
    auxiliary: Tensor | None = None

    def plus_auxiliary(self, loss: Tensor, *, weight: float) -> "LossTerms":
        """Add an auxiliary loss."""
        return replace(self, total=self.total + weight * loss, auxiliary=loss)


def mse_loss(shares: Tensor, label: Tensor) -> Tensor:
    """Mean squared error over grades and clips: (B, 5), (B, 5) -> scalar."""
    return F.mse_loss(shares, label)


def js_loss(shares: Tensor, label: Tensor) -> Tensor:
    """Jensen-Shannon divergence in nats, averaged over clips: (B, 5), (B, 5) -> scalar.

    1/2 KL(p||m) + 1/2 KL(q||m) with m = (p + q) / 2; between 0 and ln 2.
    """
    p, q = shares.clamp_min(SMALLEST_SHARE), label.clamp_min(SMALLEST_SHARE)
    log_m = ((p + q) / 2).log()
    return ((p * (p.log() - log_m)).sum(-1) + (q * (q.log() - log_m)).sum(-1)).mean() / 2


def js_loss_official(shares: Tensor, label: Tensor) -> Tensor:
    """What the official implementation calls JS: KL(p||m) + 1/2 KL(q||m) (FACTS, error 2).

    It adds 1e-5 inside the logarithm. Only for comparison with numbers made that way.
    """
    m = (shares + label) / 2

    def kl(a: Tensor) -> Tensor:
        return (a * (a / m.clamp_min(SMALLEST_SHARE) + OFFICIAL_LOG_OFFSET).log()).sum(-1)

    return (kl(shares) + kl(label) / 2).mean()


def diversity_loss(*features: Tensor) -> Tensor:
    """Mean |cosine similarity| over pairs of features, each (B, D), and over clips: a scalar.

    With fewer than two features the loss is 0.
    """
    pairs = list(combinations(features, 2))
    if not pairs:
        return torch.zeros(())
    return torch.stack([F.cosine_similarity(a, b, dim=-1).abs().mean() for a, b in pairs]).mean()


GRADE_LOSSES: dict[LossKind, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": mse_loss,
    "js": js_loss,
    "js_official": js_loss_official,
}


def total_loss(
    heads: tuple[Tensor, ...],
    features: tuple[Tensor, ...],
    label: Tensor,
    *,
    kind: LossKind,
    alpha: float,
) -> LossTerms:
    """The paper's objective: the grade loss averaged over heads, plus alpha * L_div.

    Args:
        heads: the trained distributions, each (B, 5).
        features: the features that the diversity loss keeps apart, each (B, D).
        label: (B, 5), the panel's votes as shares.
        kind: the distance between distributions.
        alpha: weight of the diversity loss, which is reported even at 0.
    """
    grade = torch.stack([GRADE_LOSSES[kind](head, label) for head in heads]).mean()
    diversity = diversity_loss(*features)
    total = grade + alpha * diversity if alpha else grade
    return LossTerms(total, grade, diversity)


def smooth_labels(label: Tensor, *, per_grade: float) -> Tensor:
    """Add ``per_grade`` to each share and renormalise: (B, 5) -> (B, 5).

    The official training adds 0.001 without renormalising: its sum is 1.005.
    """
    return (label + per_grade) / (label.sum(-1, keepdim=True) + per_grade * label.shape[-1])


@dataclass
class LossMeter:
    """Running sums over an epoch: clips, each loss weighted by clips, and seconds."""

    clips: int = 0
    total: float = 0.0
    grade: float = 0.0
    diversity: float = 0.0
    auxiliary: float = 0.0
    seconds: float = 0.0

    def add(self, terms: LossTerms, *, clips: int) -> None:
        """Add a batch of ``clips`` clips with their mean losses."""
        self.clips += clips
        self.total += terms.total.item() * clips
        self.grade += terms.grade.item() * clips
        self.diversity += terms.diversity.item() * clips
        if terms.auxiliary is not None:
            self.auxiliary += terms.auxiliary.item() * clips
