"""Reads everything in a store, to say what of it is damaged."""

import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rostfine_core.messages import Message
from rostfine_core.store.coding import unpacked, unpacked_images
from rostfine_core.store.schema import AssessmentRow, Table, TrackRow, VideoRow

_SHOWN = 10


def broken_parts(session: Session) -> tuple[Message, ...]:
    """What is damaged, each in one sentence; nothing if the store is whole."""
    pages = _pages(session) if session.get_bind().dialect.name == "sqlite" else ()
    return (*pages, *_records(session))


def _pages(session: Session) -> tuple[Message, ...]:
    """What SQLite finds in its file; a server checks its own."""
    rows = session.execute(text(f"PRAGMA integrity_check({_SHOWN})")).scalars()
    found = [row for row in rows if row != "ok"]
    orphans = session.execute(text("PRAGMA foreign_key_check")).all()
    found += [f"{row[0]} {row[1]}: {row[2]}" for row in orphans[:_SHOWN]]
    return tuple(Message("The store's file is damaged ({found}).", found=f) for f in found)


def _records(session: Session) -> Iterator[Message]:
    for table in Table.metadata.sorted_tables:
        for row in session.execute(select(table).execution_options(yield_per=200)).mappings():
            try:
                _read(table.name, dict(row))
            except (zlib.error, ValueError):
                yield Message("A record of the store is damaged ({kind}).", kind=table.name)


def _read(name: str, row: dict[str, Any]) -> None:
    """Unpack what is packed, by which damage shows: zlib keeps a sum of what it packed."""
    if name == VideoRow.__tablename__:
        unpacked(row["info"])
    elif name in (TrackRow.__tablename__, AssessmentRow.__tablename__):
        unpacked(row["record"])
        if row.get("images"):
            unpacked_images(row["images"])
