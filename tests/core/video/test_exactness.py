"""Frame k is the same picture streamed and sought, and it is the k-th picture that went in."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostfine_core.video import DecodedFrame, Video, open_video

Encode = Callable[..., Path]
ShownNumber = Callable[..., int]

CONTAINERS = {
    "libx264": (".mp4", ".mkv", ".mov", ".avi", ".ts"),
    "mpeg4": (".mp4", ".mkv", ".avi"),
    "mpeg2video": (".mkv", ".mpg"),
    "mjpeg": (".avi", ".mov"),
    "rawvideo": (".avi", ".mov"),
    "ffv1": (".mkv", ".avi"),
}
X264_MODES = ("open-gop=1", "intra-refresh=1:bframes=0", "bframes=6:b-pyramid=normal", "scenecut=0")


@st.composite
def encodings(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    codec = draw(st.sampled_from(sorted(CONTAINERS)))
    suffix = draw(st.sampled_from(CONTAINERS[codec]))
    count = draw(st.integers(1, 30))
    options: dict[str, Any] = {
        "codec": codec,
        "count": count,
        "gop": draw(st.sampled_from([1, 2, 5, 12, 250])),
        "b_frames": draw(st.integers(0, 4)),
    }
    if codec == "libx264":
        options["options"] = {"x264-params": draw(st.sampled_from(X264_MODES))}
    if suffix in (".mkv", ".mp4") and codec in ("libx264", "ffv1"):
        start = draw(st.sampled_from([0, 0, 700]))
        steps = draw(st.lists(st.integers(5, 90), min_size=count - 1, max_size=count - 1))
        options["pts_ms"] = [start + sum(steps[:k]) for k in range(count)]
    return suffix, options


@given(
    encoding=encodings(),
    order=st.randoms(use_true_random=False),
    start_share=st.floats(0, 1),
)
@settings(
    max_examples=40,
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
            for expected in shuffled:
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
