"""The verbs for results that are there already: real commands on real files."""

import json
import shutil
from pathlib import Path

import pytest

from rostfine_core import __version__
from rostfine_core.assessor import Assessor
from rostfine_core.cli import main
from rostfine_core.domain import (
    AssessmentKey,
    Calibration,
    Draft,
    SampleInfo,
    Seed,
    Sperm,
    VideoInfo,
    finish,
)
from rostfine_core.pipeline import AssessmentRequest, assess_video
from rostfine_core.simulation import Scene
from rostfine_core.store import Store
from rostfine_core.video import open_video, probe

Said = pytest.CaptureFixture[str]


def test_overlay_finds_the_video_beside_the_result(
    results: Path, small_video: Path, tmp_path: Path
) -> None:
    shutil.copytree(results, tmp_path / "case" / "S-1")
    shutil.copy(small_video, tmp_path / "case")
    out = tmp_path / "one.mp4"
    assert main(["overlay", str(tmp_path / "case/S-1/sperm-1"), "--out", str(out)]) == 0
    info = probe(out)
    assert (info.width_px, info.frame_count) == (640, 40)


@pytest.mark.requirement("R-12")
def test_overlay_refuses_another_video(
    results: Path, small_video: Path, tmp_path: Path, capsys: Said
) -> None:
    other = tmp_path / small_video.name
    other.write_bytes(small_video.read_bytes()[:-1] + b"\0")
    command = ["overlay", str(results / "sperm-1"), "--out", str(tmp_path / "one.mp4")]
    assert main(command) == 1
    assert "is missing: put it back" in capsys.readouterr().err
    assert main([*command, "--video", str(other)]) == 1
    assert "is not the video that this result was made from" in capsys.readouterr().err
    assert main([*command[:-1], str(tmp_path / "one.avi")]) == 1
    assert "does not end in .mp4" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == [other.name]


def reproduce(folder: Path, video: Path, model: Path) -> int:
    return main(["reproduce", str(folder), "--video", str(video), "--model", str(model)])


@pytest.mark.requirement("R-41")
@pytest.mark.requirement("R-80")
def test_a_result_is_made_again_to_the_last_bit(
    results: Path, small_video: Path, small_model: Path, capsys: Said
) -> None:
    assert reproduce(results, small_video.parent, small_model) == 0
    assert capsys.readouterr().out == "Sperm 1: equal.\nSperm 2: equal.\n"


@pytest.mark.requirement("R-80")
def test_what_differs_from_a_stored_result_is_listed(
    results: Path, small_video: Path, small_model: Path, tmp_path: Path, capsys: Said
) -> None:
    folder = shutil.copytree(results, tmp_path / "case")
    file = folder / "sperm-2" / "assessment.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["track"]["points"][3]["x_px"] += 0.25
    content["kinematics"]["vcl"] = None
    content["provenance"]["software_version"] = "0.0.9"
    file.write_text(json.dumps(content), encoding="utf-8")
    assert reproduce(folder, small_video, small_model) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        f"It was made by version 0.0.9; this is version {__version__}.",
        "Sperm 1: equal.",
        "Sperm 2: 2 part(s) differ.",
    ]
    assert "track: 1 of " in said[3]
    assert "points[3].x_px" in said[3]
    assert said[3].endswith("the largest step is 0.25.")
    assert "kinematics: 1 of " in said[4]


def test_what_was_insisted_on_is_made_again(
    small_video: Path, small_model: Path, tmp_path: Path
) -> None:
    """Results of earlier versions do not say that it was."""
    command = ["assess", str(small_video), "--click", "5,5", "--insist", "--device", "cpu"]
    assert main([*command, "--model", str(small_model), "--out", str(tmp_path)]) == 0
    assert reproduce(tmp_path, small_video, small_model) == 0
    file = tmp_path / "sperm-1" / "assessment.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["provenance"]["settings"].pop("insist") is True
    file.write_text(json.dumps(content), encoding="utf-8")
    assert reproduce(tmp_path, small_video, small_model) == 0


def test_without_its_video_or_model_a_result_is_not_made_again(
    results: Path, small_video: Path, tmp_path: Path, capsys: Said
) -> None:
    assert main(["reproduce", str(results), "--video", str(small_video)]) == 1
    assert "demo.safetensors is not the model of this result" in capsys.readouterr().err
    assert main(["reproduce", str(tmp_path)]) == 1
    assert "holds no results" in capsys.readouterr().err


def test_cases_writes_one_table_of_the_store(tmp_path: Path, info: VideoInfo, capsys: Said) -> None:
    with Store.open(tmp_path / "store") as store:
        for number, sample in enumerate(("S-1", "S-2")):
            seed = Seed(target="1", frame=0, x_px=1.0, y_px=2.0)
            sperm = Sperm(key=1, name="a", seeds=(seed,))
            draft = Draft(sperms=(sperm,), sample=SampleInfo(sample=sample))
            store.add_video(info, sha256=f"{number}" * 64, draft=draft)
    command = ["cases", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "all.csv")]
    assert main(command) == 0
    assert "2 sperm of 2 case(s)" in capsys.readouterr().out
    assert (tmp_path / "all.csv").read_text(encoding="utf-8-sig").count("not graded") == 2
    assert main([*command, "s-2"]) == 0
    assert "1 sperm of 1 case(s)" in capsys.readouterr().out


@pytest.fixture
def stored(small_video: Path, small_model: Path, scene: Scene, tmp_path: Path) -> tuple[str, Path]:
    """A store with a graded sperm of a copy of the small video; its place and that of the video."""
    video_file = Path(shutil.copy(small_video, tmp_path / "film.mp4"))
    x, y = (float(v) for v in scene.truth.targets[0].xy_px[0])
    seed = Seed(target="1", frame=0, x_px=x, y_px=y)
    request = AssessmentRequest(video=video_file, seeds=(seed,), um_per_px=0.19)
    with open_video(video_file) as video:
        assessor = Assessor.load(small_model, device="cpu")
        (made,) = finish(assess_video(request, video=video, assessor=assessor)).assessments
        info = video.info
    draft = Draft(
        sperms=(Sperm(key=1, name="a", seeds=(seed,)),),
        sample=SampleInfo(sample="S-9"),
        calibration=Calibration(um_per_px=0.19),
    )
    key = AssessmentKey(
        target="1", seeds=(seed,), fps=None, um_per_px=0.19, model_sha256=assessor.info.sha256
    )
    with Store.open(tmp_path / "ours") as store:
        id = store.add_video(info, sha256=made.provenance.video_sha256, draft=draft)
        store.keep_assessments(id, {key: made})
    return str(tmp_path / "ours"), video_file


@pytest.mark.requirement("R-81")
def test_a_case_moves_to_another_store_and_is_made_again_there(
    stored: tuple[str, Path], small_model: Path, tmp_path: Path, capsys: Said
) -> None:
    ours, video_file = stored
    theirs, model = str(tmp_path / "theirs"), ["--model", str(small_model)]
    assert main(["reproduce", "s-9", "--store", ours, *model]) == 0
    assert capsys.readouterr().out == "film.mp4:\nSperm a: equal.\n"
    archive = str(tmp_path / "case.zip")
    assert main(["export-case", "s-9", "--store", ours, "--videos", "--out", archive]) == 0
    video_file.unlink()
    assert main(["reproduce", "s-9", "--store", ours, *model]) == 1
    assert "film.mp4" in capsys.readouterr().err
    into = ["--store", theirs, "--videos", str(tmp_path / "videos")]
    assert main(["import-case", archive, *into]) == 0
    assert "Sample S-9 is in the store now." in capsys.readouterr().out
    assert main(["reproduce", "film", "--store", theirs, *model]) == 0
    assert main(["verify", "--store", theirs]) == 0
    assert main(["import-case", archive, *into]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "videos").iterdir()] == ["film.mp4"]


def test_words_must_name_one_sample(tmp_path: Path, info: VideoInfo, capsys: Said) -> None:
    with Store.open(tmp_path / "store") as store:
        for number in "12":
            draft = Draft(sample=SampleInfo(sample=f"S-{number}"))
            store.add_video(info, sha256=number * 64, draft=draft)
    place = ["--store", str(tmp_path / "store")]
    export = ["export-case", *place, "--out", str(tmp_path / "c.zip")]
    assert main([*export, "S"]) == 1
    assert "2 samples are called so (S-" in capsys.readouterr().err
    assert main([*export, "X-1"]) == 1
    assert "No sample in the store is called X-1" in capsys.readouterr().err
    assert main(["reproduce", "S-1", *place]) == 1
    assert "has no results that are up to date" in capsys.readouterr().err
