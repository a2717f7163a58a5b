"""What the checks of a built folder share: its files, and what its native libraries need."""

import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAGICS = (b"\x7fELF", b"MZ")
"""What programs and libraries begin with, on Linux and on Windows."""
FILES_AT_ONCE = 40


@dataclass
class Needs:
    """What a native file asks of the system."""

    libraries: set[str] = field(default_factory=set)
    glibc: set[tuple[int, ...]] = field(default_factory=set)


def native_files(folder: Path) -> list[Path]:
    """Every program and library of the folder, links aside."""
    return [
        p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink() and _is_native(p)
    ]


def needs_of(files: Sequence[Path]) -> dict[Path, Needs]:
    """What each file needs, as binutils' readelf tells."""
    found: dict[Path, Needs] = defaultdict(Needs)
    for start in range(0, len(files), FILES_AT_ONCE):
        # A second name makes readelf say which file each part is about, even for one file.
        some = [*files[start : start + FILES_AT_ONCE], Path("/dev/null")]
        done = subprocess.run(
            ["readelf", "--wide", "-d", "-V", *some], capture_output=True, text=True, check=False
        )
        for file, line in _lines_by_file(done.stdout):
            if "(NEEDED)" in line:
                found[file].libraries.add(line.split("[")[1].rstrip("]"))
            elif "Name: GLIBC_2" in line:
                version = line.split("GLIBC_")[1].split()[0]
                found[file].glibc.add(tuple(map(int, version.split("."))))
    return found


def _lines_by_file(text: str) -> Iterator[tuple[Path, str]]:
    file = Path()
    for line in text.splitlines():
        if line.startswith("File: "):
            file = Path(line.removeprefix("File: "))
        else:
            yield file, line


def _is_native(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(MAGICS)
