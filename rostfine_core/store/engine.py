"""Opens the database of a store: an SQLite file in a folder, or a PostgreSQL server by its URL.

SQLite keeps a write-ahead log that is synced at each commit (``synchronous=FULL``), so that a
commit that returned survives a power cut; on a network drive it keeps a rollback journal instead.
PostgreSQL does the same with ``synchronous_commit``.
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.encryption import StoreKey, connect
from rostfine_core.store.network_drive import is_on_network

FILE_NAME = "cases.sqlite"
WAIT_S = 30
"""How long one program waits for another that is writing."""
SILENCE_S = 30
"""How long a server may say nothing beside that, or a program within a transaction."""
_LOCAL_LOG = ("journal_mode=WAL", "synchronous=FULL")
_READS, _FILE, _KEY = "reads_only", "file", "store_key"
_WRITERS_LOCK = 0x526F5354
"""The PostgreSQL advisory lock that lets one program write at a time, as SQLite does."""


def url_of(place: str | Path) -> URL:
    """The database's URL: ``place`` is a folder, an SQLite file or a PostgreSQL URL.

    Raises:
        StoreError: the URL is not understood.
    """
    text = str(place)
    if "://" not in text:
        path = Path(place).expanduser().absolute()
        return URL.create("sqlite", database=str(_file_of(path)))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        raise StoreError(
            Message(
                "The store must be a folder or postgresql://USER:PASSWORD@HOST/DATABASE: correct "
                "its place."
            )
        )
    return url.set(drivername="postgresql+pg8000")


def _file_of(path: Path) -> Path:
    return path if path.suffix == Path(FILE_NAME).suffix else path / FILE_NAME


def place_name(url: URL) -> str:
    """The place as messages name it: the file, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def make_engine(url: URL, key: StoreKey | None = None) -> Engine:
    """The engine for a database, which is connected to when it is first used.

    ``key`` is that of an encrypted SQLite file.
    """
    if url.get_backend_name() == "sqlite":
        from sqlcipher3 import dbapi2

        creator = partial(_connect, url.database or "", key)
        engine = create_engine(url, module=dbapi2, creator=creator, execution_options={_KEY: key})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "checkout", _check_file)
    else:
        import pg8000  # by name SQLAlchemy would not find it in the installed program

        wait = {"timeout": WAIT_S + SILENCE_S}
        engine = create_engine(url, module=pg8000, pool_pre_ping=True, connect_args=wait)
        event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin)
    return engine


def reader(engine: Engine) -> Engine:
    """The same database for transactions that only read, which wait for nobody."""
    return engine.execution_options(**{_READS: True})


def key_of(engine: Engine) -> StoreKey | None:
    """The key of an engine's file; None if it is not encrypted."""
    key: StoreKey | None = engine.get_execution_options().get(_KEY)
    return key


def _connect(path: str, key: StoreKey | None) -> Any:  # noqa: ANN401  # of the driver
    """Open a file that must be there: by itself SQLite would make an empty one."""
    uri = f"{Path(path).as_uri()}?mode=rw"
    return connect(uri, key, uri=True, timeout=WAIT_S, check_same_thread=False)


@dataclass(frozen=True)
class DatabaseFile:
    """The file that a connection writes to, by its place and number; no place for a server."""

    path: str = ""
    number: tuple[int, int] | None = None

    @classmethod
    def at(cls, path: str) -> Self:
        """The file at a place now."""
        try:
            found = os.stat(path)
        except OSError:
            return cls(path)
        return cls(path, (found.st_dev, found.st_ino))

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still there: one that was deleted can be written to for long."""
        return not self.path or (self.number is not None and self.at(self.path) == self)


def file_of(connection: Connection) -> DatabaseFile:
    """The file that a connection writes to."""
    file: DatabaseFile = connection.connection.info.get(_FILE, DatabaseFile())
    return file


def _check_file(connection: object, record: Any, proxy: object) -> None:  # noqa: ANN401
    """Open the file anew if it was replaced or came back: the old one can still be written to."""
    if not record.info[_FILE].is_in_place:
        raise DisconnectionError


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ANN401  # of the driver
    connection.isolation_level = None  # the driver begins no transactions of its own
    cursor = connection.cursor()
    path = cursor.execute("PRAGMA database_list").fetchone()[2]
    # A write-ahead log needs memory that all its programs share, which no network drive gives.
    log = ("journal_mode=DELETE", "synchronous=EXTRA") if is_on_network(path) else _LOCAL_LOG
    for setting in ("foreign_keys=ON", *log, "fullfsync=ON"):
        cursor.execute(f"PRAGMA {setting}")
    record.info[_FILE] = DatabaseFile.at(path)
    cursor.close()


def _prepare_postgresql(connection: Any, _: object) -> None:  # noqa: ANN401  # of the driver
    cursor = connection.cursor()
    for setting in (
        "synchronous_commit = on",
        "jit = off",  # to compile the list of cases takes longer than to read it
        f"lock_timeout = '{WAIT_S}s'",
        f"idle_in_transaction_session_timeout = '{WAIT_S + SILENCE_S}s'",
    ):
        cursor.execute(f"SET {setting}")
    connection.commit()
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin to read, or to write as the only one, so that no writer fails for another."""
    reads = connection.get_execution_options().get(_READS, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
    elif reads:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
