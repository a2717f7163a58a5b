"""Errors that a user can fix: each carries one sentence on what happened and what to do."""

import sys

from rostfine_core.messages import Message


class RostfineError(Exception):
    """A failure the user can fix: ``message`` is one sentence, shown without a traceback.

    Plain text instead of a ``Message`` stays English; use it only where no window shows it.
    """

    def __init__(self, message: Message | str) -> None:
        super().__init__(str(message))
        self.message = message if isinstance(message, Message) else Message(message)


class VideoError(RostfineError):
    """A video cannot be opened, decoded or written."""


class TrackingError(RostfineError):
    """A sperm cannot be tracked as requested (a click outside the frame, a bad seed file)."""


class ModelError(RostfineError):
    """A model file or configuration cannot be used."""


class StoreError(RostfineError):
    """A result cannot be read from or written to disk."""


class DatasetError(RostfineError):
    """A data set on disk breaks its format; the sentence lists every mistake found."""


class ConfigError(RostfineError):
    """A configuration file cannot be read or holds an invalid value."""


def install_command(extra: str) -> str:
    """The command that installs an extra into the running Python, for error messages."""
    python = sys.executable or "python"
    command = f'"{python}" -m pip install -c requirements.lock -e ".[{extra}]"'
    return f"`{command}` in the program's folder"
