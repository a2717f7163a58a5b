"""The order in which an epoch shows its clips: each once, or every grade equally often."""

import numpy as np

from rostfine_core.training.metrics import Shares, ranked_grades
from rostfine_core.training.splits import Indices


def epoch_order(
    train: Indices, labels: Shares, *, seed: int, epoch: int, balanced: bool
) -> Indices:
    """The clips of one epoch, as many as ``train`` has, decided by seed and epoch alone.

    Balanced, each clip is drawn with replacement so that every most-selected grade that occurs is
    as likely as any other; of ``labels`` (N, 5) only the rows at ``train`` are used.
    """
    rng = np.random.default_rng((seed, epoch))
    if not balanced:
        return rng.permutation(train)
    first = ranked_grades(labels[train])[:, 0]
    counts = np.bincount(first, minlength=labels.shape[1])
    weights = 1 / counts[first]
    return rng.choice(train, size=len(train), p=weights / weights.sum())
