"""Opens a store: makes what is missing, and refuses what this version cannot use."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.backups import backup_path, refuse_damage, write_backup
from rostfine_core.store.encryption import StoreKey, find_key, is_encrypted
from rostfine_core.store.engine import make_engine, place_name, reader, url_of
from rostfine_core.store.failures import said
from rostfine_core.store.migration import REVISIONS, bring_up_to_date, revision_of

CHECKED_TABLES = ("meta", "operator", "patient", "sample", "video", "sperm", "click")


def open_engine(
    place: str | Path,
    *,
    now: datetime,
    passphrase: str | None = None,
    key: StoreKey | None = None,
) -> Engine:
    """The engine of the store at a place, with the tables of this version.

    Older tables are backed up before they are changed. An encrypted store is opened by its
    ``key``, by ``passphrase``, or by what the keyring holds.

    Raises:
        LockedStoreError: it is encrypted, and there is no passphrase or a wrong one.
        StoreError: it cannot be reached or written, is damaged, or a newer version made it.
    """
    url = url_of(place)
    name = place_name(url)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        _make_file(file, name)
        if key is None and is_encrypted(file):
            key = find_key(file, passphrase)
    engine = make_engine(url, key)
    try:
        with said(name):
            with reader(engine).connect() as connection:
                revision = revision_of(connection)
                if revision is not None and engine.dialect.name == "sqlite":
                    _check_tables(connection, name)
            if revision != REVISIONS[-1]:
                _check_known(revision, name)
                if revision is not None:
                    write_backup(engine, backup_path(engine, f"before-{REVISIONS[-1]}", now))
                with engine.begin() as connection:
                    bring_up_to_date(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make_file(path: Path, name: str) -> None:
    """An empty file is a database without tables."""
    with said(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)


def _check_tables(connection: Connection, name: str) -> None:
    """Look through what the list of cases needs, which takes a moment; backups check the rest."""
    for table in CHECKED_TABLES:
        found = connection.exec_driver_sql(f"PRAGMA quick_check({table})").scalar()
        refuse_damage(found, name)


def _check_known(revision: str | None, name: str) -> None:
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            Message(
                "The store {place} was made by a newer version of the program: update RoSTFine "
                "Assist to open it.",
                place=name,
            )
        )
