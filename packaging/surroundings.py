"""What an installed program has outside its folder: manual pages, menu entry, icon, copyright."""

import gzip
import os
import subprocess
from pathlib import Path

from about import NAME, TITLE

HERE = Path(__file__).parent
PROGRAMS = ("rostfine", "rostfine-app")
ICON_COLOUR = "#2f7fb5"
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: RoSTFine Assist

Files: *
Copyright: the authors of RoSTFine Assist
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0, and it
 is in {folder}/_internal/LICENSE.

Files: {folder}/_internal/*
Copyright: the authors of the parts
License: various
 Each part and its licence is named in
 {folder}/_internal/licences/THIRD_PARTY.md.
"""


def write_surroundings(share: Path, folder: Path, place: str) -> None:
    """Write everything below ``share``, for a built folder that will lie at ``place``."""
    version = version_of(folder)
    for program in PROGRAMS:
        page = _manual(program, _output(folder / program, "--help"), version)
        file = share / "man/man1" / f"{program}.1.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(page.encode(), mtime=0))
    entry = (HERE / f"{NAME}.desktop").read_text(encoding="utf-8")
    write(share / "applications" / f"{NAME}.desktop", entry)
    write(share / "icons/hicolor/scalable/apps" / f"{NAME}.svg", coloured_icon())
    write(share / "doc" / name_of(folder) / "copyright", COPYRIGHT.format(folder=place))


def coloured_icon() -> str:
    """The program's icon as SVG, which the window colours by its theme."""
    icon = (HERE.parent / "resources/icons/app.svg").read_text(encoding="utf-8")
    return icon.replace("currentColor", ICON_COLOUR)


def version_of(folder: Path) -> str:
    """The version that a built program tells."""
    return _output(folder / "rostfine", "--version").split()[-1]


def name_of(folder: Path) -> str:
    """The installer's name: the build for NVIDIA GPUs takes the place of that for CPUs."""
    has_cuda = (folder / "_internal/torch/lib/libtorch_cuda.so").is_file()
    return f"{NAME}-cuda" if has_cuda else NAME


def write(file: Path, text: str) -> None:
    """Write a file and the folders that it lies in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def make_readable(root: Path) -> None:
    """Readable by all and writable by its owner alone, whatever the builder's habits."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            is_executable = path.is_dir() or (
                os.access(path, os.X_OK) and path.stat().st_mode & 0o100
            )
            path.chmod(0o755 if is_executable else 0o644)


def _manual(program: str, help_text: str, version: str) -> str:
    """A manual page that shows the help as it is."""
    safe = help_text.replace("\\", "\\e").replace("-", "\\-")
    lines = [f"\\&{line}" if line[:1] in (".", "'") else line for line in safe.splitlines()]
    head = f'.TH {program.upper()} 1 "" "{TITLE} {version}"\n.SH NAME\n'
    about = f"{program} \\- grade tracked sperm as a panel of experts would\n.SH HELP\n.nf\n"
    return head + about + "\n".join(lines) + "\n.fi\n"


def _output(program: Path, argument: str) -> str:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "COLUMNS": "80"}
    done = subprocess.run(
        [program, argument], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout
