"""Compiles the installer for Windows of a folder that PyInstaller built there.

    python packaging/windows/make_installer.py FOLDER OUT [--sign "signtool sign ... %1"]

It needs makensis (NSIS 3), on Windows or elsewhere. UNTESTED on Windows and with the program: what
it makes of a placeholder was run under Wine alone.

A build for NVIDIA GPUs needs two things more on Windows: PyPI's torch for Windows knows no CUDA, so
that torch must come from PyTorch's own index (https://download.pytorch.org/whl/cu130), and an
installer made by NSIS cannot hold more than 2 GB, which such a build exceeds.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from about import NAME, maintainer, version  # noqa: E402 - they lie in the folder above
from icon import write_icon  # noqa: E402

NEEDED = ("rostfine.exe", "rostfine-app.exe", "_internal/LICENSE")


def make_installer(folder: Path, out: Path, *, sign: str | None) -> Path:
    """Make the installer in the folder ``out`` and return its path.

    Raises:
        FileNotFoundError: the folder holds no program for Windows.
        subprocess.CalledProcessError: makensis refused, or warned.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing: the folder holds no program")
    out.mkdir(parents=True, exist_ok=True)
    installer = out / f"{NAME}-{version()}-windows-x86_64.exe"
    size_bytes = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    with tempfile.TemporaryDirectory() as name:
        made, icon = Path(name) / installer.name, Path(name) / "rostfine.ico"
        write_icon(icon)
        values = {
            "VERSION": version(),
            "PAYLOAD": folder.resolve(),
            "OUT": made,
            "PUBLISHER": maintainer(),
            "ICON": icon,
            "SIZE_KIB": size_bytes // 1024,
        }
        if sign is not None:
            values["SIGN"] = sign
        defines = [f"-D{key}={value}" for key, value in values.items()]
        command = ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *defines]
        subprocess.run([*command, HERE / "rostfine.nsi"], check=True)
        shutil.move(made, installer)
    return installer


def main(argv: Sequence[str] | None = None) -> int:
    """Make the installer and say how large it is; 1 if it cannot be made."""
    parser = argparse.ArgumentParser(description="Makes the installer for Windows.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sign", help="command that signs the file that replaces %%1")
    arguments = parser.parse_args(argv)
    try:
        installer = make_installer(arguments.folder, arguments.out, sign=arguments.sign)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"make_installer: {error}", file=sys.stderr)
        return 1
    size_bytes = installer.stat().st_size
    print(f"{installer}: {size_bytes / 1e6:.0f} MB, untested")
    return 0


if __name__ == "__main__":
    sys.exit(main())
