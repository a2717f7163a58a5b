"""Compiles a stand-in for a shared library that may not be given away with the program.

PyAV's wheels carry libx264 and libx265, which are under the GPL. FFmpeg, which is under the LGPL,
names them as needed libraries, so they cannot simply be left out: the stand-in has their name and
their symbols, and every function returns 0, which FFmpeg takes for "this encoder cannot be opened".
"""

import re
import shutil
import subprocess
from pathlib import Path

COMPILERS_FOR_WINDOWS = ("x86_64-w64-mingw32-gcc", "gcc")
"""The first as Debian names MinGW's, the second as it is called on Windows."""
DATA_OF_A_DLL = ("x264_levels", "x264_chroma_format", "x264_cpu_names")
"""A DLL's table of names does not tell data from functions."""
DATA_BYTES = 4096
TABLE_ENTRIES = 64
"""More than libx265's table of functions has; every entry is the function that refuses."""


def compile_stub(library: Path, folder: Path) -> Path:
    """Compile the stand-in for ``library`` under its name and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    source, stub = folder / f"{library.name}.c", folder / library.name
    source.write_text(_source(library), encoding="ascii")
    if library.suffix == ".dll":
        compiler = next(filter(None, map(shutil.which, COMPILERS_FOR_WINDOWS)))
        options = ["-nostdlib", "-Wl,-e,0"]
    else:
        compiler, options = "gcc", ["-fPIC", f"-Wl,-soname,{_soname(library)}"]
    subprocess.run([compiler, "-Os", "-s", "-shared", *options, "-o", stub, source], check=True)
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
    if library.suffix == ".dll":
        return [
            (name, "D" if name in DATA_OF_A_DLL else "T", DATA_BYTES)
            for name in _names_of_dll(library)
        ]
    done = subprocess.run(
        ["nm", "-D", "-P", "--defined-only", library], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return [
        (row[0], row[1].upper(), int(row[3], 16) if len(row) > 3 else 0)
        for row in rows
        if row[0].startswith("x26")
    ]


def _names_of_dll(library: Path) -> list[str]:
    done = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True)
    table = done.stdout.partition("[Ordinal/Name Pointer] Table")[2].partition("\n\n")[0]
    return re.findall(r"\b(x26\w+)$", table, re.MULTILINE)


def _soname(library: Path) -> str:
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if "SONAME" in line)
    return line.split("[")[1].rstrip("]")
