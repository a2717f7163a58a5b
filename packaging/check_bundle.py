"""Refuses a built folder that may not be given away or would not start elsewhere.

    python packaging/check_bundle.py FOLDER [--variant cpu] [--glibc 2.36]

It ends with 1 and a line for each fault: a library or font under the GPL, a dangling link, a
library that is neither in the folder nor among SYSTEM_LIBRARIES, a symbol of a newer glibc than
the stated floor, a folder that is larger than its budget, licence texts that are missing.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bundle import native_files, needs_of

GLIBC_FLOOR = "2.36"
"""Debian 12's, on which releases are built."""
MAX_MB = {"cpu": 900, "cuda": 4600}
"""In millions of bytes."""
STUB_BYTES = 20_000
"""Our stand-ins are 14 kB, the real libx264 and libx265 2 and 20 MB."""
STUBBED = ("libx264", "libx265")
FORBIDDEN = ("libreadline", "darkgarden")
LICENCES = ("THIRD_PARTY.md", "sbom.cdx.json", "LGPL-3.0.txt", "GPL-3.0.txt", "LGPL-2.1.txt")
SYSTEM_LIBRARIES = {
    "libc6": (
        "ld-linux-x86-64.so.2 libc.so.6 libdl.so.2 libm.so.6 libmvec.so.1 libpthread.so.0 "
        "libresolv.so.2 librt.so.1 libutil.so.1"
    ),
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libglx0": "libGLX.so.0",
    "libopengl0": "libOpenGL.so.0",
    "libdrm2": "libdrm.so.2",
    "libfontconfig1": "libfontconfig.so.1",
    "libx11-6": "libX11.so.6",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxcb1": "libxcb.so.1",
    "libwayland-client0": "libwayland-client.so.0",
    "libwayland-cursor0": "libwayland-cursor.so.0",
    "libwayland-egl1": "libwayland-egl.so.1",
}
"""What the system must have, by Debian's packages: the package's dependencies."""
NVIDIA_DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1")
"""What only the build for GPUs needs, and the driver brings."""


def faults(folder: Path, *, glibc: str, max_mb: float) -> Iterator[str]:
    """What is wrong with the folder, one sentence each."""
    yield from _forbidden(folder)
    yield from _dangling(folder)
    yield from _native(folder, tuple(map(int, glibc.split("."))))
    yield from _licences(folder)
    size_mb = installed_bytes(folder) / 1e6
    if size_mb > max_mb:
        yield f"it takes {size_mb:.0f} MB, more than {max_mb:.0f}"


def installed_bytes(folder: Path) -> int:
    """What the files take, links aside."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(p.stat().st_size for p in files)


def _forbidden(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.name.lower()
        if name.startswith(STUBBED) and path.stat().st_size > STUB_BYTES:
            yield f"{path}: {path.stat().st_size:,} bytes are no stand-in for a library under GPL"
        if any(word in name for word in FORBIDDEN):
            yield f"{path}: may not be given away with the program"


def _dangling(folder: Path) -> Iterator[str]:
    root = folder.resolve()
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.exists():
            yield f"{path}: links to {path.readlink()}, which is not there"
        elif path.is_symlink() and not path.resolve().is_relative_to(root):
            yield f"{path}: links to {path.readlink()}, outside the folder"


def _native(folder: Path, floor: tuple[int, ...]) -> Iterator[str]:
    known = {name for names in SYSTEM_LIBRARIES.values() for name in names.split()}
    known |= {p.name for p in folder.rglob("*") if p.is_file()} | set(NVIDIA_DRIVER)
    for file, needs in sorted(needs_of(native_files(folder)).items()):
        if missing := sorted(needs.libraries - known):
            yield f"{file}: needs {', '.join(missing)}"
        if needs.glibc and max(needs.glibc) > floor:
            yield f"{file}: needs glibc {'.'.join(map(str, max(needs.glibc)))}"


def _licences(folder: Path) -> Iterator[str]:
    for name in LICENCES:
        if not any((p / name).is_file() for p in folder.glob("*/licences")):
            yield f"licences/{name} is missing"
    if not any((p / "LICENSE").is_file() for p in folder.iterdir()):
        yield "LICENSE is missing"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the faults; 1 if there are any."""
    parser = argparse.ArgumentParser(description="Checks a built folder before it is given away.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glibc", default=GLIBC_FLOOR, help="oldest glibc that it must run with")
    parser.add_argument("--variant", choices=MAX_MB, default="cpu", help="says how large it may be")
    arguments = parser.parse_args(argv)
    max_mb = MAX_MB[arguments.variant]
    found = list(faults(arguments.folder, glibc=arguments.glibc, max_mb=max_mb))
    for fault in found:
        print(f"check_bundle: {fault}", file=sys.stderr)
    if not found:
        size_mb = installed_bytes(arguments.folder) / 1e6
        print(f"{arguments.folder}: {size_mb:.0f} MB, nothing to object to")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
