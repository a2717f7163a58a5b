"""Recordings are found whatever they are, and only when nobody writes to them any more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rostfine_core.errors import StoreError
from rostfine_core.recordings import find_recordings, new_recordings


def put(path: Path, content: bytes = b"some") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_videos_stacks_and_folders_of_pictures_are_found_in_natural_order(tmp_path: Path) -> None:
    for name in ("v10.avi", "v2.MP4", "stack.tif", "notes.txt", "v2.seeds.csv", ".hidden.mp4"):
        put(tmp_path / name)
    for number in range(3):
        put(tmp_path / "pictures" / f"{number}.tif")
        put(tmp_path / "day 2" / "series" / f"{number}.png")
    stack = [Image.new("L", (4, 4)) for _ in range(3)]
    for name in ("s1.tif", "s2.tif"):
        stack[0].save(tmp_path / "day 2" / name, save_all=True, append_images=stack[1:])
    put(tmp_path / "day 2" / "a.mkv")
    put(tmp_path / "day 2" / "overview.png")
    found = [p.relative_to(tmp_path).as_posix() for p in find_recordings(tmp_path)]
    assert found == [
        "stack.tif",
        "v2.MP4",
        "v10.avi",
        "day 2/a.mkv",
        "day 2/s1.tif",
        "day 2/s2.tif",
        "day 2/series",
        "pictures",
    ]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Cannot read the folder .*gone"):
        find_recordings(tmp_path / "gone")
    with pytest.raises(StoreError, match=r"Cannot read the folder .*gone"):
        next(new_recordings(tmp_path / "gone"))


@given(writes=st.lists(st.integers(0, 2), max_size=12))
def test_a_recording_is_told_once_it_rests_and_again_when_it_was_written_to(
    tmp_path_factory: pytest.TempPathFactory, writes: list[int]
) -> None:
    """``writes`` are the bytes that are added before each look."""
    folder = tmp_path_factory.mktemp("watched")
    path = put(folder / "a.avi", b"")
    looks = new_recordings(folder)
    size = told = 0
    for number, added in enumerate((0, *writes, 0, 0)):
        if added:
            path.write_bytes(bytes(size + added))
        size += added
        is_due = number > 0 and not added and size not in (0, told)
        assert next(looks) == ((path,) if is_due else ())
        told = size if is_due else told
    assert told == size


@pytest.mark.parametrize(
    "options",
    [
        {"bigtiff": True},
        {"byteorder": ">"},
        {"imagej": True, "contiguous": True},
        {"bigtiff": False},
    ],
)
def test_stacks_of_every_kind_are_told_from_pictures(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    for name, pages in (("stacks", 3), ("pictures", 1)):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.zeros((pages, 4, 4), np.uint8)
            tifffile.imwrite(
                tmp_path / name / f"{number}.tif", pixels, photometric="minisblack", **options
            )
    found = [p.relative_to(tmp_path).as_posix() for p in find_recordings(tmp_path)]
    assert found == ["pictures", "stacks/0.tif", "stacks/1.tif"]


def test_a_folder_of_pictures_rests_when_no_more_come(tmp_path: Path) -> None:
    looks = new_recordings(tmp_path)
    for number in range(4):
        put(tmp_path / "series" / f"{number}.png")
        assert next(looks) == ()
    assert next(looks) == (tmp_path / "series",)
    assert next(looks) == ()
