"""One training run, from recipe to model file: read, split, train, select, score, save."""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import ConfigError, DatasetError, StoreError
from rostfine_core.files import write_text
from rostfine_core.gpu import can_use_gpu
from rostfine_core.model.preprocess import Preprocessing
from rostfine_core.outputs import only_writer
from rostfine_core.training.config import LoopSection, TrainConfig
from rostfine_core.training.config_reader import read_train_config
from rostfine_core.training.data.clip_cache import ClipShelf
from rostfine_core.training.data.dataset import ClipDataset, sample_fingerprint
from rostfine_core.training.data.fingerprint import read_data
from rostfine_core.training.data.split import Indices, Split, split_clips
from rostfine_core.training.engine.auxiliary import auxiliary_targets
from rostfine_core.training.engine.distributed import Ranks, process_group
from rostfine_core.training.engine.loop import TrainingLoop
from rostfine_core.training.engine.predict import predict
from rostfine_core.training.evaluation.evaluate import REPORT_HTML, evaluate
from rostfine_core.training.evaluation.tables import clip_rows, rows_to_csv
from rostfine_core.training.metrics.cautions import sentences
from rostfine_core.training.metrics.metrics import compute_metrics
from rostfine_core.training.networks.checkpoint import samples_seen_by, save_trained
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

NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Instructions of a CPU, by torch's names; ARM's are left out, since they were not measured."""


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
    network_config(config.model)  # find mistakes there before the clips are read
    dataset, data = read_data(config)
    folder = RunFolder(Path(config.output))
    split = split_clips(dataset.samples, seed=config.seed, **asdict(config.split))
    if folder.is_finished(config, data=data):
        notes = notes_of(config, model=folder.model, dataset=dataset, split=split)
        result = read_result(config, folder=folder, notes=notes)
        folder.clear()  # of an earlier version, or left by a crash after the result was written
        return result
    seen_before = samples_seen_by(config.model.init)
    _refuse_seen(seen_before, dataset=dataset, split=split, source=config.model.init)
    auxiliary = auxiliary_targets(dataset, config.auxiliary.columns, train=split.train)
    with (
        torch_settings(config.loop, seed=config.seed),
        process_group() as ranks,
        _only_run(folder, ranks),
    ):
        resume_point = folder.open(config, data=data, is_main=ranks.is_main)
        network = _start_network(config, ranks)
        cache = yield from shelf.get(
            dataset, preprocessing=_preprocessing(config, dataset), threads=config.loop.threads
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
        _resume(loop, resume_point)
        yield from loop.steps()
        return (yield from _finish(loop, network, dataset=dataset, seen_before=seen_before))


def _resume(loop: TrainingLoop, resume_point: dict[str, Any] | None) -> None:
    if resume_point is not None:
        with loop.folder.restoring(loop.folder.resume_point):
            loop.restore(resume_point)
    elif loop.ranks.is_main:  # stopped before the first resume point, the run starts again
        loop.folder.cut_log(epochs=0)


@contextmanager
def _only_run(folder: RunFolder, ranks: Ranks) -> Iterator[None]:
    """Keep other programs from training in the folder; all processes of this one fail as one.

    Raises:
        StoreError: another program trains there, or the folder cannot be written.
    """
    with ExitStack() as held:
        refusal: StoreError | None = None
        if ranks.is_main:
            try:
                held.enter_context(only_writer(folder.path))
            except StoreError as error:
                refusal = error
        if ranks.any(refusal is not None):
            raise refusal or StoreError(f"The main process cannot write into {folder.path}.")
        yield


def _start_network(config: TrainConfig, ranks: Ranks) -> nn.Module:
    network = build_network(config.model)
    initialise(network, config.model)
    return network.to(choose_device(config.loop, ranks))


def _preprocessing(config: TrainConfig, dataset: ClipDataset) -> Preprocessing:
    header = dataset.headers[0]
    return preprocessing_for(
        config.model, clip_frames=header.clip_frames, clip_size_px=header.clip_size_px
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


def choose_device(section: LoopSection, ranks: Ranks) -> torch.device:
    """The device that a recipe asks for; ``auto`` is the GPU if one can be used.

    Raises:
        ConfigError: the recipe needs a GPU, or a CPU with bfloat16, and there is none.
    """
    has_gpu = can_use_gpu()
    uses_cpu = section.device == "cpu" or not has_gpu
    if uses_cpu and (section.device == "cuda" or section.precision == "float16"):
        raise ConfigError(
            'The recipe needs a GPU and none is found: set device = "auto" and '
            'precision = "float32", or run it where there is one.'
        )
    if uses_cpu and section.precision == "bfloat16" and not cpu_has_bfloat16():
        raise ConfigError(
            "The recipe needs a GPU, or a CPU that computes bfloat16 natively, and none is found: "
            'set precision = "float32", or run it where there is one.'
        )
    if uses_cpu:
        return torch.device("cpu")
    return torch.device("cuda", ranks.rank % torch.cuda.device_count())


def cpu_has_bfloat16() -> bool:
    """Whether the CPU computes bfloat16 itself; emulated it is several times slower than float32.

    An older torch cannot tell: then it counts as emulated.
    """
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in NATIVE_BFLOAT16)


@contextmanager
def torch_settings(section: LoopSection, *, seed: int) -> Generator[None]:
    """Set threads, seed and determinism for a run, and restore them afterwards."""
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    is_deterministic = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    if section.device != "cpu" and torch.cuda.is_available():
        _make_deterministic()
    with torch.random.fork_rng():
        torch.set_num_threads(section.threads)
        torch.set_flush_denormal(True)  # tiny optimiser moments would slow a CPU down
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_flush_denormal(False)
            torch.backends.cudnn.benchmark = benchmark
            torch.use_deterministic_algorithms(is_deterministic, warn_only=only_warns)


def _make_deterministic() -> None:
    """Ask CUDA for deterministic algorithms before it starts; operations without one only warn."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)


def _finish(
    loop: TrainingLoop, network: nn.Module, *, dataset: ClipDataset, seen_before: frozenset[str]
) -> LongJob[TrainResult]:
    """Score the best weights on the validation and test sets, and write the model."""
    config = loop.config
    # Only the main process validates; the others wait here until it has saved the best weights.
    epoch = int(loop.ranks.broadcast(loop.best.get("epoch", 0)))
    network.load_state_dict(loop.folder.load_best())
    loop.ranks.any(False)  # every process must have read it before it is removed
    validated = yield from _predict(loop, network, loop.split.validation, "validation")
    tested = yield from _predict(loop, network, loop.split.test, "test")
    result = TrainResult(
        model_path=loop.folder.model,
        epoch=epoch,
        epochs=config.loop.epochs,
        clips=(len(loop.split.train), len(loop.split.validation), len(loop.split.test)),
        validation=_score(validated, loop.labels[loop.split.validation].numpy()),
        test=_score(tested, loop.labels[loop.split.test].numpy()),
        notes=notes_of(config, model=loop.folder.model, dataset=dataset, split=loop.split),
    )
    summary = training_summary(
        config, result=result, dataset=dataset, split=loop.split, seen_before=seen_before
    )
    if loop.ranks.is_main:
        save_trained(
            loop.folder.model,
            network.cpu().eval(),
            section=config.model,
            preprocessing=_preprocessing(config, dataset),
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
    loop: TrainingLoop, network: nn.Module, indices: Indices, name: str
) -> Generator[Progress, None, NDArray[np.float32]]:
    return (
        yield from predict(
            network,
            loop.cache,
            indices,
            batch_size=loop.config.loop.batch_size,
            stage=f"scoring on the {name} set",
        )
    )


def _score(predicted: NDArray[np.float32], labels: NDArray[np.float32]) -> Scores | None:
    return compute_metrics(predicted, labels).scalars() if len(labels) else None
