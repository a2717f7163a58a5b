"""The verbs for results that are there already: real commands on real files."""

import shutil
from pathlib import Path

import pytest

from rostfine_core.cli import main
from rostfine_core.video import probe

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
