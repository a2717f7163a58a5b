"""Makes the self-extracting archive of a built folder.

    python packaging/make_archive.py FOLDER OUT

For Linux without Debian's packages. The archive unpacks itself into a temporary folder and runs
``archive/setup.sh``, which installs for everyone or for one user. It needs makeself; where it is
unpacked it needs a shell, tar and gzip.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from about import NAME, TITLE
from check_bundle import GLIBC_FLOOR
from surroundings import make_readable, name_of, version_of, write_surroundings

SCRIPTS = Path(__file__).parent / "archive"


def make_archive(folder: Path, out: Path) -> Path:
    """Make the archive in the folder ``out`` and return its path.

    Raises:
        ValueError: ``setup.sh`` asks for another glibc than the folder needs.
    """
    if f"glibc_floor={GLIBC_FLOOR} " not in (SCRIPTS / "setup.sh").read_text(encoding="utf-8"):
        raise ValueError(f"archive/setup.sh does not ask for glibc {GLIBC_FLOOR}")
    version = version_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"{name_of(folder)}-{version}-linux-x86_64.run"
    with tempfile.TemporaryDirectory(dir=out) as name:
        root = Path(name) / "root"
        shutil.copytree(folder, root / NAME, symlinks=True)
        # It may be installed anywhere: beside the copyright the folder is named by its place.
        write_surroundings(root / "share", folder, f"lib/{NAME}")
        for script in SCRIPTS.glob("*.sh"):
            shutil.copy(script, root)
        make_readable(root)
        _run_makeself(root, archive, f"{TITLE} {version}")
    return archive


def _run_makeself(root: Path, archive: Path, label: str) -> None:
    options = ("--gzip", "--nox11", "--tar-quietly", "--quiet", "--nochown")
    sums = ("--sha256", "--nomd5", "--nocrc")
    long_names = ("--tar-format", "gnu")  # as some licence texts have
    command = ["makeself", *options, *sums, *long_names, root, archive, label, "sh", "./setup.sh"]
    # Files get no owner's name: whoever unpacks them owns them.
    owners = {"TAR_OPTIONS": "--owner=0 --group=0 --numeric-owner --sort=name"}
    subprocess.run(command, check=True, env=os.environ | owners)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the archive and say how large it is."""
    parser = argparse.ArgumentParser(description="Makes the self-extracting archive of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args(argv)
    archive = make_archive(arguments.folder, arguments.out)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
