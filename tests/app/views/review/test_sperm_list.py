"""The list of sperm tells the state of each, and asks for another name or order."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.state import drafts
from app.state.records import ModelState
from app.state.session import Session
from app.views.review.sperm_list import LONGEST_NAME, SpermList
from rostfine_core.domain import (
    QualityFlag,
    Selection,
    Severity,
    Track,
    Verdict,
)
from rostfine_core.messages import Message

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
Show = Callable[[QWidget], None]


def test_the_list_tells_the_state_of_each_sperm(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    model = sperm_list.view.model()
    role = Qt.ItemDataRole.AccessibleTextRole
    assert model.index(0, 0).data(role) == "1: Votes A or B: 50% (doubtful), 1 warning"
    graded.set_draft(drafts.decided(graded.draft, 1, Selection.CHOSEN))
    assert model.index(0, 0).data(role) == "1: Votes A or B: 50% (doubtful), chosen, 1 warning"
    graded.set_draft(drafts.decided(graded.draft, 1, Selection.UNDECIDED))
    graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(5,), weak=(7,))})
    assert "lost!" in model.index(0, 0).data(role)
    graded.set_draft(drafts.judged(graded.draft, 1, Verdict.REJECTED))
    assert model.index(0, 0).data(role) == "1: track rejected"
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=1.0, y_px=1.0))
    assert model.index(2, 0).data(role) == "3: not tracked"
    graded.set_draft(drafts.added(graded.draft, key=4, frame=0, x_px=2.0, y_px=2.0, is_exact=True))
    graded.add_tracks({graded.track_key(graded.sperms[3]): make_track("4")})
    assert model.index(3, 0).data(role) == "4: not graded · by hand"


def test_the_list_asks_for_another_name_and_selection(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    chosen, renamed = QSignalSpy(sperm_list.selected), QSignalSpy(sperm_list.rename_requested)
    model = sperm_list.view.model()
    sperm_list.view.setCurrentIndex(model.index(1, 0))
    assert chosen.at(0) == [2]
    model.setData(model.index(1, 0), "best")
    qtbot.waitUntil(lambda: renamed.count() == 1)
    assert renamed.at(0) == [2, "best"]
    assert graded.sperms[1].name == "2"


def test_a_name_holds_what_fits_a_report(qtbot: QtBot, graded: Session, show: Show) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    sperm_list.view.setCurrentIndex(sperm_list.view.model().index(0, 0))
    sperm_list.edit_name()
    (editor,) = sperm_list.view.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "x" * 60)
    assert editor.text() == "x" * LONGEST_NAME


def test_a_name_that_is_typed_ends_with_the_list_it_was_for(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    sperm_list.view.setCurrentIndex(sperm_list.view.model().index(0, 0))
    renamed = QSignalSpy(sperm_list.rename_requested)
    sperm_list.edit_name()
    sperm_list.edit_name()  # F2 again
    (editor,) = sperm_list.view.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "best")
    graded.set_draft(drafts.removed(graded.draft, 1))
    qtbot.waitUntil(lambda: sperm_list.view.findChildren(QLineEdit) == [])
    assert renamed.count() == 0
    sperm_list.edit_name()
    assert len(sperm_list.view.findChildren(QLineEdit)) == 1


def test_what_shows_no_head_is_asked_about(qtbot: QtBot, graded: Session, show: Show) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    key = graded.assessment_key(graded.sperms[0])
    flags = tuple(
        QualityFlag(code=code, severity=Severity.WARNING, reason=Message("No head."))
        for code in ("no_head_at_click", "head_not_found")
    )
    role = Qt.ItemDataRole.AccessibleTextRole
    for count, is_asked in ((1, False), (2, True)):
        made = replace(graded.results.assessments[key], flags=flags[:count])
        graded.add_assessments({key: made}, {})
        assert ("no sperm?" in sperm_list.view.model().index(0, 0).data(role)) is is_asked


def test_a_long_name_has_the_whole_row_until_there_is_a_bar(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    """With room for it the end of the name is painted, and shortened beside the bar."""

    def ink_at_the_end() -> int:
        picture = sperm_list.view.viewport().grab().toImage()
        row = sperm_list.view.visualRect(sperm_list.view.model().index(0, 0))
        columns = range(row.right() - 100, row.right() - 20)
        seen = {picture.pixel(x, y) for x in columns for y in range(row.top() + 8, row.top() + 24)}
        return len(seen)

    graded.set_draft(drafts.renamed(graded.draft, 1, "W" * LONGEST_NAME) or graded.draft)
    sperm_list = SpermList(graded)
    show(sperm_list)
    sperm_list.resize(240, 300)
    beside_bar = ink_at_the_end()
    graded.set_model(ModelState())  # no model, no grade
    assert graded.assessment(graded.sperms[0]) is None
    assert ink_at_the_end() > 4
    assert ink_at_the_end() != beside_bar
