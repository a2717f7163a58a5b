"""Makes a folder that PyInstaller built smaller, adds the link and the licences of what is in it.

    python packaging/finish_bundle.py FOLDER

What is stripped carries symbols for debuggers, 180 MB in all. Others must not be: it breaks some
that auditwheel has patched, such as numpy's.
"""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from licences import PROGRAM, write_licences

WINDOW = "rostfine-app"
STRIPPED = (
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libtorch_python.so",
    "libpython3.*.so.*",
    "python3.*/lib-dynload/*.so",
    "PIL/*.so",
    "aiohttp/**/*.so",
    "av/**/*.so",
    "cryptography/**/*.so",
    "frozenlist/*.so",
    "multidict/*.so",
    "propcache/*.so",
    "sqlalchemy/**/*.so",
    "sqlcipher3/*.so",
)


def main(folder: Path) -> None:
    """Link the window's name to the program, strip the libraries and write the licences."""
    contents = folder / "_internal"
    if sys.platform != "win32":  # there the window is a file of its own
        (folder / WINDOW).symlink_to("rostfine")
        _strip(contents)
    write_licences(contents, metadata.version(PROGRAM))


def _strip(contents: Path) -> None:
    for pattern in STRIPPED:
        files = sorted(p for p in contents.glob(pattern) if not p.is_symlink())
        if not files:
            raise FileNotFoundError(f"{contents / pattern}: there is nothing to strip")
        subprocess.run(["strip", *files], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
