"""The first start as a new user has it, the second without it, and who does not accept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main_window import MainWindow
from app.state.records import Saving
from app.state.settings import Settings
from rostfine_core.bundled import DEMO_VIDEO, bundled_path
from rostfine_core.intended_use import statement_id

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def new_user(settings_file: Path) -> None:
    """Nothing is accepted yet."""
    settings = Settings(settings_file)
    settings.accept_use("", datetime.now(UTC))
    settings.sync()


@pytest.mark.usefixtures("new_user")
def test_a_new_user_accepts_chooses_and_is_shown_around(
    hand: "Hand", drive: "Drive", settings_file: Path, tmp_path: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        guide = window.guide
        hand.until(lambda: guide.dialog)
        assert guide.dialog is not None
        dialog = guide.dialog
        dialog.accept_use.setChecked(True)
        dialog.next.click()
        hand.until(lambda: "works here" in dialog.state.text())
        dialog.next.click()
        dialog.folder.setText(str(tmp_path / "mine"))
        dialog.next.click()
        hand.until(lambda: guide.dialog is None)
        assert window.settings.text("report_folder") == str(tmp_path / "mine")
        tour = guide.tour
        assert tour is not None
        hand.until(lambda: len(window.session.sperms) == 3)
        video = window.session.video
        assert video is not None
        assert video.path == bundled_path(DEMO_VIDEO)
        window.actions_by_id["page_compare"].trigger()
        tour.next.click()
        assert window.pages.currentWidget() is window.review
        tour.skip.click()
        assert guide.tour is None
        window.actions_by_id["tour"].trigger()
        assert guide.tour is not None

    drive(script)
    assert Settings(settings_file).accepted_use.statement == statement_id()


def test_who_has_accepted_is_not_asked(hand: "Hand", drive: "Drive", small_video: Path) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        assert window.guide.dialog is None
        assert window.guide.tour is None

    drive(script, str(small_video))


@pytest.mark.requirement("R-03")
@pytest.mark.usefixtures("new_user")
def test_who_does_not_accept_has_no_program(
    hand: "Hand", drive: "Drive", settings_file: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.until(lambda: window.guide.dialog)
        assert window.guide.dialog is not None
        window.guide.dialog.leave.click()
        hand.until(lambda: not window.isVisible())

    drive(script)
    assert Settings(settings_file).accepted_use.statement == ""


@pytest.mark.usefixtures("new_user")
def test_the_demonstration_opens_behind_the_dialog(hand: "Hand", drive: "Drive") -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        hand.until(lambda: window.guide.dialog)
        hand.until(lambda: len(window.session.sperms) == 3)

    drive(script, "--demo")


def test_who_stays_with_edits_that_cannot_be_kept_is_not_shown_around(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    """The tour speaks of the demonstration, which would have to be opened for it."""

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        window.session.set_saving(Saving(unsaved=2, problem="The disk is full."))
        answers.yes = False
        window.actions_by_id["tour"].trigger()
        assert answers.asked == ["discard 2"]
        assert window.guide.tour is None

    drive(script, str(small_video))
