"""Debian's package of a built folder: what it holds and where."""

import gzip
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .conftest import write_built

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "make_deb.py"
pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is not installed")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Path:
    """The package of a small built folder, unpacked."""
    work = tmp_path_factory.mktemp("deb")
    command = [sys.executable, str(SCRIPT), str(built), str(work / "out")]
    subprocess.run(command, check=True, capture_output=True)
    made = work / "out" / "rostfine-assist_1.2.3_amd64.deb"
    assert [*made.parent.iterdir()] == [made]
    subprocess.run(["dpkg-deb", "-R", made, work / "unpacked"], check=True)
    return work / "unpacked"


def test_the_program_is_there_for_everyone(package: Path) -> None:
    program = package / "opt/rostfine-assist/rostfine"
    assert program.stat().st_mode & 0o777 == 0o755
    assert (package / "opt/rostfine-assist/_internal/data").stat().st_mode & 0o777 == 0o644
    assert (package / "opt/rostfine-assist/_internal/link").readlink() == Path("data")
    for name in ("rostfine", "rostfine-app"):
        assert (package / "usr/bin" / name).readlink() == Path("/opt/rostfine-assist") / name


def test_its_record_names_version_size_and_needs(package: Path) -> None:
    lines = (package / "DEBIAN/control").read_text().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if not line.startswith(" "))
    assert fields["Version"] == "1.2.3"
    assert int(fields["Installed-Size"]) == pytest.approx(5 * 1024, abs=2)
    assert {"libc6 (>= 2.36)", "libegl1"} <= set(fields["Depends"].split(", "))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert fields["Maintainer"].startswith(project["maintainers"][0]["name"])


def test_menu_entry_icon_and_manual_are_there(package: Path) -> None:
    entry = (package / "usr/share/applications/rostfine-assist.desktop").read_text()
    assert "Exec=rostfine-app %f" in entry
    assert "video/mp4" in entry
    icon = package / "usr/share/icons/hicolor/scalable/apps/rostfine-assist.svg"
    assert "currentColor" not in icon.read_text()
    manual = gzip.decompress((package / "usr/share/man/man1/rostfine.1.gz").read_bytes()).decode()
    assert "usage: rostfine [\\-h]" in manual
    assert "\n\\&.dangerous line" in manual
    rights = (package / "usr/share/doc/rostfine-assist/copyright").read_text()
    assert "Apache-2.0" in rights
    assert "/opt/rostfine-assist/_internal/licences/THIRD_PARTY.md" in rights


def test_the_build_for_gpus_takes_the_place_of_that_for_cpus(tmp_path: Path) -> None:
    folder = tmp_path / "built"
    write_built(folder)
    (folder / "_internal/torch/lib").mkdir(parents=True)
    (folder / "_internal/torch/lib/libtorch_cuda.so").write_text("")
    command = [sys.executable, str(SCRIPT), str(folder), str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True)
    made = tmp_path / "out" / "rostfine-assist-cuda_1.2.3_amd64.deb"
    told = subprocess.run(["dpkg-deb", "-I", made], capture_output=True, text=True, check=True)
    for line in ("Package: rostfine-assist-cuda", "Conflicts: rostfine-assist"):
        assert f" {line}\n" in told.stdout
