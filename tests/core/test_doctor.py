"""What the doctor calls broken, what it advises, and the exit status."""

import sys
from pathlib import Path

import av
import pytest

from rostfine_core import assessor, doctor
from rostfine_core.cli import main
from rostfine_core.doctor import Finding


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of an installed program that holds nothing yet."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "_internal"), raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "rostfine"))
    return tmp_path


def write_program(folder: Path, script: str) -> None:
    program = folder / "rostfine-app"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("is_needed", "works", "status"), [(True, False, 1), (False, False, 0), (True, True, 0)]
)
def test_only_what_is_needed_and_broken_makes_the_doctor_fail(
    monkeypatch: pytest.MonkeyPatch, is_needed: bool, works: bool, status: int
) -> None:
    found = Finding(subject="x", works=works, detail="", is_needed=is_needed)
    monkeypatch.setattr(doctor, "examine", lambda folder: iter([found]))
    assert main(["doctor"]) == status


def test_a_missing_gpu_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    for driver in (None, "550.54.15"):
        monkeypatch.setattr(doctor, "_driver_version", lambda d=driver: d)
        finding = doctor._gpu()
        assert not finding.works
        assert not finding.is_needed


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = doctor._write_access(tmp_path / "file")
    assert (finding.works, finding.is_needed) == (False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_installed_window_is_found_beside_the_program(frozen: Path) -> None:
    missing = doctor._qt()
    assert not missing.works
    assert "rostfine-app is missing" in missing.detail
    write_program(frozen, '[ "$1" = --probe ] && echo drawn')
    assert doctor._qt() == Finding(subject="Window", works=True, detail="Qt platform drawn")
    write_program(frozen, "exit 134")
    broken = doctor._qt()
    assert not broken.works
    assert "Start from a desktop session" in broken.advice


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_advice_for_an_installed_program_names_nothing_that_it_lacks(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    monkeypatch.setattr(assessor, "built_for_gpu", lambda: False)
    monkeypatch.setattr(doctor, "_driver_version", lambda: "550.54.15")
    monkeypatch.setattr(av, "codecs_available", set())
    write_program(frozen, "exit 1")
    for finding in (doctor._gpu(), doctor._codecs(), doctor._qt()):
        assert finding.advice
        assert not any(word in finding.advice for word in ("packag", "pip", "PyTorch"))
