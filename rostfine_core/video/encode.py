"""Writes frames to a video file, atomically."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rostfine_core.errors import VideoError
from rostfine_core.files import atomic_write

VideoCodec = Literal["h264", "mjpeg", "mpeg4", "rawvideo", "ffv1"]

H264_ENCODER = "libx264"
_ENCODERS = {"h264": H264_ENCODER}
_LOSSLESS_PIXELS = {"rawvideo": "bgr24", "ffv1": "bgr0"}
_BEST_QUANTISER = {"h264": 16, "mjpeg": 2, "mpeg4": 2}
_ACCURATE = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)


def default_codec() -> VideoCodec:
    """What videos are written as: H.264, or MPEG-4 where FFmpeg has no encoder for H.264.

    libx264 is under the GPL, so the installed program has a stub in its place: FFmpeg still lists
    the encoder, and only opening it tells.
    """
    return "h264" if _opens(H264_ENCODER) else "mpeg4"


@cache
def _opens(encoder: str) -> bool:
    try:
        context = av.CodecContext.create(encoder, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = 64, 64, "yuv420p"
        context.time_base = Fraction(1, 25)
        context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: float,
    codec: VideoCodec | None = None,
    quantiser: int | None = None,
    comment: str = "",
) -> None:
    """Encode ``frames``, which are taken one at a time, as ``writing_video`` does.

    Raises:
        VideoError: there are no frames, they change size, FFmpeg has no encoder for the codec, or
            the container does not support it.
        StoreError: the file cannot be written.
    """
    with writing_video(
        path, fps=fps, codec=codec, quantiser=quantiser, comment=comment
    ) as add_frame:
        for image in frames:
            add_frame(image)


@contextmanager
def writing_video(
    path: Path,
    *,
    fps: float,
    codec: VideoCodec | None = None,
    quantiser: int | None = None,
    comment: str = "",
) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Give a function that encodes the next frame, at a constant rate.

    Colour is stored as BT.601 and tagged so, in full resolution only with a lossless codec or, for
    h264, an odd size.

    Args:
        path: .mp4, .mov, .avi or .mkv; written under a temporary name and then renamed, when the
            block succeeds.
        fps: frames per second.
        codec: "rawvideo" (AVI) and "ffv1" (MKV, AVI) are lossless; by default ``default_codec()``.
        quantiser: how coarse a lossy codec may be, lower is better: 0 to 51 for h264, 1 to 31 for
            mjpeg and mpeg4; by default near the best quality.
        comment: a note stored in the file.

    Yields:
        A function that takes (H, W, 3) RGB or (H, W) grey, uint8, all of one size.

    Raises:
        VideoError: there are no frames, they change size, FFmpeg has no encoder for the codec, or
            the container does not support it.
        StoreError: the file cannot be written.
    """
    codec = codec or default_codec()
    if codec == "h264" and not _opens(H264_ENCODER):
        raise VideoError(
            f"Cannot write {path} as H.264, for which no encoder is installed: write mpeg4, mjpeg "
            "or, without loss, ffv1."
        )
    with atomic_write(path) as temporary:
        encoder = _Encoder(path, temporary, fps=fps, codec=codec, quantiser=quantiser)
        try:
            with encoder.wording():
                encoder.open(comment)
            yield encoder.add
            with encoder.wording():
                encoder.finish()
        finally:
            encoder.close()


class _Encoder:
    """A video file that is being written."""

    def __init__(
        self, path: Path, temporary: Path, *, fps: float, codec: VideoCodec, quantiser: int | None
    ) -> None:
        self._path, self._temporary, self._fps = path, temporary, fps
        self._codec, self._quantiser = codec, quantiser
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._count = 0

    @contextmanager
    def wording(self) -> Iterator[None]:
        """Turn what FFmpeg refuses into a sentence."""
        try:
            yield
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, OSError):
                raise
            raise VideoError(
                f"Cannot write {self._codec} into a file with the ending {self._path.suffix!r}: "
                "use .mp4 for h264, .avi for mjpeg, mpeg4 and rawvideo, .mkv for ffv1."
            ) from error

    def open(self, comment: str) -> None:
        """Begin the file."""
        self._container = av.open(str(self._temporary), "w")
        self._container.metadata["comment"] = comment

    def add(self, image: NDArray[np.uint8]) -> None:
        """Encode the next frame."""
        assert self._container is not None
        with self.wording():
            if self._stream is None:
                self._stream = _add_stream(
                    self._container, image.shape, self._fps, self._codec, self._quantiser
                )
            _check_size(image, self._count, self._stream, self._path)
            picture = _picture(image, self._count, self._stream)
            self._container.mux(self._stream.encode(picture))
            self._count += 1

    def finish(self) -> None:
        """Write what the codec still holds."""
        if self._stream is None or self._container is None:
            raise VideoError(f"There are no frames to write into {self._path}: give at least one.")
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._container = None

    def close(self) -> None:
        """Release the file."""
        if self._container is not None:
            self._container.close()


def _add_stream(
    container: OutputContainer,
    shape: tuple[int, ...],
    fps: float,
    codec: VideoCodec,
    quantiser: int | None,
) -> VideoStream:
    rate = Fraction(fps).limit_denominator(30000)
    stream = container.add_stream(_ENCODERS.get(codec, codec), rate=rate)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = _LOSSLESS_PIXELS.get(codec) or _lossy_pixels(codec, shape)
    if codec not in _LOSSLESS_PIXELS:
        stream.codec_context.colorspace = Colorspace.SMPTE170M
        coarse = str(_BEST_QUANTISER[codec] if quantiser is None else quantiser)
        stream.options = {"crf": coarse} if codec == "h264" else {"qmin": coarse, "qmax": coarse}
    return stream


def _lossy_pixels(codec: VideoCodec, shape: tuple[int, ...]) -> str:
    if codec == "mjpeg":
        return "yuvj420p"
    is_odd = shape[0] % 2 or shape[1] % 2
    return "yuv444p" if codec == "h264" and is_odd else "yuv420p"


def _check_size(image: NDArray[np.uint8], number: int, stream: VideoStream, path: Path) -> None:
    height, width = image.shape[:2]
    if (height, width) != (stream.height, stream.width):
        raise VideoError(
            f"Frame {number} for {path} is {width}x{height}, the first "
            f"{stream.width}x{stream.height}: give frames of one size."
        )


def _picture(image: NDArray[np.uint8], number: int, stream: VideoStream) -> av.VideoFrame:
    layout = "gray" if image.ndim == 2 else "rgb24"
    plain = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), layout)
    frame = plain.reformat(format=stream.pix_fmt, dst_colorspace="itu601", interpolation=_ACCURATE)
    frame.pts = number
    return frame
