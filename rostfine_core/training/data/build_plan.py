"""The plan of a data set to build: which sperm of which video, and how the panel voted.

A CSV with ``clip,sample,video,frame,x,y,votes_A..votes_E``; one row per sperm, video paths
relative to the plan's folder. A column ``fps`` corrects the rate of videos whose file has it wrong,
and ``um_per_px`` is their scale. Further columns (findings, measurements) go into the data set
unchanged. A plan without vote columns makes a data set without votes, from which a network can be
pretrained.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rostfine_core.domain import Seed
from rostfine_core.errors import DatasetError, StoreError
from rostfine_core.files import safe_name
from rostfine_core.spreadsheet import read_table, whole_number
from rostfine_core.training.data.dataset import (
    VOTE_COLUMNS,
    DatasetHeader,
    list_mistakes,
    read_votes,
)

CLICK_COLUMNS = ("clip", "sample", "video", "frame", "x", "y")
PLAN_COLUMNS = (*CLICK_COLUMNS, *VOTE_COLUMNS)
FPS = "fps"
SCALE = "um_per_px"


@dataclass(frozen=True, kw_only=True)
class PlannedClip:
    """One row: the click on a sperm in its video, its sample, its votes and further columns.

    ``votes`` is empty in a plan without votes.
    """

    clip: str
    sample: str
    video: Path
    seed: Seed
    votes: tuple[int, ...]
    fps: float | None
    um_per_px: float | None
    others: Mapping[str, str]

    @property
    def source(self) -> list[str | int | float]:
        """What the clip is cut from: if this changes, it must be cut again."""
        corrected = [] if self.fps is None else [self.fps]
        return [str(self.video), self.seed.frame, self.seed.x_px, self.seed.y_px, *corrected]


def read_plan(path: Path, *, header: DatasetHeader) -> dict[Path, tuple[PlannedClip, ...]]:
    """Read a plan; return its rows by video.

    Raises:
        DatasetError: listing every mistake with its line.
    """
    mistakes: list[str] = []
    rows = _read_rows(path, mistakes)
    planned: dict[Path, list[PlannedClip]] = {}
    seen: dict[str, int] = {}
    for line, row in rows:
        found: list[str] = []
        clip = _read_row(path.parent, header, row, found)
        if row["clip"] in seen:
            found.append(f"clip {row['clip']!r} is listed before, in line {seen[row['clip']]}")
        seen.setdefault(row["clip"], line)
        mistakes += [f"{path.name} line {line}: {text}" for text in found]
        if clip is not None:
            same_video = planned.setdefault(clip.video, [])
            same_video.append(clip)
            for name in (FPS, SCALE):
                if getattr(clip, name) != getattr(same_video[0], name):
                    mistakes.append(
                        f"{path.name} line {line}: {name} differs within {row['video']!r}"
                    )
            if header.um_per_px is not None and clip.um_per_px is None:
                mistakes.append(
                    f"{path.name} line {line}: clips are to be resampled, which needs um_per_px"
                )
    if mistakes:
        raise DatasetError(list_mistakes(f"The plan {path}", mistakes))
    return {video: tuple(clips) for video, clips in planned.items()}


def _read_rows(path: Path, mistakes: list[str]) -> list[tuple[int, dict[str, str]]]:
    try:
        names, rows = read_table(path, columns=(*PLAN_COLUMNS, FPS))
    except StoreError as error:
        raise DatasetError(str(error)) from error
    voted = any(c in names for c in VOTE_COLUMNS)
    missing = [c for c in (PLAN_COLUMNS if voted else CLICK_COLUMNS) if c not in names]
    if missing:
        mistakes.append(f"{path.name} line 1: column(s) missing: {', '.join(missing)}")
        return []
    if not rows:
        mistakes.append(f"{path.name}: holds no sperm")
    return rows


def _read_row(
    folder: Path, header: DatasetHeader, row: Mapping[str, str], found: list[str]
) -> PlannedClip | None:
    clip = row["clip"]
    if not clip or safe_name(clip) != clip:
        found.append(f"clip {clip!r} is not a plain file name")
    if not row["sample"].strip():
        found.append("sample is empty; splits by patient need it")
    video = folder / row["video"]
    if not row["video"] or not video.exists():
        found.append(f"video {row['video']!r} does not exist")
    votes = read_votes(row, header, found) if VOTE_COLUMNS[0] in row else ()
    fps, um_per_px = _positive(row, FPS, found), _positive(row, SCALE, found)
    try:
        seed = Seed(
            target=clip,
            frame=whole_number(row["frame"]),
            x_px=float(row["x"]),
            y_px=float(row["y"]),
        )
    except ValueError:
        found.append("frame, x and y must be numbers")
        return None
    return PlannedClip(
        clip=clip,
        sample=row["sample"].strip(),
        video=video,
        seed=seed,
        votes=votes,
        fps=fps,
        um_per_px=um_per_px,
        others={
            name: text for name, text in row.items() if name and name not in (*PLAN_COLUMNS, FPS)
        },
    )


def _positive(row: Mapping[str, str], name: str, found: list[str]) -> float | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        found.append(f"{name} {text!r} is not a number above zero")
        return None
    return value
