"""Makes the Debian package of a built folder: ``python packaging/make_deb.py FOLDER OUT``.

The program goes to /opt/rostfine-assist, its commands, manual pages, menu entry, icon and
copyright to their usual places. Nothing of a user's is in the package: settings, logs and reports
are in the user's own folders and outlast an upgrade and a purge.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from about import NAME, NO_ADDRESS, maintainer
from check_bundle import SYSTEM_LIBRARIES, installed_bytes
from surroundings import PROGRAMS, make_readable, name_of, version_of, write, write_surroundings

PLACE = f"/opt/{NAME}"
FONTS = "fonts-dejavu-core | fonts-noto-core"
INSTEAD = f"Provides: {NAME}\nConflicts: {NAME}\nReplaces: {NAME}\n"
CONTROL = """\
Package: {name}
Version: {version}
Architecture: amd64
Maintainer: {maintainer}
Installed-Size: {size_kib}
Depends: {depends}
Recommends: {recommends}
Section: science
Priority: optional
{relation}Description: grades tracked sperm as a panel of experts would
 RoSTFine Assist follows sperm through microscope videos, predicts how a panel
 of experts would grade each, and shows where the network looked. It is for
 research; the model that comes with it is a demonstration, trained on
 simulated sperm, and not for clinical use.
"""


def make_deb(folder: Path, out: Path) -> Path:
    """Make the package in the folder ``out`` and return its path."""
    version = version_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"{name_of(folder)}_{version}_amd64.deb"
    with tempfile.TemporaryDirectory(dir=out) as name:
        root = Path(name) / "root"
        shutil.copytree(folder, root / "opt" / NAME, symlinks=True)
        _add_commands(root)
        write_surroundings(root / "usr/share", folder, PLACE)
        write(root / "DEBIAN/control", _control(folder, version))
        make_readable(root)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", root, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


def _control(folder: Path, version: str) -> str:
    floor = {"libc6": "libc6 (>= 2.36)"}
    depends = [floor.get(package, package) for package in SYSTEM_LIBRARIES]
    return CONTROL.format(
        name=name_of(folder),
        version=version,
        maintainer=maintainer(),
        size_kib=round(installed_bytes(folder) / 1024),
        depends=", ".join(depends),
        recommends=FONTS,
        relation="" if name_of(folder) == NAME else INSTEAD,
    )


def _add_commands(root: Path) -> None:
    for program in PROGRAMS:
        link = root / "usr/bin" / program
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"{PLACE}/{program}")


def main(argv: Sequence[str] | None = None) -> int:
    """Make the package and say how large it is."""
    parser = argparse.ArgumentParser(description="Makes the Debian package of a built folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args(argv)
    package = make_deb(arguments.folder, arguments.out)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")
    if "@" not in maintainer():
        print(NO_ADDRESS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
