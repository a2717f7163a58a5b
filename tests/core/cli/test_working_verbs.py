"""The verbs do what they say: real commands on real files."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from pypdf import PdfReader

from rostfine_core import assessor, doctor, gpu
from rostfine_core.cli import main
from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION
from rostfine_core.model import RoSTFine, RoSTFineConfig, load_encoder
from rostfine_core.report.verification import check_report
from rostfine_core.result_files import read_assessment
from rostfine_core.simulation import Scene
from rostfine_core.video import probe, write_video

if TYPE_CHECKING:
    from tests.conftest import VideoReads


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_assess_writes_everything_and_nothing_else(results: Path) -> None:
    files = sorted(p.relative_to(results).as_posix() for p in results.rglob("*") if p.is_file())
    each = ("assessment.json", "explanation.png", "track.csv")
    whole = ("clicks.csv", "report.csv", "report.fhir.json", "report.pdf")
    assert files == [*whole, *(f"sperm-{i}/{f}" for i in (1, 2) for f in each)]


def test_json_csv_and_pdf_agree(results: Path) -> None:
    rows = read_csv(results / "report.csv")
    text = "\n".join(page.extract_text() for page in PdfReader(results / "report.pdf").pages)
    assert [row["target"] for row in rows] == ["1", "2"]
    for number, row in zip((1, 2), rows, strict=True):
        record = read_assessment(results / f"sperm-{number}" / "assessment.json")
        grade = record.prediction.grade
        assert float(row["expected_grade"]) == pytest.approx(grade.expected_grade, abs=1e-3)
        assert f"{grade.expected_grade:.2f}" in text
        assert f"{100 * grade.probabilities[0]:.1f}%" in text
        assert record.sample.operator == "A. Sato"
        assert record.provenance.video_sha256 in text
        assert len(record.clip) == 16
    assert not rows[0]["sample"].startswith("=")
    assert not rows[0]["patient"].startswith("=")
    checked = check_report(results / "report.pdf")
    assert {row["report_sha256"] for row in rows} == {checked.content_sha256}
    assert checked.seal is not None


@pytest.mark.requirement("R-02")
def test_every_page_carries_both_notes(results: Path) -> None:
    for page in PdfReader(results / "report.pdf").pages:
        text = " ".join(page.extract_text().split())
        assert DISCLAIMER_AI_GRADE in text
        assert DISCLAIMER_DEMONSTRATION in text


def test_the_explanation_is_a_picture(results: Path) -> None:
    with Image.open(results / "sperm-1" / "explanation.png") as image:
        assert min(image.size) > 500
        assert np.asarray(image.convert("L")).std() > 20


@pytest.mark.requirement("R-31")
def test_assess_again_gives_the_same_bits_in_any_language(
    results: Path,
    small_video: Path,
    small_model: Path,
    heads: list[str],
    tmp_path: Path,
    video_reads: "VideoReads",
) -> None:
    clicks = [f"--click={head}" for head in heads[:2]]
    arguments = ["assess", str(small_video), *clicks, "--model", str(small_model)]
    arguments += ["--device", "cpu", "--colour-map", "viridis", "--language", "ja"]
    assert main([*arguments, "--out", str(tmp_path / "again")]) == 0
    assert video_reads.opened == video_reads.hashed == {small_video.name: 1}
    for number in (1, 2):
        name = f"sperm-{number}/assessment.json"
        first, again = read_assessment(results / name), read_assessment(tmp_path / "again" / name)
        assert again.prediction == first.prediction
        assert again.clip == first.clip
        np.testing.assert_array_equal(
            again.explanation.encoder_rollout, first.explanation.encoder_rollout
        )
    first_page, *_ = PdfReader(tmp_path / "again" / "report.pdf").pages
    assert "品質評価レポート" in first_page.extract_text()
    assert greenest(results) < 45  # cividis is green nowhere, viridis in its middle
    assert greenest(tmp_path / "again") > 45


def greenest(results: Path) -> int:
    """By how much green exceeds red where it does so most, in the picture of attention."""
    with Image.open(results / "sperm-1" / "explanation.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    return int((pixels[..., 1] - pixels[..., 0]).max())


def test_a_second_report_needs_overwrite(
    results: Path,
    small_video: Path,
    small_model: Path,
    heads: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["assess", str(small_video), f"--click={heads[2]}", "--model", str(small_model)]
    arguments += ["--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    first = (tmp_path / "out" / "report.csv").read_bytes()
    assert main(arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.csv").read_bytes() == first
    capsys.readouterr()
    assert main([*arguments, "--overwrite", "--sample", "later 시료"]) == 0
    assert "no letters for '시료' in the sample" in capsys.readouterr().err
    assert read_csv(tmp_path / "out" / "report.csv")[0]["sample"] == "later 시료"


def test_overwriting_leaves_no_sperm_of_the_report_before(
    small_video: Path, small_model: Path, heads: list[str], tmp_path: Path
) -> None:
    two = ["assess", str(small_video), f"--click={heads[0]}", f"--click={heads[1]}"]
    end = ["--model", str(small_model), "--out", str(tmp_path / "out"), "--overwrite"]
    (tmp_path / "out" / "sperm-notes").mkdir(parents=True)
    assert main([*two, *end]) == 0
    assert (tmp_path / "out" / "sperm-2").is_dir()
    assert main([*two[:3], *end]) == 0
    left = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert left == [
        "clicks.csv", "report.csv", "report.fhir.json", "report.pdf", "sperm-1", "sperm-notes"
    ]  # fmt: skip


def test_track_follows_the_simulated_sperm(
    small_video: Path, scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = scene.truth.targets
    seeds = "".join(f"{t.target},0,{t.xy_px[0, 0]:.1f},{t.xy_px[0, 1]:.1f}\n" for t in targets)
    (tmp_path / "seeds.csv").write_text("target,frame,x,y\n" + seeds)
    out = tmp_path / "tracks.csv"
    seeds_path = str(tmp_path / "seeds.csv")
    assert main(["track", str(small_video), "--seeds", seeds_path, "--out", str(out)]) == 0
    rows = read_csv(out)
    assert list(rows[0]) == ["target", "frame", "x_px", "y_px", "score", "status"]
    for target in targets:
        mine = [r for r in rows if r["target"] == target.target and r["status"] != "lost"]
        frames = [int(r["frame"]) for r in mine]
        found = np.array([(float(r["x_px"]), float(r["y_px"])) for r in mine])
        error = np.hypot(*(found - target.xy_px[frames]).T)
        assert np.median(error) < 3
    assert {int(r["frame"]) for r in rows} == set(range(40))
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told[:-1]] == [f"Sperm {s.target}" for s in targets]
    assert all("40 frame(s) from frame 0 on" in line for line in told[:-1])


def test_track_all_follows_every_head_of_the_first_frame(
    small_video: Path, scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracks.csv"
    assert main(["track", str(small_video), "--all", "--out", str(out)]) == 0
    firsts = [row for row in read_csv(out) if row["frame"] == "0"]
    assert "Sperm 1: followed in 40 frame(s)" in capsys.readouterr().out
    assert {row["status"] for row in firsts} == {"measured"}  # nobody clicked them
    for target in scene.truth.targets:
        x, y = target.xy_px[0]
        near = [r for r in firsts if np.hypot(float(r["x_px"]) - x, float(r["y_px"]) - y) < 4]
        assert len(near) == 1
    with pytest.raises(SystemExit):  # all, or those of a table
        main(["track", str(small_video), "--all", "--seeds", "s.csv", "--out", str(out)])
    blank = tmp_path / "blank.avi"
    write_video(blank, [np.full((96, 128), 120, np.uint8)] * 5, fps=15, codec="mjpeg")
    assert main(["track", str(blank), "--all", "--out", str(out)]) == 1
    assert "No sperm was clicked" not in capsys.readouterr().err


def test_track_says_where_it_lost_a_sperm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It leaves the picture, black from the fifth frame on."""
    rows, columns = np.mgrid[:96, :128]
    blob = 170 - 90 * np.exp(-(((columns - 40) / 6) ** 2 + ((rows - 40) / 4) ** 2))
    texture = np.random.default_rng(0).normal(0, 2, blob.shape)
    seen, gone = (
        np.repeat((x + texture).astype(np.uint8)[..., None], 3, axis=2) for x in (blob, 170.0)
    )
    write_video(tmp_path / "v.avi", [seen] * 5 + [gone] * 25, fps=15, codec="mjpeg")
    (tmp_path / "s.csv").write_text("target,frame,x,y\n7,0,40,40\n")
    options = ["--seeds", str(tmp_path / "s.csv"), "--out", str(tmp_path / "t.csv")]
    assert main(["track", str(tmp_path / "v.avi"), *options]) == 0
    table = read_csv(tmp_path / "t.csv")
    lost = [int(r["frame"]) for r in table if r["status"] == "lost"]
    assert lost
    told = f"Sperm 7: lost in {len(lost)} of {len(table)} frame(s) from frame 0 on, first in frame "
    assert told + f"{lost[0]}\n" in capsys.readouterr().out


def test_track_starts_without_torch(small_video: Path, heads: list[str], tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"target,frame,x,y\n1,0,{heads[0]}\n")
    program = (
        "import sys; from rostfine_core.cli import main; "
        f"status = main(['track', {str(small_video)!r}, '--seeds', {str(tmp_path / 's.csv')!r}, "
        f"'--out', {str(tmp_path / 't.csv')!r}]); "
        "heavy = {'torch', 'timm', 'einops', 'PySide6', 'reportlab'} & set(sys.modules); "
        "sys.exit(status or ' '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_any_sperm_to_grade_nothing_is_written(
    small_video: Path,
    small_model: Path,
    heads: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the last frame there is one picture to grade from, which is too few."""
    arguments = ["assess", str(small_video), f"--click={heads[0]}", "--frame", "39"]
    assert main([*arguments, "--model", str(small_model), "--out", str(tmp_path / "out")]) == 1
    assert "too few to grade" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_simulate_writes_a_scene_of_any_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["simulate", "--out", str(tmp_path), "--seed", "3", "--size", "160x96"]
    arguments += ["--frames", "5", "--fps", "60", "--sperm", "2", "--look", "camera"]
    assert main(arguments) == 0
    scene = tmp_path / "scene-0003"
    assert '"family": "camera"' in (scene / "truth.json").read_text(encoding="utf-8")
    info = probe(scene / "scene.mp4")
    assert (info.width_px, info.height_px, info.frame_count, info.fps) == (160, 96, 5, 60)
    assert {row["target"] for row in read_csv(scene / "truth.csv")} <= {"1", "2"}
    before = (scene / "scene.mp4").read_bytes()
    assert main([*arguments, "--frames", "4"]) == 1
    assert "already holds a scene: choose another folder" in capsys.readouterr().err
    assert (scene / "scene.mp4").read_bytes() == before


def test_simulate_writes_a_data_set(tmp_path: Path) -> None:
    arguments = ["simulate", "--out", str(tmp_path / "data"), "--kind", "dataset", "--count", "3"]
    assert main([*arguments, "--seed", "5"]) == 0
    rows = read_csv(tmp_path / "data" / "labels.csv")
    assert len(rows) == 3
    assert all(sum(int(row[f"votes_{g}"]) for g in "ABCDE") == 40 for row in rows)
    with np.load(tmp_path / "data" / "clips" / f"{rows[0]['clip']}.npz") as clip:
        assert clip["images"].shape == (16, 150, 150, 3)


@pytest.mark.requirement("R-61")
def test_doctor_looks_at_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor", "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for subject in ("Python", "Packages", "GPU", "Codecs", "Window", "Bundled model", "Demo video"):
        assert subject in printed
    assert str(tmp_path) in printed


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for NVIDIA's tool is a shell script")
def test_doctor_names_the_driver(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho Test GPU, 550.54.15, 9.0\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert main(["doctor", "--folder", str(tmp_path)]) == 0
    assert "driver 550.54.15" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("is_built", "advice"), [(True, "the current driver"), (False, "has no CUDA")]
)
def test_doctor_says_what_keeps_a_gpu_from_being_used(
    monkeypatch: pytest.MonkeyPatch, is_built: bool, advice: str
) -> None:
    found = gpu.InstalledGpu(name="Test GPU", driver="999.54.15", capability=(9, 0))
    monkeypatch.setattr(gpu, "installed_gpu", lambda: found)
    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    monkeypatch.setattr(gpu, "built_for_gpu", lambda: is_built)
    finding = doctor._gpu()
    assert "driver 999.54.15 is there, but" in str(finding.detail)
    assert advice in str(finding.advice)


def test_convert_documents_what_the_weights_do_not_tell(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "--top-k" in printed
    assert "(default 3)" in printed
    assert "--selection-layers" in printed
    assert "(default 1, as in the official code" in printed


@pytest.fixture(scope="module")
def timesformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny TimeSformer checkpoint, as its authors publish theirs."""
    config = RoSTFineConfig(
        num_frames=2,
        image_size=16,
        patch_size=8,
        embed_dim=64,
        depth=1,
        num_heads=1,
        top_k=2,
        selection_layers=1,
        branch_heads=1,
    )
    encoder = RoSTFine(config).encoder.state_dict()
    path = tmp_path_factory.mktemp("checkpoint") / "TimeSformer.pyth"
    torch.save({"model_state": {f"model.{name}": t for name, t in encoder.items()}}, path)
    return path


@pytest.mark.parametrize(
    "option",
    [["--gather", "corrected"], ["--top-k", "3"], ["--selection-layers=1"], ["--branch-heads=8"]],
    ids=lambda option: str(option[0]).split("=")[0],
)
def test_convert_refuses_what_an_encoder_does_not_have(
    option: list[str], timesformer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Defaults that were typed are refused too: they would not be in the file."""
    target = tmp_path / "encoder.safetensors"
    with pytest.raises(SystemExit) as stop:
        main(["convert", str(timesformer), str(target), *option])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    name = option[0].split("=")[0]
    assert f"error: {name} cannot be kept: {timesformer} is a TimeSformer" in told
    assert not target.exists()


def test_convert_names_all_options_that_an_encoder_does_not_have(
    timesformer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["convert", str(timesformer), str(tmp_path / "encoder.safetensors")]
    with pytest.raises(SystemExit):
        main([*arguments, "--top-k", "5", "--gather", "official"])
    assert "error: --gather and --top-k cannot be kept" in capsys.readouterr().err
    assert main([*arguments, "--dataset", "Kinetics"]) == 0
    assert load_encoder(tmp_path / "encoder.safetensors")


def test_demo_assesses_the_bundled_video(tmp_path: Path, small_model: Path) -> None:
    assert main(["demo", "--out", str(tmp_path / "d"), "--model", str(small_model)]) == 0
    rows = read_csv(tmp_path / "d" / "report.csv")
    assert len(rows) == 3
    table = json.loads((tmp_path / "d" / "sperm-1" / "assessment.json").read_text("utf-8"))
    assert table["video"]["width_px"] == 1392
    assert table["video"]["frame_count"] == 175


def test_demo_leaves_a_samples_report_alone(
    tmp_path: Path, small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.pdf").write_bytes(b"signed")
    assert main(["demo", "--out", str(tmp_path), "--model", str(small_model)]) == 1
    assert "already holds a report" in capsys.readouterr().err
    assert (tmp_path / "report.pdf").read_bytes() == b"signed"
