"""What the doctor calls broken, what it advises, and the exit status."""

import sys
from pathlib import Path

import av
import pytest

from rostfine_core import assessor, doctor, gpu
from rostfine_core.cli import main
from rostfine_core.finding import Finding


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


def found(driver: str, capability: tuple[int, int] | None = (8, 9)) -> gpu.InstalledGpu:
    return gpu.InstalledGpu(name="Test GPU", driver=driver, capability=capability)


@pytest.fixture
def unused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyTorch with CUDA 13 that uses no GPU."""
    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    monkeypatch.setattr(gpu, "built_for_gpu", lambda: True)
    monkeypatch.setattr(gpu, "oldest_capability", lambda: (7, 5))
    monkeypatch.setattr(gpu, "least_driver", lambda: 580)


@pytest.mark.requirement("R-61")
@pytest.mark.usefixtures("unused")
@pytest.mark.parametrize(
    ("installed", "has_card", "detail", "advice"),
    [
        (None, False, "no NVIDIA GPU can be used", "install its current driver"),
        (None, True, "has no working driver", "driver 580 or newer"),
        (found("550.54.15"), True, "driver 550.54.15 is too old (580", "driver 580 or newer"),
        (found("580.1", (6, 1)), True, "too old (compute capability 6.1, 7.5", "Turing"),
        (found("390.1", None), True, "driver 390.1 is too old", "driver 580 or newer"),
        (found("580.1"), True, "its GPU cannot be used", "current driver"),
    ],
)
def test_a_gpu_that_is_not_used_breaks_nothing_and_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    installed: gpu.InstalledGpu | None,
    has_card: bool,
    detail: str,
    advice: str,
) -> None:
    monkeypatch.setattr(gpu, "installed_gpu", lambda: installed)
    monkeypatch.setattr(gpu, "has_nvidia_card", lambda: has_card)
    finding = doctor._gpu()
    assert (finding.works, finding.is_needed) == (False, False)
    assert detail in str(finding.detail)
    assert advice in str(finding.advice)


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = doctor._write_access(tmp_path / "file")
    assert (finding.works, finding.is_needed) == (False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_installed_window_is_found_beside_the_program(frozen: Path) -> None:
    missing = doctor._qt()
    assert not missing.works
    assert "rostfine-app is missing" in str(missing.detail)
    write_program(frozen, '[ "$1" = --probe ] && echo drawn')
    works = doctor._qt()
    assert (works.works, str(works.detail)) == (True, "Qt platform drawn")
    write_program(frozen, "exit 134")
    broken = doctor._qt()
    assert not broken.works
    assert "Start from a desktop session" in str(broken.advice)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_advice_for_an_installed_program_names_nothing_that_it_lacks(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    monkeypatch.setattr(gpu, "built_for_gpu", lambda: False)
    monkeypatch.setattr(gpu, "installed_gpu", lambda: found("550.54.15"))
    monkeypatch.setattr(av, "codecs_available", set())
    write_program(frozen, "exit 1")
    for finding in (doctor._gpu(), doctor._codecs(), doctor._qt()):
        assert finding.advice
        assert not any(word in str(finding.advice) for word in ("packag", "pip", "PyTorch"))
