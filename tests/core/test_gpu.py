"""What GPU is there, and what PyTorch can use of it."""

import sys
from pathlib import Path

import pytest
import torch

from rostfine_core import gpu
from rostfine_core.assessor import _choose_device
from rostfine_core.gpu import InstalledGpu
from rostfine_core.training.config import LoopSection
from rostfine_core.training.engine.conditions import choose_device
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.evaluation.grading import default_device
from rostfine_core.training.run.environment import describe_environment

needs_shell = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-in for NVIDIA's tool is a shell script"
)


def write_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@needs_shell
def test_the_driver_describes_the_first_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "NVIDIA RTX 4000, 580.65.06, 8.9\nQuadro P400, 580.65.06, 6.1"
    write_tool(tmp_path, monkeypatch, f"echo '{lines}'")
    found = gpu.installed_gpu()
    assert found == InstalledGpu(name="NVIDIA RTX 4000", driver="580.65.06", capability=(8, 9))
    assert found.driver_release == 580


@needs_shell
def test_an_old_driver_that_knows_no_capability_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'case "$1" in *compute_cap*) exit 6;; esac; echo "GeForce GTX 780, 390.157"'
    write_tool(tmp_path, monkeypatch, script)
    assert gpu.installed_gpu() == InstalledGpu(
        name="GeForce GTX 780", driver="390.157", capability=None
    )


@needs_shell
@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found"])
def test_a_broken_driver_describes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    write_tool(tmp_path, monkeypatch, script)
    assert gpu.installed_gpu() is None


def test_a_card_without_a_driver_is_seen_on_the_bus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "PCI_DEVICES", tmp_path)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for name, vendor, kind in (("0", "0x8086", "0x030000"), ("1", "0x10de", "0x040300")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(f"{vendor}\n")
        (tmp_path / name / "class").write_text(f"{kind}\n")
    assert not gpu.has_nvidia_card()  # another maker's graphics, and NVIDIA's sound
    (tmp_path / "1" / "class").write_text("0x030200\n")
    assert gpu.has_nvidia_card()


@pytest.mark.requirement("R-32")
@pytest.mark.parametrize(
    ("capability", "is_usable"), [((6, 1), False), ((7, 0), False), ((7, 5), True), ((9, 0), True)]
)
def test_a_gpu_that_pytorch_has_no_code_for_is_not_used(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], is_usable: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "compute_120"])
    assert gpu.can_use_gpu() is is_usable
    wanted = "cuda" if is_usable else "cpu"
    assert _choose_device("auto").type == wanted
    assert default_device().type == wanted
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Test GPU")
    assert choose_device(LoopSection(epochs=1), Ranks()).type == wanted
    assert describe_environment()["cuda_device"] == ("Test GPU" if is_usable else None)


@pytest.mark.parametrize(("cuda", "least"), [("13.0", 580), ("12.8", 525), (None, 0)])
def test_the_least_driver_follows_from_cuda(
    monkeypatch: pytest.MonkeyPatch, cuda: str | None, least: int
) -> None:
    monkeypatch.setattr(torch.version, "cuda", cuda)
    assert gpu.least_driver() == least
