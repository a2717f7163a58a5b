"""A bad file gives one clear sentence, or its readable part and a note."""

import re
import struct
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.video import PlaneChoice, open_video, probe
from rostfine_core.video.sources import open_source

Encode = Callable[..., Path]
ShownNumber = Callable[..., int]


def text(path: Path, _: Encode) -> None:
    path.write_text("target,frame,x,y\n1,0,3,4\n" * 50)


def nothing(path: Path, _: Encode) -> None:
    path.touch()


def picture(path: Path, _: Encode) -> None:
    Image.new("RGB", (64, 48)).save(path, format="PNG")


def photograph(path: Path, _: Encode) -> None:
    Image.new("RGB", (64, 48), (90, 80, 70)).save(path, format="JPEG")


def noise(path: Path, _: Encode) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def playlist(path: Path, _: Encode) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n")


def without_index(path: Path, encode: Encode) -> None:
    """The recording broke off before the index at the end of an MP4 was written."""
    content = encode(path).read_bytes()
    path.write_bytes(content[: content.rindex(b"moov") - 4])


def only_sound(path: Path, _: Encode) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def wave_sound(path: Path, _: Encode) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))


def zero_frames(path: Path, encode: Encode) -> None:
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=15)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        container.start_encoding()


def unknown_codec(path: Path, encode: Encode) -> None:
    path.write_bytes(encode(path).read_bytes().replace(b"avc1", b"xyz1"))


def wrong_codec(path: Path, encode: Encode) -> None:
    path.write_bytes(encode(path).read_bytes().replace(b"avc1", b"drac"))


def huge(path: Path, encode: Encode) -> None:
    content = bytearray(encode(path, codec="rawvideo", container_format="avi").read_bytes())
    size_at = content.index(b"strf") + 12
    content[size_at : size_at + 8] = struct.pack("<ii", 12000, 12000)
    path.write_bytes(content)


def absurd(path: Path, encode: Encode) -> None:
    huge(path, encode)
    path.write_bytes(path.read_bytes().replace(struct.pack("<ii", 12000, 12000), b"\x7f" * 8))


@pytest.mark.requirement("R-11")
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (text, "is not a video that can be read"),
        (nothing, r"is empty \(0 bytes\)"),
        (picture, "is not a video that can be read"),
        (photograph, "is not a video that can be read"),
        (noise, "is not a video that can be read"),
        (playlist, "is not a video that can be read"),
        (without_index, "was cut off before its index"),
        (only_sound, "holds no moving pictures"),
        (wave_sound, "is not a video that can be read"),
        (zero_frames, "zero frames"),
        (unknown_codec, "cannot be decoded here: convert it"),
        (wrong_codec, "can be decoded"),
        (huge, "is 12000x12000 pixels, more than the 67 million"),
        (absurd, "no usable picture size"),
    ],
)
def test_a_bad_file_gives_one_sentence(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    encode_numbered: Encode,
    make: Callable[[Path, Encode], None],
    sentence: str,
) -> None:
    path = tmp_path / "clip.mp4"
    make(path, encode_numbered)
    capfd.readouterr()
    with pytest.raises(VideoError, match=sentence) as caught:
        open_video(path)
    assert str(path) in str(caught.value)
    assert re.fullmatch(r"[^\n]+[^.\n]\.", str(caught.value))
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"There is no file .*gone\.mp4"):
        probe(tmp_path / "gone.mp4")
    with pytest.raises(VideoError, match="holds no images"):
        probe(tmp_path)


def test_a_file_without_read_permission_is_refused(
    tmp_path: Path, encode_numbered: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=3)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(VideoError, match=r"Permission denied.*that you may read it"):
        open_source(path, PlaneChoice())


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {"container_options": {"movflags": "faststart"}}),
        (".mp4", {"codec": "mpeg4", "container_options": {"movflags": "faststart"}}),
        (".mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "gop": 4}),
        (".mov", {"codec": "mjpeg", "container_options": {"movflags": "faststart"}}),
        (".avi", {"codec": "mjpeg"}),
        (".avi", {"codec": "rawvideo"}),
        (".mkv", {}),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_truncated_file_gives_its_beginning_and_a_note(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    encode_numbered: Encode,
    shown_number: ShownNumber,
    suffix: str,
    options: dict[str, object],
    share: float,
) -> None:
    path = encode_numbered(tmp_path / f"a{suffix}", count=50, **options)
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size and p.pos is not None]
    path.write_bytes(path.read_bytes()[: places[int(share * 50)] + 10])
    with open_video(path) as video:
        shown = [shown_number(f.grey().image) for f in video.frames()]
        times = [f.time_s for f in video.frames()]
        assert [shown_number(video.frame(k).grey().image) for k in (3, 1, 2)] == [3, 1, 2]
        assert 10 < video.info.frame_count < 50
        assert re.fullmatch(
            rf"The file is cut off or damaged: {len(shown)}( of \d+)? frames can be read\.",
            str(video.info.notes[0]),
        )
    # Reordered frames near the cut may be missing, but each picture keeps its time.
    assert shown[:8] == list(range(8))
    assert times == pytest.approx([n / 25 for n in shown], abs=2e-3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.requirement("R-11")
@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".mp4", {}), (".mp4", {"codec": "mpeg4"}), (".avi", {"codec": "mjpeg"})],
)
def test_damage_is_marked_alike_when_streamed_and_sought(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    encode_numbered: Encode,
    shown_number: ShownNumber,
    suffix: str,
    options: dict[str, object],
) -> None:
    path = encode_numbered(tmp_path / f"a{suffix}", count=60, **options)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        victim = next(p for p in packets[27:] if not p.is_disposable and p.size > 40)
        start, size = victim.pos, victim.size
    assert start is not None
    content = bytearray(path.read_bytes())
    content[start + 8 : start + size] = np.random.default_rng(3).bytes(size - 8)
    path.write_bytes(content)
    with open_video(path) as video:
        streamed = list(video.frames())
        assert len(streamed) == 60
        damaged = [f.index for f in streamed if f.is_damaged]
        assert damaged
        assert 20 < min(damaged) <= max(damaged) < 50
        for index in (59, 30, 36, *damaged, 12):
            frame = video.frame(index)
            assert (frame.grey().image == streamed[index].grey().image).all()
            assert frame.is_damaged == streamed[index].is_damaged
        for frame in streamed[:20] + streamed[50:]:
            assert shown_number(frame.grey().image) == frame.index
    assert capfd.readouterr() == ("", "")


def test_an_undecodable_picture_repeats_the_one_before(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber
) -> None:
    path = encode_numbered(tmp_path / "a.avi", codec="mjpeg", count=12)
    with av.open(str(path)) as container:
        victim = [p for p in container.demux(video=0) if p.size][7]
        start, size = victim.pos, victim.size
    assert start is not None
    content = bytearray(path.read_bytes())
    content[start : start + size] = bytes(size)
    path.write_bytes(content)
    with open_video(path) as video:
        frame = video.frame(7)
        assert shown_number(frame.grey().image) == 6
        assert frame.is_damaged
        assert frame.is_duplicate
        assert shown_number(video.frame(8).grey().image) == 8
        assert [f.index for f in video.frames() if f.is_damaged] == [7]


@pytest.mark.parametrize("name", ["a.264", "a.ts"])
def test_a_change_of_size_is_refused_at_its_frame(
    tmp_path: Path, encode_numbered: Encode, name: str
) -> None:
    path = tmp_path / name
    small = encode_numbered(path, count=10).read_bytes()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96), 40 * number, np.uint8), "gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    path.write_bytes(small + path.read_bytes())
    sentence = r"size at frame (9|10) from 64x32 to 96x64"
    with open_video(path) as video:
        with pytest.raises(VideoError, match=sentence):
            list(video.frames())
        for index in (12, 13):
            with pytest.raises(VideoError, match=sentence):
                video.frame(index)
        assert video.frame(5).grey().image.shape == (32, 64)


def test_frames_outside_the_video_are_refused(tmp_path: Path, encode_numbered: Encode) -> None:
    with open_video(encode_numbered(tmp_path / "a.mp4", count=5)) as video:
        for index in (-1, 5):
            with pytest.raises(VideoError, match=f"Frame {index} .* frames 0 to 4"):
                video.frame(index)
        with pytest.raises(VideoError, match="Frames 3 to 9"):
            video.frames(3, 9)
        assert list(video.frames(5)) == []


def changed_tag(path: Path, *, page: int, code: int, at: int, value: int) -> None:
    """Change a byte of a tag: its code is at 0, its type at 2, its count at 4, its value at 8."""
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.get(page).aspage().tags[code].offset
    content = bytearray(path.read_bytes())
    content[offset + at] = value
    path.write_bytes(content)


ROWS_PER_STRIP, STRIP_SIZES, COMPRESSION = 278, 279, 259


@pytest.mark.parametrize(
    ("code", "at", "value"),
    [(STRIP_SIZES, 2, 2), (COMPRESSION, 0, 66), (STRIP_SIZES, 4, 9), (ROWS_PER_STRIP, 8, 0)],
)
def test_a_stack_with_impossible_tags_is_read_up_to_them_or_refused(
    tmp_path: Path, code: int, at: int, value: int
) -> None:
    path = tmp_path / "stack.tif"
    planes = np.random.default_rng(0).integers(0, 4000, (4, 3, 16, 24)).astype(np.uint16)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate")
    changed_tag(path, page=2, code=code, at=at, value=value)
    with suppress(VideoError), open_video(path) as video:
        assert 0 < len(list(video.frames())) <= 4
        for frame in video.frames():
            frame.rgb()


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_frames_after_a_damaged_key_frame_are_sought_as_they_are_streamed(
    tmp_path: Path, encode_numbered: Encode, suffix: str
) -> None:
    """Threads that decode several frames at once fill what is damaged differently each time."""
    path = encode_numbered(tmp_path / f"a{suffix}", codec="mpeg4", gop=10, count=40)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        victim = [p for p in packets if p.is_keyframe][2]
        start, size = victim.pos, victim.size
    assert start is not None
    content = bytearray(path.read_bytes())
    content[start + size // 3 : start + size // 2] = bytes(size // 2 - size // 3)
    path.write_bytes(content)
    with open_video(path) as video:
        streamed = [(f.grey().image.copy(), f.is_damaged) for f in video.frames()]
        for index in (29, 20, 24, 21):
            frame = video.reopened().frame(index)
            assert (frame.grey().image == streamed[index][0]).all(), index
            assert frame.is_damaged == streamed[index][1]


def test_frames_that_are_missing_in_the_middle_are_said(
    tmp_path: Path, encode_numbered: Encode, shown_number: ShownNumber
) -> None:
    """A damaged Matroska file loses whole clusters, and FFmpeg says nothing."""
    whole, path = (
        encode_numbered(tmp_path / "whole.mkv", codec="mjpeg", count=20),
        tmp_path / "a.mkv",
    )
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and not 5 <= number < 8:
                packet.stream = stream
                target.mux(packet)
    with open_video(path) as video:
        assert [shown_number(f.grey().image) for f in video.frames()] == [*range(5), *range(8, 20)]
        assert str(video.info.notes[0]) == (
            "3 frame(s) between the others are missing: dropped by the recorder or lost by "
            "damage; their time is counted."
        )
