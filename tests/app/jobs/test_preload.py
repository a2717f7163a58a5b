"""Heavy libraries are imported so that the window is soon there, and then work."""

import gc
import importlib.util
import os
import sys
import types
from collections.abc import Callable

import pytest

from app.jobs.preload import answer_first, imports_uncollected, preload_torch

PYQTGRAPH_SCRIPT = """
import sys
from PySide6.QtCore import QObject
from app.jobs.preload import preload_pyqtgraph

preload_pyqtgraph()
assert "pyqtgraph" in sys.modules
assert not [name for name in sys.modules if name.startswith("cuda.bindings")]
import pyqtgraph
assert pyqtgraph.ImageItem
preload_pyqtgraph()
"""
SCANS_SCRIPT = """
import linecache
from PySide6.QtCore import QObject
from app.jobs.preload import answer_first

answer_first()
import email.mime.text
assert not [name for name in linecache.cache if "email" in name]
import PySide6.QtWidgets
"""
TORCH_SCRIPT = """
import sys
import types
from pathlib import Path
from app.jobs.preload import preload_torch

assert preload_torch()
assert "torch" not in sys.modules
maps = Path("/proc/self/maps")
assert not maps.exists() or "libtorch_cpu" in maps.read_text()
import torch
assert float(torch.ones(3).sum()) == 3
"""


@pytest.mark.skipif(os.name != "posix", reason="only done where there is dlopen")
def test_the_libraries_are_linked_without_the_import(run_script: Callable[[str], None]) -> None:
    run_script(TORCH_SCRIPT)


def test_pyqtgraph_is_imported_without_the_cuda_bindings(run_script: Callable[[str], None]) -> None:
    run_script(PYQTGRAPH_SCRIPT)


def test_no_source_of_an_imported_module_is_read(run_script: Callable[[str], None]) -> None:
    run_script(SCANS_SCRIPT)


def test_another_pyside_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "setswitchinterval", lambda _seconds: None)
    monkeypatch.setitem(sys.modules, "shibokensupport.feature", types.ModuleType("feature"))
    answer_first()
    monkeypatch.delitem(sys.modules, "shibokensupport.feature")
    answer_first()


@pytest.mark.parametrize("was_enabled", [True, False])
def test_garbage_is_collected_again_after_the_imports(was_enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if was_enabled else gc.disable)()
        with imports_uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is was_enabled
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()


def test_a_missing_torch_is_left_to_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not preload_torch()
