"""Grey and colour are right for every pixel format, matrix, range and orientation."""

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from rostfine_core.video import open_video
from rostfine_core.video.picture import ContainerPicture, bit_depth

Encode = Callable[..., Path]
RNG = np.random.default_rng(2)
MATRICES = {Colorspace.ITU709: (0.2126, 0.0722), Colorspace.SMPTE170M: (0.299, 0.114)}
TURNS = {0: (1, 0, 0, 1), 1: (0, -1, 1, 0), 2: (-1, 0, 0, -1), 3: (0, 1, -1, 0)}


def flat(y: int, u: int, v: int, pixels: str = "yuv420p") -> av.VideoFrame:
    frame = av.VideoFrame(32, 16, pixels)
    for plane, value in zip(frame.planes, (y, u, v), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def with_luma(luma: NDArray[np.uint8]) -> av.VideoFrame:
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], "yuv444p")
    for plane, values in zip(frame.planes, (luma, luma * 0 + 128, luma * 0 + 128), strict=True):
        padded = np.pad(values, ((0, 0), (0, plane.line_size - luma.shape[1])))
        plane.update(padded.tobytes().ljust(plane.buffer_size, b"\0"))
    return frame


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("colour_range", [ColorRange.MPEG, ColorRange.JPEG])
def test_colours_are_exact(matrix: Colorspace, colour_range: ColorRange) -> None:
    red_share, blue_share = MATRICES[matrix]
    for y, u, v in RNG.integers(40, 210, (20, 3)).tolist():
        frame = flat(y, u, v)
        frame.colorspace, frame.color_range = matrix, colour_range
        is_full = colour_range == ColorRange.JPEG
        luma = y / 255 if is_full else (y - 16) / 219
        blue_part, red_part = ((c - 128) / (255 if is_full else 224) for c in (u, v))
        red = luma + 2 * (1 - red_share) * red_part
        blue = luma + 2 * (1 - blue_share) * blue_part
        green = (luma - red_share * red - blue_share * blue) / (1 - red_share - blue_share)
        expected = np.clip(np.round(255 * np.array([red, green, blue])), 0, 255)
        picture = ContainerPicture(frame)
        assert np.abs(picture.rgb()[5, 5] - expected).max() <= 1
        assert np.abs(picture.rgb(exact=False)[5, 5] - expected).max() <= 3
        assert (picture.grey() == y).all()


def test_grey_is_a_view_of_the_luma_without_padding() -> None:
    luma = RNG.integers(0, 255, (16, 34), dtype=np.uint8)
    grey = ContainerPicture(with_luma(luma)).grey()
    assert (grey == luma).all()
    assert not grey.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        grey[0, 0] = 1


@pytest.mark.parametrize(
    "pixels",
    ["yuv444p", "yuv420p", "nv12", "yuyv422", "uyvy422", "yvyu422", "yuv420p10le", "yuv422p16be"],
)
def test_luma_is_the_same_in_every_yuv_layout(pixels: str) -> None:
    luma = np.tile(RNG.integers(16, 235, (16, 16), dtype=np.uint8).repeat(2, axis=1), 2)
    grey = ContainerPicture(with_luma(luma).reformat(format=pixels)).grey()
    assert grey.shape == luma.shape
    assert np.abs(grey.astype(int) - luma).max() <= 1


@pytest.mark.parametrize("pixels", ["rgb24", "bgr24", "bgra", "bgr0", "gbrp", "rgb48le"])
def test_luma_of_rgb_is_that_of_bt_601(pixels: str) -> None:
    colours = RNG.integers(0, 255, (16, 32, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(colours, "rgb24").reformat(format=pixels)
    picture = ContainerPicture(frame)
    assert (picture.rgb() == colours).all()
    assert np.abs(picture.grey() - colours @ [0.299, 0.587, 0.114]).max() <= 1


@pytest.mark.parametrize(
    ("pixels", "bits"), [("gray", 8), ("gray10le", 10), ("gray12be", 12), ("gray16le", 16)]
)
def test_deep_grey_loses_only_its_lowest_bits(pixels: str, bits: int) -> None:
    frame = av.VideoFrame(32, 16, pixels)
    values = RNG.integers(0, 2**bits, (16, 32))
    order = ">u2" if pixels.endswith("be") else "<u2" if bits > 8 else "u1"
    width = frame.planes[0].line_size // np.dtype(order).itemsize
    padded = np.pad(values, ((0, 0), (0, width - 32))).astype(order)
    frame.planes[0].update(padded.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
    picture = ContainerPicture(frame)
    assert bit_depth(frame.format) == bits
    assert (picture.grey() == values >> (bits - 8)).all()
    assert (picture.rgb() == picture.grey()[..., None]).all()


@pytest.mark.parametrize(("bits", "first"), [(12, 0), (10, 0), (16, 0), (12, 200)])
def test_twelve_bits_stored_in_sixteen_are_not_dark(tmp_path: Path, bits: int, first: int) -> None:
    """A few frames decide for the whole file; ``first`` is a dark first frame."""
    path, rng = tmp_path / "a.mkv", np.random.default_rng(0)
    frames = [rng.integers(0, 2**bits, (32, 64), np.uint16) for _ in range(6)]
    if first:
        frames[0] = np.full((32, 64), first, np.uint16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "gray16le"
        for values in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(values, "gray16le")))
        container.mux(stream.encode())
    with open_video(path) as video:
        assert video.info.bit_depth == bits
        assert any(f"Values of {bits} bits" in str(note) for note in video.info.notes)
        for values, frame in zip(frames, video.frames(), strict=True):
            assert (frame.grey().image == values >> (bits - 8)).all()
        assert (video.frame(3).grey().image == frames[3] >> (bits - 8)).all()
        assert (video.frame(0).rgb()[..., 0] == frames[0] >> (bits - 8)).all()


def test_deep_colours_are_equally_bright_in_grey_and_colour(tmp_path: Path) -> None:
    """12-bit values in 16-bit planes: neither is brightened, and the note holds for both."""
    path = tmp_path / "a.mkv"
    levels = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (32, 1))
    frame = av.VideoFrame(64, 32, "yuv444p16le")
    for plane, values in zip(
        frame.planes, (levels, levels * 0 + 2**15, levels * 0 + 2**15), strict=True
    ):
        plane.update(np.pad(values, ((0, 0), (0, plane.line_size // 2 - 64))).tobytes())
    frame.color_range = ColorRange.JPEG
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv444p16le"
        stream.codec_context.color_range = ColorRange.JPEG
        for _ in range(3):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with open_video(path) as video:
        assert str(video.info.notes[-1]) == "Values of 16 bits are divided by 256."
        picture = video.frame(1)
        assert (picture.grey().image == levels >> 8).all()
        assert picture.rgb().max() <= 16


@pytest.mark.parametrize("quarter_turns", TURNS)
def test_a_rotation_in_the_file_is_applied(
    tmp_path: Path, encode_numbered: Encode, quarter_turns: int
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=3)
    with open_video(path) as video:
        plain = [f.grey().image for f in video.frames()]
        plain_rgb = video.frame(1).rgb()
    set_matrix(path, TURNS[quarter_turns])
    with open_video(path) as video:
        info = video.info
        for frame, expected in zip(video.frames(), plain, strict=True):
            assert (frame.grey().image == np.rot90(expected, quarter_turns)).all()
        assert (video.frame(1).rgb() == np.rot90(plain_rgb, quarter_turns)).all()
    assert (info.width_px, info.height_px) == ((64, 32) if quarter_turns % 2 == 0 else (32, 64))
    assert any("The picture is rotated by" in str(n) for n in info.notes) == (quarter_turns > 0)


def test_a_mirrored_picture_is_left_as_stored_with_a_note(
    tmp_path: Path, encode_numbered: Encode
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=3)
    with open_video(path) as video:
        plain = video.frame(0).grey().image
    set_matrix(path, (-1, 0, 0, 1))
    with open_video(path) as video:
        assert (video.frame(0).grey().image == plain).all()
        (note,) = video.info.notes
        assert str(note) == "The file asks for a mirrored picture, which is not applied."


def set_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a display matrix into an MP4's track header (ISO 14496-12, 8.3.2)."""
    a, b, c, d = (value << 16 for value in matrix)
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 44
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


@pytest.mark.parametrize("pixels", ["gray", "bgr24", "bgra", "yuv420p"])
@pytest.mark.parametrize("is_bottom_up", [False, True])
def test_raw_recordings_stored_bottom_up_are_turned_over(
    tmp_path: Path, pixels: str, is_bottom_up: bool
) -> None:
    path = tmp_path / "a.avi"
    image = RNG.integers(20, 230, (24, 64), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 24, pixels
        frame = av.VideoFrame.from_ndarray(image, "gray").reformat(format=pixels)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        before = video.frame(0).grey().image, video.frame(0).rgb()
    if not is_bottom_up:
        assert np.abs(before[1].astype(int) - image[..., None]).max() <= 2
        return
    content = bytearray(path.read_bytes())
    height_at = content.index(b"strf") + 16
    (height,) = struct.unpack_from("<i", content, height_at)
    struct.pack_into("<i", content, height_at, -height)
    path.write_bytes(content)
    with open_video(path) as video:
        after = video.frame(0).grey().image, video.frame(0).rgb()
    assert (after[0] == after[1][..., 0]).all() or pixels == "yuv420p"
    if pixels in ("bgr24", "bgra"):
        assert (after[0] == before[0][::-1]).all()
        assert (after[1] == before[1][::-1]).all()
