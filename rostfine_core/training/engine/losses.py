"""RoSTFine's losses: distance of the heads to the panel's votes, and diversity of the features.

Letters: B clips in the batch, 5 grades, D width of a feature, N clips of the training set. ``emd``
and ``crps`` know that grades are ordered: they compare the shares of votes at a grade or better.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from rostfine_core.training.config import LossKind

SMALLEST_SHARE = 1e-12
OFFICIAL_LOG_OFFSET = 1e-5
LEAST_UNCERTAINTY = 0.01
"""Keeps a threshold that hardly any vote crosses from outweighing all others."""

Distance = Callable[[Tensor, Tensor], Tensor]
"""A loss of predicted shares (B, 5) against the panel's (B, 5): a scalar."""


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


def emd_loss(shares: Tensor, label: Tensor) -> Tensor:
    """Squared earth mover's distance: (B, 5), (B, 5) -> scalar.

    The mean over grades and clips of the squared difference of the cumulative shares (Hou et al.
    2016; for sperm Nakagawa et al., IEEE Access 2024). Times 5, and but for a constant of the panel
    alone, it is the continuous ranked probability score (CRPS) of the panel's votes.
    """
    return (shares - label).cumsum(-1).square().mean()


def threshold_uncertainty(labels: Tensor) -> Tensor:
    """How far votes differ on each of the four thresholds between grades: (N, 5) -> (4,).

    q (1 - q) for the share q of all votes at that grade or better: the Brier score of always
    answering q.
    """
    shares = labels.cumsum(-1)[:, :-1].mean(0)
    return (shares * (1 - shares)).clamp_min(LEAST_UNCERTAINTY)


def crps_loss(shares: Tensor, label: Tensor, *, uncertainty: Tensor) -> Tensor:
    """CRPS of the panel's votes, relative at each threshold: (B, 5), (B, 5), (4,) -> scalar.

    At each threshold the Brier score of the votes, (P - Q)^2 + Q (1 - Q) for the predicted share P
    and the panel's share Q at that grade or better, is divided by ``threshold_uncertainty``, and
    the four are averaged: 1 for always the mean label. Undivided it would be ``emd_loss``; divided,
    the thresholds towards rare grades count as much as the middle ones (a threshold-weighted CRPS,
    Gneiting & Ranjan 2011).
    """
    predicted, voted = shares.cumsum(-1)[:, :-1], label.cumsum(-1)[:, :-1]
    brier = (predicted - voted).square() + voted * (1 - voted)
    return (brier / uncertainty).mean()


def diversity_loss(*features: Tensor) -> Tensor:
    """Mean |cosine similarity| over pairs of features, each (B, D), and over clips: a scalar.

    With fewer than two features the loss is 0.
    """
    pairs = list(combinations(features, 2))
    if not pairs:
        return torch.zeros(())
    return torch.stack([F.cosine_similarity(a, b, dim=-1).abs().mean() for a, b in pairs]).mean()


def grade_loss(weights: Mapping[LossKind, float], *, labels: Tensor) -> Distance:
    """The weighted sum of the losses that a recipe names; ``labels`` (N, 5) are trained on."""
    relative_crps = partial(crps_loss, uncertainty=threshold_uncertainty(labels))
    losses: dict[LossKind, Distance] = {
        "mse": mse_loss,
        "js": js_loss,
        "js_official": js_loss_official,
        "emd": emd_loss,
        "crps": relative_crps,
    }

    def weighted(shares: Tensor, label: Tensor) -> Tensor:
        terms = [weight * losses[kind](shares, label) for kind, weight in weights.items()]
        return torch.stack(terms).sum()

    return weighted


def total_loss(
    heads: tuple[Tensor, ...],
    features: tuple[Tensor, ...],
    label: Tensor,
    *,
    distance: Distance,
    alpha: float,
) -> LossTerms:
    """The paper's objective: the grade loss averaged over heads, plus alpha * L_div.

    Args:
        heads: the trained distributions, each (B, 5).
        features: the features that the diversity loss keeps apart, each (B, D).
        label: (B, 5), the panel's votes as shares.
        distance: the distance between distributions (``grade_loss``).
        alpha: weight of the diversity loss, which is reported even at 0.
    """
    grade = torch.stack([distance(head, label) for head in heads]).mean()
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
