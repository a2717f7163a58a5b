"""The keys of stores that are encrypted at rest, by SQLCipher.

A key is derived from a passphrase as SQLCipher does, so that its own tools open the file too; the
passphrase is typed, or kept in the system's keyring under the salt at the start of the file. One
library opens plain and encrypted files: two in one program would lose each other's locks.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

MAGIC = b"SQLite format 3\0"
SALT_BYTES = 16
PAGE_BYTES = 4096
ROUNDS = 256_000
KEYRING_SERVICE = "rostfine-assist store"


class LockedStoreError(StoreError):
    """A store is encrypted, and its passphrase was not given or is wrong."""


@dataclass(frozen=True, repr=False)
class StoreKey:
    """The key of one file with its salt; never printed."""

    key: bytes
    salt: bytes

    @property
    def raw(self) -> str:
        """The key as SQLCipher reads it without deriving anything."""
        return f"x'{self.key.hex()}{self.salt.hex()}'"


_NO_KEY = StoreKey(bytes(32), b"")
"""Opens nothing, but lets SQLCipher tell the salt."""


def is_encrypted(path: Path) -> bool:
    """Whether a file is an encrypted store, or one whose beginning is damaged."""
    return _start(path) not in (b"", MAGIC)


def has_salt(path: Path, salt: bytes) -> bool:
    """Whether a file is encrypted with the key that has this salt."""
    return _start(path) == salt


def derive_key(passphrase: str, salt: bytes) -> StoreKey:
    """The key that belongs to a passphrase and a file's salt."""
    words = passphrase.encode("utf-8", "surrogatepass")
    return StoreKey(hashlib.pbkdf2_hmac("sha512", words, salt, ROUNDS, 32), salt)


def find_key(path: Path, passphrase: str | None = None) -> StoreKey:
    """The key of an encrypted file from a passphrase, or from the keyring if there is none.

    Raises:
        LockedStoreError: neither is there, or it is wrong.
        StoreError: the file cannot be read.
    """
    salt = _start(path)
    words = kept_passphrase(salt) if passphrase is None else passphrase
    if words is None:
        raise LockedStoreError(
            Message(
                "The store {path} is encrypted, and its key is not in this computer's keyring: "
                "enter its passphrase, or restore a backup if it never had one.",
                path=path,
            )
        )
    key = derive_key(words, salt)
    check_key(path, key)
    return key


def check_key(path: Path, key: StoreKey) -> None:
    """Read the file's first page with a key.

    Raises:
        LockedStoreError: the key does not open it.
    """
    with explaining(path), closing(connect(path, key)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()


def connect(path: Path | str, key: StoreKey | None, **options: Any) -> Any:  # noqa: ANN401  # of the driver
    """A connection of SQLCipher's driver to a file, encrypted or (without a key) plain."""
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect(str(path), **options)
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would print to stderr
    if key is not None:
        connection.execute(f'PRAGMA key = "{key.raw}"')
    return connection


def new_passphrase() -> str:
    """A passphrase of 150 random bits, to be kept in the keyring and written down."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(6))


def keep_passphrase(salt: bytes, passphrase: str) -> None:
    """Put a passphrase into the system's keyring.

    Raises:
        StoreError: the system has no keyring, or refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING_SERVICE, salt.hex(), passphrase)
        kept = keyring.get_password(KEYRING_SERVICE, salt.hex())
    except KeyringError as error:
        raise _no_keyring(str(error)) from error
    if kept != passphrase:
        raise _no_keyring("it forgot the key at once")


def kept_passphrase(salt: bytes) -> str | None:
    """The passphrase that the keyring holds for a file, if any."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, salt.hex())
    except KeyringError:
        return None


def _no_keyring(reason: str) -> StoreError:
    return StoreError(
        Message(
            "The key cannot be kept in this computer's keyring ({reason}): choose a passphrase "
            "instead.",
            reason=reason,
        )
    )


def _start(path: Path) -> bytes:
    """The first bytes of a file, b"" if it is not there or cannot be a store by its size.

    SQLite itself reads them: on POSIX systems whoever closes a file gives up all locks that the
    program has on it, also those of a store that is open.
    """
    try:
        size = path.stat().st_size
        if size == 0 or size % PAGE_BYTES:
            return b""
    except OSError:  # whatever the reason, opening it says so
        return b""
    with explaining(path), closing(connect(path, _NO_KEY)) as connection:
        return bytes.fromhex(connection.execute("PRAGMA cipher_salt").fetchone()[0])


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn what SQLCipher's driver raises about a file into a sentence.

    Raises:
        LockedStoreError: the key is wrong or the file damaged.
        StoreError: anything else, such as a disk that is full.
    """
    from sqlcipher3 import dbapi2

    try:
        yield
    except dbapi2.OperationalError as error:
        raise StoreError(
            Message(
                "The store {path} cannot be used ({reason}): close other programs that use it, "
                "and check the disk.",
                path=path,
                reason=str(error),
            )
        ) from error
    except dbapi2.DatabaseError as error:
        raise LockedStoreError(
            Message(
                "The passphrase does not open the store {path}, or the file is damaged: type it "
                "again, or restore a backup.",
                path=path,
            )
        ) from error
