"""Written videos can be read: sizes, rates and colours in every codec."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import SIMULATED_VIDEO
from rostfine_core.errors import StoreError, VideoError
from rostfine_core.video import default_codec, open_video, probe, write_video
from rostfine_core.video.encode import VideoCodec


def smooth(count: int, *, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Colour pictures that drift by three pixels per frame."""
    y, x = np.mgrid[:height, :width]
    waves = [
        np.stack([np.sin((x + 3 * k) / 17), np.sin(y / 13), np.sin((x + y) / 23)], axis=-1)
        for k in range(count)
    ]
    return [(120 + 80 * w).astype(np.uint8) for w in waves]


def skip_without_encoder(codec: VideoCodec) -> None:
    if codec == "h264" != default_codec():
        pytest.skip("FFmpeg has no encoder for H.264 here")


@pytest.mark.requirement("R-10")
@pytest.mark.parametrize(
    ("codec", "suffix", "tolerance"),
    [
        ("h264", ".mp4", 12),
        ("h264", ".mkv", 12),
        ("mjpeg", ".avi", 12),
        ("mpeg4", ".mov", 12),
        ("rawvideo", ".avi", 0),
        ("ffv1", ".mkv", 0),
    ],
)
@pytest.mark.parametrize("width", [64, 65])
def test_every_codec_gives_back_the_pictures(
    tmp_path: Path, codec: VideoCodec, suffix: str, tolerance: int, width: int
) -> None:
    skip_without_encoder(codec)
    path = tmp_path / f"video{suffix}"
    pictures = smooth(9, width=width)
    write_video(path, pictures, fps=12.5, codec=codec)
    with open_video(path) as video:
        info = video.info
        assert (info.width_px, info.height_px, info.frame_count) == (width, 48, 9)
        assert info.fps == pytest.approx(12.5)
        assert info.timestamps_s == pytest.approx([k / 12.5 for k in range(9)], abs=1e-3)
        assert info.duration_s == pytest.approx(9 / 12.5, abs=2e-3)
        assert (info.codec, info.is_colour, info.bit_depth, info.notes) == (codec, True, 8, ())
        errors = [
            np.abs(f.rgb().astype(int) - p).max()
            for f, p in zip(video.frames(), pictures, strict=True)
        ]
    assert max(errors) <= tolerance


def test_grey_frames_stay_grey(tmp_path: Path) -> None:
    path = tmp_path / "grey.mp4"
    write_video(path, [p[..., 0] for p in smooth(5)], fps=15)
    with open_video(path) as video:
        assert not video.info.is_colour
        colours = video.frame(3).rgb().astype(int)
    assert np.ptp(colours, axis=2).max() <= 1


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_video(path, smooth(3), fps=15)
    before = path.read_bytes()
    with pytest.raises(VideoError, match=r"Frame 3 .* 32x48, the first 64x48"):
        write_video(path, [*smooth(3), *smooth(1, width=32)], fps=15)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["video.mp4"]


def test_writing_no_frames_or_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no frames"):
        write_video(tmp_path / "a.mp4", [], fps=15)
    with pytest.raises(VideoError, match=r"ending '\.xyz'"):
        write_video(tmp_path / "a.xyz", smooth(2), fps=15)
    with pytest.raises(VideoError, match=r"rawvideo .* '\.mp4'"):
        write_video(tmp_path / "a.mp4", smooth(2), fps=15, codec="rawvideo")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write"):
        write_video(tmp_path / "file" / "a.mp4", smooth(2), fps=15)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_probe_is_the_info_of_the_open_video(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_video(path, smooth(4), fps=15)
    with open_video(path) as video:
        assert probe(path) == video.info


@pytest.mark.parametrize(
    ("codec", "suffix"), [("h264", ".mp4"), ("h264", ".mkv"), ("mjpeg", ".avi"), ("mpeg4", ".mov")]
)
def test_a_simulated_video_says_so_under_any_name(
    tmp_path: Path, codec: VideoCodec, suffix: str
) -> None:
    skip_without_encoder(codec)
    path = tmp_path / f"patient 12{suffix}"
    write_video(path, smooth(4), fps=15, codec=codec, comment=SIMULATED_VIDEO)
    info = probe(path)
    assert info.is_simulated
    assert [*map(str, info.notes)] == ["This video is simulated: it shows no real sperm."]
    write_video(path, smooth(4), fps=15, codec=codec, comment="by the microscope")
    assert (probe(path).is_simulated, probe(path).notes) == (False, ())
