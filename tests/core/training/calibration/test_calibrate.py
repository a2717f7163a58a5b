"""A model file is calibrated on held-back votes, and answers so everywhere."""

import csv
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.assessor import Assessor
from rostfine_core.cli import main
from rostfine_core.domain import AnswerMode, Clip, CropBox, TrackStatus, finish
from rostfine_core.errors import DatasetError, ModelError, StoreError
from rostfine_core.model import Views, load_model
from rostfine_core.training.calibration.calibrate import calibrate, outer_folds
from rostfine_core.training.data.clip_file import load_clip
from rostfine_core.training.evaluation import report
from rostfine_core.training.evaluation.evaluate import evaluate


@pytest.fixture(scope="module")
def calibrated(
    trained_model: Path, voted_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The small run's model, calibrated with ranges for 80%."""
    out = tmp_path_factory.mktemp("calibrated") / "model.safetensors"
    result = finish(calibrate(trained_model, voted_dataset, out=out, coverage=0.8))
    assert "36 clips of 12 samples" in result.summary
    assert "Caution: with fewer than 30 samples" in result.summary
    assert ((result.crossed.ranges >= 0) & (result.crossed.ranges <= 1)).all()
    assert result.coverage.min() > 0.5
    return out


def test_the_file_says_what_was_fitted_on_what(calibrated: Path) -> None:
    answering = load_model(calibrated).answering
    assert answering.views == Views(orientations=8, frame_subsets=2)
    assert answering.ranges is not None
    assert (answering.ranges.clips, answering.ranges.samples) == (36, 12)
    assert len(answering.samples_seen) == 12


@pytest.mark.requirement("R-59")
@pytest.mark.parametrize("mode", AnswerMode)
def test_evaluation_scores_what_the_program_answers(
    calibrated: Path,
    unseen_dataset: Path,
    tmp_path: Path,
    mode: AnswerMode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "html_report", lambda _: "")  # its pictures take long
    job = evaluate(calibrated, unseen_dataset, out=tmp_path / "scores", repeats=5, mode=mode)
    result = finish(job)
    with (tmp_path / "scores" / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    images = [
        load_clip(unseen_dataset / "clips" / f"{row['clip']}.npz", frames=16, size_px=20)
        for row in rows
    ]
    assessor = Assessor.load(calibrated, device="cpu", mode=mode)
    answers = finish(assessor.assess([clip_of(i) for i in images]))
    for row, answer in zip(rows, answers, strict=True):
        theirs = [float(row[f"predicted_{g}"]) for g in "ABCDE"]
        assert theirs == pytest.approx(answer.prediction.grade.probabilities, abs=1e-5)
        if mode is not AnswerMode.SINGLE_VIEW:
            spread = float(row["view_spread_grades"])
            assert spread == pytest.approx(answer.prediction.view_spread, rel=1e-3, abs=1e-6)
    assert ("Ranges meant to cover 80%" in result.summary) == (mode is AnswerMode.FULL)
    assert ("mean of 16 views" in result.summary) == (mode is not AnswerMode.SINGLE_VIEW)


def test_scores_on_the_samples_it_was_calibrated_on_are_doubted(
    calibrated: Path, voted_dataset: Path
) -> None:
    result = finish(evaluate(calibrated, voted_dataset, repeats=5))
    assert "12 of the 12 samples scored here were used" in result.summary


def test_what_cannot_be_calibrated_is_refused(
    trained_model: Path, pair: Path, voted_dataset: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(DatasetError, match=r"was trained or selected on 6 of the 8 samples"):
        finish(calibrate(trained_model, dataset_folder, out=out, coverage=0.8))
    with pytest.raises(DatasetError, match=r"need votes on at least 19 samples, and there are 11"):
        finish(calibrate(trained_model, voted_dataset, out=out, coverage=0.95))
    with pytest.raises(ModelError, match="choose one of 1, 2, 4, 8, 16"):
        finish(calibrate(trained_model, voted_dataset, out=out, coverage=0.8, views=3))
    with pytest.raises(ModelError, match="folder of models"):
        finish(calibrate(pair, voted_dataset, out=out, coverage=0.8))
    assert not out.exists()
    with pytest.raises(StoreError, match="is there already"):
        finish(calibrate(trained_model, voted_dataset, out=trained_model, coverage=0.8))


def test_every_outer_fold_leaves_enough_samples() -> None:
    samples = [f"s{i}" for i in range(12)]
    assert len(outer_folds(samples, coverage=0.8)) == 5
    assert len(outer_folds(samples, coverage=0.91)) == 12


def test_the_command_writes_beside_the_model(
    trained_model: Path, voted_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "lab.safetensors"
    model.write_bytes(trained_model.read_bytes())
    words = ["calibrate", str(model), str(voted_dataset), "--coverage", "0.8", "--views", "2"]
    assert main(words) == 0
    assert "Written to" in capsys.readouterr().out
    made = load_model(tmp_path / "lab-calibrated.safetensors")
    assert made.answering.views == Views(orientations=2)
    assert main(words) == 1
    assert "is there already" in capsys.readouterr().err


def clip_of(images: np.ndarray) -> Clip:
    """A clip with these pictures."""
    box = CropBox(
        frame=0,
        time_s=0.0,
        centre_x_px=10.0,
        centre_y_px=10.0,
        size_px=20,
        padded_share=0.0,
        status=TrackStatus.MEASURED,
    )
    return Clip(target="1", images=images, boxes=(box,) * len(images))
