"""The checksum that identifies a video in every result made from it."""

import hashlib
from pathlib import Path
from threading import Lock

from rostfine_core.domain import LongJob, Progress
from rostfine_core.files import BLOCK_BYTES, blocks_of, sha256_of
from rostfine_core.marking import marked
from rostfine_core.video.identity import VideoIdentity

WAIT_S = 0.05


class VideoChecksum:
    """The checksum of one video, computed once for all jobs and threads that need it."""

    def __init__(self, identity: VideoIdentity, *, known: str = "") -> None:
        """Set up; ``known`` is the checksum if it was computed before."""
        self._identity, self._known, self._turn = identity, known, Lock()

    def get(self) -> LongJob[str]:
        """Compute it, or wait for the job that does, and take over if that job does not finish.

        Raises:
            StoreError: the video cannot be read.
            VideoError: it was changed since it was opened.
        """
        while not self._turn.acquire(timeout=WAIT_S):
            yield Progress(stage=marked("checksum"), done=0, total=0)
        try:
            if not self._known:
                self._known = yield from hash_video(self._identity)
            return self._known
        finally:
            self._turn.release()


def hash_video(identity: VideoIdentity) -> LongJob[str]:
    """The SHA-256 of a video file, or of all files of a folder in the order of their names.

    Raises:
        StoreError: the video cannot be read.
        VideoError: it was changed since it was opened.
    """
    digest = hashlib.sha256()
    yield from _hash(identity.path, digest)
    identity.check()
    return digest.hexdigest()


def _hash(path: Path, digest: "hashlib._Hash") -> LongJob[None]:
    if not path.is_dir():
        # Progress counts blocks: bytes would soon exceed the 2^31 of Qt's progress bar.
        total = -(-path.stat().st_size // BLOCK_BYTES) if path.exists() else 0
        for done, block in enumerate(blocks_of(path), start=1):
            digest.update(block)
            yield Progress(stage=marked("checksum"), done=done, total=max(done, total))
        return
    pictures = sorted(p for p in path.iterdir() if p.is_file())
    for number, picture in enumerate(pictures, start=1):
        digest.update(f"{picture.name} {sha256_of(picture)}\n".encode())
        yield Progress(stage=marked("checksum"), done=number, total=len(pictures))
