"""The steps of any training run, which can stop after each of them and resume exactly there.

Each step draws its randomness from (seed, step) alone, so a resume point holds no generator state.
With several processes each takes a shard of every step, so a step sees the same clips however many
there are.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel

from rostfine_core.domain import Progress
from rostfine_core.errors import ConfigError, RostfineError
from rostfine_core.training.config import Recipe
from rostfine_core.training.data.clip_cache import ClipCache
from rostfine_core.training.data.split import Indices, Split
from rostfine_core.training.engine.augmentation import Change, augment, draw_changes
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.engine.losses import LossMeter, LossTerms
from rostfine_core.training.engine.optimiser import (
    build_average,
    build_optimiser,
    learning_rate,
    set_learning_rate,
)
from rostfine_core.training.engine.stop_signal import StopRequest
from rostfine_core.training.networks.factory import FeatureVariant
from rostfine_core.training.networks.initialisation import frozen_modules
from rostfine_core.training.run.folder import RunFolder

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


class TrainingStopped(RostfineError):
    """Training was asked to stop; a resume point was written, and the message says where."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress(Progress):
    """One step: ``loss`` is the minimised total, ``validation`` the latest score, if any."""

    epoch: int
    loss: float
    learning_rate: float
    validation: float | None


class StepLoop(ABC, Generic[AnyRecipe]):
    """The state of one run; ``steps`` trains what is left of it.

    What is minimised and how it is validated is a subclass's. ``network`` is what is averaged and
    kept, ``whole`` is all that is trained: the network and what only its training needs.
    """

    def __init__(
        self,
        config: AnyRecipe,
        *,
        network: nn.Module,
        whole: nn.Module,
        cache: ClipCache,
        split: Split,
        folder: RunFolder,
        ranks: Ranks | None = None,
    ) -> None:
        self.config, self.network, self.cache = config, network, cache
        self.ranks = ranks or Ranks()
        self.split, self.folder = split, folder
        self.frozen = frozen_modules(network)
        self.device = next(network.parameters()).device
        self.whole = whole.to(self.device)
        self.optimiser = build_optimiser(self.whole, config.optimiser)
        self.trained = self._wrap_ddp(self.whole)
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=config.loop.precision == "float16"
        )
        self.average = build_average(network, decay=config.optimiser.ema_decay)
        self.clips_per_step = config.loop.batch_size * config.loop.grad_accumulation_steps
        self.steps_per_epoch = -(-len(split.train) // self.clips_per_step)
        self.total_steps = self.steps_per_epoch * config.loop.epochs
        self.step = 0
        self.meter = LossMeter()
        self.best: dict[str, float] = {}
        self.validation: float | None = None

    @abstractmethod
    def _order(self, epoch: int) -> Indices:
        """The clips of an epoch, in order."""

    @abstractmethod
    def _loss(self, part: Tensor, changes: Sequence[Change]) -> LossTerms:
        """The losses of the clips ``part`` (B,), each changed as drawn."""

    @abstractmethod
    def _validate(self) -> Mapping[str, float] | None:
        """Validate, and save the weights if they are the best so far or nothing is compared."""

    @abstractmethod
    def _logged_losses(self, meter: LossMeter) -> dict[str, float]:
        """The parts of the loss that the log holds beside the total."""

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return self.step // self.steps_per_epoch

    @property
    def validated_network(self) -> nn.Module:
        """The network that is validated and saved: the moving average if there is one."""
        return self.network if self.average is None else self.average.module

    def state(self) -> dict[str, Any]:
        """Everything the next step depends on, as tensors and plain values."""
        return {
            "step": self.step,
            "network": self.whole.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "sums": vars(self.meter).copy(),
            "best": self.best,
            "validation": self.validation,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.step = state["step"]
        self.whole.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        if state.get("scaler"):
            self.scaler.load_state_dict(state["scaler"])
        self.meter = LossMeter(**state["sums"])
        self.best, self.validation = state["best"], state["validation"]
        if self.ranks.is_main:
            self.folder.cut_log(epochs=self.epoch)

    def load_best(self) -> int:
        """Load the best weights into ``network``, in every process, and return their epoch."""
        # Only the main process validates; the others wait here until it has saved the best weights.
        epoch = int(self.ranks.broadcast(self.best.get("epoch", 0)))
        self.network.load_state_dict(self.folder.load_best())
        self.ranks.any(False)  # every process must have read it before it is removed
        return epoch

    def begin(self, resume_point: dict[str, Any] | None) -> None:
        """Go on from a resume point; without one, stopped before the first, the run starts again.

        Raises:
            ConfigError: the resume point is damaged.
        """
        if resume_point is not None:
            with self.folder.restoring(self.folder.resume_point):
                self.restore(resume_point)
        elif self.ranks.is_main:
            self.folder.cut_log(epochs=0)

    def steps(self) -> Generator[TrainingProgress, None, None]:
        """Train to the end, yielding each step; closing, Ctrl-C and SIGTERM leave a resume point.

        Raises:
            TrainingStopped: on Ctrl-C or SIGTERM.
            ConfigError: the loss is not finite.
        """
        saved_at = time.monotonic()
        with StopRequest() as stop:
            while self.step < self.total_steps:
                progress = self._step_and_validate()
                if time.monotonic() - saved_at > 60 * self.config.loop.checkpoint_minutes:
                    self._save()
                    saved_at = time.monotonic()
                try:
                    yield progress
                except GeneratorExit:
                    self._save()
                    raise
                if self.ranks.any(stop.requested):
                    self._save()
                    raise TrainingStopped(
                        f"Training stopped after step {self.step} of {self.total_steps}: start it "
                        f"again with the same recipe to resume from {self.folder.path}."
                    )
        self._save()

    def _save(self) -> None:
        if self.ranks.is_main:
            self.folder.save_resume_point(self.state())

    def _wrap_ddp(self, network: nn.Module) -> nn.Module:
        """Wrap the network so that several processes average their gradients."""
        if self.ranks.world == 1:
            return network
        devices = [self.device.index] if self.device.type == "cuda" else None
        # Only ablations leave parts of the network unused; searching for them costs time.
        unused = isinstance(self.network, FeatureVariant)
        return DistributedDataParallel(network, device_ids=devices, find_unused_parameters=unused)

    def _step_and_validate(self) -> TrainingProgress:
        started = time.perf_counter()
        lr = learning_rate(
            self.step,
            section=self.config.optimiser,
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
        )
        loss = self._train_step(lr)
        self.step += 1
        self.meter.seconds += time.perf_counter() - started
        if self.step % self.steps_per_epoch == 0:
            self._finish_epoch(lr)
        return TrainingProgress(
            stage=f"epoch {-(-self.step // self.steps_per_epoch)} of {self.config.loop.epochs}",
            done=self.step,
            total=self.total_steps,
            epoch=-(-self.step // self.steps_per_epoch),
            loss=loss,
            learning_rate=lr,
            validation=self.validation,
        )

    def _train_step(self, lr: float) -> float:
        """Update once on the next step's clips and return their mean loss."""
        self.network.train()
        for module in self.frozen:
            module.eval()
        seeds = np.random.SeedSequence((self.config.seed, self.step)).generate_state(2, np.uint64)
        torch.manual_seed(int(seeds[0]) + self.ranks.rank)
        rng = np.random.default_rng(int(seeds[1]))
        set_learning_rate(self.optimiser, lr)
        clips, loss = self._clips_of_step(), 0.0
        for batch in torch.split(clips, self.config.loop.batch_size):
            # Drawn for the whole batch, so that the number of processes does not matter.
            changes = draw_changes(len(batch), settings=self.config.augmentation, rng=rng)
            own, weight = self.ranks.shard(torch.arange(len(batch)))
            part = batch[own]
            terms = self._loss(part, [changes[place] for place in own.tolist()])
            share = len(batch) / len(clips)
            torch.autograd.backward(self.scaler.scale(terms.total * (share * weight)))
            self.meter.add(terms, clips=len(part) if weight else 0)
            loss += terms.total.item() * share
        if not np.isfinite(loss):
            raise ConfigError(
                f"The loss is not finite at step {self.step}: lower the learning rate or "
                "set clip_norm."
            )
        self._update()
        return loss

    def _clips_of_step(self) -> Tensor:
        epoch, place = divmod(self.step, self.steps_per_epoch)
        first = place * self.clips_per_step
        return torch.from_numpy(self._order(epoch)[first : first + self.clips_per_step])

    def _prepared(self, part: Tensor, changes: Sequence[Change]) -> Tensor:
        """The clips ``part`` (B,), changed if ``changes`` are given, as the network's pictures."""
        images = self.cache.batch(part)
        images = augment(images, changes) if changes else images
        return self.cache.prepare(images.to(self.device))

    def _inputs(self, part: Tensor, changes: Sequence[Change]) -> tuple[Tensor, ...]:
        """The same with all else that the network is given; no change of a clip affects that."""
        return self._prepared(part, changes), *self.cache.told(part, device=self.device)

    @contextmanager
    def _mixed_precision(self) -> Iterator[None]:
        """Compute the forward pass in the recipe's precision.

        torch's fused attention is slow in bfloat16 on a CPU: its backward pass alone took 40% of a
        step, and the plain one made the step 1.5 times faster.
        """
        precision = self.config.loop.precision
        with ExitStack() as stack:
            if precision != "float32":
                stack.enter_context(torch.autocast(self.device.type, PRECISIONS[precision]))
                if self.device.type == "cpu":
                    stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            yield

    def _update(self) -> None:
        limit = self.config.optimiser.clip_norm
        if limit:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.whole.parameters(), limit)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update_parameters(self.network)

    def _finish_epoch(self, lr: float) -> None:
        every, is_last = self.config.loop.validate_every, self.step == self.total_steps
        meter = self.ranks.all_reduce(self.meter)
        self.meter = LossMeter()
        if not self.ranks.is_main:
            return
        scores = self._validate() if self.epoch % every == 0 or is_last else None
        record = {
            "epoch": self.epoch,
            "step": self.step,
            "learning_rate": lr,
            "loss": meter.total / meter.clips,
            **self._logged_losses(meter),
            "clips_per_s": meter.clips / meter.seconds,
            "validation": None if scores is None else dict(scores),
        }
        self.folder.append_log(record)
        if self.config.loop.tensorboard:
            from rostfine_core.training.engine.tensorboard import write_scalars

            write_scalars(self.folder.path / "tensorboard", record)

    def _keep_if_best(self, score: float) -> None:
        """Save the weights if their validation ``score`` is the lowest so far, or NaN: no score."""
        if not np.isnan(score):
            self.validation = score
        if not self.best or not score >= self.best["score"]:
            self.best = {"score": score, "epoch": self.epoch}
            self.folder.save_best(self.validated_network.state_dict())
