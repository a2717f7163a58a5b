"""One run of pretraining, from recipe to encoder file: read, split, pretrain, save."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rostfine_core.domain import SIMULATED, LongJob
from rostfine_core.errors import ConfigError, parsing
from rostfine_core.model import RoSTFine
from rostfine_core.model.model_file import write_model_file
from rostfine_core.training.config import PretrainConfig
from rostfine_core.training.config_reader import read_pretrain_config
from rostfine_core.training.data.clip_cache import fill_cache
from rostfine_core.training.data.dataset import ClipDataset, sample_fingerprint
from rostfine_core.training.data.fingerprint import read_unlabelled_data
from rostfine_core.training.data.split import Split, split_clips
from rostfine_core.training.engine.conditions import choose_device, only_run, torch_settings
from rostfine_core.training.engine.distributed import process_group
from rostfine_core.training.metrics.cautions import DISCLAIMER_SIMULATED_DATA
from rostfine_core.training.networks.checkpoint import samples_seen_by
from rostfine_core.training.networks.factory import build_network, network_config, preprocessing_for
from rostfine_core.training.networks.initialisation import check_init, initialise
from rostfine_core.training.pretraining.loop import PretrainingLoop
from rostfine_core.training.pretraining.masked_video import MaskedVideo
from rostfine_core.training.run.folder import RunFolder, read_json, write_json
from rostfine_core.training.run.result import recording_conditions

ENCODER = "encoder.safetensors"


@dataclass(frozen=True, kw_only=True)
class PretrainResult:
    """The encoder file of a finished run.

    ``explained`` is the share of the variance inside hidden patches that the encoder tells on clips
    held back; None if none were.
    """

    encoder_path: Path
    epoch: int
    epochs: int
    clips: tuple[int, int]
    explained: float | None
    is_simulated: bool

    @property
    def summary(self) -> str:
        """A few lines for the command line."""
        train, validation = self.clips
        lines = [
            f"Encoder written to {self.encoder_path}",
            f"Kept epoch {self.epoch} of {self.epochs}; clips to learn from and to validate on: "
            f"{train}, {validation}; votes were not read",
        ]
        if self.explained is not None:
            lines.append(
                f"On clips held back it explains {100 * self.explained:.1f}% of what varies inside "
                "hidden patches; whether it helps to grade, only graded clips can tell."
            )
        lines.append(f'Start a training from it: init = "{self.encoder_path.as_posix()}"')
        return "\n".join([*lines, *([DISCLAIMER_SIMULATED_DATA] if self.is_simulated else [])])


def pretrain(config_path: Path) -> LongJob[PretrainResult]:
    """Pretrain by a recipe file, resuming from the resume point in its output folder.

    Raises:
        ConfigError, DatasetError: the recipe or a data set has mistakes, all listed.
        TrainingStopped: on Ctrl-C or SIGTERM, after writing a resume point.
    """
    return (yield from pretrain_recipe(read_pretrain_config(config_path)))


def pretrain_recipe(config: PretrainConfig) -> LongJob[PretrainResult]:
    """Pretrain by a recipe in memory."""
    network_config(config.model)  # find mistakes there before the clips are read
    check_init(config.model)
    dataset, data = read_unlabelled_data(config)
    folder = RunFolder(Path(config.output), model=ENCODER)
    if folder.is_finished(config, data=data):
        result = _read_result(config, folder)
        folder.clear()  # left by a crash after the result was written
        return result
    share = config.data.validation_share
    split = split_clips(dataset.samples, seed=config.seed, validation_share=share)
    with (
        torch_settings(config.loop, seed=config.seed),
        process_group() as ranks,
        only_run(folder, ranks),
    ):
        resume_point = folder.open(config, data=data, is_main=ranks.is_main)
        rostfine = build_network(config.model)
        assert isinstance(rostfine, RoSTFine)  # PretrainConfig refuses any other
        initialise(rostfine, config.model)
        masked = MaskedVideo(rostfine.encoder).to(choose_device(config.loop, ranks))
        cache = yield from fill_cache(
            dataset,
            preprocessing=preprocessing_for(config.model, dataset),
            threads=config.loop.threads,
        )
        loop = PretrainingLoop(
            config, network=masked, cache=cache, split=split, folder=folder, ranks=ranks
        )
        loop.begin(resume_point)
        yield from loop.steps()
        return _finish(loop, rostfine, dataset=dataset)


def _finish(loop: PretrainingLoop, rostfine: RoSTFine, *, dataset: ClipDataset) -> PretrainResult:
    """Write the best encoder, which is part of ``rostfine``."""
    folder, epoch = loop.folder, loop.load_best()
    scored = next((r["validation"] for r in folder.read_log() if r["epoch"] == epoch), None)
    summary = _summary(loop.config, dataset=dataset, split=loop.split, epoch=epoch, scored=scored)
    if loop.ranks.is_main:
        write_model_file(
            folder.model,
            rostfine.encoder.state_dict(),
            contents="encoder",
            config=rostfine.config,
            preprocessing=preprocessing_for(loop.config.model, dataset),
            training=summary,
            dataset_kind=dataset.kind,
        )
        write_json(folder.result, summary)  # written last: a folder with it is complete
        folder.clear()
    return _result(loop.config, summary, folder=folder)


def _summary(
    config: PretrainConfig,
    *,
    dataset: ClipDataset,
    split: Split,
    epoch: int,
    scored: dict[str, float] | None,
) -> dict[str, Any]:
    """What an encoder file says about its training; its votes are those of the weights before."""
    seen = samples_seen_by(config.model.init)
    own = frozenset(map(sample_fingerprint, dataset.samples))
    return {
        "method": "masked video",
        "dataset": dataset.name,
        "dataset_kind": dataset.kind,
        "clips_train": len(split.train),
        "clips_validation": len(split.validation),
        **replace(seen, unlabelled=seen.unlabelled | own).to_dict(),
        "epoch": epoch,
        "validation": scored,
        **recording_conditions(dataset),
        "recipe": config.to_dict(),
    }


def _read_result(config: PretrainConfig, folder: RunFolder) -> PretrainResult:
    """Read the result of a finished run from its folder.

    Raises:
        ConfigError: the result is damaged, or its encoder is missing.
    """
    stored = read_json(folder.result)
    if not folder.model.is_file():
        raise ConfigError(
            f"The run in {folder.path} is finished but its encoder is missing: remove the folder "
            "and pretrain again."
        )
    with parsing(
        lambda error: ConfigError(
            f"The result {folder.result} is damaged ({error!r}): remove its folder and pretrain "
            "again."
        )
    ):
        return _result(config, stored, folder=folder)


def _result(
    config: PretrainConfig, summary: dict[str, Any], *, folder: RunFolder
) -> PretrainResult:
    scored = summary["validation"]
    return PretrainResult(
        encoder_path=folder.model,
        epoch=int(summary["epoch"]),
        epochs=config.loop.epochs,
        clips=(int(summary["clips_train"]), int(summary["clips_validation"])),
        explained=None if scored is None else float(scored["explained"]),
        is_simulated=summary["dataset_kind"] == SIMULATED,
    )
