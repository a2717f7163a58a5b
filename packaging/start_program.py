"""Starts the program that the file is called after; both are in one file, for its size.

Asked to be a decoding process it starts that instead, without importing the rest.
"""

import importlib
import runpy
import sys
from pathlib import PurePath

from rostfine_core.decoder_process import CHILD, FROZEN_FLAG

WINDOW = "rostfine-app"

if sys.argv[1:2] == [FROZEN_FLAG]:
    importlib.import_module(CHILD).serve_program()
is_window = PurePath(sys.argv[0]).stem == WINDOW
runpy.run_module("app.__main__" if is_window else "rostfine_core.cli.__main__", run_name="__main__")
