"""Scoring a model file on a labelled data set: metrics, intervals, yardsticks, tables, report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rostfine_core.domain import LongJob
from rostfine_core.errors import ConfigError, DatasetError
from rostfine_core.files import write_text
from rostfine_core.model.checkpoint import whole_count
from rostfine_core.training.data.clip_cache import ClipShelf, check_shape
from rostfine_core.training.data.dataset import GRADES, ClipDataset, fingerprint, read_dataset
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.evaluation.faithfulness import measure_faithfulness, single_rostfine
from rostfine_core.training.evaluation.provenance import (
    EvaluationProvenance,
    name_with_folder,
    provenance_of,
    scored_data,
)
from rostfine_core.training.evaluation.report import Scored, check_clip_names, html_report
from rostfine_core.training.evaluation.result import EvaluationResult
from rostfine_core.training.evaluation.tables import clip_rows, sample_rows, table
from rostfine_core.training.metrics.calibration import apply_temperature, fit_temperature
from rostfine_core.training.metrics.cautions import (
    caution_of,
    caution_of_seen,
    caution_of_temperature,
    caution_of_training,
    is_officially_selected,
    standing_notes,
)
from rostfine_core.training.metrics.metrics import (
    Shares,
    compute_metrics,
    confusion,
    ensemble_spread,
    entropy_bits,
)
from rostfine_core.training.metrics.references import (
    bootstrap_intervals,
    differences_from_mean_answer,
    mean_answer,
    measure_yardsticks,
)
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained
from rostfine_core.training.run.folder import write_json

BATCH_SIZE = 16
DRAWS_SEED = 0
EVALUATION_JSON = "evaluation.json"


def evaluate(
    model: Path,
    dataset: Path,
    *,
    out: Path | None = None,
    repeats: int = 1000,
    flips: bool = False,
    calibrate_on: Path | None = None,
    shown_clips: Sequence[str] = (),
    faithfulness_clips: int = 0,
) -> LongJob[EvaluationResult]:
    """Score a model file (or a folder of them, as an ensemble) on a data set.

    With ``out`` the folder gets ``report.html``, ``evaluation.json``, ``evaluation.md``,
    ``clips.csv`` and ``samples.csv``.

    Args:
        model: a model file, or a folder of several.
        dataset: the data set to score on.
        out: where the files go; none are written without it.
        repeats: draws of the bootstrap.
        flips: average the answer over the clip's mirror images.
        calibrate_on: another data set, on which a temperature is fitted first.
        shown_clips: the clips whose attention the report shows; without any it chooses three.
        faithfulness_clips: on how many clips the report measures the attention maps.

    Raises:
        ConfigError: the report is asked to show or measure something, and is not written.
        ModelError, DatasetError: the model or the data set cannot be used.
        StoreError: ``out`` cannot be written.
    """
    data = read_dataset(dataset)
    check_clip_names(data, shown_clips)
    members = load_trained(model)
    _check_shape(members, data)
    # What the report could not do should not be told after the clips are graded.
    if out is None and (shown_clips or faithfulness_clips):
        raise ConfigError(
            "Clips are shown and attention maps measured in the report alone: name its folder "
            "(--out)."
        )
    if faithfulness_clips:
        single_rostfine(model, members)
    other, calibrated_on = None, None
    if calibrate_on is not None:
        other = _calibration_set(calibrate_on, data, members)
        calibrated_on = scored_data(calibrate_on, other)
    provenance = provenance_of(
        members,
        scored_data(dataset, data),
        calibrated_on=calibrated_on,
        device=_device(),
        draws=repeats,
        draws_seed=DRAWS_SEED,
        flips=flips,
    )
    graded = yield from _grade_and_calibrate(members, data, other, flips=flips)
    result = _score(name_with_folder(model), members, data, graded, provenance=provenance)
    result = replace(result, folder=out)
    if out is None:
        return result
    write_evaluation(out, result, data=data, prediction=graded.prediction, spread=graded.spread)
    faithfulness = None
    if faithfulness_clips:
        faithfulness = yield from measure_faithfulness(model, dataset, clips=faithfulness_clips)
    scored = Scored(
        result=result,
        data=data,
        members=members,
        prediction=graded.prediction,
        answers=graded.answers,
        shown=shown_clips,
        faithfulness=faithfulness,
    )
    write_text(out / "report.html", html_report(scored))
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class _Graded:
    """The members' ``answers`` (M, N, 5) and their mean ``prediction`` (N, 5), as reported.

    Where a ``temperature`` was fitted, both are after it.
    """

    answers: NDArray[np.float64]
    prediction: NDArray[np.float64]
    temperature: float | None = None

    @property
    def spread(self) -> Shares | None:
        """The members' standard deviation of the expected grade (N,); None of a single model."""
        return ensemble_spread(self.answers)


def _grade_and_calibrate(
    members: Sequence[TrainedModel],
    data: ClipDataset,
    calibration: ClipDataset | None,
    *,
    flips: bool,
) -> LongJob[_Graded]:
    """Grade a data set; with ``calibration``, at the temperature that fits the votes there."""
    temperature = None
    if calibration is not None:
        held_back = yield from _grade(members, calibration, flips)
        temperature = fit_temperature(held_back.mean(axis=0), calibration.labels)
    answers = yield from _grade(members, data, flips)
    prediction: NDArray[np.float64] = answers.mean(axis=0)
    if temperature is None:
        return _Graded(answers=answers, prediction=prediction)
    return _Graded(
        answers=apply_temperature(answers, temperature),
        prediction=apply_temperature(prediction, temperature),
        temperature=temperature,
    )


def _score(
    model: str,
    members: Sequence[TrainedModel],
    data: ClipDataset,
    graded: _Graded,
    *,
    provenance: EvaluationProvenance,
) -> EvaluationResult:
    """All figures of a graded data set, beside its yardsticks."""
    prediction, labels, samples = graded.prediction, data.labels, data.samples
    spread, mean_label = graded.spread, _mean_label(members)
    return EvaluationResult(
        model=model,
        dataset=data.name,
        clips=len(data.clips),
        samples=len(set(samples)),
        members=len(members),
        metrics=compute_metrics(prediction, labels),
        intervals=bootstrap_intervals(
            prediction,
            labels,
            samples=samples,
            repeats=provenance.draws,
            seed=provenance.draws_seed,
        ),
        differences=differences_from_mean_answer(
            prediction,
            labels,
            mean=mean_answer(labels, mean_label=mean_label),
            samples=samples,
            repeats=provenance.draws,
            seed=provenance.draws_seed,
        ),
        yardsticks=measure_yardsticks(labels, mean_label=mean_label, expected=data.expected),
        mean_entropy_bits=float(entropy_bits(prediction).mean()),
        mean_spread=None if spread is None else float(spread.mean()),
        confusion=tuple(map(tuple, confusion(prediction, labels).tolist())),
        notes=_notes(members, data, graded.temperature),
        temperature=graded.temperature,
        provenance=provenance,
    )


def _notes(
    members: Sequence[TrainedModel], data: ClipDataset, temperature: float | None
) -> dict[str, str]:
    samples, seen = set(data.samples), _samples_seen(members)
    known: int | None = sum(fingerprint(sample) in seen for sample in samples)
    if not known and any("samples_seen" not in m.training for m in members):
        known = None
    notes = standing_notes(
        model_kinds=[m.dataset_kind for m in members],
        data_kind=data.kind,
        officially_selected=[m.path.name for m in members if is_officially_selected(m.training)],
    )
    return notes | {
        "note_few_samples": caution_of(len(samples)) or "",
        "note_samples_seen": caution_of_seen(known, of=len(samples)) or "",
        "note_few_training_samples": caution_of_training(
            [whole_count(m.training.get("samples_train")) for m in members]
        )
        or "",
        "note_temperature": caution_of_temperature(temperature) or "",
    }


def _check_shape(members: Sequence[TrainedModel], data: ClipDataset) -> None:
    """Refuse at once the clips that some member would refuse when its turn comes."""
    for member in members:
        check_shape(data, member.preprocessing)


def _samples_seen(members: Sequence[TrainedModel]) -> frozenset[str]:
    """The fingerprints of all samples that the models were trained or chosen on."""
    return frozenset(name for m in members for name in m.training.get("samples_seen", ()))


def _calibration_set(
    folder: Path, data: ClipDataset, members: Sequence[TrainedModel]
) -> ClipDataset:
    """The clips to fit a temperature on, of samples that neither the models nor ``data`` have.

    On clips that it is judged on a temperature would look too good; on clips that the models have
    learned from, answers are surer of themselves, and rightly so, than on any other.

    Raises:
        DatasetError: it cannot be read, or has a sample of ``data`` or of the models' training.
    """
    other = read_dataset(folder)
    _check_shape(members, other)
    both = sorted(set(data.samples) & set(other.samples))
    if both:
        raise DatasetError(
            f"The data set to calibrate on shares {len(both)} sample(s) with the one to score on "
            f"(the first is {both[0]}): choose votes that were held back from it."
        )
    seen = _samples_seen(members)
    known = sorted(sample for sample in set(other.samples) if fingerprint(sample) in seen)
    if known:
        raise DatasetError(
            f"The model was trained or chosen on {len(known)} of the {len(set(other.samples))} "
            f"samples of the data set to calibrate on (the first is {known[0]}): choose votes that "
            "were held back from it."
        )
    return other


def _grade(
    members: Sequence[TrainedModel], data: ClipDataset, flips: bool
) -> LongJob[NDArray[np.float64]]:
    """The answers of the members, (M, N, 5)."""
    shelf, answers = ClipShelf(), []
    device = _device()
    for member in members:
        member.network.to(device)
        cache = yield from shelf.get(
            data, preprocessing=member.preprocessing, threads=torch.get_num_threads()
        )
        everything = np.arange(len(cache))
        answers.append(
            (
                yield from predict(
                    member.network, cache, everything, batch_size=BATCH_SIZE, flips=flips
                )
            )
        )
        member.network.cpu()
    return np.stack(answers).astype(np.float64)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def write_evaluation(
    folder: Path,
    result: EvaluationResult,
    *,
    data: ClipDataset,
    prediction: Shares,
    spread: Shares | None,
) -> None:
    """Write the result's four files, each whole or not at all."""
    write_json(folder / EVALUATION_JSON, result.to_dict())
    write_text(folder / "evaluation.md", result.summary)
    rows = clip_rows(data, prediction, spread=spread, notes=result.notes)
    write_text(folder / "clips.csv", table(rows))
    write_text(folder / "samples.csv", table(sample_rows(rows)))


def _mean_label(members: Sequence[TrainedModel]) -> list[float] | None:
    """The mean distribution of the clips that the models were trained on, where they say it."""
    means = [m.training.get("mean_label") for m in members]
    known = [m for m in means if isinstance(m, list) and len(m) == len(GRADES)]
    return np.mean(known, axis=0).tolist() if known and len(known) == len(means) else None
