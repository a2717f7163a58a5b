"""Frames and checksum belong to the file that was opened, or are refused."""

import os
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from rostfine_core.domain import LongJob, finish
from rostfine_core.errors import VideoError
from rostfine_core.video import PlaneChoice, open_video, write_video
from rostfine_core.video import video as video_module
from rostfine_core.video.checksum import VideoChecksum, hash_video
from rostfine_core.video.decoder import RemoteSource, opening_source
from tests.core.video.test_reopened import COUNT, KINDS, PICTURES, as_container, as_folder

CHANGED = "was changed or replaced after it was opened"


def replace_by_rename(path: Path) -> None:
    """As a program that saves does."""
    target = path / "7.png" if path.is_dir() else path
    other = target.with_name(f"new{target.suffix}")
    other.write_bytes(target.read_bytes())
    other.replace(target)


def overwrite(path: Path) -> None:
    """As a copy over it does, with the same size."""
    target = path / "7.png" if path.is_dir() else path
    os.utime(target, ns=(0, 0))


CHANGES = pytest.mark.parametrize("change", [replace_by_rename, overwrite])


@KINDS
@CHANGES
def test_a_stream_of_a_file_that_is_replaced_ends_with_an_error(
    save: Callable[[Path], Path], change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = save(tmp_path)
    with open_video(path) as video:
        frames = video.frames()
        next(frames)
        change(path)
        # As a reader that counts, and never asks for one more.
        with pytest.raises(VideoError, match=CHANGED):
            deque(islice(frames, COUNT - 1))


@KINDS
@CHANGES
def test_a_replaced_file_is_not_opened_again(
    save: Callable[[Path], Path], change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = save(tmp_path)
    with open_video(path) as video:
        change(path)
        with pytest.raises(VideoError, match=CHANGED):
            video.reopened()
        with pytest.raises(VideoError, match=CHANGED):
            next(video.frames(start=3))


def test_a_picture_of_a_replaced_file_is_refused(tmp_path: Path) -> None:
    with open_video(as_container(tmp_path)) as video:
        write_video(tmp_path / "v.mp4", iter(PICTURES[::-1]), fps=10)
        with pytest.raises(VideoError, match=CHANGED):
            video.frame(15)


@pytest.mark.requirement("R-12")
@KINDS
@CHANGES
def test_the_checksum_is_that_of_the_file_that_was_opened(
    save: Callable[[Path], Path], change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = save(tmp_path)
    with open_video(path) as video:
        checksum = VideoChecksum(video.identity)
        change(path)
        with pytest.raises(VideoError, match=CHANGED):
            finish(hash_video(video.identity))
        with pytest.raises(VideoError, match=CHANGED):
            finish(checksum.get())


def test_a_file_that_is_still_being_written_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_container(tmp_path)

    def open_while_it_grows(path: Path, choice: PlaneChoice) -> LongJob[RemoteSource]:
        source = yield from opening_source(path, choice)
        with path.open("ab") as file:
            file.write(b"more")
        return source

    monkeypatch.setattr(video_module, "opening_source", open_while_it_grows)
    with pytest.raises(VideoError, match=CHANGED):
        open_video(path)


def test_what_is_no_picture_may_come_into_a_folder(tmp_path: Path) -> None:
    with open_video(as_folder(tmp_path)) as video:
        (tmp_path / "tracks.csv").write_text("target,frame\n")
        assert len(list(video.frames())) == COUNT


@KINDS
def test_the_first_frame_is_known_whole_without_another_look_at_the_file(
    save: Callable[[Path], Path], tmp_path: Path
) -> None:
    """The window's thread asks for its luma, and may not wait for the disk."""
    path = save(tmp_path)
    with open_video(path) as video:
        first = video.frame(0)
        replace_by_rename(path)
        assert not first.grey().is_duplicate


def test_what_is_open_of_a_file_that_is_gone_can_be_read(tmp_path: Path) -> None:
    path = as_container(tmp_path)
    with open_video(path) as video:
        frames = video.frames()
        next(frames)
        path.unlink()
        assert len(list(frames)) == COUNT - 1
