"""Several processes training as one (``torchrun``): each takes its shard of every step."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from rostfine_core.training.engine.losses import LossMeter


@dataclass(frozen=True)
class Ranks:
    """This process's rank among ``world`` processes; 0 of 1 when it is alone."""

    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process validates and writes files."""
        return self.rank == 0

    def shard(self, clips: Tensor) -> tuple[Tensor, float]:
        """This process's shard of a step's clips (N,), and the weight of its mean loss.

        Gradients are averaged over processes, so shards of unequal size are weighted to give the
        mean over all N clips. A process without clips repeats one with weight 0.
        """
        own = clips[self.rank :: self.world]
        if not len(own):
            return clips[:1], 0.0
        return own, len(own) * self.world / len(clips)

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is set in any process."""
        if self.world == 1:
            return flag
        votes = torch.tensor([float(flag)])
        dist.all_reduce(votes)
        return bool(votes.item())

    def broadcast(self, value: float) -> float:
        """Give every process the main process's value, waiting for it."""
        if self.world == 1:
            return value
        message = torch.tensor([value if self.is_main else 0.0], dtype=torch.float64)
        dist.all_reduce(message)
        return float(message.item())

    def all_reduce(self, meter: LossMeter) -> LossMeter:
        """Sum a meter over all processes; its seconds stay this process's own."""
        if self.world == 1:
            return meter
        values = torch.tensor(
            [meter.clips, meter.total, meter.grade, meter.diversity, meter.auxiliary],
            dtype=torch.float64,
        )
        dist.all_reduce(values)
        clips, total, grade, diversity, auxiliary = values.tolist()
        return LossMeter(int(clips), total, grade, diversity, auxiliary, meter.seconds)


@contextmanager
def process_group() -> Generator[Ranks]:
    """Join the processes that ``torchrun`` started; without it there is one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    # Gloo carries the small control messages on the CPU, NCCL the gradients where there are GPUs.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
