"""Scoring a model on a labelled data set: metrics, intervals, tables and report.

What only the report needs is imported with it: the installed program scores without it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rostfine_core.domain import AnswerMode, LongJob
from rostfine_core.errors import ConfigError
from rostfine_core.files import write_text
from rostfine_core.marking import marked
from rostfine_core.model.model_file import whole_count
from rostfine_core.outputs import Outputs, named
from rostfine_core.training.data.dataset import (
    GRADES,
    ClipDataset,
    read_dataset,
    sample_fingerprint,
)
from rostfine_core.training.evaluation.grading import (
    Graded,
    check_shapes,
    default_device,
    grade,
    read_calibration_set,
    samples_seen,
)
from rostfine_core.training.evaluation.provenance import (
    EvaluationProvenance,
    name_with_folder,
    provenance_of,
    scored_data,
)
from rostfine_core.training.evaluation.result import EvaluationResult
from rostfine_core.training.evaluation.sureness import sureness_of
from rostfine_core.training.evaluation.tables import clip_rows, rows_to_csv, sample_rows
from rostfine_core.training.metrics.cautions import (
    caution_of,
    caution_of_seen,
    caution_of_temperature,
    caution_of_training,
    caution_of_unlabelled,
    is_selected_on_test,
    score_notes,
)
from rostfine_core.training.metrics.metrics import (
    compute_metrics,
    confusion,
    entropy_bits,
)
from rostfine_core.training.metrics.reference_scores import (
    bootstrap_intervals,
    differences_from_mean_answer,
    mean_answer,
    score_references,
)
from rostfine_core.training.metrics.vote_noise import vote_noise
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained, seen_in
from rostfine_core.training.run.folder import write_json

DRAWS_SEED = 0
REPORT_HTML = "report.html"
EVALUATION = Outputs(
    files=named("evaluation.json", "evaluation.md", "clips.csv", "samples.csv", REPORT_HTML),
    taken=marked("{folder} already holds an evaluation: choose another folder or add --overwrite."),
)
"""The files of an evaluation."""


def evaluate(
    model: Path,
    dataset: Path,
    *,
    out: Path | None = None,
    repeats: int = 1000,
    tta: bool = False,
    mode: AnswerMode = AnswerMode.FULL,
    calibrate_on: Path | None = None,
    shown_clips: Sequence[str] = (),
    faithfulness_clips: int = 0,
    overwrite: bool = False,
) -> LongJob[EvaluationResult]:
    """Score a model file (or a folder of them, as an ensemble) on a data set.

    Args:
        model: a model file, or a folder of several.
        dataset: the data set to score on.
        out: folder for ``report.html``, ``evaluation.json``, ``evaluation.md``, ``clips.csv`` and
            ``samples.csv``, all of them or none; without it nothing is written.
        repeats: number of bootstrap draws.
        tta: average each prediction over the clip's mirror images, if the model does not ask for
            more views anyway.
        mode: how much of what the model asks for is used.
        calibrate_on: another data set, on which a temperature is fitted first.
        shown_clips: clips whose attention the report shows; three are chosen if it is empty.
        faithfulness_clips: number of clips on which the report measures the attention maps.
        overwrite: replace an evaluation that ``out`` holds.

    Raises:
        ConfigError: a report's content is asked for, but no report is written.
        ModelError, DatasetError: the model or the data set cannot be used.
        StoreError: ``out`` cannot be written, or holds an evaluation.
    """
    if out is not None:
        EVALUATION.check(out, overwrite=overwrite)
    data, members = read_dataset(dataset), load_trained(model)
    data.check_names(shown_clips)
    check_shapes(members, data)
    _check_report(model, members, out=out, shown=shown_clips, faithfulness=faithfulness_clips)
    calibration = calibrated_on = None
    if calibrate_on is not None:
        calibration = read_calibration_set(calibrate_on, data, members)
        calibrated_on = scored_data(calibrate_on, calibration)
    provenance = provenance_of(
        members,
        scored_data(dataset, data),
        calibrated_on=calibrated_on,
        device=default_device(),
        draws=repeats,
        draws_seed=DRAWS_SEED,
        flips=tta,
        mode=mode,
    )
    graded = yield from grade(members, data, calibration, tta=tta, mode=mode)
    result = _score(name_with_folder(model), members, data, graded, provenance=provenance)
    if out is None:
        return result
    page = yield from _page(
        result,
        model=model,
        dataset=dataset,
        data=data,
        members=members,
        graded=graded,
        shown=shown_clips,
        faithfulness_clips=faithfulness_clips,
    )
    with EVALUATION.replaced(out, overwrite=overwrite) as staging:
        _write_tables(staging, result, data=data, graded=graded)
        write_text(staging / REPORT_HTML, page)
    return result


def _page(
    result: EvaluationResult,
    *,
    model: Path,
    dataset: Path,
    data: ClipDataset,
    members: Sequence[TrainedModel],
    graded: Graded,
    shown: Sequence[str],
    faithfulness_clips: int,
) -> LongJob[str]:
    """The report as HTML, for which the attention maps are measured on so many clips."""
    from rostfine_core.training.evaluation.faithfulness import measure_faithfulness
    from rostfine_core.training.evaluation.report import Scored, html_report

    faithfulness = None
    if faithfulness_clips:
        faithfulness = yield from measure_faithfulness(model, dataset, clips=faithfulness_clips)
    scored = Scored(
        result=result,
        data=data,
        members=members,
        prediction=graded.prediction,
        answers=graded.answers,
        shown=shown,
        faithfulness=faithfulness,
    )
    return html_report(scored)


def _check_report(
    model: Path,
    members: Sequence[TrainedModel],
    *,
    out: Path | None,
    shown: Sequence[str],
    faithfulness: int,
) -> None:
    """Refuse, before anything is graded, what the report could not show.

    Raises:
        ConfigError: there is no report to show it in.
        ModelError: the attention maps of the model cannot be measured.
    """
    if out is None and (shown or faithfulness):
        raise ConfigError(
            "Only the report shows clips and measures attention maps: name its folder (--out)."
        )
    if faithfulness:
        from rostfine_core.training.evaluation.faithfulness import single_rostfine

        single_rostfine(model, members)


def _score(
    model: str,
    members: Sequence[TrainedModel],
    data: ClipDataset,
    graded: Graded,
    *,
    provenance: EvaluationProvenance,
) -> EvaluationResult:
    """Compute every score of a graded data set and its reference scores."""
    prediction, labels, samples = graded.prediction, data.labels, data.samples
    spread, mean_label = graded.spread, _mean_label(members)
    mean = mean_answer(labels, mean_label=mean_label)
    repeats, seed = provenance.draws, provenance.draws_seed
    return EvaluationResult(
        model=model,
        dataset=data.name,
        clips=len(data.clips),
        samples=len(set(samples)),
        members=len(members),
        metrics=compute_metrics(prediction, labels),
        intervals=bootstrap_intervals(
            prediction, labels, samples=samples, repeats=repeats, seed=seed
        ),
        differences=differences_from_mean_answer(
            prediction, labels, mean=mean, samples=samples, repeats=repeats, seed=seed
        ),
        reference_scores=score_references(labels, mean_label=mean_label, expected=data.expected),
        mean_entropy_bits=float(entropy_bits(prediction).mean()),
        mean_spread=None if spread is None else float(spread.mean()),
        sureness=sureness_of(graded, labels),
        confusion=tuple(map(tuple, confusion(prediction, labels).tolist())),
        notes=_notes(members, data, graded.temperature),
        temperature=graded.temperature,
        provenance=provenance,
        vote_noise=vote_noise(
            prediction,
            [clip.votes for clip in data.clips],
            samples=samples,
            repeats=repeats,
            seed=seed,
        ),
    )


def _notes(
    members: Sequence[TrainedModel], data: ClipDataset, temperature: float | None
) -> dict[str, str]:
    samples, seen = set(data.samples), samples_seen(members)
    known: int | None = sum(sample_fingerprint(sample) in seen for sample in samples)
    if not known and any("samples_seen" not in m.training for m in members):
        known = None
    by_pretraining = frozenset[str]().union(*(seen_in(m.training).unlabelled for m in members))
    unlabelled = sum(sample_fingerprint(sample) in by_pretraining for sample in samples)
    notes = score_notes(
        model_kinds=[m.dataset_kind for m in members],
        data_kind=data.kind,
        selected_on_test=[m.path.name for m in members if is_selected_on_test(m.training)],
    )
    return notes | {
        "note_few_samples": caution_of(len(samples)) or "",
        "note_samples_seen": caution_of_seen(known, of=len(samples)) or "",
        "note_samples_unlabelled": caution_of_unlabelled(unlabelled, of=len(samples)) or "",
        "note_few_training_samples": caution_of_training(
            [whole_count(m.training.get("samples_train")) for m in members]
        )
        or "",
        "note_temperature": caution_of_temperature(temperature) or "",
    }


def _write_tables(
    folder: Path, result: EvaluationResult, *, data: ClipDataset, graded: Graded
) -> None:
    write_json(folder / "evaluation.json", result.to_dict())
    write_text(folder / "evaluation.md", result.summary)
    rows = clip_rows(
        data,
        graded.prediction,
        spread=graded.spread,
        view_spread=graded.view_spread,
        notes=result.notes,
    )
    write_text(folder / "clips.csv", rows_to_csv(rows))
    write_text(folder / "samples.csv", rows_to_csv(sample_rows(rows)))


def _mean_label(members: Sequence[TrainedModel]) -> list[float] | None:
    """The mean distribution of the models' training clips, if all of them state it."""
    means = [m.training.get("mean_label") for m in members]
    known = [m for m in means if isinstance(m, list) and len(m) == len(GRADES)]
    return np.mean(known, axis=0).tolist() if known and len(known) == len(means) else None
