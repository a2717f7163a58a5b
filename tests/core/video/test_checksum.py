"""The checksum of video files and picture folders."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rostfine_core.domain import finish
from rostfine_core.errors import StoreError
from rostfine_core.files import BLOCK_BYTES
from rostfine_core.video.checksum import VideoChecksum, hash_video
from rostfine_core.video.identity import VideoIdentity

if TYPE_CHECKING:
    from tests.conftest import VideoReads


def test_the_checksum_can_be_cancelled_between_blocks(tmp_path: Path) -> None:
    video = tmp_path / "large.avi"
    video.write_bytes(bytes(2 * BLOCK_BYTES) + b"end")
    job = hash_video(VideoIdentity.of(video))
    seen = [(step.done, step.total) for step in (next(job), next(job), next(job))]
    assert seen == [(1, 3), (2, 3), (3, 3)]  # blocks: a bar cannot count the bytes of a long video
    job.close()
    assert (
        finish(hash_video(VideoIdentity.of(video)))
        == hashlib.sha256(video.read_bytes()).hexdigest()
    )


def test_the_checksum_of_a_folder_depends_on_names_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    first = finish(hash_video(VideoIdentity.of(tmp_path)))
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert finish(hash_video(VideoIdentity.of(tmp_path))) != first


def test_two_jobs_at_once_read_the_video_once(tmp_path: Path, video_reads: "VideoReads") -> None:
    video = tmp_path / "a.avi"
    video.write_bytes(b"frames")
    checksum = VideoChecksum(VideoIdentity.of(video))
    first, second = checksum.get(), checksum.get()
    next(first)
    assert [next(second).total for _ in range(2)] == [0, 0]  # waiting, and it could be cancelled
    assert finish(first) == finish(second) == hashlib.sha256(b"frames").hexdigest()
    assert video_reads.hashed == {"a.avi": 1}


def test_the_next_job_takes_over_after_a_cancel_or_failure(tmp_path: Path) -> None:
    video = tmp_path / "a.avi"
    video.write_bytes(b"frames")
    checksum = VideoChecksum(VideoIdentity.of(video))
    video.rename(tmp_path / "away.avi")
    with pytest.raises(StoreError):
        finish(checksum.get())
    (tmp_path / "away.avi").rename(video)
    cancelled, second = checksum.get(), checksum.get()
    next(cancelled)
    next(second)
    cancelled.close()
    assert finish(second) == hashlib.sha256(b"frames").hexdigest()


def test_a_known_checksum_is_not_computed_again(tmp_path: Path) -> None:
    assert (
        finish(VideoChecksum(VideoIdentity.of(tmp_path / "gone.avi"), known="ab12").get()) == "ab12"
    )
