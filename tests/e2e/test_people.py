"""A store with operators in the real window: sign in, grade, sign, and somebody else reviews."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QDialog

from app.main_window import MainWindow
from app.views.dialogs.backups import BackupsDialog
from app.views.dialogs.blind_review import BlindReviewDialog
from app.views.dialogs.panels import PanelsDialog
from app.views.dialogs.reports import ReportsDialog
from app.views.dialogs.sign_in import SignInDialog
from rostfine_core.domain import CaseState, Grade, Role
from rostfine_core.store import Store, people, trail

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
WORDS = "a quiet morning in May"


@pytest.fixture
def place(settings_file: Path) -> Path:
    folder = settings_file.parent / "cases"
    with Store.open(folder) as store:
        for login, role in (
            ("mori", Role.ADMINISTRATOR),
            ("sato", Role.REVIEWER),
            ("abe", Role.READER),
        ):
            people.add_operator(
                store, login=login, name=f"Dr. {login}", role=role, passphrase=WORDS
            )
    return folder


def sign_in(hand: "Hand", window: MainWindow, login: str) -> None:
    staff = window.controller.staff
    hand.until(lambda: [d for d in window.findChildren(SignInDialog) if d.isVisible()])
    door = next(d for d in window.findChildren(SignInDialog) if d.isVisible())
    content = window.centralWidget()
    assert content is not None
    assert not content.isVisible()
    door.login.setText(login)
    door.passphrase.setText(WORDS)
    with hand.waiting_for(staff.signed_in):
        door.enter.click()
    assert content.isVisible()


def states(window: MainWindow) -> list[CaseState]:
    return [item.state for item in window.session.worklist]


def test_operators_sign_in_grade_sign_lock_and_review(
    hand: "Hand", drive: "Drive", small_video: Path, place: Path
) -> None:
    made: list[Path] = []

    def work(window: MainWindow, answers: "Answers") -> None:
        sign_in(hand, window, "mori")  # the video opens meanwhile, and is kept from now on
        hand.wait_until_open(window)
        assert hand.boxes(window) == []  # that somebody had to sign in was no failure
        window.controller.editor.set_sample("S-7", window.session.sample.operator)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        with hand.waiting_for(window.controller.reporter.exported) as exported:
            window.actions_by_id["export"].trigger()
        assert exported.args is not None
        made.append(Path(exported.args[0]))
        window.controller.worklist.add([small_video])
        hand.until(lambda: states(window) == [CaseState.REPORTED])
        signer = window.controller.signer
        with hand.waiting_for(signer.reports_found):
            window.actions_by_id["sign"].trigger()
        (dialog,) = window.findChildren(ReportsDialog)
        dialog.passphrase.setText(WORDS)
        with hand.waiting_for(signer.done):
            dialog.sign.click()
        hand.until(lambda: states(window) == [CaseState.SIGNED])
        dialog.close()
        window.actions_by_id["audit"].trigger()
        window.actions_by_id["lock"].trigger()
        shown = [d for d in window.findChildren(QDialog) if d.isVisible()]
        assert [type(d) for d in shown] == [SignInDialog]
        # They name videos, sample and operator.
        named = (window.review.worklist, window.status, window.tool_bar)
        assert not any(part.isVisible() for part in named)
        assert window.windowTitle() == "RoSTFine Assist"
        sign_in(hand, window, "sato")
        assert all(part.isVisible() for part in named)
        assert small_video.name in window.windowTitle()
        assert not window.actions_by_id["operators"].isEnabled()
        window.actions_by_id["panels"].trigger()
        (panels,) = window.findChildren(PanelsDialog)
        content = window.centralWidget()
        assert content is not None
        assert not content.isVisible()  # a vote is blind
        panels.close()
        assert content.isVisible()
        with hand.waiting_for(window.controller.panels.trend_found):
            window.actions_by_id["blind_review"].trigger()
        (review,) = window.findChildren(BlindReviewDialog)
        with hand.waiting_for(window.controller.panels.clip_found):
            review.start.click()
        with hand.waiting_for(window.controller.panels.reviewed):
            review.clip.buttons[Grade.B].click()
        assert "the model expects" in review.answer.text()
        review.close()
        window.close()
        assert answers.asked == []

    drive(work, str(small_video))
    with Store.open(place) as store:
        people.sign_in(store, login="mori", passphrase=WORDS)
        (case,) = store.case_list()
        assert case.state is CaseState.SIGNED
        assert store.load_case(case.video_id).draft.sample.operator == "Dr. mori"
        done = [(e.operator, e.action) for e in reversed(trail.entries(store))]
        assert trail.verify(store).fault is None
    acted = [entry for entry in done if entry[1] not in ("edit cases", "manage operators")]
    assert acted == [
        ("mori", "sign in"),
        ("mori", "keep results"),
        ("mori", "export"),
        ("mori", "write reports"),
        ("mori", "sign reports"),
        ("sato", "sign in"),
        ("sato", "review blind"),
        ("sato", "sign out"),
        ("mori", "sign in"),
    ]
    text = "".join(page.extract_text() for page in PdfReader(made[0] / "report.pdf").pages)
    assert "signed by Dr. mori" in re.sub(r"\s+", " ", text)


def test_who_restores_a_backup_signs_in_again_and_is_not_told_of_a_failure(
    hand: "Hand",
    drive: "Drive",
    small_video: Path,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BackupsDialog, "is_sure", lambda self, backup: True)

    def work(window: MainWindow, answers: "Answers") -> None:
        controller = window.controller
        sign_in(hand, window, "mori")
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.until(lambda: controller.keeper.is_known and not window.session.saving.unsaved)
        failed = QSignalSpy(controller.failed)
        window.actions_by_id["backups"].trigger()
        (dialog,) = window.findChildren(BackupsDialog)
        with hand.waiting_for(controller.backups.told):
            dialog.back_up.click()
        hand.until(dialog.list.count)
        dialog.list.setCurrentRow(0)
        with hand.waiting_for(controller.staff.sign_in_wanted):
            dialog.restore.click()
        sign_in(hand, window, "mori")
        hand.until(lambda: controller.keeper.is_known and len(window.session.sperms) == 1)
        assert failed.count() == 0
        assert not window.session.saving.problem
        window.close()

    drive(work, str(small_video))


def test_a_reader_sees_a_case_and_changes_nothing(
    hand: "Hand", drive: "Drive", small_video: Path, place: Path
) -> None:
    def work(window: MainWindow, answers: "Answers") -> None:
        sign_in(hand, window, "mori")
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.until(lambda: len(window.session.sperms) == 1)

    def look(window: MainWindow, answers: "Answers") -> None:
        sign_in(hand, window, "abe")
        hand.wait_until_open(window)
        assert len(window.session.sperms) == 1
        hand.click(window, 90, 160)
        assert "You may look at cases but not change them" in window.session.message
        window.actions_by_id["remove"].trigger()
        assert len(window.session.sperms) == 1
        assert window.session.saving.problem == ""
        assert not window.actions_by_id["audit"].isEnabled()
        window.close()
        assert answers.asked == []

    drive(work, str(small_video))
    drive(look, str(small_video))
    with Store.open(place) as store:
        people.sign_in(store, login="mori", passphrase=WORDS)
        assert {e.action for e in trail.entries(store) if e.operator == "abe"} == {
            "sign in",
            "sign out",
        }


def test_a_video_that_opened_before_anybody_signed_in_keeps_nobody_out(
    hand: "Hand", drive: "Drive", small_video: Path, place: Path
) -> None:
    def work(window: MainWindow, answers: "Answers") -> None:
        hand.until(lambda: window.controller.store.saving.problem)  # to keep it takes somebody
        sign_in(hand, window, "mori")
        hand.until(lambda: window.controller.keeper.is_known)
        assert window.session.sample.operator == "Dr. mori"
        assert hand.boxes(window) == []  # that somebody had to sign in was no failure
        assert not window.session.saving.problem
        window.close()

    drive(work, str(small_video))
