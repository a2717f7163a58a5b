"""Reads and writes seed tables, and writes track tables, the formats that others script against.

Tables may come from a spreadsheet and have extra columns. All mistakes in a table are reported
together, each with its line.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from rostfine_core.domain import Seed, Track, TrackPoint
from rostfine_core.errors import StoreError
from rostfine_core.files import csv_cell, write_text
from rostfine_core.messages import Message, first_of
from rostfine_core.spreadsheet import read_table, whole_number

SEED_COLUMNS = ("target", "frame", "x", "y")
EXACT_COLUMN = "exact"
EXACT_WORDS = {"": False, "0": False, "no": False, "false": False} | dict.fromkeys(
    ("1", "yes", "true"), True
)
TRACK_COLUMNS = ("target", "frame", "x_px", "y_px", "score", "status")
MISTAKES_SHOWN = 10

Row = TypeVar("Row")


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """Read the clicks from a table with the columns ``target,frame,x,y`` (0-based pixels).

    A further column ``exact`` may say 1 for points that were placed by hand, see ``Seed``.

    Raises:
        StoreError: the file cannot be read or has mistakes; each is named with its line.
    """
    seeds = _read_rows(path, SEED_COLUMNS, _seed, optional=(EXACT_COLUMN,))
    mistakes = []
    lines: dict[tuple[str, int], int] = {}
    for line, seed in seeds:
        first = lines.setdefault((seed.target, seed.frame), line)
        if first != line:
            mistakes.append(
                Message(
                    "line {line}: target {target} already has a click in frame {frame} (line "
                    "{first})",
                    line=line,
                    target=seed.target,
                    frame=seed.frame,
                    first=first,
                )
            )
    _refuse(path, mistakes)
    return tuple(seed for _, seed in seeds)


def write_seeds(path: Path, seeds: Sequence[Seed]) -> None:
    """Write clicks so that ``read_seeds`` gives the same ones.

    Raises:
        StoreError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*SEED_COLUMNS, EXACT_COLUMN))
    for seed in seeds:
        place = (repr(float(value)) for value in (seed.x_px, seed.y_px))
        writer.writerow((_protected(seed.target), seed.frame, *place, int(seed.is_exact)))
    # Names need not be valid Unicode; invalid parts become escapes, as in ``assessment.json``.
    write_text(path, text.getvalue().encode("utf-8", "backslashreplace").decode())


def write_tracks(path: Path, tracks: Sequence[Track], *, with_doubt: bool = False) -> None:
    """Write tracks as ``target,frame,x_px,y_px,score,status``; lost positions are ``nan``.

    With ``with_doubt`` a last column ``doubt`` says why a frame should be checked.

    Raises:
        StoreError: the file cannot be written.
    """
    write_text(path, tracks_table(tracks, with_doubt=with_doubt))


def tracks_table(tracks: Sequence[Track], *, with_doubt: bool = False) -> str:
    """The text of a track table: positions and scores with three decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*TRACK_COLUMNS, "doubt") if with_doubt else TRACK_COLUMNS)
    for track in tracks:
        target = _protected(track.target)
        for p in track.points:
            numbers = (f"{value:.3f}" for value in (p.x_px, p.y_px, p.score))
            doubt = (_doubt(p),) if with_doubt else ()
            writer.writerow((target, p.frame, *numbers, p.status.value, *doubt))
    return text.getvalue()


def _doubt(point: TrackPoint) -> str:
    doubt = point.doubt
    return f"{doubt.kind.value}, see frame {doubt.frame}" if doubt else ""


def _seed(row: Mapping[str, str]) -> Seed:
    return Seed(
        target=_target(row),
        frame=_frame(row),
        x_px=_number(row, "x"),
        y_px=_number(row, "y"),
        is_exact=_exact(row),
    )


def _exact(row: Mapping[str, str]) -> bool:
    text = row[EXACT_COLUMN]
    try:
        return EXACT_WORDS[text.lower()]
    except KeyError:
        raise StoreError(
            Message("{column} {text!r} must be 0 or 1", column=EXACT_COLUMN, text=text)
        ) from None


def _target(row: Mapping[str, str]) -> str:
    if not row["target"]:
        raise StoreError(Message("target is empty"))
    return _unprotected(row["target"])


def _frame(row: Mapping[str, str]) -> int:
    try:
        frame = whole_number(row["frame"])
    except ValueError:
        frame = -1
    if frame < 0:
        raise StoreError(
            Message("frame {text} must be a whole number from 0 up", text=f"{row['frame']!r:.40}")
        )
    return frame


def _number(row: Mapping[str, str], column: str) -> float:
    text = row[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise StoreError(
            Message("{column} {text!r} must be a number from 0 up", column=column, text=text)
        )
    return value


def _read_rows(
    path: Path,
    columns: Sequence[str],
    parse: Callable[[Mapping[str, str]], Row],
    *,
    optional: Sequence[str] = (),
) -> list[tuple[int, Row]]:
    """Parse every row and give it with its line number.

    Raises:
        StoreError: a column is missing, there are no rows, or ``parse`` refused some.
    """
    rows: list[tuple[int, Row]] = []
    mistakes: list[Message] = []
    for line, row in _cells(path, columns, optional):
        try:
            rows.append((line, parse(row)))
        except StoreError as error:
            mistakes.append(Message("line {line}: {mistake}", line=line, mistake=error.message))
    _refuse(path, mistakes)
    if not rows:
        raise StoreError(
            Message(
                "{path} holds no rows under its header: add at least one.",
                path=path,
            )
        )
    return rows


def _cells(
    path: Path, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The cells of every non-empty row by column name, without surrounding blanks."""
    names, rows = read_table(path, columns=(*columns, *optional))
    missing = [name for name in columns if name not in names]
    if missing:
        raise StoreError(
            Message(
                "{path} lacks the column {missing}: its first line must name {needed}.",
                path=path,
                missing=", ".join(missing),
                needed=",".join(columns),
            )
        )
    for line, row in rows:
        yield line, {name: row.get(name, "").strip() for name in (*columns, *optional)}


def _refuse(path: Path, mistakes: Sequence[Message]) -> None:
    if not mistakes:
        return
    raise StoreError(
        Message(
            "{path} has mistakes to correct: {mistakes}.",
            path=path,
            mistakes=first_of(mistakes, MISTAKES_SHOWN),
        )
    )


def _protected(text: str) -> str:
    """Make text harmless in a spreadsheet, reversibly by ``_unprotected``."""
    bare = text.lstrip("'")
    return f"'{text}" if csv_cell(bare) != bare else text


def _unprotected(text: str) -> str:
    bare = text.lstrip("'")
    return text[1:] if text != bare and csv_cell(bare) != bare else text
