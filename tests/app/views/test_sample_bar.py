"""The fields of sample, operator and microscope take what is typed, and show what counts."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.state.session import Session
from app.views.sample_bar import SampleBar
from rostfine_core.domain import Calibration

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
Show = Callable[[QWidget], None]


def test_typing_asks_for_an_edit_and_the_session_is_shown(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = SampleBar(graded)
    show(bar)
    typed, calibrated = QSignalSpy(bar.sample_edited), QSignalSpy(bar.calibration_edited)
    qtbot.keyClicks(bar.sample, "S")
    assert typed.at(0) == ["S", ""]
    assert bar.fps.text() == "(20 fps)"
    bar.um_per_px.setValue(0.25)
    bar.um_per_px.editingFinished.emit()
    assert calibrated.at(0)[0].um_per_px == 0.25
    graded.set_draft(
        replace(graded.draft, calibration=replace(graded.calibration, um_per_px=0.5, fps=15.0))
    )
    assert (bar.um_per_px.text(), bar.fps.text()) == ("0.5 µm/px", "15 fps")


@pytest.mark.parametrize("typed", ["20", "20 fps", "20.0"])
def test_the_files_own_rate_can_be_typed(
    qtbot: QtBot, graded: Session, show: Show, typed: str
) -> None:
    bar = SampleBar(graded)
    show(bar)
    assert bar.fps.text() == "(20 fps)"
    asked = QSignalSpy(bar.calibration_edited)
    bar.fps.selectAll()
    qtbot.keyClicks(bar.fps, typed)
    bar.commit()
    assert asked.at(0)[0].fps == 20.0


@pytest.mark.parametrize("name", ["fps", "um_per_px"])
@pytest.mark.parametrize("cleared", [False, True])
def test_a_number_can_be_typed_where_the_mouse_was_clicked(
    qtbot: QtBot, graded: Session, show: Show, name: str, cleared: bool
) -> None:
    bar = SampleBar(graded)
    show(bar)
    field = getattr(bar, name)
    qtbot.mouseClick(field.lineEdit(), Qt.MouseButton.LeftButton)
    assert not field.lineEdit().hasSelectedText()
    if cleared:
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, "0.25")
    bar.commit()
    assert field.value() == 0.25
    qtbot.keyClick(field, Qt.Key.Key_End)
    qtbot.keyClicks(field, "5")  # among the digits keys go where the cursor is
    assert not field.lineEdit().text().startswith("5")


@pytest.mark.parametrize("name", ["fps", "um_per_px"])
def test_an_emptied_number_is_none(qtbot: QtBot, graded: Session, show: Show, name: str) -> None:
    graded.set_draft(replace(graded.draft, calibration=Calibration(fps=15.0, um_per_px=0.25)))
    bar = SampleBar(graded)
    show(bar)
    asked = QSignalSpy(bar.calibration_edited)
    field = getattr(bar, name)
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    bar.commit()
    assert getattr(asked.at(0)[0], name) is None
    assert field.text() == field.specialValueText()


def test_a_microscope_is_called_what_was_typed(qtbot: QtBot, graded: Session, show: Show) -> None:
    """Nikon is no beginning of Nikon 40x, with that one's numbers."""
    bar = SampleBar(graded)
    bar.set_profiles((Calibration(profile="Nikon 40x", fps=15.0, um_per_px=0.5),))
    show(bar)
    qtbot.keyClicks(bar.profile, "Nikon")
    assert bar.profile.currentText() == "Nikon"


def test_numbers_of_the_microscope_are_seen_whole(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = SampleBar(graded)
    show(bar)
    calibration = Calibration(profile="A microscope of a long name", fps=119.88, um_per_px=0.1234)
    graded.set_draft(replace(graded.draft, calibration=calibration))
    for field, text in ((bar.fps, "119.88 fps"), (bar.um_per_px, "0.1234 µm/px")):
        assert field.text() == text
        line = field.lineEdit()
        margins = line.textMargins().left() + line.textMargins().right()
        assert line.fontMetrics().horizontalAdvance(text) <= line.width() - margins
    profile = bar.profile.lineEdit()
    assert profile is not None
    assert profile.cursorPosition() == 0


@pytest.mark.parametrize("text", ["0.19", "0,19"])
def test_a_decimal_comma_is_no_other_number(
    qtbot: QtBot, graded: Session, show: Show, text: str
) -> None:
    bar = SampleBar(graded)
    show(bar)
    bar.um_per_px.selectAll()
    qtbot.keyClicks(bar.um_per_px, text)
    bar.um_per_px.interpretText()
    assert bar.um_per_px.value() == 0.19


def test_the_scale_that_a_file_states_is_offered_and_taken_only_by_a_click(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = SampleBar(graded)
    show(bar)
    assert not bar.take_scale.isVisible()
    assert graded.video is not None
    stated = replace(graded.video, info=replace(graded.video.info, um_per_px=0.19))
    graded.set_video(stated, replace(graded.draft, calibration=Calibration(fps=15.0)))
    assert bar.take_scale.isVisible()
    assert "0.19" in bar.take_scale.toolTip()
    assert bar.um_per_px.text() == "0.19 µm/px?"
    assert graded.calibration.um_per_px is None
    asked = QSignalSpy(bar.calibration_edited)
    bar.take_scale.trigger()
    assert asked.at(0)[0] == Calibration(fps=15.0, um_per_px=0.19)
    graded.set_draft(replace(graded.draft, calibration=asked.at(0)[0]))
    assert not bar.take_scale.isVisible()
