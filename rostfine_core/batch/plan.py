"""What a batch is to do: the videos of a folder or a list, and where their clicks come from."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message, first_of
from rostfine_core.recordings import find_recordings
from rostfine_core.spreadsheet import read_table, whole_number
from rostfine_core.video.choice import PlaneChoice

COLUMNS = (
    "video", "clicks", "sample", "patient", "operator", "um_per_px", "fps", "channel", "z"
)  # fmt: skip
SEEDS_ENDING = ".seeds.csv"
OF_FILE: Final = "file"
"""Means the scale that the file itself states."""
MISTAKES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """A video to grade.

    Without ``clicks`` those beside the video count, else those in the store, else with
    ``finds_all`` every head of the first frame. ``um_per_px`` is a scale, None or ``OF_FILE``.
    """

    video: Path
    clicks: Path | None = None
    finds_all: bool = False
    sample: str = ""
    patient: str = ""
    operator: str = ""
    um_per_px: float | str | None = None
    fps: float | None = None
    choice: PlaneChoice = field(default_factory=PlaneChoice)

    @property
    def seeds_file(self) -> Path | None:
        """The table of clicks to read, if there is one."""
        beside = self.video.with_name(self.video.stem + SEEDS_ENDING)
        return self.clicks or (beside if beside.is_file() else None)


def items_of(videos: Iterable[Path], like: BatchItem) -> tuple[BatchItem, ...]:
    """An item for each video, with everything else as in ``like``."""
    return tuple(replace(like, video=video.absolute()) for video in videos)


def read_batch(place: Path, like: BatchItem) -> tuple[BatchItem, ...]:
    """The videos of a folder or a list; what a list leaves open is as in ``like``.

    A list is a CSV with a column ``video`` and, where wanted, the others of ``COLUMNS``; its paths
    are relative to its folder.

    Raises:
        StoreError: it cannot be read, holds no video, or has mistakes, all of which are listed.
    """
    if place.is_dir():
        items = items_of(find_recordings(place), like)
        if not items:
            raise StoreError(
                Message("{folder} holds no videos: choose another folder.", folder=place)
            )
        return items
    return _read_list(place, like)


def _read_list(path: Path, like: BatchItem) -> tuple[BatchItem, ...]:
    names, rows = read_table(path, columns=COLUMNS)
    if "video" not in names:
        raise StoreError(
            Message(
                "{path} lacks the column video: its first line must name it, and may name "
                "{others}.",
                path=path,
                others=", ".join(COLUMNS[1:]),
            )
        )
    items: dict[tuple[Path, PlaneChoice], BatchItem] = {}
    mistakes = []
    for line, row in rows:
        try:
            item = _item(path.absolute().parent, row, like)
            if (item.video, item.choice) in items:
                raise StoreError(Message("the video {name} is listed before", name=item.video.name))
            items[item.video, item.choice] = item
        except StoreError as error:
            mistakes.append(Message("line {line}: {mistake}", line=line, mistake=error.message))
    if mistakes or not items:
        mistakes = mistakes or [Message("it lists no video")]
        raise StoreError(
            Message(
                "{path} has mistakes to correct: {mistakes}.",
                path=path,
                mistakes=first_of(mistakes, MISTAKES_SHOWN),
            )
        )
    return tuple(items.values())


def _item(folder: Path, row: Mapping[str, str], like: BatchItem) -> BatchItem:
    cells = {name: row.get(name, "").strip() for name in COLUMNS}
    if not cells["video"]:
        raise StoreError(Message("video is empty"))
    if cells["patient"] and not (cells["sample"] or like.sample):
        raise StoreError(Message("the patient has no sample"))
    scale = cells["um_per_px"]
    um_per_px = OF_FILE if scale.lower() == OF_FILE else _positive("um_per_px", scale)
    fps = _positive("fps", cells["fps"])
    choice = PlaneChoice(channel=cells["channel"] or None, plane=_plane(cells["z"]))
    return replace(
        like,
        video=folder / cells["video"],
        clicks=folder / cells["clicks"] if cells["clicks"] else None,
        um_per_px=like.um_per_px if um_per_px is None else um_per_px,
        fps=like.fps if fps is None else fps,
        choice=like.choice if choice == PlaneChoice() else choice,
        sample=cells["sample"] or like.sample,
        patient=cells["patient"] or like.patient,
        operator=cells["operator"] or like.operator,
    )


def _positive(column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise StoreError(
            Message(
                "{column} {text} must be a number above zero", column=column, text=f"{text:.40}"
            )
        )
    return value


def _plane(text: str) -> int | None:
    if not text:
        return None
    try:
        value = whole_number(text)
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise StoreError(
            Message("z {text} must be a whole number of at least 1", text=f"{text:.40}")
        )
    return value
