"""Signing in at the window, locking it, and what the dialogs ask of the store."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from app.actions.staff_commands import StaffCommands
from app.controllers.keeper import Keeper
from app.controllers.panels import Panels
from app.controllers.reporter import Reporter
from app.controllers.signer import Signer
from app.controllers.staff import Staff
from app.jobs.runner import Jobs
from app.jobs.sample_tasks import KeptVideo, kept_video
from app.jobs.store_thread import StoreThread
from app.state.session import Session
from app.state.settings import Settings
from app.views.dialogs.audit import AuditDialog
from app.views.dialogs.blind_review import BlindReviewDialog
from app.views.dialogs.operators import OperatorsDialog
from app.views.dialogs.panels import PanelsDialog
from app.views.dialogs.reports import ReportsDialog
from app.views.dialogs.sign_in import PassphraseDialog, SignInDialog, StoreKeyDialog
from rostfine_core.domain import (
    Action,
    Grade,
    OwnAction,
    Role,
    finish,
)
from rostfine_core.report.verification import check_report
from rostfine_core.store import Store, locking, people, trail
from rostfine_core.stored_reports import keep_report
from rostfine_core.training.data.dataset import read_dataset
from tests.core.report.certificates import HOLDER, write_certificate
from tests.core.report.certificates import WORDS as CERTIFICATE_WORDS

WORDS = "a quiet morning in May"
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.shut_down()


@pytest.fixture
def panels(staff: Staff, jobs: Jobs) -> Panels:
    return Panels(staff._thread, jobs, staff.parent())


class OneVideo:
    """Stands for the keeper of the only video in the store."""

    def __init__(self, thread: StoreThread) -> None:
        self._thread = thread

    def when_kept(self, answer: Callable[[KeptVideo], None]) -> None:
        self._thread.ask(
            lambda store: kept_video(store, store.case_list()[0].video_id), answer, print
        )


class Folders:
    """Stands for the reporter: each report goes into a new folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.count = folder, 0

    @property
    def report_folder(self) -> Path:
        self.count += 1
        return self._folder / str(self.count)

    def tell_target(self) -> None:
        """Nobody shows it."""


@pytest.fixture
def signer(staff: Staff, jobs: Jobs, settings: Settings, tmp_path: Path) -> Signer:
    thread = staff._thread
    return Signer(
        Session(staff.parent()),
        settings,
        jobs,
        thread=thread,
        keeper=cast("Keeper", OneVideo(thread)),
        reporter=cast("Reporter", Folders(tmp_path / "reports")),
        parent=staff.parent(),
    )


@pytest.fixture
def window(qtbot: QtBot, staff: Staff, panels: Panels, signer: Signer) -> QMainWindow:
    window = QMainWindow()
    window.setCentralWidget(QWidget())
    qtbot.addWidget(window)
    window.commands = StaffCommands(window, staff, panels, signer)  # type: ignore[attr-defined]
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


@pytest.mark.usefixtures("with_staff")
def test_a_passphrase_is_changed_by_who_knows_it_and_leaving_signs_out(
    qtbot: QtBot, staff: Staff, window: QMainWindow, place: Path
) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.sign_in("administrator", WORDS)
    window.commands.show_passphrase()  # type: ignore[attr-defined]
    (dialog,) = window.findChildren(PassphraseDialog)
    for field, words in ((dialog.old, "wrong"), (dialog.new, WORDS * 2), (dialog.again, WORDS)):
        field.setText(words)
    assert not dialog.change.isEnabled()
    dialog.again.setText(WORDS * 2)
    with qtbot.waitSignal(staff.refused):
        dialog.change.click()
    assert "do not belong together" in dialog.refusal.text()
    dialog.old.setText(WORDS)
    with qtbot.waitSignal(dialog.accepted):
        dialog.change.click()
    staff.leave()
    staff._thread.flush()
    with Store.open(place) as store:
        people.sign_in(store, login="administrator", passphrase=WORDS * 2)
        assert [e.action for e in trail.entries(store)[:3]] == [
            OwnAction.SIGN_IN,
            OwnAction.SIGN_OUT,
            OwnAction.CHANGE_PASSPHRASE,
        ]


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
    dialog.again.setText(passphrase + "x")
    assert not dialog.add.isEnabled()  # a slip would lock everybody out
    dialog.again.setText(passphrase)
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


@pytest.mark.usefixtures("graded")
def test_a_panel_is_begun_voted_on_and_exported(
    qtbot: QtBot, staff: Staff, panels: Panels, window: QMainWindow, tmp_path: Path
) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.sign_in("administrator", WORDS)
    with qtbot.waitSignal(panels.panels_found):
        window.commands.show_panels()  # type: ignore[attr-defined]
    (dialog,) = window.findChildren(PanelsDialog)
    dialog.name.setText("Spring")
    with qtbot.waitSignal(panels.panels_found):
        dialog.begin_panel.click()
    with qtbot.waitSignal(panels.ballot_found):
        dialog.vote.click()
    for number in (1, 2):
        assert dialog.progress.text() == f"{number} of 2"
        assert dialog.clip.picture.pixmap().width() > 100
        with qtbot.waitSignal(panels.ballot_found):
            qtbot.keyClick(dialog.clip, Qt.Key.Key_B)
    assert not dialog.clip.buttons[Grade.A].isEnabled()
    dialog.back.click()
    qtbot.waitUntil(lambda: dialog.table.model().index(0, 1).data() == "2 of 2")
    with qtbot.waitSignal(panels.agreement_found):
        dialog.agreement.click()
    assert "administrator: 2 votes" in dialog.outcome.text()
    with qtbot.waitSignal(panels.exported):
        dialog.export_wanted.emit(dialog._panels[0].id, "Spring", str(tmp_path / "spring"))
    assert [c.votes for c in read_dataset(tmp_path / "spring").clips] == [(0, 1, 0, 0, 0)] * 2
    dialog.close()


@pytest.mark.usefixtures("graded")
def test_a_blind_review_hides_the_window_and_shows_the_model_afterwards(
    qtbot: QtBot, staff: Staff, panels: Panels, window: QMainWindow
) -> None:
    with qtbot.waitSignal(staff.signed_in):
        staff.sign_in("operator", WORDS)
    with qtbot.waitSignal(panels.trend_found):
        window.commands.show_reviews()  # type: ignore[attr-defined]
    assert not is_content_shown(window)
    (dialog,) = window.findChildren(BlindReviewDialog)
    item = dialog.videos.item(0)
    assert item is not None
    assert "S-1, " in item.text()
    with qtbot.waitSignal(panels.clip_found):
        dialog.start.click()
    for left in (2, 1):
        assert dialog.progress.text() == f"{left} sperm left"
        assert dialog.answer.text() == ""
        assert not dialog.next.isEnabled()
        with qtbot.waitSignal(panels.reviewed):
            dialog.clip.buttons[Grade.C].click()
        assert "You gave C (3); the model expects 2.6 of a panel" in dialog.answer.text()
        with qtbot.waitSignal(panels.clip_found):
            dialog.next.click()
    assert "All sperm of this video are reviewed" in dialog.progress.text()
    qtbot.waitUntil(lambda: "100% by less than one" in dialog.trend.text())
    dialog.close()
    assert is_content_shown(window)


@pytest.mark.usefixtures("graded")
def test_a_report_is_signed_with_the_passphrase_and_amended_with_a_reason(
    qtbot: QtBot,
    staff: Staff,
    signer: Signer,
    settings: Settings,
    window: QMainWindow,
    tmp_path: Path,
) -> None:
    """It is sealed where the laboratory has a certificate."""
    settings.set_value("certificate", str(write_certificate(tmp_path / "lab.p12")))
    with qtbot.waitSignal(staff.signed_in):
        staff.sign_in("administrator", WORDS)
    with qtbot.waitSignal(signer.reports_found):
        window.commands.show_reports()  # type: ignore[attr-defined]
    (dialog,) = window.findChildren(ReportsDialog)
    assert dialog.pages.currentWidget() is dialog.nothing
    staff._thread.keep(lambda store: finish(keep_report(store, sample_of(store), tmp_path / "0")))
    with qtbot.waitSignal(signer.reports_found):
        signer.find()
    assert not dialog.sign.isEnabled()
    for words, certificate_words, refusal in (
        (WORDS, "", "lab.p12 cannot be opened: the passphrase is wrong"),
        ("wrong", CERTIFICATE_WORDS, "do not belong together"),
    ):
        dialog.passphrase.setText(words)
        dialog.certificate_passphrase.setText(certificate_words)
        with qtbot.waitSignal(signer.refused, timeout=30_000):
            dialog.sign.click()
        assert refusal in dialog.outcome.text()
    dialog.passphrase.setText(WORDS)
    dialog.certificate_passphrase.setText(CERTIFICATE_WORDS)
    with qtbot.waitSignal(signer.reports_found, timeout=30_000):
        dialog.sign.click()
    sealed = check_report(tmp_path / "0" / "report.pdf").seal
    assert sealed is not None
    assert sealed.holder == HOLDER
    assert "Version 1 is signed and locked" in dialog.outcome.text()
    assert "signed by Administrator" in dialog.table.model().index(0, 1).data()
    dialog.reason.setText("the name was wrong")
    with qtbot.waitSignal(signer.reports_found, timeout=30_000):
        dialog.amend.click()
    assert dialog.table.model().index(0, 1).data() == (
        "draft; amends version 1: the name was wrong"
    )
    assert list((tmp_path / "reports" / "1").glob("*.pdf"))
    dialog.close()


def sample_of(store: Store) -> str:
    return store.case_list()[0].sample_id
