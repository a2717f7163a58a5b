"""What every test may use: one thread for torch, an offscreen Qt, and the shared material."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Small networks are slower on two threads than on one, and a sum's last bits hang on the number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SCRIPT_S = 120


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden numbers and real videos that lies beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(
            "the shared material (golden numbers, real videos) is not beside the repository"
        )
    return SHARED


@pytest.fixture(scope="session")
def run_script() -> Callable[[str], None]:
    """Runs Python code in a process of its own, for what stays until a process ends."""

    def run(script: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SCRIPT_S,
        )
        assert done.returncode == 0, done.stderr

    return run
