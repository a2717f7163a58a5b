"""Scores of a model file: reference scores, intervals and the files beside them."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rostfine_core import __version__
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    finish,
)
from rostfine_core.errors import ConfigError, DatasetError, ModelError, StoreError
from rostfine_core.files import write_text
from rostfine_core.model import load_models, save_model
from rostfine_core.training.data.clip_file import load_clip, save_clip
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.evaluation import report as report_module
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.evaluation.figures import votes_figure
from rostfine_core.training.evaluation.report import ATTENTION_OF_ONE_VIEW, markdown_to_html
from rostfine_core.training.evaluation.result import EvaluationResult, against_mean_answer
from rostfine_core.training.metrics.cautions import (
    DISCLAIMER_SIMULATED_DATA,
    TIE_RULE,
    caution_of,
)
from rostfine_core.training.metrics.reference_scores import (
    MEAN_COMPARED,
)


@dataclass(frozen=True)
class Scored:
    """An evaluation of the small run's model on the data it was trained on, and its folder."""

    result: EvaluationResult
    dataset: Path
    out: Path


@pytest.fixture(scope="module")
def scored(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """Made once, for tests that only read it: its pictures take most of the time."""
    dataset, out = trained_model.parents[1] / "tiny", tmp_path_factory.mktemp("evaluated")
    return Scored(finish(evaluate(trained_model, dataset, out=out, repeats=20)), dataset, out)


@pytest.fixture(scope="module")
def held_back_scored(
    trained_model: Path, unseen_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Scored:
    """The same on clips of other samples."""
    out = tmp_path_factory.mktemp("evaluated")
    job = evaluate(trained_model, unseen_dataset, out=out, repeats=5)
    return Scored(finish(job), unseen_dataset, out)


def test_the_sentence_hides_nothing_that_is_no_better_than_the_mean_answer(
    held_back_scored: Scored,
) -> None:
    out, result = held_back_scored.out, held_back_scored.result
    stored = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert set(stored["differences_from_mean_answer_95"]) == set(MEAN_COMPARED)
    intervals = {
        "mse": (-0.02, -0.01),
        "balanced_accuracy_1": (-0.1, 0.1),
        "ece_p_a_or_b": (0.01, 0.02),
    }
    told = against_mean_answer(replace(result, differences=intervals))
    ours, mean = result.metrics, result.reference_scores.mean_answer
    assert f"the MSE is better ({100 * ours.mse:.3f} against {100 * mean.mse:.3f}" in told
    assert "balanced accuracy of the most selected grade not clearly different (" in told
    assert f"P(A or B) worse ({100 * ours.ece_p_a_or_b:.1f}% against " in told
    assert told in replace(result, differences=intervals).summary
    flipped = replace(result, differences=intervals | {"balanced_accuracy_1": (0.1, 0.2)})
    assert "balanced accuracy of the most selected grade better (" in against_mean_answer(flipped)
    alone = against_mean_answer(replace(result, differences={}))
    assert "better" not in alone
    assert "nothing tells whether that is more than chance" in alone
    assert against_mean_answer(result) in (out / "evaluation.md").read_text(encoding="utf-8")


def test_ties_stand_beside_the_accuracies_that_they_decide(
    scored: Scored,
) -> None:
    out, result = scored.out, scored.result
    votes = [sorted(clip.votes, reverse=True) for clip in read_dataset(scored.dataset).clips]
    tied = 100 * float(np.mean([v[4] == v[3] for v in votes]))
    assert tied > 0
    title = f"BA 5 (%); {tied:.1f}% of clips tied"
    any_tied = f"{100 * result.metrics.balanced_accuracy_any_tied[4]:.3f}"
    for name in ("evaluation.md", "report.html"):
        text = (out / name).read_text(encoding="utf-8")
        assert title in text
        assert any_tied in text
        assert TIE_RULE in text
    stored = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert 100 * stored["metrics"]["tied_5"] == pytest.approx(tied)


def test_every_file_of_an_evaluation(scored: Scored) -> None:
    out, result = scored.out, scored.result
    stored = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert stored["metrics"]["mse"] == pytest.approx(result.metrics.mse)
    assert stored["yardsticks"]["mean_is_of_training"] is True
    assert np.sum(stored["confusion_most_selected"]) == 24
    markdown = (out / "evaluation.md").read_text(encoding="utf-8")
    assert "| MSE (1e-2) |" in markdown
    with (out / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert np.mean([float(r["mse"]) for r in rows]) == pytest.approx(result.metrics.mse, rel=1e-4)
    with (out / "samples.csv").open(encoding="utf-8", newline="") as file:
        samples = list(csv.DictReader(file))
    assert [int(s["clips"]) for s in samples] == [3] * 8
    dataset = read_dataset(scored.dataset)
    assert {s["sample"] for s in samples} == set(dataset.samples)
    report = (out / "report.html").read_text(encoding="utf-8")
    for note in (DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, DISCLAIMER_SIMULATED_DATA):
        assert f"<blockquote>\n<p>{note}</p>\n</blockquote>" in report
        assert f"\n> {note}\n" in markdown
        assert note in stored["notes"]
    assert "<td>MSE (1e-2)</td>" in report
    assert "<h2>Learning curves</h2>" in report
    assert "Attention of " not in report  # there is only one model to be of
    # Agreement and learning curves, then votes and attention of three clips.
    assert report.count("data:image/png;base64,") == 2 + 3 * 2


def test_the_report_shows_the_clips_asked_for_and_measures_the_maps(
    trained_model: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"repeats": 5, "shown_clips": ["c003"], "faithfulness_clips": 2}
    finish(evaluate(trained_model, dataset_folder, out=tmp_path / "scores", **options))
    report = (tmp_path / "scores" / "report.html").read_text(encoding="utf-8")
    assert "<h3>c003 (p1), MSE " in report
    assert report.count("<h3>") == 1
    assert "<td>branch_attention</td>" in report
    with pytest.raises(DatasetError, match="has no clip c999"):
        finish(evaluate(trained_model, dataset_folder, shown_clips=["c999"]))


def test_the_member_whose_attention_is_shown_is_named(
    pair: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    trio = tmp_path / "trio"
    shutil.copytree(pair, trio)
    shutil.copy(trio / "b.safetensors", trio / "c.safetensors")  # two alike outvote the third
    finish(evaluate(trio, dataset_folder, out=tmp_path / "scores", repeats=5))
    report = (tmp_path / "scores" / "report.html").read_text(encoding="utf-8")
    assert report.count("<p>Attention of b.safetensors: of the members with attention maps, ") == 3
    assert report.count("Attention of ") == 3


@pytest.mark.parametrize("full_at", ["clips.csv", "report.html"])
def test_a_full_disk_leaves_the_evaluation_before(
    trained_model: Path,
    held_back_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_at: str,
) -> None:
    out = tmp_path / "scores"
    out.mkdir()
    names = ("evaluation.json", "evaluation.md", "clips.csv", "samples.csv", "report.html")
    for name in names:
        (out / name).write_text("of another model")
    with pytest.raises(StoreError, match="already holds an evaluation"):
        next(evaluate(trained_model, held_back_folder, out=out))

    def write(path: Path, text: str) -> None:
        if path.name == full_at:
            raise OSError(28, "No space left on device")
        write_text(path, text)

    monkeypatch.setattr("rostfine_core.training.evaluation.evaluate.write_text", write)
    job = evaluate(trained_model, held_back_folder, out=out, repeats=5, overwrite=True)
    with pytest.raises(StoreError, match="No space left on device"):
        finish(job)
    assert {p.name for p in out.iterdir()} == set(names)
    assert {p.read_text() for p in out.iterdir()} == {"of another model"}


def test_a_result_names_what_made_it(
    pair: Path,
    trained_model: Path,
    dataset_folder: Path,
    held_back_folder: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "scores"
    began = datetime.now(UTC).replace(microsecond=0)
    options: dict[str, Any] = {"tta": True, "calibrate_on": held_back_folder}
    finish(evaluate(trained_model, dataset_folder, out=out, repeats=5, **options))
    model = hashlib.sha256(trained_model.read_bytes()).hexdigest()
    labels = [
        hashlib.sha256((folder / "labels.csv").read_bytes()).hexdigest()
        for folder in (dataset_folder, held_back_folder)
    ]
    made = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["provenance"]
    assert began <= datetime.fromisoformat(made.pop("created_utc")) <= datetime.now(UTC)
    assert made == {
        "models": [{"file": "run/model.safetensors", "sha256": model}],
        "dataset": {"name": "tiny", "folder": "tiny", "labels_sha256": labels[0]},
        "calibrated_on": {"name": "tiny", "folder": "held-back", "labels_sha256": labels[1]},
        "software_version": __version__,
        "device": "GPU " + torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "draws": 5,
        "draws_seed": 0,
        "flips": True,
        "mode": "full",
    }
    title = f"run/model.safetensors (sha256 {model[:12]}) on tiny"
    text = (out / "evaluation.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {title}\n")
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"<title>{title}</title>" in report
    for part in (
        f"Scored: run/model.safetensors ({model[:12]}) on tiny (folder tiny, labels.csv "
        f"{labels[0][:12]}). Temperature fitted on tiny (folder held-back, labels.csv ",
        f"RoSTFine Assist {__version__}, ",
        "5 draws from seed 0",
    ):
        assert part in text
        assert part in report
    ensemble = finish(evaluate(pair, dataset_folder, repeats=5))
    assert ensemble.title == f"{pair.name} (2 models) on tiny"
    assert [m.file for m in ensemble.provenance.models] == [
        f"{pair.name}/{name}.safetensors" for name in "ab"
    ]


@pytest.mark.parametrize(
    "said", [{"official_selection": True}, {"recipe": {"split": {"official_selection": True}}}]
)
def test_a_checkpoint_that_was_selected_on_the_test_set_is_told(
    trained_model: Path,
    held_back_folder: Path,
    tmp_path: Path,
    said: dict[str, Any],
) -> None:
    (loaded,) = load_models(trained_model)
    training = {k: v for k, v in loaded.training.items() if k != "official_selection"}
    path = tmp_path / "official.safetensors"
    save_model(
        path,
        loaded.network,
        preprocessing=loaded.preprocessing,
        training=training | said,
        dataset_kind="Lab A",
    )
    result = finish(evaluate(path, held_back_folder, repeats=5))
    told = "(select_on_test): the checkpoints of official.safetensors."
    assert told in result.notes["note_official_selection"]
    assert told in result.summary
    plain = finish(evaluate(trained_model, held_back_folder, repeats=5))
    assert "select_on_test" not in plain.summary


def test_tables_and_pictures_bear_the_notes_of_their_report(
    trained_model: Path, scored: Scored
) -> None:
    out, result = scored.out, scored.result
    notes = {
        "note_ai_grade": DISCLAIMER_AI_GRADE,
        "note_demonstration": DISCLAIMER_DEMONSTRATION,
        "note_simulated_data": DISCLAIMER_SIMULATED_DATA,
        "note_few_samples": caution_of(8) or "",
        "note_samples_seen": result.notes["note_samples_seen"],
    }
    assert "were used to train or select the model" in notes["note_samples_seen"]
    for name in ("clips.csv", "samples.csv"):
        with (out / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert all(row[column] == text for row in rows for column, text in notes.items())
    with trained_model.with_name("test_clips.csv").open(encoding="utf-8", newline="") as file:
        (row, *_) = csv.DictReader(file)
    assert [row[column] for column in list(notes)[:3]] == list(notes.values())[:3]
    report = (out / "report.html").read_text(encoding="utf-8")
    pictures = [base64.b64decode(code) for code in re.findall(r'base64,([^"]*)"', report)]
    told = [Image.open(io.BytesIO(png)).info["Disclaimer"] for png in pictures]
    assert all(" ".join(notes.values()) in text for text in told)
    assert sum(DISCLAIMER_ATTENTION in text for text in told) == 3


def test_a_figure_grows_by_the_lines_of_its_notes() -> None:
    votes = np.array([0.2, 0.3, 0.3, 0.1, 0.1])
    notes = [DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION]
    with_notes, without = (
        Image.open(io.BytesIO(votes_figure(votes, votes, notes=n))) for n in (notes, [])
    )
    # Each takes two lines of the narrow figure, 7.8 points each at 110 dpi.
    assert with_notes.height - without.height == pytest.approx(4 * 7.8 / 72 * 110, abs=1)
    band = np.asarray(with_notes.convert("L"))[-(with_notes.height - without.height) :]
    assert (band < 160).any()
    assert band[:, -1].min() == 255  # no line runs out of the picture


def test_what_the_report_cannot_do_is_told_before_anything_is_graded(
    trained_model: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="Only the report shows clips"):
        next(evaluate(trained_model, dataset_folder, shown_clips=["c003"]))
    with pytest.raises(ConfigError, match="Only the report shows clips"):
        next(evaluate(trained_model, dataset_folder, faithfulness_clips=2))
    (tmp_path / "pair").mkdir()
    for name in ("a", "b"):
        shutil.copy(trained_model, tmp_path / "pair" / f"{name}.safetensors")
    out = tmp_path / "scores"
    with pytest.raises(ModelError, match="not a single RoSTFine model"):
        next(evaluate(tmp_path / "pair", dataset_folder, out=out, faithfulness_clips=2))


@pytest.mark.parametrize(
    ("key", "frames", "size_px", "told"),
    [
        ("clip_frames = 16", 12, 20, "have 12 frames but the model needs 16"),
        ("size_px = 20", 16, 18, "are 18 pixels wide but the model needs 20"),
    ],
)
def test_clips_of_another_shape_are_refused(
    trained_model: Path,
    dataset_folder: Path,
    held_back_folder: Path,
    key: str,
    frames: int,
    size_px: int,
    told: str,
) -> None:
    """They would show other times, or larger sperm, than those that the model learned from."""
    header = held_back_folder / "dataset.toml"
    name = key.partition(" ")[0]
    new = f"{name} = {frames if name == 'clip_frames' else size_px}"
    header.write_text(header.read_text(encoding="utf-8").replace(key, new), encoding="utf-8")
    for path in (held_back_folder / "clips").iterdir():
        save_clip(path, load_clip(path, frames=16, size_px=20)[:frames, :size_px, :size_px])
    with pytest.raises(DatasetError, match=f"^The clips of tiny {told}: cut them with"):
        next(evaluate(trained_model, held_back_folder))
    with pytest.raises(DatasetError, match=told):
        next(evaluate(trained_model, dataset_folder, calibrate_on=held_back_folder))


def test_attention_is_said_to_be_of_the_clip_without_its_mirror_images(
    trained_model: Path, held_back_folder: Path, tmp_path: Path
) -> None:
    for flips in (True, False):
        out = tmp_path / f"flips-{flips}"
        options: dict[str, Any] = {"tta": flips, "shown_clips": ["c003"]}
        finish(evaluate(trained_model, held_back_folder, out=out, repeats=5, **options))
        report = (out / "report.html").read_text(encoding="utf-8")
        assert (f"<p>{ATTENTION_OF_ONE_VIEW}</p>" in report) == flips
        pictures = [base64.b64decode(code) for code in re.findall(r'base64,([^"]*)"', report)]
        told = [Image.open(io.BytesIO(png)).info["Disclaimer"] for png in pictures]
        assert [ATTENTION_OF_ONE_VIEW in text for text in told] == [False] * 3 + [flips]


def test_few_samples_are_cautioned_of_in_every_form(held_back_scored: Scored) -> None:
    out, result = held_back_scored.out, held_back_scored.result
    caution = caution_of(3)
    assert caution is not None
    assert caution.startswith("Caution: the clips come from only 3 samples.")
    assert f"\n> {caution}\n" in result.summary
    assert f"\n> {caution}\n" in (out / "evaluation.md").read_text(encoding="utf-8")
    assert caution in json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["notes"]
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"<blockquote>\n<p>{caution}</p>\n</blockquote>" in report


def test_markdown_becomes_html_and_names_stay_text() -> None:
    text = "# A <b>\n\n> c & d\n\n| x | y |\n|---|---|\n| -1 | & |\n\nend"
    assert markdown_to_html(text).replace("\n", "") == (
        "<h1>A &lt;b&gt;</h1><blockquote><p>c &amp; d</p></blockquote>"
        "<table><thead><tr><th>x</th><th>y</th></tr></thead>"
        "<tbody><tr><td>-1</td><td>&amp;</td></tr></tbody></table><p>end</p>"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("![x](https://example.org/x.png)", "![x](https://example.org/x.png)"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("<https://example.org>", "&lt;https://example.org&gt;"),
        ("lab *A* _b_ &lt;", "lab *A* _b_ &amp;lt;"),
    ],
)
def test_the_name_of_a_data_set_is_text_in_the_report(
    trained_model: Path,
    held_back_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    shown: str,
) -> None:
    monkeypatch.setattr(report_module, "_examples", lambda _: iter(()))  # pictures take long
    header = held_back_folder / "dataset.toml"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace('"tiny"', f"'{name}'"), encoding="utf-8")
    finish(evaluate(trained_model, held_back_folder, out=tmp_path / "scores", repeats=2))
    report = (tmp_path / "scores" / "report.html").read_text(encoding="utf-8")
    assert re.search(rf"<h1>\S+ \(sha256 \w+\) on {re.escape(shown)}</h1>", report)
    assert f"on {shown} (folder held-back" in report


def test_a_folder_of_models_is_an_ensemble(
    trained_model: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copy(trained_model, tmp_path / f"{name}.safetensors")
    alone = finish(evaluate(trained_model, dataset_folder, repeats=5))
    pair = finish(evaluate(tmp_path, dataset_folder, repeats=5))
    assert (alone.members, pair.members) == (1, 2)
    assert pair.metrics.mse == pytest.approx(alone.metrics.mse)
    assert alone.mean_spread is None
    assert pair.mean_spread == pytest.approx(0, abs=1e-7)
    assert pair.mean_entropy_bits == pytest.approx(alone.mean_entropy_bits, rel=1e-4)
    assert "differ by 0.000 grades" in pair.summary
