"""A wrong track is corrected by clicking or dragging, and the correction undone."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main_window import MainWindow
from app.state.records import Tool
from rostfine_core.domain import TrackStatus

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.mark.requirement("R-24")
def test_a_track_is_corrected_and_the_correction_undone(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session, editor = window.session, window.controller.editor
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        first = session.track(session.sperms[0])
        window.controller.player.seek(10)
        hand.until(lambda: session.frame == 10)
        window.actions_by_id["tool_correct"].trigger()
        assert session.tool is Tool.CORRECT
        hand.click(window, 112, 160)
        assert len(session.sperms[0].seeds) == 2
        assert session.track(session.sperms[0]) is None
        window.actions_by_id["track"].trigger()
        hand.until(lambda: session.track(session.sperms[0]))
        corrected = session.track(session.sperms[0])
        assert corrected is not None
        point = corrected.at(10)
        assert point is not None
        assert point.status is TrackStatus.MANUAL
        assert corrected.points[-1].y_px == pytest.approx(160, abs=3)

        window.actions_by_id["undo"].trigger()
        assert session.track(session.sperms[0]) == first
        assert session.assessment(session.sperms[0]) is not None
        window.actions_by_id["redo"].trigger()
        assert session.track(session.sperms[0]) == corrected
        while editor.undo_stack.canUndo():
            window.actions_by_id["undo"].trigger()
        assert session.sperms == ()

    drive(script, str(small_video))


def test_a_marker_is_dragged_to_its_place_with_the_mouse(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        window.actions_by_id["track"].trigger()
        hand.until(lambda: session.track(session.sperms[0]))
        window.controller.player.seek(10)
        hand.until(lambda: session.frame == 10)
        before = session.sperms[0].seeds

        hand.drag(window, (260, 40), (290, 60))  # on empty ground this moves the picture
        assert session.sperms[0].seeds == before
        window.review.canvas.zoom_fit()
        hand.drag(window, (120, 90), (112, 160))
        assert len(session.sperms) == 1
        assert len(session.sperms[0].seeds) == 2
        said = session.sperms[0].seeds[1]
        assert said.frame == 10
        assert (said.x_px, said.y_px) == pytest.approx((112, 160), abs=1.5)
        window.actions_by_id["track"].trigger()
        hand.until(lambda: session.track(session.sperms[0]))
        corrected = session.track(session.sperms[0])
        assert corrected is not None
        assert corrected.points[-1].y_px == pytest.approx(160, abs=3)

    drive(script, str(small_video))
