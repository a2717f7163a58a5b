"""What the check of a built folder refuses."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "check_bundle.py"
LICENCES = ("THIRD_PARTY.md", "sbom.cdx.json", "LGPL-3.0.txt", "GPL-3.0.txt", "LGPL-2.1.txt")

pytestmark = pytest.mark.skipif(
    shutil.which("readelf") is None or shutil.which("gcc") is None,
    reason="the program is built with binutils and gcc, which are not installed",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing to object to."""
    contents = tmp_path / "program" / "_internal"
    (contents / "licences").mkdir(parents=True)
    for name in LICENCES:
        (contents / "licences" / name).write_text("text")
    (contents / "LICENSE").write_text("text")
    compile_library(contents / "libown.so")
    (contents / "libx264-1.so").write_bytes(bytes(14_000))
    (contents / "link.so").symlink_to("libown.so")
    return tmp_path / "program"


def compile_library(file: Path, *options: str) -> None:
    source = file.with_suffix(".c")
    source.write_text('#include <stdio.h>\nint own(void) { return puts("own"); }\n')
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", file, source, *options], check=True)
    source.unlink()


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, str(SCRIPT), str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_good_folder_passes(folder: Path) -> None:
    status, told = check(folder)
    assert (status, "nothing to object to" in told) == (0, True), told


@pytest.mark.requirement("R-64")
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("libx264-d65.so.165", 2_000_000),
        ("av.libs/libx265-f53.so.216", 20_001),
        ("libreadline.so.8", 1),
        ("reportlab/fonts/DarkGarden.sfd", 1),
    ],
)
def test_what_is_under_the_gpl_is_refused(folder: Path, name: str, size: int) -> None:
    file = folder / "_internal" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    status, told = check(folder)
    assert status == 1
    assert name in told


def test_links_must_lead_to_files_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "leaving").symlink_to(tmp_path / "outside")
    status, told = check(folder)
    assert status == 1
    assert "links to nowhere" in told
    assert "outside the folder" in told


def test_a_library_that_nobody_brings_is_missed(folder: Path) -> None:
    contents = folder / "_internal"
    compile_library(contents / "libother.so", "-Wl,-soname,libother.so.3")
    compile_library(contents / "libuser.so", "-Wl,--no-as-needed", str(contents / "libother.so"))
    status, told = check(folder)
    assert status == 1
    assert "libuser.so: needs libother.so.3" in told
    (contents / "libother.so").rename(contents / "libother.so.3")
    assert check(folder)[0] == 0


def test_symbols_of_a_newer_glibc_are_refused(folder: Path) -> None:
    status, told = check(folder, "--glibc", "2.0")
    assert status == 1
    assert "libown.so: needs glibc 2." in told


@pytest.mark.requirement("R-64")
def test_licences_must_be_there(folder: Path) -> None:
    (folder / "_internal" / "licences" / "sbom.cdx.json").unlink()
    status, told = check(folder)
    assert status == 1
    assert "sbom.cdx.json is missing" in told


def test_a_folder_that_is_too_large_is_refused(folder: Path) -> None:
    with (folder / "_internal" / "large").open("wb") as file:
        file.truncate(900_000_000)  # takes no place on the disk
    status, told = check(folder)
    assert (status, "more than 900" in told) == (1, True)
    assert check(folder, "--variant", "cuda")[0] == 0
