"""Training a network on graded clips: the loss of a step, and the validation of an epoch."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rostfine_core.domain import finish
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.clip_cache import ClipCache
from rostfine_core.training.data.split import Indices, Split, epoch_order
from rostfine_core.training.engine.augmentation import Change
from rostfine_core.training.engine.auxiliary import WithAuxiliary, auxiliary_loss
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.engine.losses import (
    LossMeter,
    LossTerms,
    grade_loss,
    smooth_labels,
    total_loss,
)
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.engine.steps import StepLoop
from rostfine_core.training.metrics.metrics import compute_metrics
from rostfine_core.training.networks.factory import network_config
from rostfine_core.training.run.folder import RunFolder


class TrainingLoop(StepLoop[TrainConfig]):
    """A run that trains a network on the panel's votes."""

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
        whole = WithAuxiliary(
            network,
            width=len(config.model.features) * network_config(config.model).embed_dim,
            columns=auxiliary.shape[1],
        )
        super().__init__(
            config,
            network=network,
            whole=whole,
            cache=cache,
            split=split,
            folder=folder,
            ranks=ranks,
        )
        self.labels, self.auxiliary = labels, auxiliary
        self.targets = smooth_labels(labels, per_grade=config.loss.label_smoothing)
        trained_on = self.targets[torch.from_numpy(split.train)].to(self.device)
        self.distance = grade_loss(config.loss.weights, labels=trained_on)

    def _order(self, epoch: int) -> Indices:
        return epoch_order(
            self.split.train,
            self.labels.numpy(),
            seed=self.config.seed,
            epoch=epoch,
            balanced=self.config.loop.balanced,
            rare_factor=self.config.loop.rare_factor_at(epoch),
        )

    def _loss(self, part: Tensor, changes: Sequence[Change]) -> LossTerms:
        with self._mixed_precision():
            parts, guessed = self.trained(*self._inputs(part, changes))
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

    def _logged_losses(self, meter: LossMeter) -> dict[str, float]:
        logged = {
            "loss_grade": meter.grade / meter.clips,
            "loss_diversity": meter.diversity / meter.clips,
        }
        if self.auxiliary.numel():
            logged["loss_auxiliary"] = meter.auxiliary / meter.clips
        return logged

    def _validate(self) -> Mapping[str, float] | None:
        clips = self.split.validation
        if not len(clips):
            self._keep_if_best(float("nan"))
            return None
        answers = finish(
            predict(
                self.validated_network, self.cache, clips, batch_size=self.config.loop.batch_size
            )
        )
        metrics = compute_metrics(answers, self.labels[clips].numpy())
        self._keep_if_best(getattr(metrics, self.config.loop.monitor))
        return metrics.scalars()
