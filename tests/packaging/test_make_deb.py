"""Debian's package of a built folder: what it holds and where."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "make_deb.py"
PROGRAM = """#!/bin/sh
case "$1" in
--version) echo "{name} 1.2.3" ;;
--help) printf 'usage: {name} [-h]\\n\\n.dangerous line\\n' ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is not installed")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of a folder with two small programs, unpacked."""
    work = tmp_path_factory.mktemp("deb")
    folder = work / "built"
    (folder / "_internal" / "licences").mkdir(parents=True)
    (folder / "_internal" / "data").write_bytes(bytes(5 * 2**20))
    (folder / "_internal" / "link").symlink_to("data")
    for name in ("rostfine", "rostfine-app"):
        (folder / name).write_text(PROGRAM.format(name=name))
        (folder / name).chmod(0o700)
    command = [sys.executable, str(SCRIPT), str(folder), str(work / "out")]
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


def test_menu_entry_icon_and_manual_are_there(package: Path) -> None:
    entry = (package / "usr/share/applications/rostfine-assist.desktop").read_text()
    assert "Exec=rostfine-app %f" in entry
    assert "video/mp4" in entry
    icon = package / "usr/share/icons/hicolor/scalable/apps/rostfine-assist.svg"
    assert "currentColor" not in icon.read_text()
    manual = gzip.decompress((package / "usr/share/man/man1/rostfine.1.gz").read_bytes()).decode()
    assert "usage: rostfine [\\-h]" in manual
    assert "\n\\&.dangerous line" in manual
    assert "Apache-2.0" in (package / "usr/share/doc/rostfine-assist/copyright").read_text()
