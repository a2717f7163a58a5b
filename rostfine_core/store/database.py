"""The database of a store as transactions, each with its operator's rights and its audit entry."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from rostfine_core.domain import Action, AuditEntry, Operator
from rostfine_core.store.audit import AuditEvent, append
from rostfine_core.store.engine import file_of, place_name, reader
from rostfine_core.store.failures import gone, said
from rostfine_core.store.opening import open_engine
from rostfine_core.store.operators import authorise


def local_now() -> datetime:
    """The time with the offset of the computer's clock."""
    return datetime.now().astimezone()


class Database:
    """What ``Store`` is built on: transactions on an open database, from any thread.

    ``operator`` is who signed in (``people.sign_in``), None in single-user mode; what they may do
    is asked of the store at each transaction. ``now`` is the local time.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = local_now) -> None:
        self.engine = engine
        self.now = now
        self._account = _account()
        self.operator: Operator | None = None
        self.place = place_name(engine.url)
        """The file or server, without a password."""

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        passphrase: str | None = None,
        now: Callable[[], datetime] = local_now,
    ) -> Self:
        """Open the store in a folder, an SQLite file or a PostgreSQL database, or make it there.

        ``passphrase`` opens an encrypted store whose key is not in the keyring.

        Raises:
            LockedStoreError: it is encrypted, and there is no passphrase or a wrong one.
            StoreError: it cannot be reached or written, is damaged, or a newer version made it.
        """
        return cls(open_engine(place, now=now(), passphrase=passphrase), now=now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; everything is on disk already."""
        self.engine.dispose()

    def use(self, engine: Engine) -> None:
        """Go on with the same database through another engine, such as with another key."""
        self.engine.dispose()
        self.engine = engine

    @contextmanager
    def writing(self, action: Action | None) -> Iterator[Session]:
        """One transaction, on disk when the block ends; None for what needs no right.

        Raises:
            StoreError: the operator may not, or the place fails; nothing of the block is kept.
        """
        with said(self.place, self.engine.dispose):
            with Session(self.engine) as session, session.begin():
                if action is not None:
                    authorise(session, self.operator, action)
                file = file_of(session.connection())
                yield session
            if not file.is_in_place:
                raise gone(self.place)

    @contextmanager
    def reading(self, action: Action | None = Action.SEE_CASES) -> Iterator[Session]:
        """One transaction that sees the store as it is at one moment; None needs no right.

        Raises:
            StoreError: the operator may not, or the place fails.
        """
        with said(self.place, self.engine.dispose), Session(reader(self.engine)) as session:
            if action is not None:
                authorise(session, self.operator, action)
            yield session

    def enter(self, session: Session, event: AuditEvent) -> AuditEntry:
        """Enter what a transaction does into the audit trail."""
        author = self._account if self.operator is None else self.operator.login
        return append(session, event, operator=author, now=self.now())

    def note_export(self, name: str) -> None:
        """Enter that cases leave the store in a file or folder of this name.

        Raises:
            StoreError: the operator may not export.
        """
        with self.writing(Action.EXPORT) as session:
            event = AuditEvent(action=Action.EXPORT.value, subject_kind="store", after=name)
            self.enter(session, event)

    @property
    def utc(self) -> str:
        """The time now, UTC in ISO 8601."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds")


def _account() -> str:
    """The name of the computer's account."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return ""
