"""Several processes as one training: each takes its part of every step (``torchrun``)."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from rostfine_core.training.engine.losses import EpochSums


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is; alone it is 0 of 1."""

    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process validates and writes files."""
        return self.rank == 0

    def share(self, clips: Tensor) -> tuple[Tensor, float]:
        """This process's part of a step's clips (N,), and the weight of its mean loss.

        Gradients are averaged over processes, so parts of unequal size are weighted back to the
        mean over all N clips; a process that gets none repeats one with weight 0.
        """
        own = clips[self.rank :: self.world]
        if not len(own):
            return clips[:1], 0.0
        return own, len(own) * self.world / len(clips)

    def agree(self, flag: bool) -> bool:
        """Whether any process says so."""
        if self.world == 1:
            return flag
        votes = torch.tensor([float(flag)])
        dist.all_reduce(votes)
        return bool(votes.item())

    def from_main(self, value: float) -> float:
        """The main process's value, for all of them; each waits here for it."""
        if self.world == 1:
            return value
        message = torch.tensor([value if self.is_main else 0.0], dtype=torch.float64)
        dist.all_reduce(message)
        return float(message.item())

    def add_up(self, sums: EpochSums) -> EpochSums:
        """The sums over all processes; the seconds of this one."""
        if self.world == 1:
            return sums
        values = torch.tensor(
            [sums.clips, sums.total, sums.grade, sums.diversity, sums.auxiliary],
            dtype=torch.float64,
        )
        dist.all_reduce(values)
        clips, total, grade, diversity, auxiliary = values.tolist()
        return EpochSums(int(clips), total, grade, diversity, auxiliary, sums.seconds)


@contextmanager
def process_group() -> Generator[Ranks]:
    """Join the processes that ``torchrun`` started; alone without it."""
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
