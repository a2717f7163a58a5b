"""Passphrases of operators: what is asked of one, its hash, and how long a wrong one slows down."""

import unicodedata
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

SHORTEST = 12
LONGEST = 1024
FEWEST_DIFFERENT = 5
FREE_ATTEMPTS = 3
"""Wrong passphrases in a row that cost no waiting, since people mistype."""
LONGEST_WAIT = timedelta(minutes=15)


def check_passphrase(passphrase: str, *, login: str, name: str) -> None:
    """Refuse a passphrase that is easily guessed.

    Raises:
        StoreError: the rules, in one sentence.
    """
    text = _normal(passphrase)
    about_them = {_normal(login).casefold(), _normal(name).casefold()} - {""}
    if (
        SHORTEST <= len(text) <= LONGEST
        and len(set(text)) >= FEWEST_DIFFERENT
        and text.casefold() not in about_them
    ):
        return
    raise StoreError(
        Message(
            "A passphrase has at least {shortest} characters, {different} of them different, and "
            "is neither the login nor the name: several words are easy to remember.",
            shortest=SHORTEST,
            different=FEWEST_DIFFERENT,
        )
    )


def hash_passphrase(passphrase: str) -> str:
    """The Argon2id hash of a passphrase, with its salt and costs."""
    return _hasher().hash(_bytes(passphrase))


def is_right(passphrase: str, passphrase_hash: str) -> bool:
    """Whether a passphrase is the one that was hashed."""
    try:
        return _hasher().verify(passphrase_hash, _bytes(passphrase))
    except (VerificationError, InvalidHashError):
        return False


def needs_new_hash(passphrase_hash: str) -> bool:
    """Whether a hash was made at lower costs than are usual now."""
    return _hasher().check_needs_rehash(passphrase_hash)


@cache
def unknown_login_hash() -> str:
    """Compared with when nobody has a login, so that the time taken tells no one which exist."""
    return hash_passphrase("nobody has this passphrase")


def wait_after(failed_attempts: int) -> timedelta:
    """How long no passphrase is looked at after so many wrong ones in a row: 1 s, 2 s, 4 s ..."""
    if failed_attempts < FREE_ATTEMPTS:
        return timedelta(0)
    doublings = min(failed_attempts - FREE_ATTEMPTS, 20)
    return min(timedelta(seconds=2**doublings), LONGEST_WAIT)


def _normal(text: str) -> str:
    """The same text whatever the keyboard: composed characters, in Unicode's form NFKC."""
    return unicodedata.normalize("NFKC", text)


def _bytes(passphrase: str) -> bytes:
    return _normal(passphrase)[:LONGEST].encode("utf-8", "surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()
