"""Writes a store's file anew, encrypted or plain, and puts it in the old one's place.

The new file is complete, compared row by row and on the disk before it takes the name; whenever
the program is killed, the name leads to one whole file, the old or the new.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message
from rostfine_core.store.encryption import (
    SALT_BYTES,
    StoreKey,
    connect,
    derive_key,
    explaining,
)


def new_key(passphrase: str) -> StoreKey:
    """A key with a salt of its own for a file that is to be written."""
    return derive_key(passphrase, secrets.token_bytes(SALT_BYTES))


def recode(
    path: Path,
    *,
    old: StoreKey | None,
    new: StoreKey | None,
    before_use: Callable[[Path], None] = lambda _: None,
) -> None:
    """Replace a store's file by one with the same rows under another key, None being plain.

    Args:
        path: the file; no other program may use it.
        old: its key.
        new: the key of the new file.
        before_use: may change the new file before it is used, such as add to its audit trail.

    Raises:
        StoreError: another program uses the store, the disk is full, or the copy differs; the old
            file stays.
    """
    with (
        explaining(path),
        closing(connect(path, old, isolation_level=None)) as source,
        atomic_write(path, is_private=True) as temporary,
    ):
        _take_alone(source)
        _export(source, temporary, new)
        _compare(source, temporary, new)
        before_use(temporary)
        _flush(temporary)
        outdated = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    # A program that waited to write into the old file must find that it is none any more.
    with suppress(OSError):
        os.ftruncate(outdated, 0)
    os.close(outdated)
    _flush(path.parent)


def _take_alone(source: Any) -> None:  # noqa: ANN401  # of the driver
    """Fold the write-ahead log into the file and keep everybody else out of it."""
    source.execute("PRAGMA busy_timeout = 0")
    source.execute("PRAGMA locking_mode = EXCLUSIVE")
    source.execute("PRAGMA journal_mode = DELETE").fetchall()
    source.execute("BEGIN EXCLUSIVE")
    source.execute("COMMIT")


def _export(source: Any, target: Path, key: StoreKey | None) -> None:  # noqa: ANN401
    source.execute("ATTACH DATABASE ? AS copy KEY ?", (str(target), key.raw if key else ""))
    source.execute("SELECT sqlcipher_export('copy')").fetchall()
    version = source.execute("PRAGMA main.user_version").fetchone()[0]
    source.execute(f"PRAGMA copy.user_version = {version}")
    source.execute("DETACH DATABASE copy")


def _compare(source: Any, target: Path, key: StoreKey | None) -> None:  # noqa: ANN401
    with closing(connect(target, key, isolation_level=None)) as copy:
        state = copy.execute("PRAGMA integrity_check").fetchall()
        if state != [("ok",)] or _content(copy) != _content(source):
            raise StoreError(
                Message(
                    "The new copy of the store differs from the old one, which stays: check the "
                    "disk and try again."
                )
            )


def _content(connection: Any) -> dict[str, str]:  # noqa: ANN401
    """A hash of each table's rows, and of what the schema says."""
    schema = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    rows = schema.fetchall()
    content = {"": hashlib.sha256(repr(rows).encode()).hexdigest()}
    for kind, name, _ in rows:
        if kind == "table":
            digest = hashlib.sha256()
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid'):
                digest.update(repr(row).encode())
            content[name] = digest.hexdigest()
    return content


def _flush(path: Path) -> None:
    """Have the disk hold what was written; a folder where the system allows that."""
    handle = -1
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
    if handle >= 0:
        os.close(handle)
