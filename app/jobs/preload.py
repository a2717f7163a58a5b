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
"""How long a busy worker may hold Python's lock: the window needs it many times per picture."""


def answer_first() -> None:
    """Let the window's thread get Python's lock soon, and keep PySide from reading sources.

    PySide reads the source of every module imported after it, to see whether the module wants
    other names for Qt's functions. None here does; for torch it takes 0.3 s and 40 MB.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    features: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(features, "_mod_uses_pyside"):
        features._mod_uses_pyside = lambda _module: False


def preload_pyqtgraph() -> None:
    """Import pyqtgraph without the CUDA bindings, which saves a twelfth of the start time.

    It uses them for a widget that this program does not show. They come with torch, which may
    need them later, and can be imported again afterwards.
    """
    if "pyqtgraph" in sys.modules or UNUSED_BY_PYQTGRAPH in sys.modules:
        return
    sys.modules[UNUSED_BY_PYQTGRAPH] = None  # type: ignore[assignment]  # None makes Python's import fail
    try:
        import pyqtgraph  # noqa: F401 - importing is the purpose
    finally:
        del sys.modules[UNUSED_BY_PYQTGRAPH]


def preload_torch() -> bool:
    """Load the libraries that ``import torch`` needs; False if that is not possible.

    ``import torch`` holds Python's lock while the system links half a gigabyte of libraries, and
    the window would freeze for half a second. A foreign function called by ctypes releases the
    lock. After False the import links them itself and reports what is wrong with them.
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
    """Import without garbage collection, and exempt what was imported from later collections.

    A full collection holds Python's lock for a tenth of a second once torch's million objects
    exist, and importing them starts many collections.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
