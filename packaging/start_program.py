"""Starts the program that the file is called after; both are in one file, for its size."""

import runpy
import sys
from pathlib import PurePath

WINDOW = "rostfine-app"

is_window = PurePath(sys.argv[0]).stem == WINDOW
runpy.run_module("app.__main__" if is_window else "rostfine_core.cli.__main__", run_name="__main__")
