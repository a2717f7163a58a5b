"""What every test may use: one thread for torch, an offscreen Qt, and the shared material."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Small networks are slower on two threads than on one, and a sum's last bits hang on the number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden numbers and real videos that lies beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(
            "the shared material (golden numbers, real videos) is not beside the repository"
        )
    return SHARED
