"""Pretraining an encoder: the loss of a step, and the validation of an epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from rostfine_core.training.config import PretrainConfig
from rostfine_core.training.data.clip_cache import ClipCache
from rostfine_core.training.data.split import Indices, Split
from rostfine_core.training.engine.augmentation import Change
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.engine.losses import LossMeter, LossTerms
from rostfine_core.training.engine.steps import StepLoop
from rostfine_core.training.pretraining.masked_video import (
    MaskedVideo,
    draw_hidden,
    hidden_error,
    normalised_patches,
)
from rostfine_core.training.run.folder import RunFolder


class PretrainingLoop(StepLoop[PretrainConfig]):
    """A run that lets an encoder fill in hidden patches."""

    def __init__(
        self,
        config: PretrainConfig,
        *,
        network: MaskedVideo,
        cache: ClipCache,
        split: Split,
        folder: RunFolder,
        ranks: Ranks,
    ) -> None:
        super().__init__(
            config,
            network=network,
            whole=network,
            cache=cache,
            split=split,
            folder=folder,
            ranks=ranks,
        )
        self.patch_size = network.encoder.patch_size

    def _order(self, epoch: int) -> Indices:
        return np.random.default_rng((self.config.seed, epoch)).permutation(self.split.train)

    def _loss(self, part: Tensor, changes: Sequence[Change]) -> LossTerms:
        clips = self._prepared(part, changes)
        hidden = self._hide(clips, torch.default_generator)
        with self._mixed_precision():
            predicted = self.trained(clips, hidden)
        truth = normalised_patches(clips, patch_size=self.patch_size)
        error = hidden_error(predicted.float(), truth, hidden)
        return LossTerms(error, grade=torch.zeros(()), diversity=torch.zeros(()))

    def _hide(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        batch, _, frames, height, width = clips.shape
        grid = (batch, frames, height // self.patch_size, width // self.patch_size)
        hidden = draw_hidden(grid, share=self.config.masking.share, generator=generator)
        return hidden.to(clips.device)

    def _logged_losses(self, meter: LossMeter) -> dict[str, float]:
        return {}

    def _validate(self) -> Mapping[str, float] | None:
        """The error on clips held back, and which share of the pixels' variance is explained.

        The same patches are hidden each time, so that epochs can be compared.
        """
        clips = self.split.validation
        if not len(clips):
            self._keep_if_best(float("nan"))
            return None
        network = self.validated_network.eval()
        generator = torch.Generator().manual_seed(0)
        sums = np.zeros(2)
        for start in range(0, len(clips), self.config.loop.batch_size):
            batch = torch.from_numpy(clips[start : start + self.config.loop.batch_size])
            shown = self._prepared(batch, ())
            hidden = self._hide(shown, generator)
            truth = normalised_patches(shown, patch_size=self.patch_size)
            with torch.inference_mode():
                error = hidden_error(network(shown, hidden), truth, hidden)
            nothing = hidden_error(torch.zeros_like(truth), truth, hidden)
            sums += len(batch) * np.array([error.item(), nothing.item()])
        error_per_clip, variance = sums / len(clips)
        self._keep_if_best(float(error_per_clip))
        return {"error": float(error_per_clip), "explained": float(1 - error_per_clip / variance)}
