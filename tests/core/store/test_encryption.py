"""Encryption at rest: nothing is lost when it is switched, killed or refused."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from sqlcipher3 import dbapi2

from rostfine_core.domain import Action, Patient
from rostfine_core.errors import StoreError
from rostfine_core.store import Store, locking, trail
from rostfine_core.store.encryption import (
    LockedStoreError,
    connect,
    find_key,
    is_encrypted,
    keep_passphrase,
    new_passphrase,
)
from rostfine_core.store.recoding import new_key, recode

WORDS = "a quiet morning in May"
ROWS = [(n, "精子 'é' 🙂" * n, bytes([n]) * 50, n / 7) for n in range(200)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A plain file, in SQLite's usual way of writing."""
    path = tmp_path / "cases.sqlite"
    with closing(dbapi2.connect(str(path))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", ROWS)
        connection.execute(
            "CREATE TRIGGER kept BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )
        connection.commit()
    return path


def rows(path: Path, words: str | None = None) -> list[object]:
    key = find_key(path, words) if words else None
    with closing(connect(path, key)) as connection:
        with pytest.raises(dbapi2.IntegrityError, match="kept"):
            connection.execute("DELETE FROM t")
        found: list[object] = connection.execute("SELECT * FROM t ORDER BY n").fetchall()
    return found


def test_a_store_is_encrypted_and_made_plain_again(file: Path) -> None:
    recode(file, old=None, new=new_key(WORDS))
    assert is_encrypted(file)
    assert "精子".encode() not in file.read_bytes()
    assert rows(file, WORDS) == ROWS
    recode(file, old=find_key(file, WORDS), new=None)
    assert not is_encrypted(file)
    assert rows(file) == ROWS
    assert [p.name for p in file.parent.iterdir()] == ["cases.sqlite"]


def test_a_wrong_passphrase_is_a_sentence_and_changes_nothing(file: Path) -> None:
    recode(file, old=None, new=new_key(WORDS))
    before = file.read_bytes()
    with pytest.raises(LockedStoreError, match="passphrase does not open the store"):
        find_key(file, "another passphrase")
    with pytest.raises(LockedStoreError, match="passphrase does not open the store"):
        recode(file, old=new_key("another passphrase"), new=None)
    assert file.read_bytes() == before


class MemoryKeyring(KeyringBackend):
    """A keyring that lasts as long as the test."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_the_keyring_opens_a_store_and_its_copies(
    file: Path, memory_keyring: MemoryKeyring, tmp_path: Path
) -> None:
    words = new_passphrase()
    key = new_key(words)
    keep_passphrase(key.salt, words)
    recode(file, old=None, new=key)
    moved = file.rename(tmp_path / "moved.sqlite")
    assert find_key(moved) == key
    memory_keyring.kept.clear()
    with pytest.raises(LockedStoreError, match="not in this computer's keyring"):
        find_key(moved)
    assert rows(moved, words) == ROWS


def test_a_computer_without_a_keyring_is_told_so(file: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(StoreError, match="choose a passphrase instead"):
            keep_passphrase(b"0" * 16, WORDS)
    finally:
        keyring.set_keyring(before)


CHILD = """
import os, resource, signal, sys
from pathlib import Path
from rostfine_core.store import recoding
from rostfine_core.store.encryption import derive_key
path, salt, (words, step, way, limit) = Path(sys.argv[1]), bytes(16), sys.argv[2:]
if int(limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
calls = 0
def counted(function):
    def call(*values, **named):
        global calls
        calls += 1
        if calls == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*values, **named)
    return call
for name in ("_take_alone", "_export", "_compare", "_flush"):
    setattr(recoding, name, counted(getattr(recoding, name)))
Path.replace = counted(Path.replace)
os.ftruncate = counted(os.ftruncate)
original = recoding.connect
def slow(*values, **named):  # SQLCipher calls this all along, so that it is killed within a step
    connection = original(*values, **named)
    connection.set_progress_handler(counted(lambda: 0), 200)
    return connection
recoding.connect = slow
key = derive_key(words, salt)
recoding.recode(path, old=key if way == "off" else None, new=None if way == "off" else key)
print(calls)
"""


def run_child(
    file: Path, *, step: int, way: str, limit: int = 0
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", CHILD, str(file), WORDS, str(step), way, str(limit)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=os.getcwd())


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL and no limits of file sizes")
class TestRefusedMidway:
    """What happens to a program while it encrypts."""

    @pytest.mark.requirement("R-73")
    def test_killed_anywhere_one_whole_file_remains(self, file: Path) -> None:
        whole = file.read_bytes()
        steps = int(run_child(file, step=0, way="on").stdout)
        assert steps > 20
        assert rows(file, WORDS) == ROWS
        file.write_bytes(whole)
        for step in range(1, steps + 1, max(1, steps // 7)):
            way = "off" if is_encrypted(file) else "on"
            killed = run_child(file, step=step, way=way)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            assert rows(file, WORDS if is_encrypted(file) else None) == ROWS

    def test_a_full_disk_leaves_the_old_file(self, file: Path) -> None:
        failed = run_child(file, step=0, way="on", limit=20_000)
        assert "StoreError: " in failed.stderr.splitlines()[-1], failed.stderr
        assert rows(file) == ROWS

    def test_a_store_in_use_is_left_alone(self, file: Path) -> None:
        with closing(connect(file, None)) as other:
            other.execute("SELECT count(*) FROM t").fetchall()
            failed = run_child(file, step=0, way="on")
            assert "close other programs that use it" in failed.stderr
            assert not is_encrypted(file)


# A whole store ----------------------------------------------------------------------------------


@pytest.fixture
def cases(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as store:
        store.set_patient(Patient(pseudonym="P-1"))
        yield store


def pseudonyms(store: Store) -> list[str]:
    return [p.pseudonym for p in store.patients()]


@pytest.mark.requirement("R-73")
def test_a_store_goes_on_after_each_change_of_its_encryption(cases: Store) -> None:
    locking.encrypt_with_passphrase(cases, WORDS)
    cases.set_patient(Patient(pseudonym="P-2"))
    with pytest.raises(LockedStoreError, match="enter its passphrase"):
        Store.open(cases.place)
    with Store.open(cases.place, passphrase=WORDS) as elsewhere:
        assert pseudonyms(elsewhere) == ["P-1", "P-2"]
    locking.encrypt_with_passphrase(cases, "another quiet morning")
    with pytest.raises(LockedStoreError, match="does not open"):
        Store.open(cases.place, passphrase=WORDS)
    locking.decrypt(cases)
    with Store.open(cases.place) as elsewhere:
        assert pseudonyms(elsewhere) == ["P-1", "P-2"]
        done = [e.after for e in trail.entries(elsewhere) if e.action == Action.ENCRYPT]
        assert len(done) == 3
        assert '"none"' in done[0]
        assert elsewhere.check() == ()
    with pytest.raises(StoreError, match="at least 12 characters"):
        locking.encrypt_with_passphrase(cases, "short")
    assert pseudonyms(cases) == ["P-1", "P-2"]


def test_backups_have_the_stores_key_and_are_restored_whatever_it_is_since(
    cases: Store, memory_keyring: MemoryKeyring
) -> None:
    plain = cases.back_up()
    locking.encrypt_with_keyring(cases)
    assert locking.plain_backups(cases) == (plain,)
    cases.set_patient(Patient(pseudonym="P-2"))
    encrypted = cases.back_up(plain.with_name("2.sqlite"))
    assert is_encrypted(encrypted)
    cases.restore(plain)
    assert is_encrypted(Path(cases.place))
    assert pseudonyms(cases) == ["P-1"]
    cases.restore(encrypted)
    assert pseudonyms(cases) == ["P-1", "P-2"]
    locking.decrypt(cases)
    cases.restore(encrypted)
    assert not is_encrypted(Path(cases.place))
    memory_keyring.kept.clear()
    with pytest.raises(LockedStoreError, match="enter its passphrase"):
        cases.restore(encrypted)
    assert pseudonyms(cases) == ["P-1", "P-2"]
    assert trail.verify(cases).fault is None


def test_a_store_on_a_server_is_left_to_the_server(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("server").url()
    with Store.open(url) as store, pytest.raises(StoreError, match="by the server"):
        locking.decrypt(store)
