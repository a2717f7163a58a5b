"""The checksum of video files and of folders of pictures."""

import hashlib
from pathlib import Path

from rostfine_core.domain import finish
from rostfine_core.files import BLOCK_BYTES
from rostfine_core.video.checksum import hash_video


def test_the_checksum_is_made_in_pieces_that_can_be_cancelled(tmp_path: Path) -> None:
    video = tmp_path / "large.avi"
    video.write_bytes(bytes(2 * BLOCK_BYTES) + b"end")
    job = hash_video(video)
    seen = [(step.done, step.total) for step in (next(job), next(job), next(job))]
    assert seen == [(1, 3), (2, 3), (3, 3)]  # blocks: a bar cannot count the bytes of a long video
    job.close()
    assert finish(hash_video(video)) == hashlib.sha256(video.read_bytes()).hexdigest()


def test_the_checksum_of_a_folder_depends_on_names_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    first = finish(hash_video(tmp_path))
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert finish(hash_video(tmp_path)) != first
