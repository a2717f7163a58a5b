"""Backups of a store: each is an SQLite store of its own, whatever the store itself is kept in."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, insert, select, text

from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write, safe_name
from rostfine_core.messages import Message
from rostfine_core.store.encryption import (
    StoreKey,
    connect,
    find_key,
    has_salt,
    is_encrypted,
)
from rostfine_core.store.engine import key_of, make_engine, reader, url_of
from rostfine_core.store.failures import said
from rostfine_core.store.migration import VERSION_TABLE, bring_up_to_date, revision_of
from rostfine_core.store.recoding import recode
from rostfine_core.store_place import data_folder

FOLDER = "backups"
KEPT = 7
"""So many daily backups are kept; those before a step of the tables or a restore all are."""
EVERY = timedelta(days=1)
_QUICK_CHECK = "PRAGMA quick_check(1)"
_ENDING = ".sqlite"
_ROWS_AT_ONCE = 500


def backup_path(engine: Engine, why: str, now: datetime) -> Path:
    """A new name beside the store's file, or in the user's data folder for a server's."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        home = Path(url.database or "").parent
    else:
        home = data_folder() / safe_name(f"{url.database}-{url.host or 'local'}-{url.port or ''}")
    return home / FOLDER / f"{why}-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}{_ENDING}"


def backups_of(engine: Engine) -> tuple[Path, ...]:
    """All backups of a store, by their names."""
    folder = backup_path(engine, "", datetime.now(UTC)).parent
    return tuple(sorted(folder.glob(f"*{_ENDING}")))


def remove_old(path: Path, why: str) -> None:
    """Remove the oldest backups of a kind that lie beside ``path``, but the last ``KEPT``."""
    for old in sorted(path.parent.glob(f"{why}-*{_ENDING}"))[:-KEPT]:
        old.unlink(missing_ok=True)


def write_backup(engine: Engine, path: Path) -> None:
    """Copy the store as it is at one moment into a new file, and check that.

    The copy of an encrypted store has the same key.

    Raises:
        StoreError: the store cannot be read, the file not be written, or it came out damaged.
    """
    key = key_of(engine)
    with atomic_write(path, is_private=True) as temporary, said(str(path)):
        if engine.dialect.name == "sqlite":
            with reader(engine).connect() as connection, _open(temporary, key) as copy:
                connection.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
        else:
            _copy_server(engine, temporary)
        with _open(temporary, key) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, which a reader need not change
            refuse_damage(copy.execute(_QUICK_CHECK).fetchone()[0], str(path))


def refuse_damage(found: object, place: str) -> None:
    """Refuse an SQLite database in which ``PRAGMA quick_check`` found something.

    Raises:
        StoreError: it did.
    """
    if found != "ok":
        raise StoreError(
            Message(
                "The store {place} is damaged ({found}): restore it from a backup.",
                place=place,
                found=str(found),
            )
        )


@contextmanager
def unpacked_backup(path: Path, engine: Engine, passphrase: str | None) -> Iterator[Path]:
    """A copy of a backup with the key of the store that it is for, which may be changed.

    It lies among the store's backups, in a folder that goes when the block ends.

    Raises:
        LockedStoreError: it is encrypted with another key, which is not in the keyring, and
            ``passphrase`` is not given or wrong.
        StoreError: the file is no backup, or is damaged.
    """
    beside = backup_path(engine, "", datetime.now(UTC)).parent
    folder = Path(tempfile.mkdtemp(dir=beside, prefix=".restoring-"))
    try:
        copy = folder / f"copy{_ENDING}"
        with said(str(path)):
            shutil.copyfile(path, copy)
            key = _key_of_backup(path, engine, passphrase)
            with _open(copy, key) as opened:
                refuse_damage(opened.execute(_QUICK_CHECK).fetchone()[0], str(path))
        if key != key_of(engine):
            recode(copy, old=key, new=key_of(engine))
        copied = make_engine(url_of(copy), key_of(engine))
        with said(str(path)), reader(copied).connect() as connection:
            is_store = revision_of(connection) is not None
        copied.dispose()
        if not is_store:
            raise StoreError(Message("{path} is no backup of a store: choose one.", path=path))
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _key_of_backup(path: Path, engine: Engine, passphrase: str | None) -> StoreKey | None:
    own = key_of(engine)
    if not is_encrypted(path):
        return None
    if own is not None and passphrase is None and has_salt(path, own.salt):
        return own
    return find_key(path, passphrase)


def replace_content(engine: Engine, copy: Path) -> None:
    """Put what a copy holds, of this version's form and key, in the place of all that is there.

    Raises:
        StoreError: the store cannot be written; then it is as before.
    """
    if engine.dialect.name == "sqlite":
        with _open(copy, key_of(engine)) as source, engine.connect() as connection:
            source.backup(connection.connection.driver_connection)
        return
    source_engine = make_engine(url_of(copy))
    with reader(source_engine).connect() as source, engine.begin() as target:
        names = [f'"{t.name}"' for t in _tables(source).sorted_tables]
        # The audit trail is guarded by triggers, against everything but this.
        for name in names:
            target.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        target.execute(text(f"TRUNCATE {', '.join(names)}"))
        for name in names:
            target.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))
        _copy_rows(source, target)
    source_engine.dispose()


def _copy_server(engine: Engine, path: Path) -> None:
    """Make the tables of a server's store in a file, in the form they have there, and fill them."""
    target_engine = make_engine(url_of(path))
    with reader(engine).connect() as source, target_engine.begin() as target:
        bring_up_to_date(target, revision_of(source) or "head")
        _copy_rows(source, target)
    target_engine.dispose()


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in _tables(source if source.dialect.name == "sqlite" else target).sorted_tables:
        found = select(table).order_by(*table.primary_key)  # the trail only grows at its end
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(found)
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])


def _tables(connection: Connection) -> MetaData:
    """The tables that a database has, in whatever form."""
    tables = MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables[VERSION_TABLE])
    return tables


def _open(path: Path, key: StoreKey | None) -> closing[Any]:
    return closing(connect(path, key))
