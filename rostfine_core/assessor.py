"""The assessor turns clips into predictions and explanations; it owns the device and precision.

If the GPU runs out of memory or stops answering, the assessor continues on the CPU and says so.
Several models in one folder form one assessor: it averages their distributions and reports the
spread. A model file can ask for more than the network's answer: the mean over views of the clip, a
calibration, and ranges (``model/answering.py``).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from rostfine_core.domain import (
    AnswerMode,
    Clip,
    CropBox,
    Explanation,
    Gate,
    LongJob,
    ModelInfo,
    Prediction,
    Progress,
    TrackStatus,
)
from rostfine_core.errors import ModelError
from rostfine_core.gpu import can_use_gpu
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.model import (
    Answering,
    ExplanationMaps,
    GradeOutput,
    LoadedModel,
    Preprocessing,
    RoSTFine,
    ask_views,
    ensemble_info,
    explain,
    load_models,
    measure_motion,
)
from rostfine_core.model.predictions import combined, predictions_of
from rostfine_core.model.preprocess import preprocess_with_headings

DeviceChoice = Literal["auto", "cuda", "cpu"]
Precision = Literal["float32", "float16"]
BATCH_CLIPS = 16  # bounds the memory of one forward pass; a full-size clip needs about 150 MB


@dataclass(frozen=True, kw_only=True)
class ClipAnswer:
    """The network's answer for one clip."""

    prediction: Prediction
    explanation: Explanation


class Assessor:
    """One model, or an ensemble, on one device."""

    def __init__(
        self,
        models: Sequence[LoadedModel],
        *,
        name: str,
        device: DeviceChoice = "auto",
        mode: AnswerMode = AnswerMode.FULL,
    ) -> None:
        self._models = tuple(models)
        self._mode = mode
        self._answering = [model.answering.reduced(mode) for model in self._models]
        self._info = ensemble_info(self._models, name=name)
        self._notices: list[Message] = []
        self._device = _choose_device(device)
        try:
            self._use(self._device)
        except RuntimeError as error:
            self._leave_gpu(error)

    @classmethod
    def load(
        cls, path: Path, *, device: DeviceChoice = "auto", mode: AnswerMode = AnswerMode.FULL
    ) -> "Assessor":
        """Load a model file, or a folder of models as an ensemble.

        Raises:
            ModelError: the file is missing, foreign or damaged, or the device is not available.
        """
        return cls(load_models(path), name=path.name, device=device, mode=mode)

    @property
    def info(self) -> ModelInfo:
        """The model's record; for an ensemble, with the folder's name and a joint checksum."""
        return self._info

    @property
    def clip_frames(self) -> int:
        """How many frames a clip must have: as many as the training clips."""
        return self._models[0].preprocessing.clip_frames

    @property
    def clip_size_px(self) -> int:
        """The width of a clip's frames: the same as in training."""
        return self._models[0].preprocessing.clip_size_px

    @property
    def gate(self) -> Gate | None:
        """What clips like those of the training look like; an ensemble has its first member's."""
        return next((model.gate for model in self._models if model.gate is not None), None)

    @property
    def mode(self) -> AnswerMode:
        """How much of what the models say about their answers is used."""
        return self._mode

    @property
    def member_count(self) -> int:
        """The number of models."""
        return len(self._models)

    @property
    def device_label(self) -> str:
        """The device as shown to the user: the GPU's name, or CPU."""
        if self._device.type == "cuda":
            return f"GPU {torch.cuda.get_device_name(self._device)}"
        return "CPU"

    @property
    def precision(self) -> Precision:
        """The number format of the forward pass."""
        return self._precision

    @property
    def cpu_threads(self) -> int:
        """How many threads PyTorch uses on the CPU."""
        return torch.get_num_threads()

    @property
    def notices(self) -> tuple[Message, ...]:
        """What the user must know about the device, such as a GPU that ran out of memory."""
        return tuple(self._notices)

    def warm_up(self) -> None:
        """Grade one empty clip, so that the first real one does not pay for the start-up."""
        self._forward([_empty_clip(self.clip_frames, self.clip_size_px)])

    def assess(self, clips: Sequence[Clip]) -> LongJob[tuple[ClipAnswer, ...]]:
        """Grade and explain clips in order, ``BATCH_CLIPS`` at a time.

        Progress is reported before each batch and not after the last: cancelling during the last
        batch still returns the answers.

        Raises:
            ModelError: a clip differs in frame count or size from the training clips, or the
                network's answer is not finite.
        """
        self._check_shapes(clips)
        answers: list[ClipAnswer] = []
        for start in range(0, len(clips), BATCH_CLIPS):
            yield Progress(stage=marked("grading"), done=start, total=len(clips))
            answers += self._forward(clips[start : start + BATCH_CLIPS])
        return tuple(answers)

    def _check_shapes(self, clips: Sequence[Clip]) -> None:
        expected, size = self.clip_frames, self.clip_size_px
        for clip in clips:
            if clip.images.shape[1:3] != (size, size):
                raise ModelError(
                    Message(
                        "The clip of sperm {target} is {width} pixels wide but the model needs "
                        "{size}: cut it with that size.",
                        target=clip.target,
                        width=clip.images.shape[1],
                        size=size,
                    )
                )
            if len(clip.images) != expected:
                raise ModelError(
                    Message(
                        "The clip of sperm {target} has {count} frames but the model needs "
                        "{expected}: cut it with that many frames.",
                        target=clip.target,
                        count=len(clip.images),
                        expected=expected,
                    )
                )

    def _use(self, device: torch.device) -> None:
        """Switch to this device; the CPU networks are kept, since a lost GPU returns nothing."""
        self._device, self._precision = device, _best_precision(device)
        self._networks = [model.network for model in self._models]
        if device.type == "cuda":
            self._networks = [deepcopy(network).to(device) for network in self._networks]

    def _leave_gpu(self, error: RuntimeError) -> None:
        """Continue on the CPU after the GPU failed; any other error is raised again."""
        if self._device.type != "cuda" or not any(w in str(error) for w in ("CUDA", "CUDNN")):
            raise error
        if isinstance(error, torch.OutOfMemoryError):
            self._notices.append(
                Message(
                    "The {device} did not have enough memory, so the grade was computed on the "
                    "CPU.",
                    device=self.device_label,
                )
            )
        else:
            self._notices.append(
                Message(
                    "The {device} stopped answering, so the grade was computed on the CPU.",
                    device=self.device_label,
                )
            )
        self._use(torch.device("cpu"))

    def _forward(self, clips: Sequence[Clip]) -> list[ClipAnswer]:
        try:
            return self._forward_here(clips)
        except ModelError:
            if self._precision == "float32":
                raise
            self._precision = "float32"  # some models' values are too large for half precision
        except RuntimeError as error:
            self._leave_gpu(error)
        return self._forward_here(clips)

    @torch.inference_mode()
    def _forward_here(self, clips: Sequence[Clip]) -> list[ClipAnswer]:
        images = torch.from_numpy(np.stack([c.images for c in clips])).to(self._device)
        trios = zip(self._models, self._networks, self._answering, strict=True)
        members = [self._ask(*trio, images, _motion(clips, trio[0])) for trio in trios]
        return [_combine([m[i] for m in members]) for i in range(len(clips))]

    def _ask(
        self,
        model: LoadedModel,
        network: RoSTFine,
        answering: Answering,
        images: Tensor,
        motion: Tensor | None,
    ) -> list[ClipAnswer]:
        """The answer is the mean of all views; the maps are those of the clip as it is."""
        settings = model.preprocessing
        told = None if motion is None else motion.to(self._device)
        batch, headings = preprocess_with_headings(images, settings=settings)
        with self._autocast():
            maps = explain(network, batch, told)
        heads = _heads(maps.output)[:, None]
        if answering.views.count > 1:
            others = ask_views(
                lambda *inputs: self._shares(network, *inputs),
                images,
                motion=told,
                settings=settings,
                views=answering.views,
                most=BATCH_CLIPS,
                skip=1,
            )
            heads = torch.cat([heads, others], dim=1)
        computed = (heads, maps.encoder_rollout, maps.branch_attention, maps.branch_forward)
        if not all(bool(values.isfinite().all()) for values in computed):
            raise ModelError(
                Message(
                    "The model {file_name} computes values that are not finite (in {precision}): "
                    "choose another model, or the CPU.",
                    file_name=model.info.file_name,
                    precision=self._precision,
                )
            )
        explanations = _explanations(
            maps, headings, grid=network.config.grid_size, settings=settings
        )
        predictions = predictions_of(heads.cpu().double().numpy(), answering)
        pairs = zip(predictions, explanations, strict=True)
        return [ClipAnswer(prediction=p, explanation=e) for p, e in pairs]

    def _shares(self, network: RoSTFine, *inputs: Tensor) -> Tensor:
        with self._autocast():
            return _heads(network(*inputs))

    def _autocast(self) -> AbstractContextManager[object]:
        if self._precision == "float32":
            return nullcontext()
        return torch.autocast("cuda", dtype=getattr(torch, self._precision))


def _choose_device(choice: DeviceChoice) -> torch.device:
    is_usable = choice != "cpu" and can_use_gpu()
    if choice == "cuda" and not is_usable:
        raise ModelError(
            Message(
                "No NVIDIA GPU can be used here: choose the CPU, or run `rostfine doctor` to see "
                "why."
            )
        )
    return torch.device("cuda" if is_usable else "cpu")


def _best_precision(device: torch.device) -> Precision:
    """Half precision only if the GPU computes it natively; a CPU always gets float32.

    bfloat16 is not offered: with its eight bits a share of the bundled model was up to 0.033 away
    from float32, with float16 0.002 (packaging/gpu_check.py).
    """
    if device.type != "cuda":
        return "float32"
    return "float16" if torch.cuda.get_device_capability(device) >= (7, 0) else "float32"


def _empty_clip(frames: int, size_px: int) -> Clip:
    box = CropBox(
        frame=0,
        time_s=0.0,
        centre_x_px=0.0,
        centre_y_px=0.0,
        size_px=size_px,
        padded_share=0.0,
        status=TrackStatus.MEASURED,
    )
    images = np.zeros((frames, size_px, size_px, 3), np.uint8)
    return Clip(target="", images=images, boxes=(box,) * frames)


def _motion(clips: Sequence[Clip], model: LoadedModel) -> Tensor | None:
    """The motion (B, 6) that a model is told, by its own scale; None if it is told none."""
    um_per_px = model.info.trained_um_per_px
    if model.preprocessing.motion == "none" or um_per_px is None:
        return None
    paths = np.stack([clip.path_um(um_per_px) for clip in clips])
    return measure_motion(torch.from_numpy(paths))


def _explanations(
    maps: ExplanationMaps, headings: Tensor, *, grid: int, settings: Preprocessing
) -> list[Explanation]:
    """Each clip's maps on the patch grid; ``headings`` (B, T) count if the frames were turned."""
    rollout, branch, forward = (
        rearrange(m.float(), "b t (h w) -> b t h w", h=grid).cpu().numpy()
        for m in (maps.encoder_rollout, maps.branch_attention, maps.branch_forward)
    )
    selected, turned = maps.output.selected_patches.cpu().numpy(), settings.align != "none"
    return [
        Explanation(
            encoder_rollout=rollout[i],
            branch_attention=branch[i],
            branch_forward=forward[i],
            selected_patches=selected[i],
            clip_frames=settings.frame_indices,
            headings_rad=tuple(row) if turned else (),
        )
        for i, row in enumerate(headings.tolist())
    ]


def _heads(output: GradeOutput) -> Tensor:
    """The shares of the whole network and of its three heads, (B, 4, 5) float32."""
    heads = (output.grade, output.grade_global, output.grade_spatial, output.grade_temporal)
    return torch.stack(heads, dim=1).float()


def _combine(answers: Sequence[ClipAnswer]) -> ClipAnswer:
    """Average an ensemble; the maps shown are those of the member nearest to the average."""
    prediction = combined([a.prediction for a in answers])
    nearest = min(answers, key=lambda a: _distance(a.prediction, prediction))
    return ClipAnswer(prediction=prediction, explanation=nearest.explanation)


def _distance(one: Prediction, other: Prediction) -> float:
    pairs = zip(one.grade.probabilities, other.grade.probabilities, strict=True)
    return sum(abs(x - y) for x, y in pairs)


@contextmanager
def using_threads(count: int | None) -> Iterator[None]:
    """Let PyTorch use so many threads on the CPU meanwhile; None leaves them as they are.

    The number of threads can change the last bits of a grade.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe_gpu() -> str | None:
    """The GPU that grading would use, with memory, CUDA version and precision; None without one."""
    if not can_use_gpu():
        return None
    gpu = torch.cuda.get_device_properties(0)
    precision = _best_precision(torch.device("cuda"))
    return f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}, {precision}"
