"""Temperature and mirror images."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rostfine_core.domain import finish
from rostfine_core.errors import DatasetError
from rostfine_core.model import Answering, Preprocessing, ask_views
from rostfine_core.training.evaluation import grading, report
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.evaluation.grading import with_mirrors
from rostfine_core.training.metrics.calibration import (
    LOWEST,
    apply_temperature,
    fit_temperature,
    is_at_bound,
)
from rostfine_core.training.metrics.metrics import GRADE_VALUES
from rostfine_core.training.networks.outputs import ResearchOutput


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
    network, settings = LeftHalf(), Preprocessing(image_size=10, clip_frames=8)

    def answer(answering: Answering) -> Tensor:
        views = answering.views
        grades = ask_views(lambda x: network(x).grade, both, settings=settings, views=views, most=3)
        return grades.mean(dim=1)[:, 0]

    plain, mirrored = answer(Answering()), answer(with_mirrors(Answering()))
    assert abs(plain[0] - plain[1]) > 0.3
    assert mirrored[0].item() == pytest.approx(mirrored[1].item(), abs=1e-6)


def test_calibration_lowers_the_cross_entropy_and_is_stated(
    trained_model: Path, dataset_folder: Path, held_back_folder: Path
) -> None:
    job = evaluate(
        trained_model, dataset_folder, repeats=5, tta=True, calibrate_on=held_back_folder
    )
    result = finish(job)
    assert result.temperature is not None
    assert 0.2 <= result.temperature <= 5
    assert "Temperature" in result.summary
    assert "mirror images" in result.summary


def predicted_shares(folder: Path) -> NDArray[np.float64]:
    with (folder / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row[f"predicted_{g}"]) for g in "ABCDE"] for row in rows])


def test_the_members_differ_in_what_is_reported(
    pair: Path,
    dataset_folder: Path,
    held_back_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "html_report", lambda _: "")  # its pictures take long
    answers = []
    for name in ("a", "b"):
        out = tmp_path / name
        finish(evaluate(pair / f"{name}.safetensors", dataset_folder, out=out, repeats=5))
        answers.append(predicted_shares(out))
    out = tmp_path / "scores"
    result = finish(
        evaluate(pair, dataset_folder, out=out, repeats=5, calibrate_on=held_back_folder)
    )
    assert result.temperature is not None
    tempered = [apply_temperature(a, result.temperature) @ GRADE_VALUES for a in answers]
    by_hand = np.std(tempered, axis=0, ddof=1).mean()
    assert abs(result.temperature - 1) > 0.1
    assert by_hand > 0.01
    assert result.mean_spread == pytest.approx(by_hand, rel=1e-3)
    with (out / "clips.csv").open(encoding="utf-8", newline="") as file:
        spreads = [float(row["ensemble_spread_grades"]) for row in csv.DictReader(file)]
    assert np.mean(spreads) == pytest.approx(by_hand, rel=1e-3)
    stored = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    told = "expected grades of the 2 members, each after the temperature"
    assert stored["mean_spread_of"] == told
    assert f"the {told}, differ by " in result.summary
    plain = finish(evaluate(pair, dataset_folder, repeats=5))
    assert "the expected grades of the 2 members differ by " in plain.summary


def test_a_temperature_is_not_fitted_on_the_samples_it_is_judged_on(
    trained_model: Path, dataset_folder: Path
) -> None:
    with pytest.raises(DatasetError, match=r"shares 8 sample\(s\)"):
        finish(evaluate(trained_model, dataset_folder, calibrate_on=dataset_folder))


def test_a_temperature_is_not_fitted_on_samples_that_the_model_was_trained_on(
    trained_model: Path,
    pair: Path,
    dataset_folder: Path,
    held_back_folder: Path,
) -> None:
    # Trained on 5 of the 8 samples, chosen on 1, tested on 2.
    told = (
        r"^The model was trained or selected on 6 of the 8 samples of the data set to calibrate on"
    )
    for model in (trained_model, pair):
        with pytest.raises(DatasetError, match=told):
            next(evaluate(model, held_back_folder, calibrate_on=dataset_folder))


def test_a_temperature_at_the_end_of_the_search_is_told(
    trained_model: Path,
    dataset_folder: Path,
    held_back_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = np.eye(5)[[0, 1, 2, 3, 4]]
    unsure = np.full((5, 5), 0.18) + 0.1 * labels  # sharper would always be better
    found = fit_temperature(unsure, labels)
    assert found == pytest.approx(LOWEST, rel=1e-3)
    assert is_at_bound(found)
    assert is_at_bound(fit_temperature(labels, np.full((5, 5), 0.2)))
    assert not is_at_bound(1.0)
    job = evaluate(trained_model, dataset_folder, repeats=5, calibrate_on=held_back_folder)
    monkeypatch.setattr(grading, "fit_temperature", lambda *_: found)
    told = "> Caution: the temperature 0.2 is at an end of the search range (0.2 to 5)"
    assert told in finish(job).summary
