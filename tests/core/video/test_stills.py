"""TIFF stacks and image folders in 8 and 16 bit: order, depth, colour and damage."""

import gc
import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.recordings import natural_key
from rostfine_core.video import open_video, probe

RNG = np.random.default_rng(11)
GREY_8 = [RNG.integers(0, 256, (30, 40), dtype=np.uint8) for _ in range(12)]
RGB_8 = [RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8) for _ in range(12)]
GREY_12 = [RNG.integers(0, 4096, (30, 40), dtype=np.uint16) for _ in range(12)]
RGB_16 = [RNG.integers(0, 65536, (30, 40, 3), dtype=np.uint16) for _ in range(12)]

Images = Sequence[NDArray[np.uint8] | NDArray[np.uint16]]


def save_stack(
    path: Path, images: Images, *, compression: str | None = None, description: str = ""
) -> Path:
    if images[0].ndim == 3 and images[0].dtype == np.uint16:
        cv2.imwritemulti(str(path), [i[..., ::-1] for i in images])
        return path
    first, *others = [Image.fromarray(i) for i in images]
    tags = {270: description} if description else {}
    first.save(path, save_all=True, append_images=others, compression=compression, tiffinfo=tags)
    return path


def save_folder(path: Path, images: Images, suffix: str = ".png") -> Path:
    path.mkdir()
    for number, image in enumerate(images):
        name = str(path / f"image{number}{suffix}")
        cv2.imwrite(name, image[..., ::-1] if image.ndim == 3 else image)
    return path


def in_eight_bits(images: Images, shift: int) -> list[NDArray[np.uint8]]:
    shifted = [(i >> shift).astype(np.uint8) for i in images]
    return [i if i.ndim == 3 else np.repeat(i[..., None], 3, axis=2) for i in shifted]


KINDS = pytest.mark.parametrize(
    ("images", "is_colour", "depth"),
    [(GREY_8, False, 8), (RGB_8, True, 8), (GREY_12, False, 12), (RGB_16, True, 16)],
    ids=["grey8", "rgb8", "grey12", "rgb16"],
)


@KINDS
@pytest.mark.parametrize("save", [save_stack, save_folder])
def test_pictures_come_in_order_with_one_rule_for_their_depth(
    tmp_path: Path, save: object, images: Images, is_colour: bool, depth: int
) -> None:
    assert callable(save)
    path = save(tmp_path / "stack.tif", images)
    expected = in_eight_bits(images, depth - 8)
    with open_video(path) as video:
        info = video.info
        assert (info.width_px, info.height_px, info.frame_count) == (40, 30, 12)
        assert (info.is_colour, info.bit_depth) == (is_colour, depth)
        for frame, picture in zip(video.frames(), expected, strict=True):
            assert (frame.rgb() == picture).all()
        for index in (7, 0, 11, 3):
            assert (video.frame(index).rgb() == expected[index]).all()
        grey = video.frame(5).grey().image
    luma = expected[5] @ [0.299, 0.587, 0.114]
    assert np.abs(grey - luma).max() <= 1
    assert any("Pictures carry no times: 15 frames per second" in str(n) for n in info.notes)
    assert any(f"Values span {depth} bits" in str(n) for n in info.notes) == (depth > 8)


def test_brightness_does_not_flicker_when_one_page_is_brighter(tmp_path: Path) -> None:
    images = [np.full((30, 40), 1000, np.uint16) for _ in range(20)]
    images[7][:] = 5000  # not among the sampled pages, so it is clipped
    with open_video(save_stack(tmp_path / "a.tif", images)) as video:
        assert [int(f.grey().image.max()) for f in video.frames()] == [250] * 7 + [255] + [250] * 12


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_lossless_compressions(tmp_path: Path, compression: str | None) -> None:
    with open_video(save_stack(tmp_path / "a.tif", GREY_12, compression=compression)) as video:
        shown = [f.grey().image for f in video.frames()]
    assert (np.stack(shown) == np.stack(GREY_12) >> 4).all()


def test_a_tiff_is_recognised_by_its_content_and_imagej_times_are_used(tmp_path: Path) -> None:
    path = save_stack(
        tmp_path / "a.tif", GREY_8, description="ImageJ=1.53\nimages=12\nfinterval=0.05\n"
    )
    info = probe(path.rename(tmp_path / "stack.dat"))
    assert info.fps == pytest.approx(20)
    assert info.notes == ()


def test_a_truncated_stack_gives_its_complete_pages_and_a_note(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save_stack(tmp_path / "a.tif", GREY_8)
    content = path.read_bytes()
    for share in (0.3, 0.5, 0.7, 0.9, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        with open_video(path) as video:
            shown = [f.grey().image for f in video.frames()]
            assert 1 <= len(shown) < 12
            assert str(video.info.notes[0]) == (
                f"The file is cut off or damaged in page {len(shown) + 1}."
            )
        assert (np.stack(shown) == np.stack(GREY_8[: len(shown)])).all()
    path.write_bytes(content[:500])
    with pytest.raises(VideoError, match=r"cut off in its first page|damaged or not a picture"):
        open_video(path)
    assert capfd.readouterr() == ("", "")


def test_a_stack_with_fewer_pages_than_stated_has_a_note(tmp_path: Path) -> None:
    description = "ImageJ=1.53\nimages=99\nfinterval=0.1\n"
    info = probe(save_stack(tmp_path / "a.tif", GREY_8, description=description))
    assert [*map(str, info.notes)] == ["The file states 99 pages, but 12 can be read."]


def test_stacks_with_different_pages_are_refused(tmp_path: Path) -> None:
    mixed = [GREY_8[0], GREY_8[1][:20]]
    with pytest.raises(VideoError, match=r"page 1 has 40x30 pixels, page 2 40x20"):
        open_video(save_stack(tmp_path / "a.tif", mixed))
    path = tmp_path / "float.tif"
    Image.fromarray(GREY_8[0].astype(np.float32)).save(path)
    with pytest.raises(VideoError, match="32-bit or negative values"):
        open_video(path)


def test_folders_with_different_pictures_are_refused(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "images", GREY_8)
    cv2.imwrite(str(folder / "image3.png"), GREY_8[3][:20])
    with pytest.raises(VideoError, match=r"image0\.png has 40x30 pixels, image3\.png 40x20"):
        open_video(folder)
    cv2.imwrite(str(folder / "image3.png"), GREY_12[3])
    with pytest.raises(VideoError, match="mixes 8 and 16 bit"):
        open_video(folder)
    for content in (b"", b"rubbish"):
        (folder / "image3.png").write_bytes(content)
        with pytest.raises(VideoError, match=r"image3\.png is damaged or not a picture"):
            open_video(folder)


def test_a_truncated_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "images", GREY_8)
    path = folder / "image4.png"
    path.write_bytes(path.read_bytes()[:600])
    with (
        open_video(folder) as video,
        pytest.raises(VideoError, match=r"image4\.png is damaged"),
    ):
        list(video.frames())


def test_a_folder_is_read_in_natural_order_and_other_files_are_skipped(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "images", GREY_8, ".tif")
    for name in ("notes.txt", "._image1.tif", "Thumbs.db"):
        (folder / name).write_text("x")
    (folder / "image99.tif").mkdir()
    with open_video(folder) as video:
        shown = [f.grey().image for f in video.frames()]
        assert video.info.codec == "tiff"
    assert (np.stack(shown) == np.stack(GREY_8)).all()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 10**12), unique=True), st.randoms(use_true_random=False))
def test_numbers_in_names_count_as_numbers(numbers: list[int], order: random.Random) -> None:
    names = [f"Bild{n}_a.png" for n in sorted(numbers)]
    shuffled = list(names)
    order.shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == names


@settings(max_examples=25)
@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    assert len(sorted(names, key=natural_key)) == len(names)


def test_too_large_pictures_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    with path.open("wb") as file:
        file.write(b"P5 9000 9000 255\n")
        file.truncate(9000 * 9000 + 17)
    with pytest.raises(VideoError, match="9000x9000 pixels, more than the 67 million"):
        open_video(tmp_path)
    path.write_bytes(b"P5 30000 30000 255\n")
    with pytest.raises(VideoError, match="too large"):
        open_video(tmp_path)


def test_paths_in_any_script(tmp_path: Path) -> None:
    folder = tmp_path / "Jürgen – 精子 😀"
    folder.mkdir()
    assert probe(save_stack(folder / "видео.tif", GREY_8)).frame_count == 12


def test_no_file_stays_open(tmp_path: Path) -> None:
    """On Windows an open file can be neither renamed nor deleted; a forgotten one warns here."""
    bad = save_stack(tmp_path / "bad.tif", [GREY_8[0], GREY_8[1][:20]])
    with open_video(save_stack(tmp_path / "good.tif", GREY_8)) as video:
        list(video.frames(0, 3))
    with pytest.raises(VideoError):
        open_video(bad)
    gc.collect()
