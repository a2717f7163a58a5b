"""The assessor: one model or several, one batch, and a GPU that fails."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rostfine_core.assessor import Assessor, ClipAnswer, _best_precision, _motion
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import AnswerMode, Clip, CropBox, LongJob, Progress, TrackStatus, finish
from rostfine_core.errors import ModelError
from rostfine_core.model import (
    Answering,
    Preprocessing,
    Ranges,
    RoSTFine,
    Views,
    VoteCalibration,
    ask_views,
    explain,
    load_models,
    preprocess,
    preset,
    save_model,
    write_answering,
)
from rostfine_core.model.views import turned
from rostfine_core.simulation.labelled_clips import simulate_clips

CONFIG = preset("demo", image_size=40, patch_size=8, embed_dim=20, depth=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small networks with different weights, as an ensemble's folder."""
    folder = tmp_path_factory.mktemp("folds")
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = RoSTFine(CONFIG).eval()
        for name, weights in network.named_parameters():
            if name.startswith("head") and name.endswith("weight"):
                torch.nn.init.normal_(weights, std=1.0)  # so that the grades differ
        save_model(
            folder / f"fold-{seed}.safetensors",
            network,
            preprocessing=Preprocessing.of(CONFIG),
            training={"fps": 15.0},
            dataset_kind="simulated",
        )
    return folder


def clips(count: int, *, frames: int = 16) -> list[Clip]:
    rng = np.random.default_rng(7)
    box = CropBox(
        frame=0,
        time_s=0.0,
        centre_x_px=75.0,
        centre_y_px=75.0,
        size_px=150,
        padded_share=0.0,
        status=TrackStatus.MEASURED,
    )
    return [
        Clip(
            target=str(i),
            images=rng.integers(0, 256, (frames, 150, 150, 3), dtype=np.uint8),
            boxes=(box,) * frames,
        )
        for i in range(count)
    ]


def assess(assessor: Assessor, some: list[Clip]) -> tuple[ClipAnswer, ...]:
    return finished(assessor.assess(some))[1]


def finished(
    job: LongJob[tuple[ClipAnswer, ...]],
) -> tuple[list[Progress], tuple[ClipAnswer, ...]]:
    """The steps that a job took, and its result."""
    steps: list[Progress] = []
    answers = finish(job, on_progress=steps.append)
    return steps, answers


def test_a_single_model_has_no_spread_and_explains_on_its_grid(folder: Path) -> None:
    assessor = Assessor.load(folder / "fold-1.safetensors", device="cpu")
    (answer,) = assess(assessor, clips(1))
    assert answer.prediction.ensemble == ()
    assert answer.prediction.ensemble_spread is None
    assert sum(answer.prediction.grade.probabilities) == pytest.approx(1, abs=1e-12)
    assert answer.explanation.encoder_rollout.shape == (4, 5, 5)
    assert answer.explanation.selected_patches.shape == (4, 3)
    assert answer.explanation.clip_frames == (0, 5, 10, 15)
    assert answer.explanation.branch_forward is not None
    assert answer.explanation.branch_forward.shape == (4, 5, 5)
    shown = answer.explanation.branch_attention.reshape(4, 25) > 0
    for row, selected in zip(shown, answer.explanation.selected_patches, strict=True):
        assert set(np.flatnonzero(row)) == set(selected)


def test_the_final_distribution_is_the_mean_of_the_heads(folder: Path) -> None:
    assessor = Assessor.load(folder / "fold-2.safetensors", device="cpu")
    prediction = assess(assessor, clips(1))[0].prediction
    heads = (prediction.grade_global, prediction.grade_spatial, prediction.grade_temporal)
    mean = np.mean([h.probabilities for h in heads], axis=0)
    np.testing.assert_allclose(prediction.grade.probabilities, mean, atol=1e-6)


def test_an_ensemble_is_the_mean_of_its_members(folder: Path) -> None:
    alone = [
        assess(Assessor.load(folder / f"fold-{i}.safetensors", device="cpu"), clips(2))
        for i in (1, 2)
    ]
    together = Assessor.load(folder, device="cpu")
    assert together.member_count == 2
    assert together.info.file_name == folder.name
    for number, answer in enumerate(assess(together, clips(2))):
        members = tuple(a[number].prediction.grade for a in alone)
        assert answer.prediction.ensemble == members
        mean = np.mean([m.probabilities for m in members], axis=0)
        np.testing.assert_allclose(answer.prediction.grade.probabilities, mean)
        spread = np.std([m.expected_grade for m in members], ddof=1)
        assert answer.prediction.ensemble_spread == pytest.approx(spread)


def test_more_clips_than_a_batch_come_back_in_order(folder: Path) -> None:
    assessor = Assessor.load(folder / "fold-1.safetensors", device="cpu")
    many = clips(20)
    steps, answers = finished(assessor.assess(many))
    assert [(s.stage, s.done, s.total) for s in steps] == [("grading", 0, 20), ("grading", 16, 20)]
    assert len(answers) == 20
    (last,) = assess(assessor, many[-1:])
    np.testing.assert_allclose(
        answers[-1].prediction.grade.probabilities, last.prediction.grade.probabilities, atol=1e-6
    )


def test_a_cancelled_batch_ends_before_its_next_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessor = Assessor.load(folder / "fold-1.safetensors", device="cpu")
    asked: list[int] = []
    forward = assessor._forward

    def count(part: Sequence[Clip]) -> list[ClipAnswer]:
        asked.append(len(part))
        return forward(part)

    monkeypatch.setattr(assessor, "_forward", count)
    job = assessor.assess(clips(20))
    assert (next(job).done, next(job).done) == (0, 16)
    job.close()
    assert asked == [16]


def test_a_clip_of_another_length_is_refused(folder: Path) -> None:
    assessor = Assessor.load(folder / "fold-1.safetensors", device="cpu")
    with pytest.raises(ModelError, match="has 9 frames but the model needs 16"):
        assess(assessor, clips(1, frames=9))


def test_the_cpu_gets_float32(folder: Path) -> None:
    assessor = Assessor.load(folder / "fold-1.safetensors", device="cpu")
    assert (assessor.device_label, assessor.precision) == ("CPU", "float32")


class FailingGpu(Assessor):
    """An assessor whose first forward pass fails as a GPU's does."""

    failure: RuntimeError

    def _forward_here(self, clips: Sequence[Clip]) -> list[ClipAnswer]:
        if self._device.type == "cuda":
            raise self.failure
        return super()._forward_here(clips)


@pytest.fixture
def failing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FailingGpu:
    """An assessor that believes it is on a GPU, whatever this machine has."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Test GPU")
    assessor = FailingGpu.load(folder / "fold-1.safetensors", device="cpu")
    assert isinstance(assessor, FailingGpu)
    assessor._device = torch.device("cuda")
    return assessor


@pytest.mark.requirement("R-32")
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory"), "did not have enough memory"),
        (RuntimeError("CUDA error: device-side assert triggered"), "stopped answering"),
    ],
)
def test_a_gpu_that_fails_hands_over_to_the_cpu_and_it_is_said(
    failing: FailingGpu, folder: Path, failure: RuntimeError, reason: str
) -> None:
    failing.failure = failure
    answer = assess(failing, clips(1))[0]
    cpu = assess(Assessor.load(folder / "fold-1.safetensors", device="cpu"), clips(1))[0]
    assert answer.prediction == cpu.prediction
    assert failing.device_label == "CPU"
    (notice,) = failing.notices
    assert reason in str(notice)
    assert "Test GPU" in str(notice)
    assess(failing, clips(1))
    assert len(failing.notices) == 1


def test_other_failures_are_not_hidden(failing: FailingGpu) -> None:
    failing.failure = RuntimeError("shapes do not match")
    with pytest.raises(RuntimeError, match="shapes"):
        assess(failing, clips(1))


@pytest.fixture
def stand_in_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a GPU be chosen that this machine may not have."""
    monkeypatch.setattr("rostfine_core.assessor._choose_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr("rostfine_core.assessor._best_precision", lambda _: "float32")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Test GPU")


@pytest.mark.usefixtures("stand_in_gpu")
def test_a_gpu_that_is_lost_with_its_weights_hands_over_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_the_gpu(network: RoSTFine, device: torch.device) -> RoSTFine:
        if device.type == "cuda":
            for weights in network.parameters():
                weights.data.fill_(torch.nan)
        return network

    monkeypatch.setattr(RoSTFine, "to", to_the_gpu)
    lost = FailingGpu.load(folder / "fold-1.safetensors")
    assert isinstance(lost, FailingGpu)
    lost.failure = RuntimeError("CUDA error: unspecified launch failure")
    answer = assess(lost, clips(1))[0]
    monkeypatch.undo()
    cpu = assess(Assessor.load(folder / "fold-1.safetensors", device="cpu"), clips(1))[0]
    assert answer.prediction == cpu.prediction


@pytest.mark.usefixtures("stand_in_gpu")
def test_a_gpu_too_full_for_the_weights_leaves_them_on_the_cpu(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(network: RoSTFine, device: torch.device) -> RoSTFine:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(RoSTFine, "to", full)
    assessor = Assessor.load(folder / "fold-1.safetensors")
    assert assessor.device_label == "CPU"
    assert [*map(str, assessor.notices)] == [
        "The GPU Test GPU did not have enough memory, so the grade was computed on the CPU."
    ]
    assert assess(assessor, clips(1))


def test_an_answer_that_is_no_number_is_one_sentence(folder: Path) -> None:
    (model,) = load_models(folder / "fold-1.safetensors")
    with torch.no_grad():
        model.network.head_global.weight.mul_(1e38)
    with pytest.raises(ModelError, match="not finite"):
        assess(Assessor([model], name="huge", device="cpu"), clips(1))


class OverflowingGpu(Assessor):
    """An assessor whose answers are no numbers in half precision."""

    def _forward_here(self, clips: Sequence[Clip]) -> list[ClipAnswer]:
        if self._precision == "float16":
            raise ModelError("The model computes values that are not finite (in float16).")
        return super()._forward_here(clips)


def test_a_model_too_large_for_half_precision_is_graded_in_float32(folder: Path) -> None:
    assessor = OverflowingGpu.load(folder / "fold-1.safetensors", device="cpu")
    assessor._precision = "float16"
    answer = assess(assessor, clips(1))[0]
    cpu = assess(Assessor.load(folder / "fold-1.safetensors", device="cpu"), clips(1))[0]
    assert answer.prediction == cpu.prediction
    assert assessor.precision == "float32"


@pytest.mark.parametrize(("capability", "precision"), [((6, 1), "float32"), ((9, 0), "float16")])
def test_a_gpu_computes_in_float16_from_volta_on(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert _best_precision(torch.device("cuda")) == precision
    assert _best_precision(torch.device("cpu")) == "float32"


@pytest.mark.requirement("R-32")
def test_half_precision_grades_as_float32_does() -> None:
    """The bound for a precision to be offered, on the bundled model and simulated sperm."""
    (model,) = load_models(bundled_path(DEMO_MODEL))
    seen = [c.seen for c in simulate_clips(4, seed=7)]
    images = torch.from_numpy(np.stack([c.images for c in seen]))
    batch, motion = preprocess(images, settings=model.preprocessing), _motion(seen, model)
    with torch.inference_mode():
        right = explain(model.network, batch, motion).output.grade
        with torch.autocast("cpu", dtype=torch.float16):
            half = explain(model.network, batch, motion).output.grade
    assert float((half.float() - right).abs().max()) <= 0.005


RANGES = Ranges(
    coverage=0.9, scale="votes", radii=(0.5,) * 5, floors=(0.1,) * 5, clips=90, samples=9
)
ANSWERING = Answering(
    views=Views(orientations=8, frame_subsets=2),
    calibration=VoteCalibration.of_temperature(1.5, clips=90, samples=9),
    ranges=RANGES,
)


@pytest.fixture(scope="module")
def answering(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same two networks, asked for 16 views, a calibration and ranges."""
    made = tmp_path_factory.mktemp("answering")
    for path in folder.iterdir():
        write_answering(made / path.name, path, ANSWERING)
    return made


@pytest.mark.parametrize("size", [39, 40])
def test_turning_or_mirroring_a_clip_changes_nothing(folder: Path, size: int) -> None:
    """Also where the light is evened, which looks at every fourth row and column."""
    rng = np.random.default_rng(size)
    images = rng.integers(0, 256, (1, 16, size, size, 3), dtype=np.uint8)
    images[:, 8:] //= 2
    model = load_models(folder / "fold-1.safetensors")[0]
    settings = replace(model.preprocessing, clip_size_px=size, normalise="clip")

    def answer(clip: Tensor) -> NDArray[np.float64]:
        shares = ask_views(
            lambda x: model.network(x).grade,
            clip,
            settings=settings,
            views=ANSWERING.views,
            most=16,
        )
        return shares.double().mean(dim=1).numpy()

    with torch.inference_mode():
        clip = torch.from_numpy(images)
        right = answer(clip)
        for orientation in range(1, 8):
            np.testing.assert_allclose(answer(turned(clip, orientation)), right, atol=1e-6)


def test_an_answer_is_made_as_the_model_file_asks(folder: Path, answering: Path) -> None:
    path = answering / "fold-1.safetensors"
    full, uncalibrated, single = (
        assess(Assessor.load(path, device="cpu", mode=mode), clips(2))[1].prediction
        for mode in (AnswerMode.FULL, AnswerMode.UNCALIBRATED, AnswerMode.SINGLE_VIEW)
    )
    plain = assess(Assessor.load(folder / "fold-1.safetensors", device="cpu"), clips(2))[1]
    assert single == plain.prediction
    assert len(uncalibrated.views) == 16
    mean = np.mean([v.probabilities for v in uncalibrated.views], axis=0)
    np.testing.assert_allclose(uncalibrated.grade.probabilities, mean)
    np.testing.assert_allclose(
        uncalibrated.views[0].probabilities, plain.prediction.grade.probabilities, atol=1e-6
    )
    assert (uncalibrated.uncalibrated, uncalibrated.ranges) == (None, ())
    assert full.uncalibrated == uncalibrated.grade
    assert ANSWERING.calibration is not None
    right = ANSWERING.calibration.apply(mean)
    np.testing.assert_allclose(full.grade.probabilities, right)
    assert full.view_spread is not None
    assert full.view_spread > 0
    assert full.range_coverage == 0.9
    for share, (low, high) in zip(full.grade.probabilities, full.ranges, strict=True):
        assert low < share < high


@pytest.mark.requirement("R-58")
def test_an_ensemble_has_views_and_no_ranges(answering: Path) -> None:
    together = assess(Assessor.load(answering, device="cpu"), clips(1))[0].prediction
    alone = [
        assess(Assessor.load(path, device="cpu"), clips(1))[0].prediction
        for path in sorted(answering.iterdir())
    ]
    assert together.ensemble == tuple(p.grade for p in alone)
    for name in ("views", "uncalibrated"):
        ours = [getattr(p, name) for p in (together, *alone)]
        rows = [[d.probabilities for d in (o if name == "views" else [o])] for o in ours]
        np.testing.assert_allclose(rows[0], np.mean(rows[1:], axis=0))
    assert (together.ranges, together.range_coverage) == ((), None)
