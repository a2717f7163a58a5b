"""Predicting the grade distributions of many clips, batch by batch."""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rostfine_core.domain import Progress
from rostfine_core.training.data.clip_cache import ClipCache
from rostfine_core.training.data.split import Indices


def predict(
    network: nn.Module,
    cache: ClipCache,
    indices: Indices,
    *,
    batch_size: int,
    stage: str = "grading",
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Grade the clips at ``indices`` (N,): (N, 5) shares; leaves the network in eval mode.

    These are the network's own answers for the clips as they are, as training judges it; those of
    a model file are made in ``evaluation.grading``.
    """
    network.eval()
    device = next(network.parameters()).device
    answers = [np.empty((0, 5), dtype=np.float32)]
    for start in range(0, len(indices), batch_size):
        batch = torch.from_numpy(indices[start : start + batch_size])
        with torch.inference_mode():
            clips = cache.prepare(cache.batch(batch).to(device))
            grade = network(clips, *cache.told(batch, device=device)).grade
        answers.append(grade.float().cpu().numpy())
        yield Progress(stage=stage, done=start + len(batch), total=len(indices))
    return np.concatenate(answers)
