"""Makes the Debian package of a built folder: ``python packaging/make_deb.py FOLDER OUT``.

The program goes to /opt/rostfine-assist, its commands, manual pages, menu entry, icon and
copyright to their usual places. Nothing of a user's is in the package: settings, logs and reports
are in the user's own folders and outlast an upgrade and a purge.
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from check_bundle import SYSTEM_LIBRARIES, installed_bytes

HERE = Path(__file__).parent
PROGRAMS = ("rostfine", "rostfine-app")
NAME = "rostfine-assist"
ICON_COLOUR = "#2f7fb5"
FONTS = "fonts-dejavu-core | fonts-noto-core"
CONTROL = """\
Package: {name}
Version: {version}
Architecture: amd64
Maintainer: RoSTFine Assist <rostfine-assist@localhost>
Installed-Size: {size_kib}
Depends: {depends}
Recommends: {recommends}
Section: science
Priority: optional
Description: grades tracked sperm as a panel of experts would
 RoSTFine Assist follows sperm through microscope videos, predicts how a panel
 of experts would grade each, and shows where the network looked. It is for
 research; the model that comes with it is a demonstration, trained on
 simulated sperm, and not for clinical use.
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: RoSTFine Assist

Files: *
Copyright: the authors of RoSTFine Assist
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

Files: /opt/rostfine-assist/_internal/*
Copyright: the authors of the parts
License: various
 Each part and its licence is named in
 /opt/rostfine-assist/_internal/licences/THIRD_PARTY.md.
"""


def make_deb(folder: Path, out: Path) -> Path:
    """Make the package in the folder ``out`` and return its path."""
    version = _output(folder / "rostfine", "--version").split()[-1]
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"{NAME}_{version}_amd64.deb"
    with tempfile.TemporaryDirectory(dir=out) as name:
        root = Path(name) / "root"
        shutil.copytree(folder, root / "opt" / NAME, symlinks=True)
        _add_commands(root, folder, version)
        _add_desktop(root)
        _write(root / "usr/share/doc" / NAME / "copyright", COPYRIGHT)
        _write(root / "DEBIAN/control", _control(folder, version))
        _normalise(root)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", root, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


def _control(folder: Path, version: str) -> str:
    floor = {"libc6": "libc6 (>= 2.36)"}
    depends = [floor.get(package, package) for package in SYSTEM_LIBRARIES]
    return CONTROL.format(
        name=NAME,
        version=version,
        size_kib=round(installed_bytes(folder) / 1024),
        depends=", ".join(depends),
        recommends=FONTS,
    )


def _add_commands(root: Path, folder: Path, version: str) -> None:
    """Links on the path, and a manual page of each from its own help."""
    for program in PROGRAMS:
        link = root / "usr/bin" / program
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"/opt/{NAME}/{program}")
        page = _manual(program, _output(folder / program, "--help"), version)
        file = root / "usr/share/man/man1" / f"{program}.1.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(page.encode(), mtime=0))


def _manual(program: str, help_text: str, version: str) -> str:
    """A manual page that shows the help as it is."""
    safe = help_text.replace("\\", "\\e").replace("-", "\\-")
    lines = [f"\\&{line}" if line[:1] in (".", "'") else line for line in safe.splitlines()]
    head = f'.TH {program.upper()} 1 "" "RoSTFine Assist {version}"\n.SH NAME\n'
    about = f"{program} \\- grade tracked sperm as a panel of experts would\n.SH HELP\n.nf\n"
    return head + about + "\n".join(lines) + "\n.fi\n"


def _add_desktop(root: Path) -> None:
    entry = (HERE / f"{NAME}.desktop").read_text(encoding="utf-8")
    _write(root / "usr/share/applications" / f"{NAME}.desktop", entry)
    icon = (HERE.parent / "resources/icons/app.svg").read_text(encoding="utf-8")
    coloured = icon.replace("currentColor", ICON_COLOUR)
    _write(root / "usr/share/icons/hicolor/scalable/apps" / f"{NAME}.svg", coloured)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _normalise(root: Path) -> None:
    """Readable by all and writable by root alone, whatever the builder's habits."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            is_executable = path.is_dir() or (
                os.access(path, os.X_OK) and path.stat().st_mode & 0o100
            )
            path.chmod(0o755 if is_executable else 0o644)


def _output(program: Path, argument: str) -> str:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "COLUMNS": "80"}
    done = subprocess.run(
        [program, argument], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Make the package and say how large it is."""
    parser = argparse.ArgumentParser(description="Makes the Debian package of a built folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args(argv)
    package = make_deb(arguments.folder, arguments.out)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
