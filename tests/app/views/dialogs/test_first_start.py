"""The dialog of the first start: nothing goes on without the intended use."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.views.dialogs.first_start import FirstStartDialog
from rostfine_core.finding import Finding
from rostfine_core.intended_use import STATEMENT
from rostfine_core.messages import Message

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def opened(qtbot: QtBot, folder: Path, *, is_renewal: bool = False) -> FirstStartDialog:
    dialog = FirstStartDialog(folder, is_renewal=is_renewal)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def words(dialog: FirstStartDialog) -> str:
    page = dialog.pages.currentWidget()
    assert page is not None
    labels = page.findChildren(QLabel)
    return "\n".join(label.text() for label in labels)


@pytest.mark.requirement("R-03")
def test_the_statement_must_be_accepted_first(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(qtbot, tmp_path)
    assert all(sentence in words(dialog) for sentence in STATEMENT)
    assert not dialog.next.isEnabled()
    dialog.next.click()
    assert dialog.pages.currentIndex() == 0
    dialog.accept_use.setChecked(True)
    with qtbot.waitSignals([dialog.use_accepted, dialog.examination_requested]):
        dialog.next.click()
    assert dialog.has_accepted
    assert dialog.pages.currentIndex() == 1
    assert not dialog.leave.isVisible()
    dialog.back.click()
    assert not dialog.accept_use.isEnabled()  # it is written down
    with qtbot.assertNotEmitted(dialog.use_accepted):
        dialog.next.click()


def test_who_does_not_accept_can_only_leave(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(qtbot, tmp_path)
    with (
        qtbot.assertNotEmitted(dialog.use_accepted),
        qtbot.waitSignal(dialog.finished),
    ):
        dialog.leave.click()
    assert not dialog.has_accepted


@pytest.mark.parametrize(
    ("is_needed", "verdict"), [(True, "does not work here"), (False, "needs works here")]
)
def test_findings_are_shown_with_what_to_do(
    qtbot: QtBot, tmp_path: Path, is_needed: bool, verdict: str
) -> None:
    dialog = opened(qtbot, tmp_path)
    dialog.accept_use.setChecked(True)
    dialog.next.click()
    old = Message("the NVIDIA driver {driver} is too old", driver="470")
    dialog.show_findings(
        (
            Finding(subject="Codecs", works=True, detail="MP4/MOV"),
            Finding(
                subject="GPU", works=False, detail=old, advice="Update it.", is_needed=is_needed
            ),
        )
    )
    shown = words(dialog)
    assert "Codecs: MP4/MOV" in shown
    assert "GPU: the NVIDIA driver 470 is too old\nUpdate it." in shown
    assert verdict in shown


@pytest.mark.parametrize("wants_tour", [True, False])
def test_the_last_page_chooses_the_folder_and_the_tour(
    qtbot: QtBot, tmp_path: Path, wants_tour: bool
) -> None:
    dialog = opened(qtbot, tmp_path)
    chosen: list[str] = []
    toured: list[bool] = []
    dialog.folder_chosen.connect(chosen.append)
    dialog.tour_requested.connect(lambda: toured.append(True))
    dialog.accept_use.setChecked(True)
    dialog.next.click()
    dialog.next.click()
    assert dialog.folder.text() == str(tmp_path)
    dialog.folder.setText("/reports")
    dialog.wants_tour.setChecked(wants_tour)
    with qtbot.waitSignal(dialog.finished):
        dialog.next.click()
    assert chosen == ["/reports"]
    assert toured == [True] * wants_tour


def test_a_changed_statement_is_all_that_is_asked(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened(qtbot, tmp_path, is_renewal=True)
    assert "has changed" in words(dialog)
    dialog.accept_use.setChecked(True)
    with (
        qtbot.assertNotEmitted(dialog.folder_chosen),
        qtbot.assertNotEmitted(dialog.examination_requested),
        qtbot.waitSignals([dialog.use_accepted, dialog.finished]),
    ):
        dialog.next.click()
