"""What the place of a store does to it is one sentence, loses nothing, and is got over."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from rostfine_core.domain import Patient
from rostfine_core.errors import StoreError
from rostfine_core.store import Store, engine, network_drive
from rostfine_core.store.schema import PatientRow
from tests.core.store.conftest import Server

BIG = "精" * 100_000


def pseudonyms(store: Store) -> list[str]:
    return [p.pseudonym for p in store.patients()]


def fill(store: Store, kept: list[str]) -> None:
    """Add patients with long notes, and note which were confirmed."""
    for n in range(100):
        store.set_patient(Patient(pseudonym=f"{n:03}", note=BIG))
        kept.append(f"{n:03}")


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """A file system of 2 MiB at a folder; the function given makes it large."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system here")

    def enlarge() -> None:
        larger = ["mount", "-o", "remount,size=64m", str(folder)]
        subprocess.run(larger, check=True, capture_output=True)

    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


@contextmanager
def small_files(folder: Path) -> Iterator[Callable[[], None]]:
    """Files of this process end at 2 MiB; the function given lifts that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**21, hard))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.requirement("R-67")
@pytest.mark.parametrize("limit", [small_disk, small_files])
def test_a_full_disk_keeps_what_was_confirmed(
    tmp_path: Path, limit: Callable[[Path], AbstractContextManager[Callable[[], None]]]
) -> None:
    folder = tmp_path / "disk"
    with limit(folder) as free, Store.open(folder) as store:
        kept: list[str] = []
        with pytest.raises(StoreError, match=r"(is full: free|cannot be reached).*is kept\.$"):
            fill(store, kept)
        assert pseudonyms(store) == kept
        with Store.open(folder) as other:
            assert pseudonyms(other) == kept
        free()
        store.set_patient(Patient(pseudonym="after", note=BIG))
        assert pseudonyms(store) == [*kept, "after"]
        assert store.check() == ()


MOUNTS = """22 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw
90 22 0:48 / {folder} rw shared:7 - {kind} server:/cases rw,vers=4.2
91 22 0:49 / {folder}-local rw shared:7 - tmpfs tmpfs rw
"""


@pytest.fixture(params=["ext4", "nfs4"])
def drive(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of drive that the system says the test's folder is."""
    folder = str(tmp_path).replace(" ", "\\040")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(folder=folder, kind=request.param), encoding="utf-8")
    monkeypatch.setattr(network_drive, "MOUNTS", mounts)
    kind: str = request.param
    return kind


def test_a_network_drive_gets_no_log_in_shared_memory(tmp_path: Path, drive: str) -> None:
    with Store.open(tmp_path / "s") as store, store.writing(None) as session:
        modes = [session.scalar(text(f"PRAGMA {n}")) for n in ("journal_mode", "synchronous")]
    assert modes == (["delete", 3] if drive == "nfs4" else ["wal", 2])


@pytest.mark.requirement("R-67")
@pytest.mark.usefixtures("drive")
def test_a_folder_that_is_gone_for_a_while(tmp_path: Path) -> None:
    folder, away = tmp_path / "share", tmp_path / "away"
    with Store.open(folder) as store:
        store.set_patient(Patient(pseudonym="before"))
        folder.rename(away)
        for attempt in ("a", "b"):
            with pytest.raises(StoreError, match="cannot be reached"):
                store.set_patient(Patient(pseudonym=attempt))
            with pytest.raises(StoreError, match="cannot be reached"):
                store.patients()
        away.rename(folder)
        store.set_patient(Patient(pseudonym="back"))
        assert pseudonyms(store) == ["back", "before"]


def test_a_folder_that_is_deleted_during_a_step_confirms_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    with Store.open(folder) as store:
        store.set_patient(Patient(pseudonym="before"))
        backup = store.back_up(tmp_path / "kept.sqlite")
        with pytest.raises(StoreError, match="not in its place"), store.writing(None):
            shutil.rmtree(folder)
        folder.mkdir()
        with pytest.raises(StoreError, match="cannot be reached"):  # no empty store is made there
            store.patients()
        shutil.copyfile(backup, folder / engine.FILE_NAME)
        assert pseudonyms(store) == ["before"]


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a read-only file system")
    with Store.open(tmp_path / "s") as store:
        store.set_patient(Patient(pseudonym="one"))
    bind = ["mount", "--bind", str(tmp_path / "s"), str(tmp_path / "s")]
    if subprocess.run(bind, capture_output=True, check=False).returncode:
        pytest.skip("only a privileged root may mount a read-only file system")
    try:
        subprocess.run(
            ["mount", "-o", "remount,ro,bind", str(tmp_path / "s")], check=True, capture_output=True
        )
        with pytest.raises(StoreError, match=r"^The store .* cannot be "):
            Store.open(tmp_path / "s")
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path / "s")], check=True, capture_output=True)


def test_a_busy_store_is_waited_for_and_then_said(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WAIT_S", 0.1)
    with Store.open(place) as store, Store.open(place) as other:
        with store.writing(None), pytest.raises(StoreError, match=r"keeps the store .* busy"):
            other.set_patient(Patient(pseudonym="no"))
        other.set_patient(Patient(pseudonym="yes"))
        assert pseudonyms(store) == ["yes"]


@pytest.mark.requirement("R-67")
def test_a_server_that_ends_and_comes_back(server: Server, url: str) -> None:
    with Store.open(url) as store:
        kept = store.set_patient(Patient(pseudonym="before the end"))
        server.stop()
        for _ in range(2):
            with pytest.raises(StoreError, match=r"cannot be reached .*everything before it is"):
                store.set_patient(Patient(pseudonym="lost"))
            with pytest.raises(StoreError, match="cannot be reached"):
                store.patients()
        server.start()
        assert [p.id for p in store.patients("end")] == [kept]
        store.set_patient(Patient(pseudonym="after", id=kept))
        assert pseudonyms(store) == ["after"]


@pytest.mark.requirement("R-67")
def test_a_server_that_ends_during_a_step(server: Server, url: str) -> None:
    with Store.open(url) as store:
        step = store.writing(None)
        session = step.__enter__()
        session.add(PatientRow(id="1", pseudonym="never confirmed"))
        server.stop()
        server.start()
        with pytest.raises(StoreError, match="cannot be reached"):
            step.__exit__(None, None, None)
        assert pseudonyms(store) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://u:secret@127.0.0.1:1/cases", "cannot be reached"),
        ("postgresql://u:secret@no.such.host.invalid/cases", "cannot be reached"),
        ("postgresql://u:secret@host", "must be a folder or postgresql"),
        ("mysql://u:secret@host/cases", "must be a folder or postgresql"),
        ("postgresql://u:secret@host:port/cases", "must be a folder or postgresql"),
    ],
)
def test_a_wrong_url_is_said_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason) as raised:
        Store.open(url)
    assert "secret" not in str(raised.value)


def test_a_wrong_database_and_user_are_said(server: Server) -> None:
    for wrong in (server.url("nothing"), server.url().replace("rostfine@", "nobody@", 1)):
        with pytest.raises(StoreError, match=r"cannot be reached \(.*does not exist"):
            Store.open(wrong)
