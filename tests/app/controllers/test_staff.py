"""Signing in at the window, locking it, and what the dialogs ask of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from app.actions.staff_commands import StaffCommands
from app.controllers.staff import Staff
from app.jobs.store_door import StoreDoor
from app.jobs.store_thread import StoreThread
from app.state.settings import Settings
from app.views.dialogs.audit import AuditDialog
from app.views.dialogs.operators import OperatorsDialog
from app.views.dialogs.sign_in import SignInDialog, StoreKeyDialog
from rostfine_core.domain import Action, Role
from rostfine_core.store import Store, locking, people

WORDS = "a quiet morning in May"
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store"):
        return tmp_path / "store"


@pytest.fixture
def with_staff(place: Path) -> Path:
    with Store.open(place) as store:
        for role in (Role.ADMINISTRATOR, Role.READER):
            people.add_operator(
                store, login=role.value, name=role.value.title(), role=role, passphrase=WORDS
            )
    return place


@pytest.fixture
def staff(place: Path, settings: Settings) -> Iterator[Staff]:
    parent = QObject()
    door = StoreDoor(lambda: str(place))
    thread = StoreThread(door.open, parent)
    yield Staff(thread, door, settings, parent)
    thread.shut_down()


@pytest.fixture
def window(qtbot: QtBot, staff: Staff) -> QMainWindow:
    window = QMainWindow()
    window.setCentralWidget(QWidget())
    qtbot.addWidget(window)
    window.commands = StaffCommands(window, staff)  # type: ignore[attr-defined]
    window.show()
    return window


def door_of(window: QMainWindow) -> SignInDialog:
    door = window.commands.door  # type: ignore[attr-defined]
    assert isinstance(door, SignInDialog)
    return door


def is_content_shown(window: QMainWindow) -> bool:
    content = window.centralWidget()
    return content is not None and content.isVisible()


def type_in(dialog: SignInDialog, login: str, passphrase: str) -> None:
    dialog.login.setText(login)
    dialog.passphrase.setText(passphrase)
    dialog.enter.click()


def test_without_operators_nobody_is_asked(qtbot: QtBot, staff: Staff, window: QMainWindow) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.begin()
    assert staff.operator is None
    assert all(staff.may(action) for action in Action)
    staff.lock()
    assert is_content_shown(window)


@pytest.mark.usefixtures("with_staff")
def test_nothing_is_seen_until_somebody_signs_in(
    qtbot: QtBot, staff: Staff, window: QMainWindow, settings: Settings
) -> None:
    with qtbot.waitSignal(staff.sign_in_wanted):
        staff.begin()
    assert not is_content_shown(window)
    assert not staff.may(Action.SEE_CASES)
    dialog = door_of(window)
    assert not dialog.enter.isEnabled()
    with qtbot.waitSignal(staff.refused):
        type_in(dialog, "reader", "wrong")
    assert "do not belong together" in dialog.refusal.text()
    assert dialog.passphrase.text() == ""
    with qtbot.waitSignal(staff.signed_in):
        type_in(dialog, "reader", WORDS)
    assert is_content_shown(window)
    assert staff.may(Action.SEE_CASES)
    assert not staff.may(Action.SEE_AUDIT)
    assert settings.operator == "Reader"


@pytest.mark.usefixtures("with_staff")
def test_an_idle_window_locks_until_anybody_signs_in(
    qtbot: QtBot, staff: Staff, window: QMainWindow, settings: Settings
) -> None:
    staff.sign_in("administrator", WORDS)
    qtbot.waitUntil(lambda: staff.operator is not None)
    assert staff._idle.isActive()
    assert staff._idle.interval() == 10 * 60_000
    settings.set_value("lock_minutes", 0)
    staff.note_activity()
    assert not staff._idle.isActive()
    settings.set_value("lock_minutes", 5)
    staff.note_activity()
    staff._idle.timeout.emit()  # five minutes later
    assert staff.is_locked
    assert not is_content_shown(window)
    dialog = door_of(window)
    assert dialog.login.text() == "administrator"
    staff.note_activity()
    assert not staff._idle.isActive()
    with qtbot.waitSignal(staff.signed_in):
        type_in(dialog, "reader", WORDS)
    assert staff.operator is not None
    assert staff.operator.role is Role.READER
    assert not staff.is_locked


@pytest.mark.usefixtures("with_staff")
def test_who_does_not_sign_in_leaves(qtbot: QtBot, staff: Staff, window: QMainWindow) -> None:
    with qtbot.waitSignal(staff.sign_in_wanted):
        staff.begin()
    door_of(window).leave.click()
    assert not window.isVisible()


def test_an_encrypted_store_asks_for_its_passphrase(
    qtbot: QtBot, place: Path, staff: Staff, window: QMainWindow
) -> None:
    with Store.open(place) as store:
        locking.encrypt_with_passphrase(store, WORDS)
    with qtbot.waitSignal(staff.key_wanted):
        staff.begin()
    for words, signal in (("wrong", staff.key_wanted), (WORDS, staff.signed_in)):
        door = window.commands.door  # type: ignore[attr-defined]
        assert isinstance(door, StoreKeyDialog)
        door.passphrase.setText(words)
        with qtbot.waitSignal(signal):
            door.enter.click()
    assert is_content_shown(window)


def test_the_first_operator_is_added_in_the_window_and_signed_in(
    qtbot: QtBot, staff: Staff, window: QMainWindow
) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.begin()
    with qtbot.waitSignal(staff.operators_found):
        window.commands.show_operators()  # type: ignore[attr-defined]
    (dialog,) = window.findChildren(OperatorsDialog)
    assert "everybody may do everything" in dialog.note.text()
    add(dialog, "mori", "Mori", "short")
    qtbot.waitUntil(lambda: "at least 12 characters" in dialog.refusal.text())
    add(dialog, "mori", "Mori", WORDS)
    qtbot.waitUntil(lambda: staff.operator is not None)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1)
    dialog.table.selectRow(0)
    dialog.toggle_activity.click()
    qtbot.waitUntil(lambda: "last administrator" in dialog.refusal.text())
    add(dialog, "sato", "Sato", WORDS)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2)
    assert dialog.table.model().index(1, 0).data() == "sato"
    dialog.close()


def add(dialog: OperatorsDialog, login: str, name: str, passphrase: str) -> None:
    dialog.login.setText(login)
    dialog.name.setText(name)
    dialog.passphrase.setText(passphrase)
    dialog.add.click()


@pytest.mark.usefixtures("with_staff")
def test_the_audit_trail_is_read_searched_and_checked(
    qtbot: QtBot, staff: Staff, window: QMainWindow
) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.sign_in("administrator", WORDS)
    with qtbot.waitSignal(staff.entries_found):
        window.commands.show_audit()  # type: ignore[attr-defined]
    (dialog,) = window.findChildren(AuditDialog)
    model = dialog.table.model()
    assert model.rowCount() == 3
    assert model.index(0, 3).data() == "sign in"
    dialog.table.selectRow(1)
    assert '"reader"' in dialog.details.toPlainText()
    dialog.search.setText("reader")
    with qtbot.waitSignal(staff.entries_found):
        dialog.search.returnPressed.emit()
    assert model.rowCount() == 1
    with qtbot.waitSignal(staff.older_found):
        dialog.older.click()
    assert not dialog.older.isEnabled()
    with qtbot.waitSignal(staff.checked):
        dialog.check.click()
    assert "is whole: 3 entries" in dialog.outcome.text()
    dialog.head.setText("0" * 16)
    with qtbot.waitSignal(staff.checked):
        dialog.check.click()
    assert "does not hold" in dialog.outcome.text()
    assert dialog.outcome.objectName() == "warning"
    dialog.close()
