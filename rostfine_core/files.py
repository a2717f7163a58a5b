"""Atomic writing, journals, safe names and checksums of files."""

import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

if sys.platform != "win32":
    import fcntl

TEMPORARY = ".rostfine-"
"""Part of the names of temporary files, by which those that a killed program left are known."""
SWEPT_AFTER_S = 60.0
"""A younger temporary file may belong to a program that is about to mark it as in use."""
_swept: set[Path] = set()
# Japanese spreadsheets also read the full-width forms as formulas.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BLOCK_BYTES = 2**22
RESERVED_NAMES = {"con", "prn", "aux", "nul"} | {
    f"{d}{n}" for d in ("com", "lpt") for n in range(10)
}


@contextmanager
def atomic_write(path: Path, *, is_private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it over ``path`` when the block succeeds.

    When the block fails, the temporary file is removed and an existing ``path`` stays as it was.
    Only its owner can read a file that ``is_private``.

    Raises:
        StoreError: the folder cannot be made or written, the disk is full, or ``path`` is something
            else than a file.
    """
    temporary: Path | None = None
    handle = -1
    try:
        if path.exists() and not path.is_file():
            raise StoreError(
                Message(
                    "{path} is a folder, device or pipe, which is not replaced: name a file.",
                    path=path,
                )
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        prefix = f".{path.stem[:40]}{TEMPORARY}"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
        temporary = Path(name)
        _hold(handle)
        yield temporary
        os.close(handle)
        handle = -1
        temporary.chmod(0o600 if is_private else 0o644)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if handle >= 0:
            os.close(handle)
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _hold(handle: int) -> None:
    """Mark a temporary file as in use as long as the program runs, in whatever way it ends."""
    if sys.platform != "win32":  # which does not delete a file that is open
        with suppress(OSError):  # some network drives have no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(folder: Path) -> None:
    """Remove what programs that were killed left in a folder, once for each program."""
    if folder in _swept:
        return
    _swept.add(folder)
    for left in folder.glob(f".*{TEMPORARY}????????*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < SWEPT_AFTER_S:
                continue
            if sys.platform == "win32":
                left.unlink()
            else:
                with left.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    left.unlink()


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(
        Message(
            "Cannot write {path} ({reason}): choose a folder that can be written to and has "
            "free space.",
            path=path,
            reason=error.strerror or str(error),
        )
    )


def write_text(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    """Write ``text`` to ``path`` atomically, with its line ends unchanged."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline="")


def safe_name(text: str, *, fallback: str = "unnamed") -> str:
    """Turn any text into a file name that stays in its folder on every platform."""
    name = re.sub(r"[^\w.-]+", "_", text).strip("._ ")[:80].rstrip(".")
    if not name:
        return fallback
    return f"_{name}" if name.split(".")[0].lower() in RESERVED_NAMES else name


def csv_cell(text: str) -> str:
    """Make text harmless in a spreadsheet: possible formulas get an apostrophe in front."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes, read in blocks.

    Raises:
        StoreError: the file cannot be read.
    """
    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()


def blocks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a few megabytes at a time.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot read {path} ({reason}): check the file.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error


def append_json_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append a JSON object to a journal as one line, even after a line that a crash cut short.

    Raises:
        StoreError: the file cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                is_cut_short = file.read(1) != b"\n"
                file.write(b"\n" * is_cut_short)
            file.write((json.dumps(record) + "\n").encode())
    except OSError as error:
        raise _cannot_write(path, error) from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a journal, skipping lines that are damaged; a missing file has none.

    Raises:
        StoreError: the file cannot be read.
    """
    records = []
    for line in b"".join(blocks_of(path) if path.exists() else ()).splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # cut short by a crash, or nested without end
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
