"""The environment of a run: software versions, processor and the state of the source tree."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from rostfine_core.gpu import can_use_gpu

PACKAGES = ("rostfine-assist", "torch", "numpy", "timm", "torchvision", "av", "einops")
SOURCE = Path(__file__).parent


def describe_environment() -> dict[str, Any]:
    """Versions, platform, processor and git state, to store beside the results."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cuda_device": torch.cuda.get_device_name() if can_use_gpu() else None,
        "packages": {name: _version(name) for name in PACKAGES},
        **_source_state(),
    }


def _source_state() -> dict[str, Any]:
    """The git state of this program's own repository, not of one it is installed inside."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return {"git_commit": None, "git_changed_files": []}
    return {
        "git_commit": _git("rev-parse", "HEAD"),
        "git_changed_files": (_git("status", "--porcelain") or "").splitlines(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [x.partition(":")[2].strip() for x in lines if x.startswith("model name")]
    return names[0] if names else platform.processor()


def _git(*arguments: str) -> str | None:
    """Git's output for the source tree; None for an installed package or without git."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=SOURCE, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
