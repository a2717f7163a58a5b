"""Imports heavy libraries so that the window appears soon and answers meanwhile."""

import ctypes
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNUSED_BY_PYQTGRAPH = "cuda.bindings"
SWITCH_INTERVAL_S = 0.001
"""How long a busy worker may keep Python's lock: the window asks for it many times a picture."""


def answer_first() -> None:
    """Let the window's thread have Python's lock soon, and PySide read no sources.

    PySide reads the source of every module that is imported after it, to see whether it asks for
    other names of Qt's functions, which none here does: a third of a second and 40 MB for torch.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    features: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(features, "_mod_uses_pyside"):
        features._mod_uses_pyside = lambda _module: False


def preload_pyqtgraph() -> None:
    """Import pyqtgraph without the CUDA bindings, a twelfth of the time to the window.

    It takes them for a widget that is not used here; they come with torch, which may need them
    later, and can be imported again afterwards.
    """
    if "pyqtgraph" in sys.modules or UNUSED_BY_PYQTGRAPH in sys.modules:
        return
    sys.modules[UNUSED_BY_PYQTGRAPH] = None  # type: ignore[assignment]  # Python's own way to say no
    try:
        import pyqtgraph  # noqa: F401 - importing is the purpose
    finally:
        del sys.modules[UNUSED_BY_PYQTGRAPH]


def preload_torch() -> bool:
    """Link the libraries that ``import torch`` will find in place; False where that cannot be.

    ``import torch`` keeps Python's lock while the system links half a gigabyte of libraries: the
    window would stand still for half a second. A foreign function called by ctypes gives the lock
    away. Nothing is lost by False: the import then does it, and says what is wrong with them.
    """
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None or os.name != "posix":
        return False
    names = ("libtorch_python.so", "libtorch_python.dylib")
    places = [Path(found.origin).with_name("lib") / name for name in names]
    library = next((p for p in places if p.is_file()), None)
    if library is None:
        return False
    link = ctypes.CDLL(None).dlopen
    link.argtypes, link.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return bool(link(os.fsencode(library), os.RTLD_NOW))


@contextmanager
def imports_uncollected() -> Iterator[None]:
    """Import without searching for garbage, and leave what was imported out of later searches.

    A full search keeps Python's lock for a tenth of a second once torch's million objects are
    there, and importing them sets off many.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
