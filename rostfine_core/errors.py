"""Errors that a user can fix: each carries one sentence on what happened and what to do."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


@contextmanager
def parsing(error: Callable[[Exception], RostfineError]) -> Iterator[None]:
    """Turn whatever is raised on a file from outside into one sentence.

    Parsers raise anything on bytes that their authors did not foresee, also ``MemoryError`` and
    ``RecursionError``.
    """
    try:
        yield
    except RostfineError:
        raise
    except Exception as found:
        raise error(found) from found


def how_to_add(extra: str) -> str:
    """What to do to have the packages of an extra, for error messages: no full stop.

    The installed program has no pip and cannot be added to.
    """
    if getattr(sys, "frozen", False):
        return (
            "the installed program grades videos on one computer and does not train, so "
            f'install RoSTFine Assist from its source with the extra "{extra}", as its README says'
        )
    command = f'"{sys.executable or "python"}" -m pip install -c requirements.lock -e ".[{extra}]"'
    return f"run `{command}` in the program's folder"
