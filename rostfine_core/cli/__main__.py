"""Starts the command as ``python -m rostfine_core.cli``, and as the installed program."""

import multiprocessing
import sys

if __name__ == "__main__":
    # A process that simulates clips for the installed program starts here too and goes no further.
    multiprocessing.freeze_support()

    from rostfine_core.bundled import free_children
    from rostfine_core.cli import main

    free_children()
    sys.exit(main())
