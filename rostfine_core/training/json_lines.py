"""Journals of one JSON object a line, which a crash may cut short but not spoil."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def append_json_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one line; after a line that a crash cut short it begins a new one.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, 2)
            is_cut_short = file.read(1) != b"\n"
            file.write(b"\n" * is_cut_short)
        file.write((json.dumps(record) + "\n").encode())


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file, without lines cut short by a crash; an absent file has none."""
    if not path.is_file():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records
