"""The errors a user can mend: each carries one sentence that says what happened and what to do."""

import sys

from rostfine_core.messages import Message


class RostfineError(Exception):
    """A failure for the user to read: ``message`` is one sentence, shown without a traceback.

    A plain text is for what no window shows: it stays English.
    """

    def __init__(self, message: Message | str) -> None:
        super().__init__(str(message))
        self.message = message if isinstance(message, Message) else Message(message)


class VideoError(RostfineError):
    """A video cannot be opened, decoded or written."""


class TrackingError(RostfineError):
    """A sperm cannot be followed as asked (a click outside the frame, a bad seed file)."""


class ModelError(RostfineError):
    """A model file or configuration cannot be used."""


class StoreError(RostfineError):
    """A result cannot be read from or written to disk."""


class DatasetError(RostfineError):
    """A data set on disk breaks its format; the sentence lists every mistake found."""


class ConfigError(RostfineError):
    """A configuration file cannot be read or holds a value that does not fit."""


def install_command(extra: str) -> str:
    """What installs an extra into the Python that runs, for the sentence of an error."""
    python = sys.executable or "python"
    command = f'"{python}" -m pip install -c requirements.lock -e ".[{extra}]"'
    return f"`{command}` in the program's folder"
