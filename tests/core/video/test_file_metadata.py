"""Metadata are respected: channels, planes, times, scale, gaps and the shape of pixels."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from rostfine_core.domain import VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.video import PlaneChoice, open_video, probe
from rostfine_core.video.timing import ASSUMED_NOTE, with_fps

HEIGHT, WIDTH = 24, 32


def level(moment: int, plane: int = 0, channel: int = 0) -> int:
    return 10 + moment + 40 * plane + 120 * channel


def picture(value: int, kind: type = np.uint8) -> NDArray[Any]:
    return np.full((HEIGHT, WIDTH), value, kind)


def hyperstack(moments: int, planes: int, channels: int) -> NDArray[np.uint8]:
    """(T, Z, C, H, W)."""
    return np.stack(
        [
            [[picture(level(t, z, c)) for c in range(channels)] for z in range(planes)]
            for t in range(moments)
        ]
    )


def levels(path: Path, choice: PlaneChoice | None = None) -> list[int]:
    """The grey level of every frame, streamed and sought."""
    with open_video(path, choice) as video:
        shown = [int(frame.grey().image.mean()) for frame in video.frames()]
        assert [int(video.frame(i).grey().image.mean()) for i in range(len(shown))] == shown
    return shown


def told(source: Path | VideoInfo) -> list[str]:
    """The notes on a video."""
    return [
        str(note) for note in (source if isinstance(source, VideoInfo) else probe(source)).notes
    ]


def numbered(folder: Path, names: Sequence[str]) -> Path:
    """A folder of pictures whose brightness is their position in ``names``."""
    folder.mkdir()
    for place, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(10 + place))
    return folder


@pytest.mark.parametrize("kind", ["imagej", "ome"])
def test_one_channel_and_one_plane_are_read_with_a_note(tmp_path: Path, kind: str) -> None:
    stack = hyperstack(5, 3, 2)
    if kind == "imagej":
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TZCYX"})
    else:
        path = tmp_path / "a.ome.tif"
        names = {"axes": "TZCYX", "Channel": {"Name": ["BF", "GFP"]}}
        tifffile.imwrite(path, stack, metadata=names)
    assert levels(path) == [level(t, 1, 0) for t in range(5)]
    notes = told(path)
    assert any("2 channels" in note and "--channel" in note for note in notes)
    assert (
        "The file has 3 planes in depth: plane 2 is read (--z of rostfine reads another)." in notes
    )
    chosen = PlaneChoice(channel="2" if kind == "imagej" else "gfp", plane=3)
    assert levels(path, chosen) == [level(t, 2, 1) for t in range(5)]
    with pytest.raises(VideoError, match=r"has no channel 'DAPI': it has 2 channels"):
        open_video(path, PlaneChoice(channel="DAPI"))
    with pytest.raises(VideoError, match="has no plane 4: it has planes 1 to 3"):
        open_video(path, PlaneChoice(plane=4))


def test_ome_pages_are_found_where_the_file_says(tmp_path: Path) -> None:
    """The order of the pages is free: here all moments of one channel come first."""
    path = tmp_path / "a.ome.tif"
    stack = np.moveaxis(hyperstack(4, 1, 2)[:, 0], 1, 0)  # (C, T, H, W)
    tifffile.imwrite(path, stack, metadata={"axes": "CTYX"})
    assert levels(path) == [level(t, 0, 0) for t in range(4)]
    assert levels(path, PlaneChoice(channel="2")) == [level(t, 0, 1) for t in range(4)]


def test_planes_of_one_moment_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, hyperstack(1, 6, 1)[0, :, 0], metadata={"axes": "ZYX"})
    with pytest.raises(VideoError, match="holds 6 planes in depth of one moment"):
        open_video(path)


def test_slices_without_frames_are_read_as_moments_with_a_note(tmp_path: Path) -> None:
    """ImageJ calls the pictures of an imported video slices."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, hyperstack(1, 6, 1)[0, :, 0], imagej=True, metadata={"axes": "ZYX"})
    assert levels(path) == [level(0, z) for z in range(6)]
    expected = "The file calls its 6 pictures slices, not frames: they are read as moments in time."
    assert expected in told(path)


def test_metadata_of_more_pictures_than_there_are_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    description = "ImageJ=1.53t\nimages=40\nslices=20\nframes=2\n"
    pictures = hyperstack(5, 1, 1)[:, 0, 0]
    tifffile.imwrite(path, pictures, description=description, metadata=None)
    assert levels(path) == [level(t, 0) for t in range(5)]


@pytest.mark.requirement("R-13")
@pytest.mark.parametrize(
    ("metadata", "fps"),
    [
        ({"finterval": 0.02, "fps": 7.0}, 50),
        ({"finterval": 20.0, "tunit": "ms"}, 50),
        ({"finterval": 0.5, "tunit": "sec"}, 2),
        ({"fps": 12.0}, 12),
    ],
    ids=["interval", "milliseconds", "seconds", "animation"],
)
def test_imagej_times_by_their_unit(tmp_path: Path, metadata: dict[str, Any], fps: float) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, hyperstack(5, 1, 1)[:, 0, 0], imagej=True, metadata={"axes": "TYX", **metadata}
    )
    info = probe(path)
    assert info.fps == pytest.approx(fps)
    is_animation = "finterval" not in metadata
    assert any("speed of its animation" in note for note in told(info)) == is_animation
    assert ASSUMED_NOTE not in info.notes


@pytest.mark.parametrize(
    ("unit", "per_px", "um_per_px"),
    [
        ("um", 0.19, 0.19),
        ("micron", 0.19, 0.19),
        ("nm", 190, 0.19),
        ("inch", 1, 25400),
        ("", 1, None),
    ],
)
def test_imagej_scale(tmp_path: Path, unit: str, per_px: float, um_per_px: float | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        hyperstack(3, 1, 1)[:, 0, 0],
        imagej=True,
        resolution=(1 / per_px, 1 / per_px),
        metadata={"axes": "TYX", **({"unit": unit} if unit else {})},
    )
    found = probe(path).um_per_px
    assert found == (None if um_per_px is None else pytest.approx(um_per_px, rel=1e-4))


def test_ome_increment_and_scale_with_their_units(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    said = {
        "axes": "TYX",
        "TimeIncrement": 20.0,
        "TimeIncrementUnit": "ms",
        "PhysicalSizeX": 190.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 190.0,
        "PhysicalSizeYUnit": "nm",
    }
    tifffile.imwrite(path, hyperstack(5, 1, 1)[:, 0, 0], metadata=said)
    info = probe(path)
    assert info.fps == pytest.approx(50)
    assert info.um_per_px == pytest.approx(0.19)
    assert info.notes == ()


def test_ome_times_of_every_plane(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    times = [100.0, 150.0, 200.0, 400.0]
    planes = {"DeltaT": times, "DeltaTUnit": ["ms"] * 4}
    tifffile.imwrite(path, hyperstack(4, 1, 1)[:, 0, 0], metadata={"axes": "TYX", "Plane": planes})
    info = probe(path)
    assert info.timestamps_s == pytest.approx([0, 0.05, 0.1, 0.3])
    assert info.fps == pytest.approx(20)  # two frames are missing, the rate is the camera's


def test_times_from_micro_manager_are_used_for_stacks_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for moment in range(4):
            note = json.dumps({"ElapsedTime-ms": 500 + 40 * moment, "PixelSizeUm": 0.2})
            tag = (51123, "s", 0, note, True)
            writer.write(picture(level(moment)), metadata=None, extratags=[tag])
    names = [f"img_{moment:09}_BF_000.png" for moment in range(4)]
    folder = numbered(tmp_path / "frames", names)
    notes = {
        f"FrameKey-{m}-0-0": {"FileName": n, "ElapsedTime-ms": 40.0 * m, "PixelSizeUm": 0.2}
        for m, n in enumerate(names)
    }
    (folder / "metadata.txt").write_text(json.dumps({"Summary": {}} | notes))
    for source in (path, folder):
        info = probe(source)
        assert info.fps == pytest.approx(25)
        assert info.um_per_px == pytest.approx(0.2)
        assert ASSUMED_NOTE not in info.notes


@pytest.mark.parametrize("content", ["", "[1]", '{"a": {"ElapsedTime-ms": "x"}}', "{" * 9000])
def test_unreadable_metadata_are_ignored(tmp_path: Path, content: str) -> None:
    folder = numbered(tmp_path / "frames", ["a1.png", "a2.png"])
    (folder / "metadata.txt").write_text(content)
    assert ASSUMED_NOTE in probe(folder).notes


def test_all_pages_of_a_stack_with_one_header_are_read(tmp_path: Path) -> None:
    """ImageJ writes stacks over 4 GB like this."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, hyperstack(9, 1, 1)[:, 0, 0], imagej=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        place = page.tags["ImageDescription"].valueoffset
        start = page.dataoffsets[0]
        next_header = page.offset + 2 + 12 * len(page.tags)
    content = bytearray(path.read_bytes())
    assert b"images=9" in content[place : place + 40]
    content[next_header : next_header + 4] = bytes(4)
    path.write_bytes(content)
    assert levels(path) == [level(t) for t in range(9)]
    path.write_bytes(content[: start + 11 * WIDTH * HEIGHT // 2])
    assert levels(path) == [level(t) for t in range(5)]
    assert "The file states 9 pages, but 5 can be read." in told(path)


def test_16_bit_colours_in_planes_and_negatives_are_read(tmp_path: Path) -> None:
    colours = np.random.default_rng(3).integers(0, 2**16, (3, HEIGHT, WIDTH, 3), dtype=np.uint16)
    planar = tmp_path / "planar.tif"
    tifffile.imwrite(
        planar, np.moveaxis(colours, -1, 1), photometric="rgb", planarconfig="separate"
    )
    with open_video(planar) as video:
        shown = np.stack([frame.rgb() for frame in video.frames()])
    assert (shown == colours >> 8).all()

    negative = tmp_path / "negative.tif"
    values = np.stack([picture(v, np.uint16) for v in (65535, 60000, 100)])
    tifffile.imwrite(negative, values, photometric="miniswhite")
    assert levels(negative) == [0, 255 - (60000 >> 8), 255]
    assert "The file holds a negative, which is shown as a positive." in told(negative)


def test_missing_numbers_are_gaps_in_time(tmp_path: Path) -> None:
    numbers = [n for n in range(100, 112) if n not in (104, 105, 109)]
    folder = numbered(tmp_path / "frames", [f"img_{n:04}.png" for n in numbers])
    info = probe(folder)
    assert info.timestamps_s == pytest.approx([(n - 100) / 15 for n in numbers])
    assert info.fps == pytest.approx(15)
    expected = "3 picture(s) of the series are missing (104 to 105, 109); their time is counted."
    assert expected in told(info)
    corrected = with_fps(info, 50)
    assert corrected.timestamps_s == pytest.approx([(n - 100) / 50 for n in numbers])
    assert not any("assumed" in note for note in told(corrected))


def test_regular_steps_have_no_gaps_and_clock_times_are_not_counted(tmp_path: Path) -> None:
    steps = probe(numbered(tmp_path / "steps", [f"a{n}.png" for n in (0, 5, 10, 15)]))
    assert steps.notes == (ASSUMED_NOTE,)
    assert steps.timestamps_s == pytest.approx([k / 15 for k in range(4)])
    clock = probe(numbered(tmp_path / "clock", [f"a{n}.png" for n in (1003, 1071, 1136, 1204)]))
    assert clock.notes == (ASSUMED_NOTE,)


def test_other_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    names = [f"seq_{n:03}.png" for n in range(8)]
    others = ["mask.png", "overview.png", "seq_003 (1).png"]
    folder = numbered(tmp_path / "frames", [*names, *others])
    assert levels(folder) == [10 + n for n in range(8)]
    expected = f"3 picture(s) in the folder do not belong to the series: {', '.join(others)}."
    assert expected in told(folder)


def test_names_without_a_pattern_are_all_read(tmp_path: Path) -> None:
    assert levels(numbered(tmp_path / "frames", ["b.png", "c.png", "a.png"])) == [12, 10, 11]


@pytest.mark.parametrize(
    ("template", "second"),
    [
        ("img_{t:09}_{c}_000.png", {"c": "GFP"}),
        ("img_channel{c:03}_position000_time{t:09}_z000.png", {"c": 1}),
    ],
    ids=["1.4", "2.0"],
)
def test_channels_of_a_folder(tmp_path: Path, template: str, second: dict[str, Any]) -> None:
    first = {"c": "BF"} if isinstance(second["c"], str) else {"c": 0}
    names = [template.format(t=t, **c) for c in (first, second) for t in range(6)]
    folder = numbered(tmp_path / "frames", names)
    assert levels(folder) == [10 + t for t in range(6)]
    assert any("2 channels" in note and "--channel" in note for note in told(folder))
    assert levels(folder, PlaneChoice(channel="2")) == [16 + t for t in range(6)]
    if second["c"] == "GFP":
        assert levels(folder, PlaneChoice(channel="gfp")) == [16 + t for t in range(6)]


def test_planes_and_positions_of_a_folder(tmp_path: Path) -> None:
    template = "img_channel000_position000_time{t:09}_z{z:03}.png"
    names = [template.format(t=t, z=z) for z in range(3) for t in range(4)]
    folder = numbered(tmp_path / "planes", names)
    assert levels(folder) == [14 + t for t in range(4)]
    assert levels(folder, PlaneChoice(plane=1)) == [10 + t for t in range(4)]
    template = "img_channel000_position{p:03}_time{t:09}_z000.png"
    names = [template.format(t=t, p=p) for p in range(2) for t in range(4)]
    with pytest.raises(VideoError, match="holds 2 positions"):
        open_video(numbered(tmp_path / "positions", names))


def test_all_pages_of_files_in_a_folder_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for burst in range(3):
        pages = np.stack([picture(10 + 4 * burst + k) for k in range(4)])
        tifffile.imwrite(folder / f"burst_{burst:03}.tif", pages, photometric="minisblack")
    assert levels(folder) == list(range(10, 22))
    assert "The 3 files hold 12 pictures, one after the other." in told(folder)


def test_channels_inside_the_files_of_a_folder_can_be_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for burst in range(3):
        path = folder / f"burst_{burst:03}.tif"
        tifffile.imwrite(path, hyperstack(4, 1, 2), imagej=True, metadata={"axes": "TZCYX"})
    assert levels(folder) == 3 * [level(t) for t in range(4)]
    assert levels(folder, PlaneChoice(channel="2")) == 3 * [level(t, 0, 1) for t in range(4)]


@pytest.mark.parametrize("choice", [PlaneChoice(channel="2"), PlaneChoice(plane=2)])
@pytest.mark.parametrize("kind", ["stack", "page", "damaged", "series", "names"])
def test_a_choice_that_a_recording_does_not_offer_is_refused(
    tmp_path: Path, kind: str, choice: PlaneChoice
) -> None:
    """Otherwise the record of a grade would name a channel that was never read."""
    path = tmp_path / "a.tif"
    if kind in ("stack", "page"):
        pages = np.stack([picture(10 + k) for k in range(4 if kind == "stack" else 1)])
        tifffile.imwrite(path, pages, photometric="minisblack", metadata=None)
    elif kind == "damaged":
        with tifffile.TiffWriter(path) as writer:
            for k in range(4):
                writer.write(picture(k), description="<OME></OME>", metadata=None)
    else:
        names = ["a1.png", "a2.png"] if kind == "series" else ["b.png", "c.png"]
        path = numbered(tmp_path / "frames", names)
    open_video(path).close()
    with pytest.raises(VideoError, match=r"has no (channel '2'|plane 2)"):
        open_video(path, choice)


def test_a_truncated_stack_still_names_the_channel_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, hyperstack(6, 1, 2), imagej=True, metadata={"axes": "TZCYX"})
    path.write_bytes(path.read_bytes()[:-WIDTH])
    assert "cut off" in told(path)[0]
    assert "2 channels" in told(path)[1]


def write_h264(path: Path, aspect: Fraction, *, size: tuple[int, int] = (120, 96)) -> None:
    across = np.tile(np.linspace(30, 220, size[0]).astype(np.uint8), (size[1], 1))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=15)
        stream.width, stream.height = size
        stream.sample_aspect_ratio = aspect
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(across, "gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(4, 3), (160, 96)), (Fraction(3, 4), (120, 128)), (Fraction(1), (120, 96))],
    ids=["wide", "tall", "square"],
)
def test_pixels_that_are_not_square_are_stretched(
    tmp_path: Path, aspect: Fraction, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.mp4"
    write_h264(path, aspect)
    with open_video(path) as video:
        info = video.info
        frame = video.frame(2)
        assert frame.grey().image.shape == frame.rgb().shape[:2] == size[::-1]
    assert (info.width_px, info.height_px) == size
    assert any("not square" in note for note in told(info)) == (aspect != 1)


def test_a_stack_of_pixels_that_are_not_square(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    sizes = {"PhysicalSizeX": 0.2, "PhysicalSizeY": 0.4}
    tifffile.imwrite(path, hyperstack(3, 1, 1)[:, 0, 0], metadata={"axes": "TYX", **sizes})
    info = probe(path)
    assert (info.width_px, info.height_px, info.um_per_px) == (WIDTH, 2 * HEIGHT, 0.2)


def test_empty_frames_are_not_taken_for_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    dropped = {10, 11, 12, 20}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(30):
            if number in dropped:
                continue  # the muxer fills the gap with empty chunks
            image = np.full((48, 64), 40 + 5 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "gray").reformat(format="yuvj420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = probe(path)
    kept = [n for n in range(30) if n not in dropped]
    assert info.timestamps_s == pytest.approx([n / 15 for n in kept])
    assert info.fps == pytest.approx(15)
    assert told(info) == [
        "4 frame(s) are empty: dropped by the recorder or damaged; their time is counted.",
    ]


def test_a_corrected_rate_scales_irregular_times_and_notes_the_original() -> None:
    info = VideoInfo(
        path="a", width_px=1, height_px=1, frame_count=4, fps=10, duration_s=0.4, codec="",
        is_colour=False, bit_depth=8, timestamps_s=(0.0, 0.1, 0.135, 0.3),
    )  # fmt: skip
    corrected = with_fps(info, 20)
    assert corrected.timestamps_s == pytest.approx((0, 0.05, 0.0675, 0.15))
    assert told(corrected) == ["The frame rate was set to 20 per second; the file says 10."]
    assert with_fps(replace(info, notes=(ASSUMED_NOTE,)), 20).notes == ()


def test_a_picture_larger_than_its_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, hyperstack(9, 1, 1)[:, 0, 0], imagej=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page = tiff.pages.first
        next_header = page.offset + 2 + 12 * len(page.tags)
        for tag in ("ImageLength", "RowsPerStrip"):
            page.tags[tag].overwrite(16000)  # as in damaged files
    content = bytearray(path.read_bytes())
    content[next_header : next_header + 4] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"damaged|cut off"):
        probe(path)
