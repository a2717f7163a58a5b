"""Atomic writing, safe names and cells that no spreadsheet reads as formulas."""

import csv
import hashlib
import io
import os
import subprocess
import sys
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


WRITER = """
import os, signal, sys
from pathlib import Path
from rostfine_core.files import atomic_write

with atomic_write(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print(temporary, flush=True)
    sys.stdin.read() if len(sys.argv) > 2 else os.kill(os.getpid(), signal.SIGKILL)
"""


def made_long_ago(file: Path) -> Path:
    os.utime(file, (1e9, 1e9))
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_program_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "report.csv")]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    left = made_long_ago(Path(killed.stdout.strip()))
    mine_too = [tmp_path / ".report-12345678.csv", tmp_path / "notes.rostfine-12345678.csv"]
    for file in mine_too:
        file.write_text("mine")
        made_long_ago(file)
    assert left.read_bytes() == b"half"
    with subprocess.Popen(
        [*command, "waits"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        in_use = made_long_ago(Path(other.stdout.readline().strip()))
        monkeypatch.setattr("rostfine_core.files._swept", set())
        write_text(tmp_path / "other.txt", "done")
        assert not left.exists()
        assert in_use.exists()
        assert all(file.exists() for file in mine_too)
        other.communicate("")
    assert (tmp_path / "report.csv").read_bytes() == b"half"


@pytest.mark.parametrize("letter", ["a", "精", "\N{GRINNING FACE}"])
def test_the_longest_name_can_be_written(tmp_path: Path, letter: str) -> None:
    name = letter * ((255 - len(".csv")) // len(letter.encode())) + ".csv"
    write_text(tmp_path / name, "target")
    assert [p.name for p in tmp_path.iterdir()] == [name]
