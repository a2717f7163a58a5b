"""One training run from recipe to model file: read, split, train, choose, report, save."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rostfine_core.domain import LongJob, Progress
from rostfine_core.model import Preprocessing, RoSTFine, save_model
from rostfine_core.training.clip_cache import fill_cache
from rostfine_core.training.config import LoopSection, TrainConfig, read_train_config
from rostfine_core.training.datasets import ClipDataset, read_datasets
from rostfine_core.training.loop import TrainingLoop
from rostfine_core.training.metrics import Metrics, compute_metrics
from rostfine_core.training.networks import network_config
from rostfine_core.training.prediction import predict
from rostfine_core.training.run_folder import RunFolder, write_json
from rostfine_core.training.splits import Split, split_clips


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a finished run left: the model file and what is known of the kept checkpoint."""

    model_path: Path
    epoch: int
    epochs: int
    clips: tuple[int, int, int]
    validation: Metrics | None
    test: Metrics | None

    @property
    def summary(self) -> str:
        """A few lines for the command line."""
        lines = [
            f"Model written to {self.model_path}",
            f"Kept epoch {self.epoch} of {self.epochs}; clips to train, validate, test: "
            + ", ".join(map(str, self.clips)),
        ]
        for part, metrics in (("validation", self.validation), ("test", self.test)):
            if metrics is not None:
                lines.append(f"{part}: {describe(metrics)}")
        return "\n".join(lines)


def describe(metrics: Metrics) -> str:
    """The metrics that the paper compares by, in its units, and the rank correlation."""
    return (
        f"MSE {100 * metrics.mse:.3f}e-2, JS {100 * metrics.js:.3f}e-2, "
        f"balanced accuracy {100 * metrics.balanced_accuracy_mean:.1f}%, "
        f"rank correlation {metrics.rank_correlation:.3f}"
    )


def train(config_path: Path) -> LongJob[TrainResult]:
    """Train as a recipe file says, going on from the resume point in its output folder.

    Raises:
        ConfigError, DatasetError: the recipe or a data set has mistakes, all named.
        TrainingStopped: Ctrl-C was pressed; a resume point is written.
    """
    return (yield from train_recipe(read_train_config(config_path)))


def train_recipe(config: TrainConfig) -> LongJob[TrainResult]:
    """The same from a recipe in memory."""
    sizes = network_config(config.model)
    dataset = read_datasets([Path(p) for p in config.data.train])
    split = split_clips(dataset.samples, seed=config.seed, **asdict(config.split))
    folder = RunFolder(Path(config.output))
    resume_point = folder.open(config.to_dict())
    with torch_settings(config.loop, seed=config.seed):
        cache = yield from fill_cache(
            dataset, preprocessing=Preprocessing.of(sizes), threads=config.loop.threads
        )
        network = RoSTFine(sizes).to(choose_device(config.loop.device))
        loop = TrainingLoop(
            config,
            network=network,
            cache=cache,
            labels=torch.from_numpy(dataset.labels),
            split=split,
            folder=folder,
        )
        if resume_point is not None:
            loop.restore(resume_point)
        yield from loop.steps()
        return (yield from _finish(config, loop=loop, network=network, dataset=dataset))


def choose_device(name: str) -> torch.device:
    """The device by its name in a recipe; ``auto`` takes the GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


@contextmanager
def torch_settings(section: LoopSection, *, seed: int) -> Generator[None]:
    """Set threads and seed for a run and put both back after it."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.set_num_threads(section.threads)
        torch.set_flush_denormal(True)  # vanishing moments of the optimiser would slow a CPU down
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_flush_denormal(False)


def _finish(
    config: TrainConfig, *, loop: TrainingLoop, network: RoSTFine, dataset: ClipDataset
) -> LongJob[TrainResult]:
    """Take the kept weights, measure them on validation and test part, and write the model."""
    network.load_state_dict(loop.folder.load_best())
    measured: dict[str, Metrics | None] = {}
    for part in ("validation", "test"):
        measured[part] = yield from _measure(loop, network, getattr(loop.split, part), part)
    result = TrainResult(
        model_path=loop.folder.model,
        epoch=int(loop.best["epoch"]),
        epochs=config.loop.epochs,
        clips=(len(loop.split.train), len(loop.split.validation), len(loop.split.test)),
        **measured,
    )
    summary = training_summary(config, result=result, dataset=dataset, split=loop.split)
    save_model(
        loop.folder.model,
        network.cpu().eval(),
        preprocessing=preprocessing_for(network, dataset),
        training=summary,
        dataset_kind=dataset.kind,
    )
    write_json(loop.folder.result, summary)
    return result


def _measure(
    loop: TrainingLoop, network: RoSTFine, indices: np.ndarray[Any, Any], part: str
) -> Generator[Progress, None, Metrics | None]:
    if not len(indices):
        return None
    answers = yield from predict(
        network,
        loop.cache,
        indices,
        batch_size=loop.config.loop.batch_size,
        stage=f"measuring on the {part} part",
    )
    return compute_metrics(answers, loop.labels[indices].numpy())


def preprocessing_for(network: RoSTFine, dataset: ClipDataset) -> Preprocessing:
    """How clips as long as the data set's are prepared for this network."""
    return replace(Preprocessing.of(network.config), clip_frames=dataset.headers[0].clip_frames)


def training_summary(
    config: TrainConfig, *, result: TrainResult, dataset: ClipDataset, split: Split
) -> dict[str, Any]:
    """What a model file says of its making, as plain containers."""
    return {
        "dataset": dataset.name,
        "clips_train": result.clips[0],
        "clips_validation": result.clips[1],
        "clips_test": result.clips[2],
        "samples_train": len({dataset.samples[i] for i in split.train}),
        "epoch": result.epoch,
        "validation": result.validation and result.validation.scalars(),
        "test": result.test and result.test.scalars(),
        "mean_label": dataset.labels[split.train].mean(axis=0, dtype=np.float64).tolist(),
        **recording_conditions(dataset),
        "recipe": config.to_dict(),
    }


def recording_conditions(dataset: ClipDataset) -> dict[str, Any]:
    """Frame rate, scale and head size (5th to 95th percentile) where the data set tells them."""
    fps, um_per_px = dataset.column("fps"), dataset.column("um_per_px")
    heads = dataset.column("head_length_um")
    known = len(heads) and len(heads) == len(um_per_px)
    return {
        "fps": float(np.median(fps)) if len(fps) else None,
        "um_per_px": float(np.median(um_per_px)) if len(um_per_px) else None,
        "head_length_px": np.percentile(heads / um_per_px, (5, 95)).tolist() if known else None,
    }
