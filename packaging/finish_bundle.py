"""Makes a folder that PyInstaller built smaller, and adds the licences of what is in it.

    python packaging/finish_bundle.py FOLDER

Four libraries carry symbols for debuggers, 120 MB in all. Others must not be stripped: it breaks
those that auditwheel has patched, such as numpy's.
"""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from licences import PROGRAM, write_licences

STRIPPED = (
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libtorch_python.so",
    "libpython3.*.so.*",
    "python3.*/lib-dynload/*.so",
)


def main(folder: Path) -> None:
    """Strip the libraries and write the licences."""
    contents = folder / "_internal"
    for pattern in STRIPPED:
        files = sorted(p for p in contents.glob(pattern) if not p.is_symlink())
        if not files:
            raise FileNotFoundError(f"{contents / pattern}: there is nothing to strip")
        subprocess.run(["strip", *files], check=True)
    write_licences(contents, metadata.version(PROGRAM))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
