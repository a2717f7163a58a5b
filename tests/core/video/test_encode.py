"""Which codec videos are written in where an encoder is missing, as in the installed program."""

from pathlib import Path

import numpy as np
import pytest

from rostfine_core.cli import main
from rostfine_core.errors import VideoError
from rostfine_core.video import default_codec, encode, open_video, probe, write_video

FRAMES = [np.full((48, 64, 3), 20 * k, np.uint8) for k in range(4)]


@pytest.fixture
def without_h264(monkeypatch: pytest.MonkeyPatch) -> None:
    """An FFmpeg that lists an encoder for H.264 which cannot be opened."""
    monkeypatch.setattr(encode, "_opens", lambda encoder: False)


def test_an_encoder_counts_only_if_it_opens() -> None:
    assert encode._opens("mpeg4")
    assert not encode._opens("mpeg4_v4l2m2m")  # listed, but it needs a device
    assert not encode._opens("no_such_encoder")


@pytest.mark.usefixtures("without_h264")
def test_without_an_encoder_for_h264_a_video_is_mpeg4(tmp_path: Path) -> None:
    assert default_codec() == "mpeg4"
    path = tmp_path / "a.mp4"
    write_video(path, FRAMES, fps=15)
    with open_video(path) as video:
        assert video.info.codec == "mpeg4"
        for frame, image in zip(video.frames(), FRAMES, strict=True):
            assert np.abs(frame.rgb().astype(int) - image).max() <= 4


@pytest.mark.usefixtures("without_h264")
def test_h264_that_was_asked_for_is_refused_without_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"no encoder is installed: write mpeg4, mjpeg or"):
        write_video(tmp_path / "a.mp4", FRAMES, fps=15, codec="h264")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("without_h264")
def test_simulate_says_that_it_writes_mpeg4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--out", str(tmp_path), "--size", "161x97", "--frames", "3"]) == 0
    assert "no H.264 encoder: videos are written as MPEG-4" in capsys.readouterr().out
    info = probe(tmp_path / "scene-0000" / "scene.mp4")
    assert (info.codec, info.width_px, info.height_px, info.frame_count) == ("mpeg4", 161, 97, 3)
    assert info.is_simulated
