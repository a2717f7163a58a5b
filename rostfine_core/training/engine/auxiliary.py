"""Auxiliary targets beside the grades: optional label columns, such as an expert's findings.

Letters: B clips in the batch, N clips, C columns, D width of a feature.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rostfine_core.errors import ConfigError
from rostfine_core.training.data.dataset import ClipDataset
from rostfine_core.training.data.split import Indices
from rostfine_core.training.networks.factory import TrainedParts, trained_parts

SMALLEST_SPREAD = 1e-6


class WithAuxiliary(nn.Module):
    """A network with one linear head on all its features, as the training loop calls it.

    The head predicts the auxiliary columns and is discarded after training. Without columns there
    is no head.
    """

    def __init__(self, network: nn.Module, *, width: int, columns: int) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(width, columns) if columns else None
        if self.head is not None:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, *inputs: Tensor) -> tuple[TrainedParts, Tensor | None]:
        """Heads and features, and the predicted columns (B, C), of what the network is given."""
        parts = trained_parts(self.network(*inputs))
        guessed = None if self.head is None else self.head(torch.cat(parts.features, dim=-1))
        return parts, guessed


def auxiliary_loss(guessed: Tensor, truth: Tensor) -> Tensor:
    """Smooth L1 distance of standardised columns: (B, C), (B, C) -> scalar.

    Beyond one standard deviation it grows linearly, so a few outliers do not dominate.
    """
    return F.smooth_l1_loss(guessed, truth)


def auxiliary_targets(dataset: ClipDataset, columns: Sequence[str], *, train: Indices) -> Tensor:
    """The columns (N, C), standardised over the training clips.

    Raises:
        ConfigError: a column is missing, not a number for every clip, or constant.
    """
    values = np.zeros((len(dataset.clips), len(columns)), dtype=np.float32)
    for place, name in enumerate(columns):
        known = dataset.column(name)
        if len(known) != len(dataset.clips):
            raise ConfigError(
                f"The auxiliary column {name!r} holds a number for {len(known)} of "
                f"{len(dataset.clips)} clips: name a column of labels.csv that has no gaps."
            )
        mean, spread = known[train].mean(), known[train].std()
        if spread < SMALLEST_SPREAD:
            raise ConfigError(
                f"The auxiliary column {name!r} is the same for every clip: leave it out."
            )
        values[:, place] = (known - mean) / spread
    return torch.from_numpy(values)
