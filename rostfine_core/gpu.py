"""NVIDIA GPUs: what the installed PyTorch can use, and why it cannot use what is there."""

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch

LEAST_DRIVER = {11: 450, 12: 525, 13: 580}
"""The oldest driver by CUDA's major version (NVIDIA's CUDA compatibility guide)."""
TURING = (7, 5)
NVIDIA, DISPLAY = "0x10de", "0x03"  # vendor and class on the PCI bus
PCI_DEVICES = Path("/sys/bus/pci/devices")
Capability = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class InstalledGpu:
    """A GPU as its driver describes it; ``capability`` is None if the driver is too old to say."""

    name: str
    driver: str
    capability: Capability | None

    @property
    def driver_release(self) -> int:
        """The driver's release: 550 of 550.54.15; 0 if it cannot be read."""
        found = re.match(r"\d+", self.driver)
        return int(found[0]) if found else 0


def built_for_gpu() -> bool:
    """Whether the installed PyTorch can use NVIDIA GPUs at all; some builds cannot."""
    return torch.version.cuda is not None


def can_use_gpu() -> bool:
    """Whether the first GPU can be used: its driver works and PyTorch has code for it."""
    return torch.cuda.is_available() and (
        torch.cuda.get_device_capability(0) >= oldest_capability()
    )


def oldest_capability() -> Capability:
    """The oldest compute capability that the installed PyTorch has code for; Turing if unknown."""
    numbers = [re.match(r"(?:sm|compute)_(\d+)(\d)", name) for name in torch.cuda.get_arch_list()]
    return min(((int(n[1]), int(n[2])) for n in numbers if n), default=TURING)


def least_driver() -> int:
    """The oldest driver release that the installed PyTorch's CUDA works with; 0 if unknown."""
    major = int(str(torch.version.cuda or "0").partition(".")[0])
    return LEAST_DRIVER.get(major, 0)


def installed_gpu() -> InstalledGpu | None:
    """The first GPU as ``nvidia-smi``, which comes with every driver, describes it."""
    for fields in ("name,driver_version,compute_cap", "name,driver_version"):
        lines = _ask_driver(fields)
        if lines:
            name, driver, *rest = (part.strip() for part in lines[0].split(","))
            numbers = re.fullmatch(r"(\d+)\.(\d)", rest[0]) if rest else None
            capability = (int(numbers[1]), int(numbers[2])) if numbers else None
            return InstalledGpu(name=name, driver=driver, capability=capability)
    return None


def has_nvidia_card() -> bool:
    """Whether an NVIDIA graphics card is on the bus, driver or not; only Linux tells."""
    if platform.system() != "Linux":
        return False
    return any(
        _read(device / "vendor") == NVIDIA and _read(device / "class").startswith(DISPLAY)
        for device in PCI_DEVICES.glob("*")
    )


def _ask_driver(fields: str) -> list[str]:
    """One line per GPU; empty without a driver, or with one that does not know a field."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    ask = [tool, f"--query-gpu={fields}", "--format=csv,noheader"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in done.stdout.splitlines() if line.count(",") == fields.count(",")]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
