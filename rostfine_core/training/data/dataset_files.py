"""Writing the files of a data set: its header and its tables."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from rostfine_core.files import csv_cell, write_text
from rostfine_core.training.data.dataset import GRADES, DatasetHeader


def write_header(folder: Path, header: DatasetHeader) -> None:
    """Write ``dataset.toml``; without a panel where nobody voted."""
    panel = (
        f"panel_size = {header.panel_size}\nabstentions = {json.dumps(header.abstentions)}\n"
        if header.panel_size
        else ""
    )
    text = (
        f"name = {_quoted(header.name)}\nkind = {_quoted(header.kind)}\n"
        f"grades = {json.dumps(list(GRADES))}\n{panel}\n"
        f"[preprocessing]\nclip_frames = {header.clip_frames}\nsize_px = {header.clip_size_px}\n"
    )
    if header.um_per_px is not None:
        text += f"um_per_px = {header.um_per_px}  # to which all clips were resampled\n"
    write_text(folder / "dataset.toml", text)


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes of characters beyond 16 bits would be none of TOML's."""
    return json.dumps(text, ensure_ascii=False)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table whose text is harmless in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in columns])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    write_text(path, buffer.getvalue())


def _cell(value: object) -> str:
    """Keep numbers as they are, including negative ones, since they are read as numbers again."""
    text = str(value)
    try:
        is_number = math.isfinite(float(text))
    except ValueError:
        is_number = False
    return text if is_number else csv_cell(text)
