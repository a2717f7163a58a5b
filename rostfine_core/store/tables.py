"""Seed and track tables: ``target,frame,x,y`` in, ``target,frame,x_px,y_px,score,status`` out.

Tables as spreadsheets write them are read too: with a byte-order mark, with semicolons, with
empty lines at the end.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from rostfine_core.domain import Seed, Track, TrackPoint, TrackStatus
from rostfine_core.errors import StoreError
from rostfine_core.files import csv_cell, write_text

SEED_COLUMNS = ("target", "frame", "x", "y")
TRACK_COLUMNS = ("target", "frame", "x_px", "y_px", "score", "status")
MISTAKES_SHOWN = 5

Row = TypeVar("Row")


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """Read clicks; every mistake is told at once, with its line.

    Raises:
        StoreError: the file cannot be read, lacks a column or holds a value that is no position.
    """
    seeds = _read(path, SEED_COLUMNS, _seed)
    if not seeds:
        raise StoreError(f"{path} holds no seed: give at least one line target,frame,x,y.")
    return tuple(seeds)


def write_tracks(path: Path, tracks: Iterable[Track]) -> None:
    """Write tracks, one line a target and frame; positions to 0.01 px, ``nan`` where lost.

    Raises:
        StoreError: the file cannot be written.
    """
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(TRACK_COLUMNS)
    for track in tracks:
        name = csv_cell(track.target)
        writer.writerows(
            (name, p.frame, f"{p.x_px:.2f}", f"{p.y_px:.2f}", f"{p.score:.3f}", p.status.value)
            for p in track.points
        )
    write_text(path, lines.getvalue())


def read_tracks(path: Path, *, timestamps_s: Sequence[float]) -> tuple[Track, ...]:
    """Read what ``write_tracks`` wrote.

    Args:
        path: the table.
        timestamps_s: the time of each frame of the video, which the table does not hold.

    Raises:
        StoreError: the file cannot be read, is no track table or does not fit the video.
    """

    def point(row: dict[str, str]) -> tuple[str, TrackPoint]:
        return _track_point(row, timestamps_s)

    points: dict[str, list[TrackPoint]] = {}
    for target, track_point in _read(path, TRACK_COLUMNS, point):
        points.setdefault(target, []).append(track_point)
    for target, found in points.items():
        frames = [p.frame for p in found]
        if frames != list(range(frames[0], frames[0] + len(frames))):
            raise StoreError(f"{path}: the frames of target {target} do not follow one another.")
    return tuple(Track(target=t, points=tuple(p)) for t, p in points.items())


def _seed(row: dict[str, str]) -> Seed:
    return Seed(
        target=_name(row["target"]),
        frame=_frame(row["frame"]),
        x_px=_position(row["x"]),
        y_px=_position(row["y"]),
    )


def _track_point(row: dict[str, str], timestamps_s: Sequence[float]) -> tuple[str, TrackPoint]:
    frame = _frame(row["frame"])
    if frame >= len(timestamps_s):
        raise ValueError(f"frame {frame} lies behind the end of the video")
    status = TrackStatus(row["status"])
    lost = status is TrackStatus.LOST
    return _name(row["target"].removeprefix("'")), TrackPoint(
        frame=frame,
        time_s=timestamps_s[frame],
        x_px=math.nan if lost else _position(row["x_px"]),
        y_px=math.nan if lost else _position(row["y_px"]),
        score=float(row["score"]),
        status=status,
    )


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("target is empty")
    return text.strip()


def _frame(text: str) -> int:
    if not text.strip().isdecimal():
        raise ValueError(f"frame '{text}' is not a whole number from 0 on")
    return int(text)


def _position(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"'{text}' is not a position in pixels")
    return value


def _read(path: Path, columns: Sequence[str], parse: Callable[[dict[str, str]], Row]) -> list[Row]:
    rows, mistakes = [], []
    for line, row in _rows(path, columns):
        try:
            rows.append(parse(row))
        except ValueError as error:
            mistakes.append(f"line {line}: {error}")
    if mistakes:
        more = len(mistakes) - MISTAKES_SHOWN
        shown = "; ".join(mistakes[:MISTAKES_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise StoreError(f"{path} cannot be used ({shown}): correct the file.")
    return rows


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise StoreError(f"Cannot read {path} ({reason}): give a CSV file.") from error
    header = text.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        missing = [c for c in columns if c not in (reader.fieldnames or ())]
        if missing:
            raise StoreError(
                f"{path} lacks the column(s) {', '.join(missing)}: its first line must be "
                f"{','.join(columns)}."
            )
        for row in reader:
            if any(row[c] is None for c in columns):
                yield reader.line_num, dict.fromkeys(columns, "")
            elif any((row[c] or "").strip() for c in columns):
                yield reader.line_num, {c: row[c] for c in columns}
    except csv.Error as error:
        raise StoreError(f"{path} is no proper CSV file ({error}): correct the file.") from error
