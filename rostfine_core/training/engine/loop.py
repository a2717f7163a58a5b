"""The training loop, which can stop after any step and resume exactly there.

Each step draws its randomness from (seed, step) alone, so a resume point holds no generator state.
With several processes each takes a shard of every step, so a step sees the same clips however many
there are.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel

from rostfine_core.domain import Progress, finish
from rostfine_core.errors import ConfigError, RostfineError
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.clip_cache import ClipCache
from rostfine_core.training.data.split import Split, epoch_order
from rostfine_core.training.engine.augmentation import Change, augment, draw_changes
from rostfine_core.training.engine.auxiliary import WithAuxiliary, auxiliary_loss
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.engine.losses import (
    LossMeter,
    LossTerms,
    grade_loss,
    smooth_labels,
    total_loss,
)
from rostfine_core.training.engine.optimiser import (
    build_average,
    build_optimiser,
    learning_rate,
    set_learning_rate,
)
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.engine.stop_signal import StopRequest
from rostfine_core.training.metrics.metrics import Metrics, compute_metrics
from rostfine_core.training.networks.factory import FeatureVariant, network_config
from rostfine_core.training.networks.initialisation import frozen_modules
from rostfine_core.training.run.folder import RunFolder

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TrainingStopped(RostfineError):
    """Training was asked to stop; a resume point was written, and the message says where."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress(Progress):
    """One step: ``loss`` is the minimised total, ``validation`` the latest score, if any."""

    epoch: int
    loss: float
    learning_rate: float
    validation: float | None


class TrainingLoop:
    """The state of one run; ``steps`` trains what is left of it."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        network: nn.Module,
        cache: ClipCache,
        labels: Tensor,
        auxiliary: Tensor,
        split: Split,
        folder: RunFolder,
        ranks: Ranks | None = None,
    ) -> None:
        self.config, self.network, self.cache = config, network, cache
        self.ranks = ranks or Ranks()
        self.labels, self.split, self.folder = labels, split, folder
        self.auxiliary = auxiliary
        self.frozen = frozen_modules(network)
        self.device = next(network.parameters()).device
        self.whole = WithAuxiliary(
            network,
            width=len(config.model.features) * network_config(config.model).embed_dim,
            columns=auxiliary.shape[1],
        ).to(self.device)
        self.optimiser = build_optimiser(self.whole, config.optimiser)
        self.trained = self._wrap_ddp(self.whole)
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=config.loop.precision == "float16"
        )
        self.average = build_average(network, decay=config.optimiser.ema_decay)
        self.targets = smooth_labels(labels, per_grade=config.loss.label_smoothing)
        trained_on = self.targets[torch.from_numpy(split.train)].to(self.device)
        self.distance = grade_loss(config.loss.weights, labels=trained_on)
        self.clips_per_step = config.loop.batch_size * config.loop.grad_accumulation_steps
        self.steps_per_epoch = -(-len(split.train) // self.clips_per_step)
        self.total_steps = self.steps_per_epoch * config.loop.epochs
        self.step = 0
        self.meter = LossMeter()
        self.best: dict[str, float] = {}
        self.validation: float | None = None

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
        order = epoch_order(
            self.split.train,
            self.labels.numpy(),
            seed=self.config.seed,
            epoch=epoch,
            balanced=self.config.loop.balanced,
            rare_factor=self.config.loop.rare_factor_at(epoch),
        )
        first = place * self.clips_per_step
        return torch.from_numpy(order[first : first + self.clips_per_step])

    def _loss(self, part: Tensor, changes: Sequence[Change]) -> LossTerms:
        images = augment(self.cache.batch(part), changes)
        with self._mixed_precision():
            parts, guessed = self.trained(self.cache.prepare(images.to(self.device)))
        target = self.targets[part].to(self.device)
        heads = tuple(h.float() for h in parts.heads)
        features = tuple(f.float() for f in parts.features)
        terms = total_loss(
            heads, features, target, distance=self.distance, alpha=self.config.loss.alpha
        )
        weight = self.config.auxiliary.weight_at(self.step / self.steps_per_epoch)
        if guessed is None:
            return terms
        # Also computed at weight 0: it is logged, and other processes wait for its gradient.
        truth = self.auxiliary[part].to(self.device)
        return terms.plus_auxiliary(auxiliary_loss(guessed.float(), truth), weight=weight)

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
        metrics = self._validate() if self.epoch % every == 0 or is_last else None
        record = {
            "epoch": self.epoch,
            "step": self.step,
            "learning_rate": lr,
            "loss": meter.total / meter.clips,
            "loss_grade": meter.grade / meter.clips,
            "loss_diversity": meter.diversity / meter.clips,
            **({"loss_auxiliary": meter.auxiliary / meter.clips} if self.auxiliary.numel() else {}),
            "clips_per_s": meter.clips / meter.seconds,
            "validation": None if metrics is None else metrics.scalars(),
        }
        self.folder.append_log(record)
        if self.config.loop.tensorboard:
            from rostfine_core.training.engine.tensorboard import write_scalars

            write_scalars(self.folder.path / "tensorboard", record)

    def _validate(self) -> Metrics | None:
        """Validate, and save the weights if they are the best so far or nothing is compared."""
        clips = self.split.validation
        if not len(clips):
            self._save_best(float("nan"))
            return None
        answers = finish(
            predict(
                self.validated_network, self.cache, clips, batch_size=self.config.loop.batch_size
            )
        )
        metrics = compute_metrics(answers, self.labels[clips].numpy())
        score: float = getattr(metrics, self.config.loop.monitor)
        self.validation = score
        if not self.best or score < self.best["score"]:
            self._save_best(score)
        return metrics

    def _save_best(self, score: float) -> None:
        self.best = {"score": score, "epoch": self.epoch}
        self.folder.save_best(self.validated_network.state_dict())
