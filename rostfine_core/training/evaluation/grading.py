"""Grading a data set with a model or an ensemble, calibrated on held-back votes if asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rostfine_core.domain import LongJob
from rostfine_core.errors import DatasetError
from rostfine_core.gpu import can_use_gpu
from rostfine_core.training.data.clip_cache import ClipShelf, check_shape
from rostfine_core.training.data.dataset import ClipDataset, read_dataset, sample_fingerprint
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.metrics.calibration import apply_temperature, fit_temperature
from rostfine_core.training.metrics.metrics import Shares, ensemble_spread
from rostfine_core.training.networks.checkpoint import TrainedModel

BATCH_SIZE = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Graded:
    """The members' ``answers`` (M, N, 5) and their mean ``prediction`` (N, 5).

    If a ``temperature`` was fitted, it is applied to both.
    """

    answers: NDArray[np.float64]
    prediction: NDArray[np.float64]
    temperature: float | None = None

    @property
    def spread(self) -> Shares | None:
        """The members' standard deviation of the expected grade (N,); None for a single model."""
        return ensemble_spread(self.answers)


def grade(
    members: Sequence[TrainedModel],
    data: ClipDataset,
    calibration: ClipDataset | None,
    *,
    tta: bool,
) -> LongJob[Graded]:
    """Grade a data set; with ``calibration``, at the temperature that fits its votes."""
    temperature = None
    if calibration is not None:
        held_back = yield from _predict(members, calibration, tta)
        temperature = fit_temperature(held_back.mean(axis=0), calibration.labels)
    answers = yield from _predict(members, data, tta)
    prediction: NDArray[np.float64] = answers.mean(axis=0)
    if temperature is None:
        return Graded(answers=answers, prediction=prediction)
    return Graded(
        answers=apply_temperature(answers, temperature),
        prediction=apply_temperature(prediction, temperature),
        temperature=temperature,
    )


def check_shapes(members: Sequence[TrainedModel], data: ClipDataset) -> None:
    """Refuse clips early that any ensemble member would refuse."""
    for member in members:
        check_shape(data, member.preprocessing)


def samples_seen(members: Sequence[TrainedModel]) -> frozenset[str]:
    """The fingerprints of all samples that the models were trained or selected on."""
    return frozenset(name for m in members for name in m.training.get("samples_seen", ()))


def read_calibration_set(
    folder: Path, data: ClipDataset, members: Sequence[TrainedModel]
) -> ClipDataset:
    """Read the clips to fit a temperature on, which share no sample with ``data`` or the training.

    A temperature would look too good on the clips that it was fitted on, and models are more
    certain about clips that they were trained on than about others.

    Raises:
        DatasetError: it cannot be read, or shares a sample with ``data`` or the models' training.
    """
    other = read_dataset(folder)
    check_shapes(members, other)
    both = sorted(set(data.samples) & set(other.samples))
    if both:
        raise DatasetError(
            f"The data set to calibrate on shares {len(both)} sample(s) with the one to score on "
            f"(the first is {both[0]}): choose votes that were held back from it."
        )
    seen = samples_seen(members)
    known = sorted(sample for sample in set(other.samples) if sample_fingerprint(sample) in seen)
    if known:
        raise DatasetError(
            f"The model was trained or selected on {len(known)} of the {len(set(other.samples))} "
            f"samples of the data set to calibrate on (the first is {known[0]}): choose votes that "
            "were held back from it."
        )
    return other


def _predict(
    members: Sequence[TrainedModel], data: ClipDataset, tta: bool
) -> LongJob[NDArray[np.float64]]:
    """The predictions of the members, (M, N, 5)."""
    shelf, answers = ClipShelf(), []
    device = default_device()
    for member in members:
        member.network.to(device)
        cache = yield from shelf.get(
            data, preprocessing=member.preprocessing, threads=torch.get_num_threads()
        )
        clips = np.arange(len(cache))
        answer = yield from predict(member.network, cache, clips, batch_size=BATCH_SIZE, tta=tta)
        answers.append(answer)
        member.network.cpu()
    return np.stack(answers).astype(np.float64)


def default_device() -> torch.device:
    """The GPU if one can be used, else the CPU."""
    return torch.device("cuda" if can_use_gpu() else "cpu")
