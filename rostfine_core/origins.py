"""What a stored result was made from: its video, found by checksum, and what was asked for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cattrs

from rostfine_core.domain import AnswerMode, LongJob, Provenance, Seed
from rostfine_core.errors import StoreError, VideoError, parsing
from rostfine_core.messages import Message
from rostfine_core.pipeline import PipelineSettings
from rostfine_core.video import PlaneChoice, Video, open_video
from rostfine_core.video.checksum import hash_video

LEVELS_UP = 3


def open_origin(
    name: str,
    sha256: str,
    *,
    given: Path | None = None,
    folders: Sequence[Path] = (),
    choice: PlaneChoice | None = None,
) -> LongJob[Video]:
    """Open the video of this checksum; the caller closes it.

    Args:
        name: the video's name.
        sha256: its checksum, as results keep it.
        given: where it is, if the user says so: the video, or a folder with it.
        folders: where else to look for one of its name, in this order.
        choice: the channel and plane to read.

    Raises:
        VideoError: it is not there, or what is there is another video.
        StoreError: it cannot be read.
    """
    file_name = Path(name).name  # a stored name never leads out of its folder
    inside = [folder / file_name for folder in folders if file_name]
    paths = [p for p in inside if p.exists()]
    if given is not None:
        within = given / file_name
        paths = [within if file_name and within.exists() else given]
    for path in paths:
        video = open_video(path, choice)
        try:
            found = yield from hash_video(video.identity)
        except BaseException:
            video.close()
            raise
        if found == sha256:
            return video
        video.close()
    if paths:
        raise VideoError(
            Message(
                "{path} is not the video that this result was made from, whose SHA-256 begins with "
                "{start}: give that one.",
                path=paths[0],
                start=sha256[:12],
            )
        )
    raise VideoError(
        Message(
            "The video {name} that this result was made from is missing: put it back, or say where "
            "it is.",
            name=name,
        )
    )


@dataclass(frozen=True, kw_only=True)
class StoredRequest(PipelineSettings):
    """What a result was asked for with, as its provenance keeps it (``pipeline``)."""

    fps_correction: float | None = None
    channel: str | None = None
    plane: int | None = None
    cpu_threads: int | None = None
    clicks_in_batch: tuple[Seed, ...] = ()
    insist: bool | None = None
    """None for results of versions that did not say."""
    answer_mode: AnswerMode = AnswerMode.FULL

    @property
    def choice(self) -> PlaneChoice:
        """The channel and plane that were read."""
        return PlaneChoice(channel=self.channel, plane=self.plane)


def stored_request(made: Provenance) -> StoredRequest:
    """The request behind a result.

    Raises:
        StoreError: its settings are damaged.
    """
    with parsing(
        lambda error: StoreError(
            Message(
                "The settings that this result was made with are damaged ({reason}): restore it "
                "from a copy.",
                reason=f"{error!s:.200}",
            )
        )
    ):
        return cattrs.Converter().structure(json.loads(made.settings_json), StoredRequest)


def folders_of(result: Path) -> tuple[Path, ...]:
    """Where the video of an exported result may lie: in its folder, above it, or here."""
    whole = result.absolute()
    return (whole, *list(whole.parents)[:LEVELS_UP], Path.cwd())
