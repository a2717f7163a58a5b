"""The installer for Windows compiles, without a warning, against a placeholder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

SCRIPT = Path(__file__).parents[2] / "packaging" / "windows" / "make_installer.py"

needs_makensis = pytest.mark.skipif(shutil.which("makensis") is None, reason="NSIS is not there")


def make(folder: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(folder), str(out), *arguments]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def placeholder(tmp_path: Path) -> Path:
    """A folder with the names that a program built for Windows has."""
    folder = tmp_path / "placeholder"
    (folder / "_internal").mkdir(parents=True)
    (folder / "_internal" / "LICENSE").write_text("Apache-2.0")
    for name in ("rostfine.exe", "rostfine-app.exe"):
        (folder / name).write_bytes(b"MZ")
    return folder


@needs_makensis
def test_it_compiles_and_is_signed(placeholder: Path, tmp_path: Path) -> None:
    sign = f"cp %1 {tmp_path}/signed.exe"
    done = make(placeholder, tmp_path / "out", "--sign", sign)
    assert done.returncode == 0, done.stdout + done.stderr
    [installer] = (tmp_path / "out").iterdir()
    assert installer.read_bytes()[:2] == b"MZ"
    assert (tmp_path / "signed.exe").read_bytes() == installer.read_bytes()


def test_a_folder_without_the_program_is_refused(placeholder: Path, tmp_path: Path) -> None:
    (placeholder / "rostfine-app.exe").unlink()
    done = make(placeholder, tmp_path / "out")
    assert (done.returncode, "rostfine-app.exe is missing" in done.stderr) == (1, True)


@needs_makensis
def test_a_signature_that_fails_leaves_no_installer(placeholder: Path, tmp_path: Path) -> None:
    done = make(placeholder, tmp_path / "out", "--sign", "false %1")
    assert done.returncode == 1
    assert list((tmp_path / "out").iterdir()) == []
