"""Temperature and mirror images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rostfine_core.errors import DatasetError
from rostfine_core.model import Preprocessing
from rostfine_core.training.calibration import apply_temperature, fit_temperature
from rostfine_core.training.clip_cache import ClipCache
from rostfine_core.training.evaluation import evaluate
from rostfine_core.training.outputs import ResearchOutput
from rostfine_core.training.prediction import predict_now


def test_a_temperature_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(0)
    labels = rng.dirichlet(np.ones(5), 200)
    for temperature in (0.5, 1.0, 2.5):
        answer = apply_temperature(labels, temperature)
        assert answer.sum(axis=1) == pytest.approx(np.ones(200))
        # p^(1/T) is undone by T' = 1/T
        assert fit_temperature(answer, labels) == pytest.approx(1 / temperature, rel=1e-2)


class LeftHalf(nn.Module):
    """Says how bright the left half of the clip is."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, clips: Tensor) -> ResearchOutput:
        left = clips[..., : clips.shape[-1] // 2].mean(dim=(1, 2, 3, 4)).sigmoid()
        grade = torch.stack([left, 1 - left, *[torch.zeros_like(left)] * 3], dim=1)
        return ResearchOutput(grade, (grade,))


def test_mirror_images_make_the_answer_symmetric() -> None:
    images = torch.zeros(1, 8, 10, 10, 3, dtype=torch.uint8)
    images[:, :, :, :5] = 200
    both = torch.cat([images, images.flip(3)])
    cache = ClipCache(both, preprocessing=Preprocessing(image_size=10, clip_frames=8))
    network = LeftHalf()
    plain = predict_now(network, cache, np.arange(2), batch_size=2)
    assert abs(plain[0, 0] - plain[1, 0]) > 0.3
    mirrored = predict_now(network, cache, np.arange(2), batch_size=2, flips=True)
    assert mirrored[0] == pytest.approx(mirrored[1], abs=1e-6)


def test_calibration_lowers_the_cross_entropy_and_is_stated(
    trained_model: Path, dataset_folder: Path, held_back_folder: Path, drain: Callable[..., Any]
) -> None:
    job = evaluate(
        trained_model, dataset_folder, repeats=5, flips=True, calibrate_on=held_back_folder
    )
    result = drain(job)
    assert 0.2 <= result.temperature <= 5
    assert "Temperature" in result.summary
    assert "mirror images" in result.summary


def test_a_temperature_is_not_fitted_on_the_samples_it_is_judged_on(
    trained_model: Path, dataset_folder: Path, drain: Callable[..., Any]
) -> None:
    with pytest.raises(DatasetError, match=r"shares 8 sample\(s\)"):
        drain(evaluate(trained_model, dataset_folder, calibrate_on=dataset_folder))
