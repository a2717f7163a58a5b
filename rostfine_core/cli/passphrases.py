"""Passphrases on the command line: from a variable, else typed; others could see an argument."""

import getpass
import os
import sys

from rostfine_core.errors import StoreError


def passphrase(prompt: str, *, variable: str) -> str:
    """The passphrase in an environment variable or, where it is not set, as it is typed.

    Raises:
        StoreError: the variable is not set, and nobody sits at a terminal.
    """
    words = os.environ.get(variable)
    if words is not None:
        return words
    if not can_type(variable):
        raise StoreError(f"No passphrase can be typed here: put it into {variable}.")
    return getpass.getpass(prompt)


def can_type(variable: str) -> bool:
    """Whether there is a passphrase in an environment variable, or somebody to type it."""
    return variable in os.environ or sys.stdin.isatty()
