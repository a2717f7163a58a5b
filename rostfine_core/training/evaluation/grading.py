"""Grading a data set as the program would: views, calibration and ranges as the model file says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rostfine_core.domain import AnswerMode, LongJob, Progress
from rostfine_core.errors import DatasetError
from rostfine_core.gpu import can_use_gpu
from rostfine_core.model import Answer, Answering, Views, ask_views
from rostfine_core.training.data.clip_cache import check_shape, load_motion
from rostfine_core.training.data.dataset import ClipDataset, read_dataset, sample_fingerprint
from rostfine_core.training.metrics.calibration import apply_temperature, fit_temperature
from rostfine_core.training.metrics.metrics import Shares, ensemble_spread
from rostfine_core.training.networks.checkpoint import TrainedModel

BATCH_SIZE = 16
MIRRORS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberAnswer:
    """A single model's ``answer`` to N clips, made as told of its ``network``'s (N, V, 5)."""

    answering: Answering
    network: NDArray[np.float64]
    answer: Answer


@dataclass(frozen=True, kw_only=True, eq=False)
class Graded:
    """The members' ``answers`` (M, N, 5) and their mean ``prediction`` (N, 5).

    If a ``temperature`` was fitted, it is applied to both. ``single`` is how a single model came to
    its answer; None for an ensemble, or at a temperature.
    """

    answers: NDArray[np.float64]
    prediction: NDArray[np.float64]
    temperature: float | None = None
    single: MemberAnswer | None = None

    @property
    def spread(self) -> Shares | None:
        """The members' standard deviation of the expected grade (N,); None for a single model."""
        return ensemble_spread(self.answers)

    @property
    def view_spread(self) -> Shares | None:
        """The views' standard deviation of the expected grade (N,); None without several views."""
        if self.single is None:
            return None
        return ensemble_spread(self.single.answer.views.swapaxes(0, 1))


def grade(
    members: Sequence[TrainedModel],
    data: ClipDataset,
    calibration: ClipDataset | None,
    *,
    tta: bool,
    mode: AnswerMode = AnswerMode.FULL,
) -> LongJob[Graded]:
    """Grade a data set as the model files say; with ``tta`` over mirror images if they say nothing.

    With ``calibration``, at the temperature that fits its votes.
    """
    answerings = [
        with_mirrors(m.answering.reduced(mode)) if tta else m.answering.reduced(mode)
        for m in members
    ]
    temperature = None
    if calibration is not None:
        held_back = yield from _answers(members, answerings, calibration)
        mean = np.mean([one.answer.shares for one in held_back], axis=0)
        temperature = fit_temperature(mean, calibration.labels)
    singles = yield from _answers(members, answerings, data)
    shares = np.stack([one.answer.shares for one in singles])
    prediction: NDArray[np.float64] = shares.mean(axis=0)
    if temperature is None:
        single = singles[0] if len(singles) == 1 else None
        return Graded(answers=shares, prediction=prediction, single=single)
    return Graded(
        answers=apply_temperature(shares, temperature),
        prediction=apply_temperature(prediction, temperature),
        temperature=temperature,
    )


def with_mirrors(answering: Answering) -> Answering:
    """The same with the mirror images of the clip, if it is shown only as it is."""
    if answering.views.orientations > 1:
        return answering
    return replace(answering, views=replace(answering.views, orientations=MIRRORS))


def _answers(
    members: Sequence[TrainedModel], answerings: Sequence[Answering], data: ClipDataset
) -> LongJob[list[MemberAnswer]]:
    singles = []
    for member, answering in zip(members, answerings, strict=True):
        shares = yield from view_shares(member, data, views=answering.views)
        answer = answering.answer(shares)
        singles.append(MemberAnswer(answering=answering, network=shares, answer=answer))
    return singles


def view_shares(
    member: TrainedModel, data: ClipDataset, *, views: Views
) -> LongJob[NDArray[np.float64]]:
    """What a network says of each view of a data set's clips, (N, V, 5).

    Raises:
        DatasetError: a clip is damaged, or its shape does not fit the network.
    """
    check_shape(data, member.preprocessing)
    device = default_device()
    network = member.network.to(device).eval()
    found = [np.empty((0, views.count, 5))]
    for start in range(0, len(data.clips), BATCH_SIZE):
        part = data.clips[start : start + BATCH_SIZE]
        pictures = [data.pictures(clip) for clip in part]
        motion = load_motion(part, settings=member.preprocessing)
        with torch.inference_mode():
            shares = ask_views(
                lambda *inputs: network(*inputs).grade.float(),
                torch.from_numpy(np.stack(pictures)).to(device),
                motion=None if motion is None else motion.to(device),
                settings=member.preprocessing,
                views=views,
                most=BATCH_SIZE,
            )
        found.append(shares.cpu().double().numpy())
        yield Progress(stage="grading", done=start + len(part), total=len(data.clips))
    member.network.cpu()
    return np.concatenate(found)


def check_shapes(members: Sequence[TrainedModel], data: ClipDataset) -> None:
    """Refuse clips early that any ensemble member would refuse."""
    for member in members:
        check_shape(data, member.preprocessing)


def samples_seen(members: Sequence[TrainedModel]) -> frozenset[str]:
    """The fingerprints of all samples that the models were trained, selected or calibrated on."""
    trained = (name for m in members for name in m.training.get("samples_seen", ()))
    return frozenset(trained) | {name for m in members for name in m.answering.samples_seen}


def read_held_back(folder: Path, members: Sequence[TrainedModel]) -> ClipDataset:
    """Read the clips to calibrate on, which share no sample with the training.

    Models are more certain about clips that they were trained on than about others.

    Raises:
        DatasetError: it cannot be read, or shares a sample with the models' training.
    """
    data = read_dataset(folder)
    check_shapes(members, data)
    _refuse_seen(data, members)
    return data


def _refuse_seen(data: ClipDataset, members: Sequence[TrainedModel]) -> None:
    seen = frozenset(name for m in members for name in m.training.get("samples_seen", ()))
    known = sorted(sample for sample in set(data.samples) if sample_fingerprint(sample) in seen)
    if known:
        raise DatasetError(
            f"The model was trained or selected on {len(known)} of the {len(set(data.samples))} "
            f"samples of the data set to calibrate on (the first is {known[0]}): choose votes that "
            "were held back from it."
        )


def read_calibration_set(
    folder: Path, data: ClipDataset, members: Sequence[TrainedModel]
) -> ClipDataset:
    """Read the clips to fit a temperature on, which share no sample with ``data`` or the training.

    A temperature would look too good on the clips that it was fitted on.

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
    _refuse_seen(other, members)
    return other


def default_device() -> torch.device:
    """The GPU if one can be used, else the CPU."""
    return torch.device("cuda" if can_use_gpu() else "cpu")
