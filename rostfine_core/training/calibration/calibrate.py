"""Fits a model's answers and its gate to clips of held-back patients, in a new model file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import ModelError, StoreError
from rostfine_core.model import Answering, RoSTFine, Views, write_answering
from rostfine_core.model.answering import ORIENTATIONS, Floats
from rostfine_core.training.calibration.conformal import (
    RangeFit,
    check_samples,
    fewest_samples,
    fit_ranges,
)
from rostfine_core.training.calibration.gate import measure_gate
from rostfine_core.training.calibration.maps import SEED, Chosen, choose
from rostfine_core.training.calibration.result import CalibrationResult, Crossed
from rostfine_core.training.data.dataset import sample_fingerprint
from rostfine_core.training.data.split import Indices, grouped_folds
from rostfine_core.training.evaluation.grading import read_held_back, view_shares
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained

COVERAGE = 0.9
FOLDS = 5
MOST_VIEWS = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Calibration and ranges, and how they were chosen."""

    answering: Answering
    chosen: Chosen
    ranges: RangeFit


def calibrate(
    model: Path,
    dataset: Path,
    *,
    out: Path,
    coverage: float = COVERAGE,
    views: int | None = None,
) -> LongJob[CalibrationResult]:
    """Write a copy of a model that answers from several views, calibrated, and with ranges.

    It also gets a gate, which tells clips that look unlike these.

    Args:
        model: a model file that ``assess`` can use.
        dataset: labelled clips of samples that it was not trained on.
        out: the new model file, which must not be there yet.
        coverage: how often a panel's share is to lie in its range.
        views: how many views of a clip to answer from; see ``views_of``.

    Raises:
        StoreError: ``out`` is there, or cannot be written.
        ModelError: the model cannot be used, or has not so many views.
        DatasetError: the data set cannot be used, shares a sample with the model's training, or has
            too few samples for ranges of this coverage.
    """
    if out.exists():
        raise StoreError(f"{out} is there already: give --out another name.")
    member = _single(model)
    wanted = views_of(member, views)
    data = read_held_back(dataset, [member])
    samples, votes = data.samples, data.labels.astype(np.float64)
    # One sample more than ranges need: their coverage is measured on samples left out.
    check_samples(len(set(samples)) - 1, coverage=coverage)
    shares = yield from view_shares(member, data, views=wanted)
    crossed = yield from _cross(shares, votes, samples=samples, views=wanted, coverage=coverage)
    fitted = fit_answering(shares, votes, samples=samples, views=wanted, coverage=coverage)
    seen = tuple(sorted({sample_fingerprint(sample) for sample in samples}))
    answering = replace(fitted.answering, samples_seen=seen)
    gate = yield from measure_gate(data)
    write_answering(out, model, answering, gate=gate)
    return CalibrationResult(
        model=out,
        answering=answering,
        chosen="" if fitted.chosen.candidate is None else fitted.chosen.candidate.title,
        widths=fitted.ranges.widths,
        votes=votes,
        single_view=shares[:, 0],
        mean=shares.mean(axis=1),
        crossed=crossed,
        gate=gate,
    )


def fit_answering(
    shares: Floats, votes: Floats, *, samples: Sequence[str], views: Views, coverage: float
) -> Fitted:
    """Fit calibration and ranges to the votes (N, 5) on clips with shares (N, V, 5) of the network.

    The ranges are measured on answers each of which was calibrated on other samples.
    """
    mean = shares.mean(axis=1)
    chosen = choose(mean, votes, samples=samples)
    calibration = None
    if chosen.candidate is not None:
        calibration = chosen.candidate.fit(mean, votes, samples=samples)
    ranges = fit_ranges(
        chosen.crossed(mean), chosen.crossed(shares), votes, samples=samples, coverage=coverage
    )
    answering = Answering(views=views, calibration=calibration, ranges=ranges.ranges)
    return Fitted(answering=answering, chosen=chosen, ranges=ranges)


def _cross(
    shares: Floats, votes: Floats, *, samples: Sequence[str], views: Views, coverage: float
) -> LongJob[Crossed]:
    """Answers for each clip from a fit to other samples: nothing of it has seen the clip's."""
    answers, ranges = np.empty(votes.shape), np.empty((*votes.shape, 2))
    folds = outer_folds(samples, coverage=coverage)
    for done, inside in enumerate(folds):
        yield Progress(stage="calibrating", done=done, total=len(folds))
        outside = np.delete(np.arange(len(votes)), inside)
        fitted = fit_answering(
            shares[outside],
            votes[outside],
            samples=np.asarray(samples, dtype=str)[outside].tolist(),
            views=views,
            coverage=coverage,
        )
        answer = fitted.answering.answer(shares[inside])
        answers[inside] = answer.shares
        ranges[inside] = answer.ranges
    return Crossed(shares=answers, ranges=ranges)


def outer_folds(samples: Sequence[str], *, coverage: float) -> tuple[Indices, ...]:
    """Folds of whole samples that each leave enough of them for ranges of this coverage."""
    count = len(set(samples))
    few = grouped_folds(samples, folds=min(FOLDS, count), seed=SEED + 1)
    left = (count - len({samples[i] for i in fold}) for fold in few)
    if min(left) >= fewest_samples(coverage):
        return few
    return grouped_folds(samples, folds=count, seed=SEED + 1)


def views_of(member: TrainedModel, count: int | None) -> Views:
    """So many views: orientations (1, 2, 4 or 8), and with all of a model's, choices of frames.

    A model that turns every frame by the head itself has two orientations, the clip and its mirror
    image; any other has eight. None means as many as the clip's frames give, up to ``MOST_VIEWS``.

    Raises:
        ModelError: there are not so many.
    """
    settings = member.preprocessing
    most = settings.clip_frames // settings.num_frames
    whole = 8 if settings.align == "none" else 2
    known = {n: Views(orientations=n) for n in ORIENTATIONS if n < whole}
    known |= {n * whole: Views(orientations=whole, frame_subsets=n) for n in range(1, most + 1)}
    if count is None:
        return known[max(n for n in known if n <= MOST_VIEWS)]
    if count not in known:
        numbers = ", ".join(map(str, known))
        raise ModelError(f"This model has no {count} views of a clip: choose one of {numbers}.")
    return known[count]


def _single(path: Path) -> TrainedModel:
    """The model of a file.

    Raises:
        ModelError: it is a folder of several, or holds no network that ``assess`` can use.
    """
    if path.is_dir():
        raise ModelError(
            f"{path} is a folder of models: calibrate one model file (ranges say nothing of an "
            "ensemble's mean)."
        )
    (member,) = load_trained(path)
    if not isinstance(member.network, RoSTFine):
        raise ModelError(f"{path} holds a network that assess does not use: calibrate a RoSTFine.")
    return member
