"""What goes wrong between the program and the place of its store, each as one sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError
from sqlcipher3 import dbapi2

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

_FULL = Message(
    "The disk of the store {place} is full: free some space and do the last step again; everything "
    "before it is kept."
)
_READ_ONLY = Message(
    "The store {place} cannot be written to: ask for the right to change its files."
)
_DAMAGED = Message("The store {place} is damaged: restore it from a backup.")
_BUSY = Message(
    "Another program keeps the store {place} busy: wait until it is done and try again."
)
_GONE = Message(
    "The store {place} cannot be reached ({reason}): look for its disk or network and do the last "
    "step again; everything before it is kept."
)
_BY_SQLITE_CODE = {
    dbapi2.SQLITE_FULL: _FULL,
    dbapi2.SQLITE_READONLY: _READ_ONLY,
    dbapi2.SQLITE_PERM: _READ_ONLY,
    dbapi2.SQLITE_CORRUPT: _DAMAGED,
    dbapi2.SQLITE_NOTADB: _DAMAGED,
    dbapi2.SQLITE_BUSY: _BUSY,
    dbapi2.SQLITE_LOCKED: _BUSY,
    dbapi2.SQLITE_CANTOPEN: _GONE,
    dbapi2.SQLITE_IOERR: _GONE,
}
_BY_SQLSTATE = {
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "55P03": _BUSY,
    "40P01": _BUSY,
}
"""PostgreSQL's codes."""
_UNREACHABLE = ("08", "28", "3D", "53", "57", "58")
"""Its other codes that begin so mean that it is out of reach."""


@contextmanager
def said(place: str, let_go: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Turn what the database's driver raises into one sentence, and ``let_go`` of what failed.

    Raises:
        StoreError: the store could not be read or written; nothing of the transaction is kept.
    """
    try:
        yield
    except DBAPIError as error:
        found = _sentence(error)
        let_go()
        if found is None:  # our own mistake
            raise
        raise _error(found, place, error.orig) from error
    except dbapi2.Error as error:
        let_go()
        raise _error(_by_sqlite(error) or _DAMAGED, place, error) from error
    except (TimeoutError, OSError) as error:
        let_go()
        raise _error(_GONE, place, error) from error


def gone(place: str) -> StoreError:
    """The store's file is no longer in its place."""
    return _error(_GONE, place, None)


def _error(found: Message, place: str, cause: BaseException | None) -> StoreError:
    reason = _reason(cause)
    return StoreError(Message(found.template, place=place, reason=reason))


def _reason(cause: BaseException | None) -> str | Message:
    if cause is None:
        return Message("its file is not in its place any more")
    answer = _answer(cause)
    if answer:
        return str(answer.get("M"))
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause)


def _sentence(error: DBAPIError) -> Message | None:
    cause = error.orig
    if isinstance(cause, dbapi2.Error):
        return _by_sqlite(cause)
    answer = _answer(cause)
    if not answer:  # the driver itself lost the server
        return None if isinstance(error, IntegrityError) else _GONE
    state = str(answer.get("C"))
    if state in _BY_SQLSTATE:
        return _BY_SQLSTATE[state]
    return _GONE if state[:2] in _UNREACHABLE else None


def _answer(cause: BaseException | None) -> dict[str, object]:
    """The fields of the server's answer; pg8000 may fail to say goodbye after it."""
    while cause is not None:
        first = cause.args[0] if cause.args else None
        if isinstance(first, dict):
            return first
        cause = cause.__cause__ or cause.__context__
    return {}


def _by_sqlite(error: dbapi2.Error) -> Message | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _BY_SQLITE_CODE.get(code & 0xFF)  # the rest says more closely
