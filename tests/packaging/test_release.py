"""What counts as a release, what it gives away, and when a build of the program is due."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SBOM = "package/rostfine-assist/_internal/licences/sbom.cdx.json"
INSTALLERS = ("rostfine-assist_1.2.0_amd64.deb", "rostfine-assist-1.2.0-linux-x86_64.run")
MANUALS = ("manual-en.pdf", "manual-ja.pdf")
CHANGELOG = """\
# Changelog

## [1.2.0] - 2026-05-01

### Added
- A new thing.

## [1.1.0] - 2026-04-01

### Fixed
- An old thing.
"""


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--message", "Change")


def run(script: str, *arguments: object) -> tuple[int, str]:
    command = [sys.executable, str(PACKAGING / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout at the tag of its version, 1.2.0."""
    root = tmp_path / "checkout"
    for folder in ("rostfine_core", "docs/changes", "packaging", "app"):
        (root / folder).mkdir(parents=True)
    (root / "rostfine_core/__init__.py").write_text('__version__ = "1.2.0"\n')
    (root / "docs/changes/README.md").write_text("How to write one.\n")
    (root / "packaging/spec").write_text("1\n")
    (root / "app/view.py").write_text("1\n")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet", str(root))
    commit(root)
    git(root, "tag", "--annotate", "v1.2.0", "--message", "1.2.0")
    return root


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What was built of it."""
    folder = tmp_path / "build"
    (folder / SBOM).parent.mkdir(parents=True)
    (folder / SBOM).write_text(json.dumps({"metadata": {"component": {"version": "1.2.0"}}}))
    for name in INSTALLERS:
        (folder / name).write_bytes(name.encode())
    (folder / "manual").mkdir()
    for name in MANUALS:
        (folder / "manual" / name).write_bytes(name.encode())
    return folder


def test_a_tagged_commit_is_a_release(checkout: Path) -> None:
    status, told = run("release.py", "--check", "--root", checkout)
    assert status == 0, told


def test_every_reason_against_it_is_told(checkout: Path) -> None:
    (checkout / "docs/changes/+more.added.md").write_text("More.\n")
    (checkout / "rostfine_core/__init__.py").write_text('__version__ = "1.3.0"\n')
    commit(checkout)
    (checkout / "app/view.py").write_text("2\n")
    status, told = run("release.py", "--check", "--root", checkout)
    assert status == 1
    assert len(told.splitlines()) == 4
    for words in ("not committed", "no tag v1.3.0", "still holds 1 change", "no section 1.3.0"):
        assert words in told


def test_the_tag_of_another_commit_does_not_count(checkout: Path) -> None:
    (checkout / "app/view.py").write_text("2\n")
    commit(checkout)
    status, told = run("release.py", "--check", "--root", checkout)
    assert (status, "no tag v1.2.0" in told) == (1, True)


def test_everything_is_collected_with_its_sums(checkout: Path, build: Path, tmp_path: Path) -> None:
    status, told = run("release.py", build, tmp_path / "dist", "--root", checkout)
    assert status == 0, told
    folder = tmp_path / "dist" / "1.2.0"
    manuals = {f"rostfine-assist-1.2.0-{name}" for name in MANUALS}
    names = {*INSTALLERS, *manuals, "rostfine-assist-1.2.0.cdx.json", "notes.md"}
    assert {p.name for p in folder.iterdir()} == names | {"SHA256SUMS"}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    assert len((folder / "SHA256SUMS").read_text().splitlines()) == len(names)
    notes = (folder / "notes.md").read_text()
    assert "A new thing" in notes
    assert "An old thing" not in notes


def test_a_build_of_another_version_or_half_a_build_is_refused(
    checkout: Path, build: Path, tmp_path: Path
) -> None:
    (build / INSTALLERS[1]).unlink()
    (build / "manual" / MANUALS[1]).unlink()
    status, told = run("release.py", build, tmp_path / "dist", "--root", checkout)
    lacking = f"lacks {INSTALLERS[1]}, manual/{MANUALS[1]}"
    assert (status, lacking in told) == (1, True), told
    (build / SBOM).write_text(json.dumps({"metadata": {"component": {"version": "1.1.0"}}}))
    status, told = run("release.py", build, tmp_path / "dist", "--root", checkout)
    assert (status, "is that of version 1.1.0" in told) == (1, True)
    assert not (tmp_path / "dist").exists()


def test_a_build_is_due_when_what_decides_over_it_changed(checkout: Path) -> None:
    (checkout / "app/view.py").write_text("2\n")
    commit(checkout)
    assert run("build_due.py", checkout) == (0, "\n")
    (checkout / "packaging/spec").write_text("2\n")
    commit(checkout)
    assert "since v1.2.0 these have changed: packaging/spec." in run("build_due.py", checkout)[1]
    git(checkout, "tag", "--delete", "v1.2.0")
    assert "no version is tagged" in run("build_due.py", checkout)[1]
