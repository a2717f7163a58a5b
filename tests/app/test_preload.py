"""torch's libraries are linked before the import, and the import then works."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.preload import preload_torch

SCRIPT = """
import sys
from pathlib import Path
from app.preload import preload_torch

assert preload_torch()
assert "torch" not in sys.modules
maps = Path("/proc/self/maps")
assert not maps.exists() or "libtorch_cpu" in maps.read_text()
import torch
assert float(torch.ones(3).sum()) == 3
"""


@pytest.mark.skipif(os.name != "posix", reason="only done where there is dlopen")
def test_the_libraries_are_linked_without_the_import() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_a_missing_torch_is_left_to_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not preload_torch()
