"""Recordings are found whatever they are, and only when nobody writes to them any more."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    put(tmp_path / "day 2" / "a.mkv")
    put(tmp_path / "day 2" / "overview.png")
    found = [p.relative_to(tmp_path).as_posix() for p in find_recordings(tmp_path)]
    assert found == ["stack.tif", "v2.MP4", "v10.avi", "day 2/a.mkv", "day 2/series", "pictures"]


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


def test_a_folder_of_pictures_rests_when_no_more_come(tmp_path: Path) -> None:
    looks = new_recordings(tmp_path)
    for number in range(4):
        put(tmp_path / "series" / f"{number}.png")
        assert next(looks) == ()
    assert next(looks) == (tmp_path / "series",)
    assert next(looks) == ()
