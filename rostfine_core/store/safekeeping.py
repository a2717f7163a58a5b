"""The store as a whole: backups, restoring one, and whether everything is still readable."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from rostfine_core.domain import Action
from rostfine_core.messages import Message
from rostfine_core.store.audit import AuditEvent, check_chain
from rostfine_core.store.backups import (
    EVERY,
    backup_path,
    remove_old,
    replace_content,
    unpacked_backup,
    write_backup,
)
from rostfine_core.store.checking import broken_parts
from rostfine_core.store.database import Database
from rostfine_core.store.engine import key_of
from rostfine_core.store.failures import said
from rostfine_core.store.opening import open_engine
from rostfine_core.store.rows import as_json
from rostfine_core.store.schema import AuditRow, MetaRow

LAST_BACKUP = "last_backup_utc"
"""The entry of ``meta`` that says when the last daily backup was made."""


class Safekeeping(Database):
    """A database that is backed up, restored and checked."""

    def back_up(self, path: Path | None = None) -> Path:
        """Copy the store as it is now to a file, by default to a new one among its backups."""
        with self.reading(Action.BACK_UP):
            pass
        path = path or backup_path(self.engine, "by-hand", self.now())
        write_backup(self.engine, path)
        return path

    def back_up_when_due(self) -> Path | None:
        """Back up a store whose last daily backup is older than a day, whoever made it.

        One in which nothing was done yet needs none.
        """
        with self.reading() as session:
            last = session.get(MetaRow, LAST_BACKUP)
            is_new = session.scalars(select(AuditRow.number).limit(1)).first() is None
        now = self.now()
        if is_new:
            return None
        if last is not None and now - datetime.fromisoformat(last.value) < EVERY:
            return None
        path = backup_path(self.engine, "daily", now)
        write_backup(self.engine, path)
        with self.writing(None) as session:
            session.merge(MetaRow(key=LAST_BACKUP, value=self.utc))
        remove_old(path, "daily")
        return path

    def restore(self, path: Path, *, passphrase: str | None = None) -> Path:
        """Put a backup in the place of everything; the file to which that was backed up before.

        Other programs that have the store open see the restored one from then on. ``passphrase``
        opens a backup that is encrypted otherwise than the store is now.
        """
        with self.reading(Action.RESTORE):
            pass
        before = backup_path(self.engine, "before-restore", self.now())
        write_backup(self.engine, before)
        with unpacked_backup(path, self.engine, passphrase) as copy:
            engine = open_engine(copy, now=self.now(), key=key_of(self.engine))
            with type(self)(engine, now=self.now) as restored:
                restored.operator = self.operator
                with restored.writing(None) as session:
                    event = AuditEvent(
                        action=Action.RESTORE.value,
                        subject_kind="store",
                        after=as_json({"backup": path.name}),
                    )
                    restored.enter(session, event)
            with said(self.place, self.engine.dispose):
                replace_content(self.engine, copy)
        return before

    def check(self) -> tuple[Message, ...]:
        """Read all that is in the store; what is wrong with it, nothing where it is whole."""
        with self.reading() as session:
            found = broken_parts(session)
            trail = check_chain(session)
        return (*found, *(() if trail.fault is None else (trail.fault,)))
