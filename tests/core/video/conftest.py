"""Makes videos in which every frame shows its number, readable after any encoding."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.video import default_codec
from rostfine_core.video.encode import H264_ENCODER

BITS = 8
BLOCK_PX = 16
PIXELS = {"mjpeg": "yuvj420p", "rawvideo": "bgr24", "ffv1": "gray"}
TIME_BASE = Fraction(1, 1000)


def numbered(number: int) -> NDArray[np.uint8]:
    """A 32 x 64 picture whose black and white blocks spell ``number`` in binary."""
    bits = [(number >> b) & 1 for b in range(BITS)]
    blocks = np.array(bits, np.uint8).reshape(2, BITS // 2) * 200 + 28
    return np.kron(blocks, np.ones((BLOCK_PX, BLOCK_PX), np.uint8))


def number_of(grey: NDArray[np.uint8]) -> int:
    """The number a picture shows."""
    rows, columns = 2, BITS // 2
    means = grey.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3)).ravel()
    return sum(1 << b for b, mean in enumerate(means) if mean > 128)


def encode(
    path: Path,
    *,
    codec: str = H264_ENCODER,
    count: int = 24,
    gop: int = 12,
    b_frames: int = 2,
    pts_ms: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """Encode ``count`` numbered pictures, shown at ``pts_ms`` or 25 times a second."""
    if codec == H264_ENCODER and default_codec() != "h264":
        pytest.skip("FFmpeg has no encoder for H.264 here")
    rate = 25 if pts_ms is None else 1000
    with av.open(
        str(path), "w", format=container_format, options=dict(container_options or {})
    ) as container:
        stream = container.add_stream(codec, rate=rate, options=dict(options or {}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 64, 32
        stream.pix_fmt = PIXELS.get(codec, "yuv420p")
        stream.codec_context.gop_size = gop
        if codec in (H264_ENCODER, "mpeg4", "mpeg2video"):
            stream.codec_context.max_b_frames = b_frames
        if pts_ms is not None:
            stream.codec_context.time_base = TIME_BASE
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(numbered(number), "gray")
            frame = picture.reformat(format=stream.pix_fmt)
            frame.pts = number if pts_ms is None else pts_ms[number]
            frame.time_base = Fraction(1, 25) if pts_ms is None else TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def encode_numbered() -> Callable[..., Path]:
    return encode


@pytest.fixture(scope="session")
def shown_number() -> Callable[[NDArray[np.uint8]], int]:
    return number_of
