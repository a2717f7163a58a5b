"""Frame k is the k-th encoded picture, whether streamed or sought."""

import gc
import random
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostfine_core.video import DecodedFrame, Video, default_codec, open_video
from rostfine_core.video.encode import H264_ENCODER
from rostfine_core.video.picture import ContainerPicture

Encode = Callable[..., Path]
ShownNumber = Callable[..., int]

CONTAINERS = {
    H264_ENCODER: (".mp4", ".mkv", ".mov", ".avi", ".ts"),
    "mpeg4": (".mp4", ".mkv", ".avi"),
    "mpeg2video": (".mkv", ".mpg"),
    "mjpeg": (".avi", ".mov"),
    "rawvideo": (".avi", ".mov"),
    "ffv1": (".mkv", ".avi"),
}
if default_codec() != "h264":  # some builds of FFmpeg have no encoder for it
    del CONTAINERS[H264_ENCODER]
X264_MODES = ("open-gop=1", "intra-refresh=1:bframes=0", "bframes=6:b-pyramid=normal", "scenecut=0")


@st.composite
def encodings(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    codec = draw(st.sampled_from(sorted(CONTAINERS)))
    suffix = draw(st.sampled_from(CONTAINERS[codec]))
    fewest = 12 if suffix == ".ts" else 1  # very small transport streams are not recognised
    count = draw(st.integers(fewest, 30))
    options: dict[str, Any] = {
        "codec": codec,
        "count": count,
        "gop": draw(st.sampled_from([1, 2, 5, 12, 250])),
        "b_frames": draw(st.integers(0, 4)),
    }
    if codec == H264_ENCODER:
        options["options"] = {"x264-params": draw(st.sampled_from(X264_MODES))}
    if suffix in (".mkv", ".mp4") and codec in (H264_ENCODER, "ffv1"):
        start = draw(st.sampled_from([0, 0, 700]))
        steps = draw(st.lists(st.integers(5, 90), min_size=count - 1, max_size=count - 1))
        options["pts_ms"] = [start + sum(steps[:k]) for k in range(count)]
    return suffix, options


@pytest.mark.requirement("R-10")
@given(
    encoding=encodings(),
    order=st.randoms(use_true_random=False),
    start_share=st.floats(0, 1),
)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_streaming_and_seeking_agree(
    encode_numbered: Encode,
    shown_number: ShownNumber,
    encoding: tuple[str, dict[str, Any]],
    order: random.Random,
    start_share: float,
) -> None:
    suffix, options = encoding
    with tempfile.TemporaryDirectory() as folder:
        path = encode_numbered(Path(folder) / f"video{suffix}", **options)
        with open_video(path) as video:
            assert video.info.frame_count == options["count"]
            streamed = list(video.frames())
            assert [f.index for f in streamed] == list(range(options["count"]))
            assert [shown_number(f.grey().image) for f in streamed] == list(range(options["count"]))
            if "pts_ms" in options:
                pts_s = [p / 1000 - options["pts_ms"][0] / 1000 for p in options["pts_ms"]]
                assert [f.time_s for f in streamed] == pytest.approx(pts_s, abs=1e-3)
            shuffled = list(streamed)
            order.shuffle(shuffled)
            for expected in shuffled[:12]:
                check_same(video, expected)
            start = round(start_share * options["count"])
            for frame, expected in zip(video.frames(start), streamed[start:], strict=True):
                assert (frame.grey().image == expected.grey().image).all()
                assert frame.is_duplicate == expected.is_duplicate


def check_same(video: Video, expected: DecodedFrame) -> None:
    frame = video.frame(expected.index)
    assert frame.time_s == expected.time_s
    assert (frame.grey().image == expected.grey().image).all()
    assert frame.is_duplicate == expected.is_duplicate
    assert not frame.is_damaged


@pytest.mark.parametrize("skipped", [1, 3, 5])
def test_frames_hidden_by_an_edit_list_are_not_counted(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber, skipped: int
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=20)
    content = bytearray(path.read_bytes())
    start = content.index(b"elst") + 4
    version, count, duration, first, rate = struct.unpack_from(">IIIiI", content, start)
    frame_ticks = 12800 // 25
    struct.pack_into(
        ">IIIiI", content, start, version, count, duration, first + skipped * frame_ticks, rate
    )
    path.write_bytes(content)
    with open_video(path) as video:
        shown = [shown_number(f.grey().image) for f in video.frames()]
        assert shown == list(range(skipped, 20))
        assert video.info.timestamps_s[:3] == pytest.approx([0, 0.04, 0.08])
        assert [shown_number(video.frame(k).grey().image) for k in (9, 0, 4)] == [
            skipped + k for k in (9, 0, 4)
        ]


@pytest.mark.parametrize(("name", "b_frames"), [("a.avi", 3), ("a.264", 3), ("a.264", 0)])
def test_frames_without_display_times_are_counted_with_a_note(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber, name: str, b_frames: int
) -> None:
    path = encode_numbered(tmp_path / name, count=20, b_frames=b_frames)
    with open_video(path) as video:
        assert [shown_number(f.grey().image) for f in video.frames()] == list(range(20))
        assert video.info.timestamps_s == pytest.approx([k / 25 for k in range(20)])
        assert [*map(str, video.info.notes)] == [
            "The file holds no usable frame times: they are counted at 25 frames per second, "
            "the rate in its header."
        ]


def test_a_wrong_frame_count_in_the_header_is_ignored(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber
) -> None:
    path = encode_numbered(tmp_path / "a.avi", codec="mjpeg", count=20)
    content = bytearray(path.read_bytes())
    for place in (content.index(b"avih") + 24, content.index(b"strh") + 40):
        struct.pack_into("<I", content, place, 7)
    path.write_bytes(content)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 7
    with open_video(path) as video:
        assert [shown_number(f.grey().image) for f in video.frames()] == list(range(20))


def test_streams_and_seeks_do_not_disturb_each_other(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber
) -> None:
    with open_video(encode_numbered(tmp_path / "a.mp4", count=30)) as video:
        first, second = video.frames(), video.frames(10)
        for step in range(15):
            shown = [
                shown_number(frame.grey().image)
                for frame in (next(first), video.frame(29 - step), next(second), video.frame(step))
            ]
            assert shown == [step, 29 - step, 10 + step, step]


def test_streaming_keeps_a_constant_number_of_pictures_in_memory(
    tmp_path: Path, encode_numbered: Encode
) -> None:
    with open_video(encode_numbered(tmp_path / "a.mp4", count=120)) as video:
        alive = {
            sum(type(o) is ContainerPicture for o in gc.get_objects())
            for frame in video.frames()
            if frame.index % 20 == 0
        }
    assert max(alive) <= 5


def test_a_closed_stream_releases_its_file(tmp_path: Path, encode_numbered: Encode) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=30)
    with open_video(path) as video:
        frames = video.frames()
        next(frames)
        del frames
        video.frame(20)
        video.close()
        video.close()
        assert video.frame(3).index == 3
    links = Path("/proc/self/fd")
    if links.is_dir():
        assert str(path) not in {str(p.resolve()) for p in links.iterdir()}
