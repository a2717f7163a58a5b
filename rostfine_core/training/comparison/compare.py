"""Training several methods over folds and comparing their scores, as the paper does.

Every run has its own folder, so a comparison that is started again resumes where it stopped.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from rostfine_core.domain import SIMULATED, LongJob, Progress
from rostfine_core.errors import ConfigError
from rostfine_core.files import write_text
from rostfine_core.outputs import Outputs, named
from rostfine_core.training.comparison.config import (
    CompareConfig,
    Method,
    TableSpec,
    read_compare_config,
)
from rostfine_core.training.comparison.folds import RunAnswers, fold_scores, in_repeats
from rostfine_core.training.comparison.intervals import RepeatedAnswers, differences_from
from rostfine_core.training.comparison.learning_curve import learning_curve
from rostfine_core.training.comparison.provenance import log_duration, provenance_of_runs
from rostfine_core.training.comparison.tables import (
    ATTENTION_FIGURE,
    CURVE_FIGURE,
    ComparedTable,
    CompareResult,
    MethodScores,
    TestedRun,
    comparison_csv,
    comparison_markdown,
    figure_name,
)
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.clip_cache import ClipShelf
from rostfine_core.training.data.dataset import GRADES, read_datasets, sample_fingerprint
from rostfine_core.training.data.fingerprint import DataRecords
from rostfine_core.training.engine.optimiser import optimiser_in_words
from rostfine_core.training.metrics.cautions import (
    TIE_RULE,
    Notes,
    caution_of_seeds,
    caution_of_set,
    caution_of_unlabelled,
    is_selected_on_test,
    score_notes,
    sentences,
)
from rostfine_core.training.metrics.metrics import Shares, compute_metrics
from rostfine_core.training.metrics.significance import compare_with_reference
from rostfine_core.training.networks.checkpoint import seen_in
from rostfine_core.training.networks.factory import build_network
from rostfine_core.training.networks.initialisation import (
    SCRATCH,
    check_init,
    freeze,
    initialise,
)
from rostfine_core.training.run.folder import RunFolder, read_json, write_json
from rostfine_core.training.train import train_recipe

MEAN_ANSWER = "always the mean distribution"
COMPARISON = Outputs(files=named("compare.json", "compare.csv", "compare.md"))
"""The files of a comparison beside its runs; figures replace those of the same table."""


def compare(config_path: Path) -> LongJob[CompareResult]:
    """Train and score every method of a comparison.

    Writes ``compare.{json,csv,md}``, a figure for each table with an axis, and one of the maps of
    the methods whose attention is asked for.

    Raises:
        ConfigError, DatasetError: the comparison, a recipe or a data set has mistakes.
        ModelError: weights that a method starts from do not fit its network.
        TrainingStopped: on Ctrl-C or SIGTERM; the same command resumes.
    """
    config = read_compare_config(config_path)
    optimisers = {m.name: _check_network(config.run(m, fold=0)) for m in config.methods}
    _check_starts(config)
    shelf, records = ClipShelf(), DataRecords()
    scores, answers = {}, {}
    for place, method in enumerate(config.methods):
        trained = yield from _train_method(config, method, shelf, records, place=place)
        scores[method.name] = replace(trained.scores, optimiser=optimisers[method.name])
        answers[method.name] = trained.answers
    constant = _mean_answer(config)
    answers[MEAN_ANSWER] = constant.answers
    tables = tuple(_table(spec, scores, answers) for spec in config.tables)
    result = CompareResult(
        title=config.title,
        folder=config.output,
        methods=tuple(scores.values()),
        mean_answer=constant.scores,
        tables=tables,
        provenance=provenance_of_runs(_folders(config), journal=_journal(config)),
        notes=_notes(config, samples=scores[config.methods[0].name].sample_errors),
        seeds=config.seeds,
        inner_folds=config.inner_folds,
        curve=learning_curve(config, tables),
        attention=config.attention,
    )
    with COMPARISON.replaced(config.output, overwrite=True) as staging:
        _draw(result, staging)
        _draw_attention(config, staging / ATTENTION_FIGURE, notes=result.notes)
        write_json(staging / "compare.json", result.to_dict())
        write_text(staging / "compare.csv", comparison_csv(result))
        write_text(staging / "compare.md", comparison_markdown(result))
    return result


def _draw(result: CompareResult, folder: Path) -> None:
    """Draw the tables that have an axis, and the learning curve."""
    # matplotlib is slow to load
    from rostfine_core.training.comparison.figures import draw_curve, draw_over_axis

    if result.curve is not None:
        draw_curve(folder / CURVE_FIGURE, result.curve, notes=sentences(result.notes))
    for table in result.tables:
        if table.axis:
            path, notes = folder / figure_name(table), sentences(result.notes)
            draw_over_axis(path, table, notes=(*notes, TIE_RULE))


@dataclass(frozen=True, kw_only=True, eq=False)
class TestedMethod:
    """A method's scores, and its predictions for all clips."""

    scores: MethodScores
    answers: RepeatedAnswers


def _draw_attention(config: CompareConfig, path: Path, *, notes: Notes) -> None:
    """Draw the maps of the methods whose attention is asked for, in clips of the first fold."""
    if not config.attention:
        return
    from rostfine_core.training.comparison.attention import draw_attention, one_of_each_grade

    runs = {m.name: next(config.runs(m)) for m in config.methods if m.name in config.attention}
    folders = {name: RunFolder(Path(run.output)) for name, run in runs.items()}
    first = next(iter(runs))
    data = read_datasets([Path(folder) for folder in runs[first].data.train])
    tested = {row["clip"] for row in _test_clips(folders[first])}
    draw_attention(
        path,
        {name: folder.model for name, folder in folders.items()},
        one_of_each_grade(data, tested=tested),
        notes=sentences(notes),
    )


def _check_network(run: TrainConfig) -> str:
    """Refuse early what would only fail when the method is trained; name its optimiser.

    Raises:
        ConfigError: the network cannot be built, or its initial weights are not available.
    """
    with torch.device("meta"):
        network = build_network(run.model)
    check_init(run.model)
    freeze(network, run.model.freeze)
    return optimiser_in_words(network, run.optimiser)


def _check_starts(config: CompareConfig) -> None:
    """Try each network's initial weights, which may be needed only after days.

    Raises:
        ModelError: they do not fit.
        ConfigError: they cannot be had.
    """
    sections = [config.run(method, fold=0).model for method in config.methods]
    starts = {(s.network, s.init): s for s in sections if s.init != SCRATCH}
    for section in starts.values():
        initialise(build_network(section), section)


def _train_method(
    config: CompareConfig, method: Method, shelf: ClipShelf, records: DataRecords, *, place: int
) -> LongJob[TestedMethod]:
    tested, errors = [], []
    runs = list(config.runs(method))
    for number, run in enumerate(runs):
        done, total = place * len(runs) + number, len(config.methods) * len(runs)
        yield Progress(stage=f"run {done + 1} of {total}: {method.name}", done=done, total=total)
        folder = RunFolder(Path(run.output))
        if not folder.is_finished(run, data=records.of(run)):
            with log_duration(_journal(config), run.output):
                yield from train_recipe(run, shelf=shelf)
        rows = _test_clips(folder)
        prediction = _shares(rows, "predicted")
        # A run of an older version has fewer metrics; those it has are in full precision.
        scores = compute_metrics(prediction, _shares(rows, "voted")).scalars()
        scores |= read_json(folder.result)["test"]
        tested.append(_answers(rows, prediction, scores=scores))
        errors += [(row["sample"], float(row["mse"])) for row in rows]
    by_sample = {s: [e for sample, e in errors if sample == s] for s, _ in errors}
    means = {s: float(np.mean(e)) for s, e in by_sample.items()}
    return _tested(config, method.name, runs, tested, sample_errors=means)


def _tested(
    config: CompareConfig,
    name: str,
    runs: Sequence[TrainConfig],
    tested: Sequence[RunAnswers],
    *,
    sample_errors: Mapping[str, float],
) -> TestedMethod:
    repeats = in_repeats(tested, folds=max(config.folds, 1), inner_folds=max(config.inner_folds, 1))
    scored = tuple(
        TestedRun(
            seed=run.seed,
            fold=run.split.fold,
            inner_fold=run.split.inner_fold if config.inner_folds else None,
            scores=answers.scores,
        )
        for run, answers in zip(runs, tested, strict=True)
    )
    scores = MethodScores(
        name=name, folds=fold_scores(repeats), runs=scored, sample_errors=sample_errors
    )
    return TestedMethod(scores=scores, answers=RepeatedAnswers.of_repeats(repeats))


def _answers(
    rows: Sequence[Mapping[str, str]], prediction: Shares, *, scores: Mapping[str, float]
) -> RunAnswers:
    samples = tuple(row["sample"] for row in rows)
    votes = _shares(rows, "voted")
    return RunAnswers(scores=scores, samples=samples, prediction=prediction, votes=votes)


def _shares(rows: Sequence[Mapping[str, str]], kind: str) -> Shares:
    """The predicted or voted shares (N, 5) in the rows of a table of clips."""
    return np.array([[float(row[f"{kind}_{g}"]) for g in GRADES] for row in rows])


def _journal(config: CompareConfig) -> Path:
    return config.output / "times.jsonl"


def _folders(config: CompareConfig) -> list[RunFolder]:
    return [RunFolder(Path(run.output)) for m in config.methods for run in config.runs(m)]


def _test_clips(folder: RunFolder) -> list[dict[str, str]]:
    """The rows of a run's table of its test set.

    Raises:
        ConfigError: the table is missing.
    """
    try:
        with folder.test_clips.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise ConfigError(
            f"The result {folder.test_clips} cannot be read ({error.strerror or error}): remove "
            "its folder and run it again."
        ) from error


def _mean_answer(config: CompareConfig) -> TestedMethod:
    """The scores, run by run, of always predicting the mean of the training clips."""
    tested, runs = [], list(config.runs(config.methods[-1]))  # the most clips of a learning curve
    for run in runs:
        folder = RunFolder(Path(run.output))
        rows = _test_clips(folder)
        answer = np.tile(np.array(read_json(folder.result)["mean_label"]), (len(rows), 1))
        scores = compute_metrics(answer, _shares(rows, "voted")).scalars()
        tested.append(_answers(rows, answer, scores=scores))
    return _tested(config, MEAN_ANSWER, runs, tested, sample_errors={})


def _table(
    spec: TableSpec, scores: Mapping[str, MethodScores], answers: Mapping[str, RepeatedAnswers]
) -> ComparedTable:
    rows = tuple((label, scores[method]) for label, method in spec.rows)
    shown = {label: answers[row.name] for label, row in rows}
    return ComparedTable(
        title=spec.title,
        rows=rows,
        reference=spec.reference,
        axis=spec.axis,
        comparisons=compare_with_reference(
            {label: [f["mse"] for f in row.folds] for label, row in rows},
            {label: row.sample_errors for label, row in rows},
            reference=spec.reference,
        ),
        differences=differences_from(
            shown[spec.reference], shown | {MEAN_ANSWER: answers[MEAN_ANSWER]}
        ),
    )


def _notes(config: CompareConfig, *, samples: Collection[str]) -> dict[str, str]:
    """The notes on the scores; runs that state no kind of data count as a lab's."""
    results = [
        (method.name, read_json(RunFolder(Path(run.output)).result))
        for method in config.methods
        for run in config.runs(method)
    ]
    kinds = [str(result.get("dataset_kind", "")) for _, result in results]
    on_test = [name for name, result in results if is_selected_on_test(result)]
    standing = score_notes(
        model_kinds=kinds,
        data_kind=SIMULATED if SIMULATED in kinds else "",
        selected_on_test=list(dict.fromkeys(on_test)),
    )
    seen = frozenset[str]().union(*(seen_in(result).unlabelled for _, result in results))
    known = sum(sample_fingerprint(sample) in seen for sample in samples)
    return standing | {
        "note_few_samples": caution_of_set("test", len(samples)) or "",
        "note_samples_unlabelled": caution_of_unlabelled(known, of=len(samples)) or "",
        "note_one_seed": caution_of_seeds(max(len(config.seeds), 1)) or "",
    }
