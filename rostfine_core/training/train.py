"""One training run, from recipe to model file: read, split, train, select, score, save."""

from collections.abc import Generator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import DatasetError
from rostfine_core.files import write_text
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.config_reader import read_train_config
from rostfine_core.training.data.clip_cache import ClipShelf
from rostfine_core.training.data.dataset import ClipDataset, sample_fingerprint
from rostfine_core.training.data.fingerprint import read_data
from rostfine_core.training.data.split import Indices, Split, split_clips
from rostfine_core.training.engine.auxiliary import auxiliary_targets
from rostfine_core.training.engine.conditions import choose_device, only_run, torch_settings
from rostfine_core.training.engine.distributed import Ranks, process_group
from rostfine_core.training.engine.loop import TrainingLoop
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.evaluation.evaluate import REPORT_HTML, evaluate
from rostfine_core.training.evaluation.tables import clip_rows, rows_to_csv
from rostfine_core.training.metrics.cautions import sentences
from rostfine_core.training.metrics.metrics import compute_metrics
from rostfine_core.training.networks.checkpoint import (
    SeenSamples,
    samples_seen_by,
    save_trained,
)
from rostfine_core.training.networks.factory import build_network, network_config, preprocessing_for
from rostfine_core.training.networks.initialisation import initialise
from rostfine_core.training.run.folder import RunFolder, write_json
from rostfine_core.training.run.result import (
    OtherTest,
    Scores,
    TrainResult,
    notes_of,
    read_result,
    training_summary,
)


def train(config_path: Path) -> LongJob[TrainResult]:
    """Train by a recipe file, resuming from the resume point in its output folder.

    Raises:
        ConfigError, DatasetError: the recipe or a data set has mistakes, all listed.
        TrainingStopped: on Ctrl-C or SIGTERM, after writing a resume point.
    """
    return (yield from train_recipe(read_train_config(config_path)))


def train_recipe(config: TrainConfig, *, shelf: ClipShelf | None = None) -> LongJob[TrainResult]:
    """Train by a recipe in memory; ``shelf`` keeps the clips for the next run."""
    shelf = shelf or ClipShelf()
    sizes = network_config(config.model)  # find mistakes there before the clips are read
    dataset, data = read_data(config)
    if sizes.motion_width:
        _check_scale(dataset)
    folder = RunFolder(Path(config.output))
    split = split_clips(dataset.samples, seed=config.seed, **asdict(config.split))
    seen = samples_seen_by(config.model.init)
    if folder.is_finished(config, data=data):
        notes = notes_of(config, model=folder.model, dataset=dataset, split=split, seen=seen)
        result = read_result(config, folder=folder, notes=notes)
        folder.clear()  # of an earlier version, or left by a crash after the result was written
        return result
    _refuse_seen(seen.labelled, dataset=dataset, split=split, source=config.model.init)
    auxiliary = auxiliary_targets(dataset, config.auxiliary.columns, train=split.train)
    with (
        torch_settings(config.loop, seed=config.seed),
        process_group() as ranks,
        only_run(folder, ranks),
    ):
        resume_point = folder.open(config, data=data, is_main=ranks.is_main)
        network = _start_network(config, ranks)
        cache = yield from shelf.get(
            dataset,
            preprocessing=preprocessing_for(config.model, dataset),
            threads=config.loop.threads,
        )
        loop = TrainingLoop(
            config,
            network=network,
            cache=cache,
            labels=torch.from_numpy(dataset.labels),
            auxiliary=auxiliary,
            split=split,
            folder=folder,
            ranks=ranks,
        )
        loop.begin(resume_point)
        yield from loop.steps()
        return (yield from _finish(loop, dataset=dataset, seen=seen))


def _start_network(config: TrainConfig, ranks: Ranks) -> nn.Module:
    network = build_network(config.model)
    initialise(network, config.model)
    return network.to(choose_device(config.loop, ranks))


def _check_scale(dataset: ClipDataset) -> None:
    """Refuse to train a network that is told um on clips whose scale its file could not state.

    Raises:
        DatasetError: no clip has an ``um_per_px``.
    """
    if not len(dataset.column("um_per_px")):
        raise DatasetError(
            f"{dataset.name} does not state the scale of its clips (um_per_px in labels.csv), "
            "which a model needs that is told the motion: add it, or leave out motion_width."
        )


def _refuse_seen(seen: frozenset[str], *, dataset: ClipDataset, split: Split, source: str) -> None:
    """Refuse to select or score a network on samples that its initial weights have seen.

    Raises:
        DatasetError: the model file ``source`` was trained on a sample that is held out here.
    """
    held_out = {dataset.samples[i] for i in (*split.validation, *split.test)}
    known = sorted(sample for sample in held_out if sample_fingerprint(sample) in seen)
    if known:
        raise DatasetError(
            f"{source}, which the recipe starts from, was trained on {len(known)} of the "
            f"{len(held_out)} samples to validate and test on (the first is {known[0]}), so the "
            "scores would be too good: start from another model, or hold out none of its samples."
        )


def _finish(loop: TrainingLoop, *, dataset: ClipDataset, seen: SeenSamples) -> LongJob[TrainResult]:
    """Score the best weights on the validation and test sets, and write the model."""
    config, epoch = loop.config, loop.load_best()
    validated = yield from _predict(loop, loop.split.validation, "validation")
    tested = yield from _predict(loop, loop.split.test, "test")
    result = TrainResult(
        model_path=loop.folder.model,
        epoch=epoch,
        epochs=config.loop.epochs,
        clips=(len(loop.split.train), len(loop.split.validation), len(loop.split.test)),
        validation=_score(validated, loop.labels[loop.split.validation].numpy()),
        test=_score(tested, loop.labels[loop.split.test].numpy()),
        notes=notes_of(
            config, model=loop.folder.model, dataset=dataset, split=loop.split, seen=seen
        ),
    )
    summary = training_summary(config, result=result, dataset=dataset, split=loop.split, seen=seen)
    if loop.ranks.is_main:
        save_trained(
            loop.folder.model,
            loop.network.cpu().eval(),
            section=config.model,
            preprocessing=preprocessing_for(config.model, dataset),
            training=summary,
            dataset_kind=dataset.kind,
        )
        if len(tested):
            rows = clip_rows(dataset.subset(loop.split.test), tested, notes=result.notes)
            write_text(loop.folder.test_clips, rows_to_csv(rows))
        result = replace(result, others=(yield from _test_on_others(config, loop.folder)))
        # Written last: a folder with it is complete.
        write_json(loop.folder.result, result.to_dict() | summary)
        loop.folder.clear()
    return result


def _test_on_others(config: TrainConfig, folder: RunFolder) -> LongJob[tuple[OtherTest, ...]]:
    """Score the model file on each further data set of the recipe, with a report each."""
    tests = []
    for dataset, out in zip(config.data.test, folder.reports(config.data.test), strict=True):
        scored = yield from evaluate(folder.model, Path(dataset), out=out, overwrite=True)
        test = OtherTest(
            dataset=dataset,
            report=str(out / REPORT_HTML),
            scores=scored.metrics.scalars(),
            notes=sentences(scored.notes),
        )
        tests.append(test)
    return tuple(tests)


def _predict(
    loop: TrainingLoop, indices: Indices, name: str
) -> Generator[Progress, None, NDArray[np.float32]]:
    return (
        yield from predict(
            loop.network,
            loop.cache,
            indices,
            batch_size=loop.config.loop.batch_size,
            stage=f"scoring on the {name} set",
        )
    )


def _score(predicted: NDArray[np.float32], labels: NDArray[np.float32]) -> Scores | None:
    return compute_metrics(predicted, labels).scalars() if len(labels) else None
