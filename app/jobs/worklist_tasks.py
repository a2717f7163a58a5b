"""The worklist's jobs: finding recordings, and reading each so that the store knows it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.presentation.images import as_jpeg
from rostfine_core.domain import Draft, LongJob, Progress
from rostfine_core.marking import marked

if TYPE_CHECKING:
    from rostfine_core.store import Store


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """A video that is in the store now."""

    video_id: str
    thumbnail: bytes


def find_videos(places: Sequence[Path]) -> LongJob[tuple[Path, ...]]:
    """The recordings among files and folders; a folder of pictures is one.

    Raises:
        StoreError: a folder cannot be read.
    """
    from rostfine_core.recordings import find_recordings, is_recording

    found: list[Path] = []
    for done, place in enumerate(places):
        yield Progress(stage=marked("opening"), done=done, total=len(places))
        if place.is_dir() and not is_recording(place):
            found += find_recordings(place)
        else:
            found.append(place)
    return tuple(dict.fromkeys(path.absolute() for path in found))


def look(looks: Iterator[tuple[Path, ...]]) -> LongJob[tuple[Path, ...]]:
    """The recordings that came to rest since the last look.

    Raises:
        StoreError: the folder cannot be read.
    """
    yield Progress(stage=marked("opening"), done=0, total=1)
    return tuple(path.absolute() for path in next(looks))


def take_in(store: "Store", path: Path, draft: Draft) -> LongJob[TakenIn]:
    """Read a video's first frame and its checksum, and keep it as one that begins with ``draft``.

    Raises:
        VideoError: it cannot be read.
        StoreError: it cannot be kept.
    """
    from rostfine_core.video import opening_video
    from rostfine_core.video.checksum import VideoChecksum

    yield Progress(stage=marked("opening"), done=0, total=2)
    with closing((yield from opening_video(path))) as video:
        thumbnail = as_jpeg(video.frame(0).rgb(exact=False))
        yield Progress(stage=marked("opening"), done=1, total=2)
        sha256 = yield from VideoChecksum(video.identity).get()
        info = video.info
    video_id = store.add_video(info, sha256=sha256, draft=draft, thumbnail=thumbnail)
    return TakenIn(video_id=video_id, thumbnail=thumbnail)
