"""Switches the encryption of a store on and off, and gives it another passphrase."""

from pathlib import Path

from sqlalchemy.orm import Session

from rostfine_core.domain import Action
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.audit import AuditEvent
from rostfine_core.store.backups import backups_of
from rostfine_core.store.encryption import (
    StoreKey,
    is_encrypted,
    keep_passphrase,
    new_passphrase,
)
from rostfine_core.store.engine import key_of, make_engine, url_of
from rostfine_core.store.failures import said
from rostfine_core.store.passphrases import check_passphrase
from rostfine_core.store.recoding import new_key, recode
from rostfine_core.store.rows import as_json
from rostfine_core.store.store import Store

PASSPHRASE, KEYRING, NONE = "passphrase", "keyring", "none"


def encrypt_with_passphrase(store: Store, passphrase: str) -> None:
    """Encrypt a store, or encrypt it anew, with a passphrase that is typed whenever it is opened.

    Raises:
        StoreError: the passphrase is too easy, another program uses the store, the disk is full,
            the store is on a server, or who is signed in may not; then it stays as it was.
    """
    check_passphrase(passphrase, login="", name="")
    _change(store, new_key(passphrase), PASSPHRASE)


def encrypt_with_keyring(store: Store) -> str:
    """Encrypt a store with a new passphrase that this computer's keyring keeps; give it back.

    It must be written down: without the keyring nothing else opens the store and its backups.

    Raises:
        StoreError: there is no keyring, or as ``encrypt_with_passphrase``.
    """
    words = new_passphrase()
    key = new_key(words)
    _file_of(store)  # before anything is left in the keyring
    keep_passphrase(key.salt, words)
    _change(store, key, KEYRING)
    return words


def decrypt(store: Store) -> None:
    """Write a store plainly again.

    Raises:
        StoreError: it is not encrypted, or as ``encrypt_with_passphrase``.
    """
    _file_of(store)
    if key_of(store.engine) is None:
        raise StoreError(Message("The store is not encrypted: nothing is to be done."))
    _change(store, None, NONE)


def plain_backups(store: Store) -> tuple[Path, ...]:
    """The store's backups that anybody can read who gets hold of them."""
    return tuple(path for path in backups_of(store.engine) if not is_encrypted(path))


def _change(store: Store, key: StoreKey | None, how: str) -> None:
    file, old = _file_of(store), key_of(store.engine)
    event = AuditEvent(
        action=Action.ENCRYPT.value, subject_kind="store", after=as_json({"encryption": how})
    )

    def enter(copy: Path) -> None:
        """Let the new file begin its life with what was done."""
        engine = make_engine(url_of(copy), key)
        try:
            with said(str(copy)), Session(engine) as session, session.begin():
                store.enter(session, event)
        finally:
            engine.dispose()

    store.engine.dispose()
    recode(file, old=old, new=key, before_use=enter)
    store.use(make_engine(store.engine.url, key))


def _file_of(store: Store) -> Path:
    """The file of a store whose encryption who is signed in may change."""
    with store.reading(Action.ENCRYPT):
        pass
    if store.engine.dialect.name != "sqlite":
        raise StoreError(
            Message(
                "A store on a server is encrypted by the server: ask who runs it to encrypt its "
                "disk."
            )
        )
    return Path(store.engine.url.database or "")
