"""Backups are made daily and by hand, restored and checked from the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.controllers.backups import Backups
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from app.views.dialogs.backups import BackupsDialog
from rostfine_core.domain import Patient
from rostfine_core.store import Store


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store") as store:
        store.set_patient(Patient(pseudonym="one"))
    return tmp_path / "store"


@pytest.fixture
def backups(place: Path) -> Iterator[Backups]:
    parent = QObject()
    thread, jobs = StoreThread(lambda: Store.open(place), parent), Jobs(parent)
    yield Backups(thread, jobs, parent)
    jobs.shut_down()
    thread.shut_down()


@pytest.fixture
def dialog(qtbot: QtBot, backups: Backups) -> BackupsDialog:
    dialog = BackupsDialog()
    qtbot.addWidget(dialog)
    dialog.back_up_wanted.connect(backups.back_up)
    dialog.check_wanted.connect(backups.check)
    dialog.restore_wanted.connect(backups.restore)
    backups.found.connect(dialog.show_backups)
    backups.told.connect(dialog.show_outcome)
    return dialog


def texts(dialog: BackupsDialog) -> list[str]:
    return [dialog.list.item(row).text().split("   ")[-1] for row in range(dialog.list.count())]


def test_the_daily_backup_is_made_when_somebody_may_act(
    qtbot: QtBot, backups: Backups, dialog: BackupsDialog
) -> None:
    backups.begin()
    qtbot.waitUntil(lambda: not backups.find() and texts(dialog) == ["daily"])


def test_a_daily_backup_that_fails_is_told(qtbot: QtBot, backups: Backups, place: Path) -> None:
    (place / "backups").write_text("in the way")
    with qtbot.waitSignal(backups.failed) as told:
        backups.begin()
    assert "backups" in told.args[0]


@pytest.mark.requirement("R-69")
def test_a_backup_is_made_and_restored(
    qtbot: QtBot,
    backups: Backups,
    dialog: BackupsDialog,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with qtbot.waitSignal(backups.found):
        dialog.back_up.click()
    assert texts(dialog) == ["by hand"]
    with Store.open(place) as store:
        store.set_patient(Patient(pseudonym="two"))
    assert not dialog.restore.isEnabled()
    dialog.list.setCurrentRow(0)
    monkeypatch.setattr(dialog, "is_sure", lambda backup: False)
    dialog.restore.click()
    monkeypatch.setattr(dialog, "is_sure", lambda backup: "by hand" in backup)
    with qtbot.waitSignals([backups.restored, backups.found]):
        dialog.restore.click()
    with Store.open(place) as store:
        assert [p.pseudonym for p in store.patients()] == ["one"]
    assert sorted(texts(dialog)) == ["before another was restored", "by hand"]
    with qtbot.waitSignal(backups.told) as told:
        dialog.check.click()
    assert told.args == ["The store and its audit trail are whole.", True]


def test_what_is_being_done_already_is_not_begun_twice(
    qtbot: QtBot, backups: Backups, dialog: BackupsDialog
) -> None:
    with qtbot.waitSignals([backups.told, backups.told, backups.found]):
        dialog.back_up.click()
        dialog.back_up.click()
    assert texts(dialog) == ["by hand"]


def test_damage_is_told(qtbot: QtBot, backups: Backups, dialog: BackupsDialog, place: Path) -> None:
    with Store.open(place) as store, store.writing(None) as session:
        session.connection().exec_driver_sql("DROP TRIGGER audit_update")
        session.connection().exec_driver_sql("UPDATE audit SET operator = 'else'")
    with qtbot.waitSignal(backups.told):
        dialog.check.click()
    assert dialog.outcome.text() == "Entry 1 of the audit trail was changed."
    assert dialog.outcome.objectName() == "warning"


def test_who_may_not_restore_is_not_offered_it(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = BackupsDialog(may_restore=False)
    qtbot.addWidget(dialog)
    dialog.show_backups((tmp_path / "daily-2026-03-01T000000Z.sqlite",))
    dialog.list.setCurrentRow(0)
    assert not dialog.restore.isEnabled()
