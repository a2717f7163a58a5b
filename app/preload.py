"""Loads torch's compiled libraries without Python's lock, so that the window answers meanwhile.

``import torch`` keeps the lock while the system links half a gigabyte of libraries: the window
would stand still for half a second. A foreign function called by ctypes gives the lock away.
"""

import ctypes
import importlib.util
import os
from pathlib import Path


def preload_torch() -> bool:
    """Link the libraries that ``import torch`` will find in place; False where that cannot be.

    Nothing is lost by False: the import then does it, and says what is wrong with them.
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
