"""What a comparison will cost, before it begins: its runs, starting weights and GPU hours.

The operations of a network are counted in one forward pass without memory; a training step takes
three times as many. Hours follow from a speed: an assumed one for each precision, one given by the
user, or the one at which the comparison's own runs have trained so far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from rostfine_core.errors import DatasetError
from rostfine_core.training.comparison.config import CompareConfig, Method
from rostfine_core.training.config import ModelSection, TrainConfig
from rostfine_core.training.data.dataset import read_datasets
from rostfine_core.training.networks.factory import build_network, network_config
from rostfine_core.training.networks.initialisation import SCRATCH, TIMM_PREFIX
from rostfine_core.training.run.folder import RunFolder

PAPERS_CLIPS = 615
STEP = 3  # forward and backward passes of a training step, in forward passes
ASSUMED_SPEEDS = {"float32, assumed": 12e12, "bfloat16, assumed": 60e12}
"""Operations a second in training, assumed for a GPU of the class of NVIDIA's A100."""


@dataclass(frozen=True, kw_only=True)
class PlannedMethod:
    """A method before it is trained: ``operations`` are those of all its runs."""

    name: str
    network: str
    frames: int
    start: str
    parameters: int
    clip_operations: float
    runs: int
    operations: float


@dataclass(frozen=True, kw_only=True)
class ComparisonPlan:
    """All methods of a comparison. ``speeds``, in operations a second, are named by their source.

    ``is_assumed``: the clips' number is the paper's, as the data cannot be read yet. ``missing``:
    the files of starting weights that do not exist.
    """

    title: str
    precision: str
    clips: int
    is_assumed: bool
    methods: tuple[PlannedMethod, ...]
    missing: tuple[str, ...]
    speeds: Mapping[str, float]

    @property
    def operations(self) -> float:
        """The operations of all runs together."""
        return sum(method.operations for method in self.methods)

    @property
    def hours(self) -> dict[str, float]:
        """The hours of all runs together, by the source of the speed."""
        return {name: self.operations / speed / 3600 for name, speed in self.speeds.items()}

    @property
    def summary(self) -> str:
        """The plan as Markdown."""
        clips = f"{self.clips} clips"
        if self.is_assumed:
            clips += " assumed, as many as the paper's: the recipe's data cannot be read yet"
        runs = sum(method.runs for method in self.methods)
        lines = [
            f"# {self.title}: {runs} runs, {clips}",
            "",
            "| method | network | frames | starts from | M parameters | GFLOP a clip | runs | "
            "PFLOP in all |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(method) for method in self.methods),
            "",
            f"| speed in training | TFLOP/s | hours for all {self.operations / 1e15:,.0f} PFLOP |",
            "|---|---|---|",
        ]
        for name, hours in self.hours.items():
            days = f" ({hours / 24:.1f} days)"
            lines.append(f"| {name} | {self.speeds[name] / 1e12:.3g} | {hours:,.1f}{days} |")
        lines += ["", f"The recipe asks for {self.precision}."]
        if self.missing:
            lines.append(f"Not there yet: {', '.join(self.missing)}.")
        return "\n".join(lines)


def _row(method: PlannedMethod) -> str:
    numbers = (
        f"{method.parameters / 1e6:.1f}",
        f"{method.clip_operations / 1e9:.1f}",
        str(method.runs),
        f"{method.operations / 1e15:,.0f}",
    )
    words = (method.name, method.network, str(method.frames), method.start)
    return f"| {' | '.join((*words, *numbers))} |"


def plan_comparison(config: CompareConfig, *, speed: float | None = None) -> ComparisonPlan:
    """Count what a comparison needs; ``speed`` is the user's own, in operations a second.

    Raises:
        ConfigError: a network cannot be built.
    """
    first = config.run(config.methods[0], fold=0)
    clips, is_assumed = _clips(first)
    counted: dict[str, tuple[int, float]] = {}
    methods = tuple(_planned(config, method, clips, counted) for method in config.methods)
    files = {m.start for m in methods if m.start != SCRATCH and not m.start.startswith(TIMM_PREFIX)}
    speeds = dict(ASSUMED_SPEEDS) if speed is None else {"as given": speed}
    measured = _measured_speed(config, methods)
    if measured is not None:
        speeds["measured in the runs so far"] = measured
    return ComparisonPlan(
        title=config.title,
        precision=first.loop.precision,
        clips=clips,
        is_assumed=is_assumed,
        methods=methods,
        missing=tuple(sorted(file for file in files if not Path(file).is_file())),
        speeds=speeds,
    )


def _clips(run: TrainConfig) -> tuple[int, bool]:
    try:
        return len(read_datasets([Path(folder) for folder in run.data.train]).clips), False
    except DatasetError:
        return PAPERS_CLIPS, True


def _planned(
    config: CompareConfig,
    method: Method,
    clips: int,
    counted: dict[str, tuple[int, float]],
) -> PlannedMethod:
    runs = list(config.runs(method))
    section = runs[0].model
    key = repr(replace(section, init=SCRATCH, freeze=()))
    if key not in counted:
        counted[key] = count_operations(section)
    parameters, of_clip = counted[key]
    return PlannedMethod(
        name=method.name,
        network=section.network,
        frames=1 if section.network == "vgg16" else network_config(section).num_frames,
        start=section.init,
        parameters=parameters,
        clip_operations=of_clip,
        runs=len(runs),
        operations=sum(of_clip * _passes(run, clips) for run in runs),
    )


def _passes(run: TrainConfig, clips: int) -> float:
    """The forward passes of a run over single clips, or as many operations."""
    split = run.split
    held_back = clips / split.folds if split.folds else clips * split.test_share
    rest = min(clips - held_back, split.labelled_clips or clips)
    validation = rest / split.inner_folds if split.inner_folds else rest * split.validation_share
    training = rest - validation
    epochs = run.loop.epochs
    scored = validation * (epochs / run.loop.validate_every + 1) + held_back
    return STEP * training * epochs + scored


def count_operations(section: ModelSection) -> tuple[int, float]:
    """The parameters of a recipe's network, and the operations of its forward pass of one clip.

    A multiplication and its addition are two operations.

    Raises:
        ConfigError: the network cannot be built.
    """
    sizes = network_config(section)
    with torch.device("meta"):
        network: nn.Module = build_network(section).eval()
        clip = torch.empty(1, 3, sizes.num_frames, sizes.image_size, sizes.image_size)
        # With gradients, as torch's fused layers for inference are not counted.
        with FlopCounterMode(display=False) as counter, torch.enable_grad():
            network(clip)
    return sum(p.numel() for p in network.parameters()), float(counter.get_total_flops())


def _measured_speed(config: CompareConfig, methods: Sequence[PlannedMethod]) -> float | None:
    """The operations a second of the training steps that the runs have logged, if any."""
    operations = seconds = 0.0
    for method, planned in zip(config.methods, methods, strict=True):
        for run in config.runs(method):
            for epoch in RunFolder(Path(run.output)).read_log():
                # Of equal weight are equal numbers of clips, whatever the epoch had.
                operations += STEP * planned.clip_operations
                seconds += 1 / epoch["clips_per_s"]
    return operations / seconds if seconds else None
