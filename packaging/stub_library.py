"""Compiles a stand-in for a shared library that may not be given away with the program.

PyAV's wheels carry libx264 and libx265, which are under the GPL. FFmpeg, which is under the LGPL,
names them as needed libraries, so they cannot simply be left out: the stand-in has their name and
their symbols, and every function returns 0, which FFmpeg takes for "this encoder cannot be opened".
"""

import subprocess
from pathlib import Path

TABLE_ENTRIES = 64
"""More than libx265's table of functions has; every entry is the function that refuses."""


def compile_stub(library: Path, folder: Path) -> Path:
    """Compile the stand-in for ``library`` under its name and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    source, stub = folder / f"{library.name}.c", folder / library.name
    source.write_text(_source(library), encoding="ascii")
    soname = _soname(library)
    subprocess.run(
        ["gcc", "-Os", "-s", "-fPIC", "-shared", f"-Wl,-soname,{soname}", "-o", stub, source],
        check=True,
    )
    return stub


def _source(library: Path) -> str:
    lines = [
        "static void *refuse(void) { return 0; }",
        f"static void *table[{TABLE_ENTRIES}] = {{"
        + ", ".join(["(void *)refuse"] * TABLE_ENTRIES)
        + "};",
    ]
    for name, kind, size in _symbols(library):
        if kind in "DBRV":
            lines.append(f"char {name}[{max(size, 1)}] __attribute__((aligned(16))) = {{0}};")
        elif name.startswith("x265_api_get"):  # FFmpeg looks into the table without a check
            lines.append(f"void *{name}(int bit_depth) {{ (void)bit_depth; return table; }}")
        else:
            lines.append(f"void *{name}(void) {{ return 0; }}")
    return "\n".join(lines) + "\n"


def _symbols(library: Path) -> list[tuple[str, str, int]]:
    """Name, kind and size of the C symbols; C++'s are of use to nobody else."""
    done = subprocess.run(
        ["nm", "-D", "-P", "--defined-only", library], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return [
        (row[0], row[1].upper(), int(row[3], 16) if len(row) > 3 else 0)
        for row in rows
        if row[0].startswith("x26")
    ]


def _soname(library: Path) -> str:
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if "SONAME" in line)
    return line.split("[")[1].rstrip("]")
