"""The self-extracting archive: it installs, replaces an older version, and removes itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import write_built

PACKAGING = Path(__file__).parents[2] / "packaging"
SCRIPT = PACKAGING / "make_archive.py"
FAKE_MAKESELF = """#!/bin/sh
while [ "$3" != "RoSTFine Assist 1.2.3" ] && [ "$3" != "RoSTFine Assist 1.0.0" ]; do shift; done
cp -a "$1" "$2"
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the archive is for Linux")


def unpacked(built: Path, work: Path) -> Path:
    """What the archive unpacks: a stand-in for makeself copies instead of packing."""
    tools = work / "tools"
    tools.mkdir(parents=True)
    (tools / "makeself").write_text(FAKE_MAKESELF)
    (tools / "makeself").chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    command = [sys.executable, str(SCRIPT), str(built), str(work / "out")]
    subprocess.run(command, capture_output=True, check=True, env=environment)
    [made] = (work / "out").iterdir()
    return made


def set_up(unpacked: Path, prefix: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(unpacked / "setup.sh"), "--prefix", str(prefix), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_installs_for_a_user_and_leaves_nothing_when_removed(
    built: Path, tmp_path: Path
) -> None:
    prefix = tmp_path / "with a space"
    done = set_up(unpacked(built, tmp_path), prefix)
    assert done.returncode == 0, done.stderr
    told = subprocess.run(
        [prefix / "bin/rostfine", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "rostfine 1.2.3\n"
    entry = (prefix / "share/applications/rostfine-assist.desktop").read_text()
    assert f'Exec="{prefix}/lib/rostfine-assist/rostfine-app" %f' in entry
    assert (prefix / "share/man/man1/rostfine.1.gz").read_bytes()[:2] == b"\x1f\x8b"
    subprocess.run(["sh", prefix / "lib/rostfine-assist/remove.sh"], check=True)
    left = {p.name for p in prefix.rglob("*") if not p.is_dir()}
    assert left <= {"mimeinfo.cache"}  # the desktop's own index of all programs


def test_a_newer_version_takes_the_place_of_the_older(built: Path, tmp_path: Path) -> None:
    old = tmp_path / "old-built"
    write_built(old, version="1.0.0")
    (old / "_internal" / "obsolete").write_text("")
    prefix = tmp_path / "prefix"
    assert set_up(unpacked(old, tmp_path / "old"), prefix).returncode == 0
    assert (prefix / "lib/rostfine-assist/_internal/obsolete").exists()
    assert set_up(unpacked(built, tmp_path / "new"), prefix).returncode == 0
    assert not (prefix / "lib/rostfine-assist/_internal/obsolete").exists()
    assert [p.name for p in (prefix / "lib").iterdir()] == ["rostfine-assist"]
    assert "1.2.3" in subprocess.check_output([prefix / "bin/rostfine", "--version"], text=True)


@pytest.mark.parametrize("tool", ["mv", "ln"])
def test_a_set_up_that_was_cut_off_can_be_run_again(built: Path, tmp_path: Path, tool: str) -> None:
    folder, prefix = unpacked(built, tmp_path / "one"), tmp_path / "prefix"
    broken = tmp_path / "tools" / tool
    broken.parent.mkdir(exist_ok=True)
    broken.write_text(
        f'#!/bin/sh\n{shutil.which(tool)} "$@"\n'
        "for last; do :; done\ncase $last in *.new) ;; *) kill -9 $PPID ;; esac\n"
    )
    broken.chmod(0o755)
    environment = os.environ | {"PATH": f"{broken.parent}:{os.environ['PATH']}"}
    command = ["sh", str(folder / "setup.sh"), "--prefix", str(prefix)]
    assert subprocess.run(command, capture_output=True, check=False, env=environment).returncode
    broken.unlink()
    assert set_up(unpacked(built, tmp_path / "two"), prefix).returncode == 0
    assert "1.2.3" in subprocess.check_output([prefix / "bin/rostfine", "--version"], text=True)


def test_what_is_not_its_own_is_never_replaced(built: Path, tmp_path: Path) -> None:
    folder = unpacked(built, tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/rostfine").write_text("of another program")
    done = set_up(folder, tmp_path)
    assert (done.returncode, "belongs to something else" in done.stderr) == (1, True)
    (tmp_path / "bin/rostfine").unlink()
    (tmp_path / "lib/rostfine-assist").mkdir(parents=True)
    done = set_up(folder, tmp_path)
    assert (done.returncode, "was not installed by this archive" in done.stderr) == (1, True)
    assert set_up(folder, tmp_path / "x", "--prefx", "y").returncode == 1


def test_an_older_system_is_refused_before_anything_is_written(built: Path, tmp_path: Path) -> None:
    folder = unpacked(built, tmp_path)
    getconf = tmp_path / "tools" / "getconf"
    getconf.write_text("#!/bin/sh\necho glibc 2.9\n")
    getconf.chmod(0o755)
    environment = os.environ | {"PATH": f"{getconf.parent}:{os.environ['PATH']}"}
    command = ["sh", str(folder / "setup.sh"), "--prefix", str(tmp_path / "prefix")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "this system has 2.9" in done.stderr
    assert not (tmp_path / "prefix").exists()


@pytest.mark.skipif(shutil.which("makeself") is None, reason="makeself is not installed")
def test_makeself_packs_what_unpacks_and_installs(built: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(built), str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True)
    [archive] = (tmp_path / "out").iterdir()
    assert archive.name == "rostfine-assist-1.2.3-linux-x86_64.run"
    install = ["sh", str(archive), "--quiet", "--", "--prefix", str(tmp_path / "prefix")]
    subprocess.run(install, check=True, capture_output=True)
    contents = tmp_path / "prefix/lib/rostfine-assist/_internal"
    assert (contents / "link").readlink() == Path("data")
    assert [p.stat().st_size for p in (contents / "licences").iterdir()] == [4]
