"""What is noted of a run's making is that of this program, and nobody else's."""

import shutil
import subprocess
from pathlib import Path

import pytest

from rostfine_core.training.run import environment


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("is_ours", [True, False])
def test_the_repository_around_an_installed_package_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_ours: bool
) -> None:
    """A lab's own repository may hold file names of patients."""
    git(tmp_path, "init")
    (tmp_path / "patients.txt").write_text("", encoding="utf-8")
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(environment.__file__, package)
    git(tmp_path, "add", "package" if is_ours else "patients.txt")
    git(tmp_path, "commit", "-m", "first")
    monkeypatch.setattr(environment, "SOURCE", package)
    told = environment.describe_environment()
    assert (told["git_commit"] is not None) is is_ours
    assert told["git_changed_files"] == (["?? patients.txt"] if is_ours else [])
