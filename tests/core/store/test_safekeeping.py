"""A store is backed up, restored and checked, and what fails it is one sentence."""

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from rostfine_core.domain import Patient, Role, VideoInfo
from rostfine_core.errors import StoreError
from rostfine_core.store import Store, backups, migration
from rostfine_core.store.engine import FILE_NAME, make_engine, url_of
from rostfine_core.store.locking import encrypt_with_passphrase
from rostfine_core.store.migration import FOLDER, REVISIONS
from rostfine_core.store.people import add_operator, sign_in

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=9)))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def pseudonyms(store: Store) -> list[str]:
    return [p.pseudonym for p in store.patients()]


@pytest.mark.requirement("R-69")
def test_a_backup_brings_everything_back(store: Store, info: VideoInfo, tmp_path: Path) -> None:
    video = store.add_video(info, sha256="a" * 64)
    store.set_patient(Patient(pseudonym="精子\x00\udcff"))
    kept, case = store.back_up(), store.load_case(video)
    store.set_patient(Patient(pseudonym="later"))
    store.set_place(video, frame=3, selected=None)
    before = store.restore(kept)
    assert pseudonyms(store) == ["精子\x00\udcff"]
    assert store.load_case(video).video == case.video
    assert store.check() == ()  # the trail too, to which the restoring was added
    with Store.open(before) as replaced:
        assert pseudonyms(replaced) == ["later", "精子\x00\udcff"]
    assert [p.parent.name for p in (kept, before)] == ["backups", "backups"]
    store.set_patient(Patient(pseudonym="after"))
    assert pseudonyms(store) == ["after", "精子\x00\udcff"]


def test_a_store_moves_to_a_server_and_back(tmp_path: Path, url: str, info: VideoInfo) -> None:
    with Store.open(tmp_path / "alone") as alone, Store.open(url) as shared:
        video = alone.add_video(info, sha256="a" * 64)
        shared.restore(alone.back_up())
        assert shared.load_case(video).video == alone.load_case(video).video
        shared.set_patient(Patient(pseudonym="at the server"))
        alone.restore(shared.back_up())
        assert pseudonyms(alone) == ["at the server"]
        assert shared.check() == alone.check() == ()


def test_another_window_sees_what_was_restored(place: str) -> None:
    with Store.open(place) as first, Store.open(place) as second:
        first.set_patient(Patient(pseudonym="one"))
        kept = first.back_up()
        second.set_patient(Patient(pseudonym="two"))
        first.restore(kept)
        assert pseudonyms(second) == ["one"]
        second.set_patient(Patient(pseudonym="three"))
        assert pseudonyms(first) == ["one", "three"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_only_its_owner_can_read_a_store_and_its_backups(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.set_patient(Patient(pseudonym="one"))
        kept = store.back_up()
        files = [*tmp_path.glob(f"{FILE_NAME}*"), kept]
        assert len(files) == 4  # with the log and its memory
        assert {file.stat().st_mode & 0o077 for file in files} == {0}
        encrypt_with_passphrase(store, "a quiet morning in May")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"no database at all, but text", b"x" * 5000])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.sqlite").write_bytes(content)
    with Store.open(tmp_path / "s") as store:
        store.set_patient(Patient(pseudonym="one"))
        with pytest.raises(StoreError, match=r"no backup|damaged"):
            store.restore(tmp_path / "other.sqlite")
        with pytest.raises(StoreError, match="No such file"):
            store.restore(tmp_path / "missing.sqlite")
        assert pseudonyms(store) == ["one"]


def test_the_daily_backup_is_made_once_a_day_by_whoever_comes_first(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "KEPT", 2)
    clock = Clock()
    with Store.open(place, now=clock) as first, Store.open(place, now=clock) as second:
        assert first.back_up_when_due() is None  # there is nothing in it yet
        first.set_patient(Patient(pseudonym="one"))
        made = []
        for hours in range(0, 24 * 4, 12):
            clock.time = NOON + timedelta(hours=hours)
            made += [p for p in (first.back_up_when_due(), second.back_up_when_due()) if p]
    assert len(made) == 4
    assert sorted(made[0].parent.iterdir()) == made[-2:]


def test_each_database_of_a_server_has_backups_of_its_own() -> None:
    places = ("one/a", "one/b", "two/a", "two:5433/a")
    engines = [make_engine(url_of(f"postgresql://mori@{place}")) for place in places]
    folders = {backups.backup_path(engine, "daily", NOON).parent for engine in engines}
    assert len(folders) == len(places)


def test_only_who_may_backs_up_and_restores(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        kept = store.back_up()
        for login, role in (("abe", Role.ADMINISTRATOR), ("mori", Role.READER)):
            add_operator(store, login=login, name=login, role=role, passphrase="a b c d e f g")
        sign_in(store, login="mori", passphrase="a b c d e f g")
        with pytest.raises(StoreError, match="may not"):
            store.back_up()
        with pytest.raises(StoreError, match="may not"):
            store.restore(kept)


@pytest.mark.parametrize("kind", ["pages", "record"])
def test_damage_is_found(tmp_path: Path, info: VideoInfo, kind: str) -> None:
    file = tmp_path / FILE_NAME
    with Store.open(tmp_path) as store:
        store.add_video(info, sha256="a" * 64)
        assert store.check() == ()
    if kind == "pages":
        content = bytearray(file.read_bytes())
        content[4096 * 2 : -4096] = b"\x5a" * (len(content) - 4096 * 3)
        file.write_bytes(content)
        with pytest.raises(StoreError, match="damaged"):
            Store.open(tmp_path)
        return
    with closing(sqlite3.connect(file)) as other, other:
        (record,) = other.execute("SELECT info FROM video").fetchone()
        wrong = record[:20] + bytes([record[20] ^ 1]) + record[21:]
        other.execute("UPDATE video SET info = ?", (wrong,))
    with Store.open(tmp_path) as store:
        assert [str(found) for found in store.check()] == [
            "A record of the store is damaged (video)."
        ]


@pytest.mark.requirement("R-69")
def test_a_newer_store_is_refused_and_untouched(place: str) -> None:
    with Store.open(place) as store, store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(StoreError, match="newer version of the program: update"):
            Store.open(place)
    finally:
        engine = make_engine(url_of(place))
        with engine.begin() as connection:
            changed = connection.execute(
                text("UPDATE alembic_version SET version_num = :r"), {"r": REVISIONS[-1]}
            )
            assert changed.rowcount == 1
        engine.dispose()


NEXT_FORM = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", {last!r}


def upgrade():
    op.execute("UPDATE patient SET note = 'changed'")
    {then}
"""


@pytest.fixture
def add_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the program know of one more form of the tables, to which a step leads."""

    def add(then: str) -> None:
        folder = shutil.copytree(FOLDER, tmp_path / "steps", dirs_exist_ok=True)
        step = NEXT_FORM.format(last=REVISIONS[-1], then=then)
        (folder / "versions" / "next.py").write_text(step, encoding="utf-8")
        monkeypatch.setattr(migration, "FOLDER", folder)
        monkeypatch.setattr("rostfine_core.store.opening.REVISIONS", (*REVISIONS, "next"))

    return add


@pytest.mark.requirement("R-69")
def test_older_tables_are_backed_up_before_they_are_changed(
    tmp_path: Path, add_form: Callable[[str], None]
) -> None:
    with Store.open(tmp_path) as store:
        store.set_patient(Patient(pseudonym="one", note="old"))
    add_form("raise OSError(28, 'No space left on device')")
    with pytest.raises(StoreError, match="No space left"):
        Store.open(tmp_path)
    add_form("pass")
    with Store.open(tmp_path) as store:
        assert [p.note for p in store.patients()] == ["changed"]
    kept = sorted((tmp_path / "backups").glob("before-next-*.sqlite"))
    assert kept
    with closing(sqlite3.connect(kept[0])) as old:
        assert old.execute("SELECT note FROM patient").fetchall() == [("old",)]
        assert old.execute("SELECT * FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
