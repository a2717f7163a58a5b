"""Atomic writing, safe names and cells that no spreadsheet reads as formulas."""

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.errors import StoreError
from rostfine_core.files import (
    RESERVED_NAMES,
    atomic_write,
    csv_cell,
    safe_name,
    sha256_of,
    write_text,
)


def test_a_written_file_is_complete_and_leaves_no_other(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.csv", "x\r\n")
    assert (tmp_path / "new" / "a.csv").read_bytes() == b"x\r\n"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.csv"]


def test_a_failed_write_leaves_only_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_gives_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"No space left.*free space"),
        atomic_write(tmp_path / "a"),
    ):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_a_folder_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Cannot write"):
        write_text(tmp_path / "file" / "a.txt", "")


@pytest.mark.requirement("R-42")
@given(st.text())
def test_safe_names_stay_in_their_folder(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name) <= 81
    assert not set(name) & set('/\\:*?"<>|\0 \n')
    assert name not in {".", ".."}
    assert not name.endswith(".")
    assert name.split(".")[0].lower() not in RESERVED_NAMES
    assert safe_name(name) == name


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")))
def test_csv_cells_never_start_a_formula_and_keep_the_text(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text
    line = io.StringIO()
    csv.writer(line).writerow([cell])
    assert next(csv.reader(io.StringIO(line.getvalue()))) == [cell]


@pytest.mark.parametrize(
    "text", ["=1+1", " @sum", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20a"]
)
def test_every_start_of_a_formula_is_disarmed(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_sha256_matches_the_library_and_reports_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()
    with pytest.raises(StoreError, match="Cannot read"):
        sha256_of(tmp_path / "missing")
