"""Starts the command as ``python -m rostfine_core.cli``."""

import sys

from rostfine_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
