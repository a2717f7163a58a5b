"""Asking a trained network about many clips: distributions in numpy, batch by batch."""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rostfine_core.domain import Progress
from rostfine_core.training.clip_cache import ClipCache
from rostfine_core.training.splits import Indices


def predict(
    network: nn.Module,
    cache: ClipCache,
    indices: Indices,
    *,
    batch_size: int,
    stage: str = "grading",
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Grade the clips at ``indices`` (N,): (N, 5) shares; the network is left in eval mode."""
    network.eval()
    device = next(network.parameters()).device
    answers = [np.empty((0, 5), dtype=np.float32)]
    for start in range(0, len(indices), batch_size):
        part = torch.from_numpy(indices[start : start + batch_size])
        with torch.inference_mode():
            grade = network(cache.prepare(cache.batch(part).to(device))).grade
        answers.append(grade.float().cpu().numpy())
        yield Progress(stage=stage, done=start + len(part), total=len(indices))
    return np.concatenate(answers)


def predict_now(
    network: nn.Module, cache: ClipCache, indices: Indices, *, batch_size: int
) -> NDArray[np.float32]:
    """The same without progress."""
    job = predict(network, cache, indices, batch_size=batch_size)
    while True:
        try:
            next(job)
        except StopIteration as end:
            answer: NDArray[np.float32] = end.value
            return answer
