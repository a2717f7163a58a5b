"""The compare page: its table, and sperm side by side."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.state import drafts
from app.state.session import Session
from app.views.compare.compare import Candidate, ComparePage
from app.views.compare.compare_table import COLUMNS, WIDEST_NAME_PX, CompareTable
from app.views.review.kinematics_table import KinematicsTable
from rostfine_core.domain import (
    Assessment,
    QualityFlag,
    Severity,
    Verdict,
)
from rostfine_core.messages import Message

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def names(page: ComparePage) -> list[str]:
    model = page.table.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def titles(page: ComparePage) -> list[str]:
    return [c._title.toolTip() for c in side_by_side(page)]


def side_by_side(page: ComparePage) -> list[Candidate]:
    return [c for c in page.findChildren(Candidate) if c.isVisible()]


def test_the_table_sorts_by_any_column(qtbot: QtBot, graded: Session) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.table.refresh()
    assert names(page) == ["2", "1"]
    page.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert names(page) == ["1", "2"]
    page.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert names(page) == ["1", "2"]


@pytest.mark.parametrize("order", list(Qt.SortOrder))
@pytest.mark.parametrize("column", range(1, 1 + len(COLUMNS)))
def test_what_has_no_value_comes_last(
    qtbot: QtBot, graded: Session, column: int, order: Qt.SortOrder
) -> None:
    """Neither an ungraded sperm nor one without a velocity is the best or the worst."""
    sperm = graded.sperms[0]
    known = graded.assessment(sperm)
    assert known is not None
    kinematics = replace(known.kinematics, vcl=None, lin=None)
    graded.add_assessments(
        {graded.assessment_key(sperm): replace(known, kinematics=kinematics)}, {}
    )
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=1.0, y_px=1.0))
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.table.refresh()
    page.table.sortByColumn(column, order)
    model, role = page.table.model(), Qt.ItemDataRole.InitialSortOrderRole
    values = [model.index(row, column).data(role) for row in range(3)]
    unknown = [v is None for v in values]
    assert any(unknown)
    assert unknown == sorted(unknown)
    known_values = [v for v in values if v is not None]
    is_descending = order is Qt.SortOrder.DescendingOrder
    assert known_values == sorted(known_values, reverse=is_descending)


def test_what_shows_no_sperm_is_not_ranked(qtbot: QtBot, graded: Session) -> None:
    best = graded.sperms[1]
    known = graded.assessment(best)
    assert known is not None
    codes = ("no_head_at_click", "head_not_found")
    flags = tuple(
        QualityFlag(code=c, severity=Severity.WARNING, reason=Message(f"{c}.")) for c in codes
    )
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.table.refresh()
    assert names(page) == ["2", "1"]
    graded.add_assessments({graded.assessment_key(best): replace(known, flags=flags)}, {})
    assert names(page) == ["1", "2: no sperm?"]


def test_a_sperm_that_is_compared_names_its_warnings(qtbot: QtBot, graded: Session) -> None:
    first, second = graded.sperms
    known = graded.assessment(first)
    assert known is not None
    codes = ("out_of_focus", "too_dark", "out_of_focus")
    flags = [QualityFlag(code=c, severity=Severity.WARNING, reason=Message(f"{c}.")) for c in codes]
    flags.append(
        QualityFlag(code="scale_unknown", severity=Severity.NOTICE, reason=Message("No scale."))
    )
    doubtful, plain = replace(known, flags=tuple(flags)), replace(known, flags=())
    graded.add_assessments({graded.assessment_key(first): doubtful}, {})
    graded.add_assessments({graded.assessment_key(second): plain}, {})
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    told = [c._cautions.text() for c in side_by_side(page) if c._cautions.isVisible()]
    assert told == ["Warnings: Out of focus, Too dark"]


def test_headings_stand_over_their_figures(qtbot: QtBot, graded: Session) -> None:
    table = CompareTable(graded)
    qtbot.addWidget(table)
    table.refresh()
    model, role = table.model(), Qt.ItemDataRole.TextAlignmentRole
    for column in range(2, model.columnCount()):
        heading = model.headerData(column, Qt.Orientation.Horizontal, role)
        assert heading == model.index(0, column).data(role)


def test_speeds_have_their_proper_unit(
    qtbot: QtBot, graded: Session, make_assessment: Callable[..., Assessment]
) -> None:
    sperm = graded.sperms[0]
    measured = make_assessment(sperm.name)
    metric = replace(measured, kinematics=replace(measured.kinematics, unit="um/s", vcl=40.0))
    graded.add_assessments({graded.assessment_key(sperm): metric}, {})
    table, motion = CompareTable(graded), KinematicsTable()
    qtbot.addWidget(table)
    qtbot.addWidget(motion)
    table.refresh()
    model = table.model()
    shown = {model.index(r, c).data() for r in range(2) for c in range(model.columnCount())}
    assert "40.0 µm/s" in shown
    motion.show_kinematics(metric.kinematics)
    assert motion.values["vcl"].text() == "40.0 µm/s"


def test_chosen_rows_stand_side_by_side_with_an_honest_sentence(
    qtbot: QtBot, graded: Session
) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.resize(900, 600)
    page.show()
    page.table.refresh()
    page.compared.connect(graded.set_compared)  # as the controller does
    page.table.selectRow(1)
    page.table.selectRow(0)
    assert graded.compared == (1, 2)
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    assert page.verdicts[0].text().startswith("1 and 2: 2 is graded clearly better.")
    page.hide()


def test_long_names_leave_the_charts_their_room(qtbot: QtBot, graded: Session) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.resize(1160, 540)
    page.show()
    sperms = tuple(replace(s, name=f"sperm of a longer name {s.name}") for s in graded.sperms)
    graded.set_draft(replace(graded.draft, sperms=sperms))
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    for candidate in side_by_side(page):
        assert candidate.height() >= candidate.minimumSizeHint().height()
        assert candidate.histogram.geometry().bottom() < candidate.height()
    assert "name 1" not in page.verdicts[0].text()
    page.hide()


def test_what_is_like_is_said_to_be_like(qtbot: QtBot, graded: Session) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    key = graded.assessment_key(graded.sperms[0])
    first = graded.results.assessments[key]
    graded.add_assessments({graded.assessment_key(graded.sperms[1]): first}, {})
    graded.set_compared((1, 2))
    assert "no clear difference" in page.verdicts[0].text()
    page.hide()


def test_a_renamed_sperm_bears_its_new_name_among_those_side_by_side(
    qtbot: QtBot, graded: Session
) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(page.findChildren(Candidate)) == 2)
    renamed = drafts.renamed(graded.draft, 1, "best")
    assert renamed is not None
    graded.set_draft(renamed)
    assert page.verdicts[0].text().startswith("best and 2:")
    candidate = page.findChildren(Candidate)[0]
    qtbot.waitUntil(lambda: candidate.findChildren(QLabel)[0].toolTip() == "Sperm best")


def test_names_that_differ_in_the_middle_are_told_apart(
    qtbot: QtBot, graded: Session, make_assessment: Callable[..., Assessment]
) -> None:
    """In the sentences with a third sperm too, which name one of them each."""
    names = "donor A, the upper left 1", "donor B, the upper left 1", "other"
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=9.0, y_px=9.0))
    graded.add_assessments({graded.assessment_key(graded.sperms[2]): make_assessment("3")}, {})
    for key, name in enumerate(names, start=1):
        renamed = drafts.renamed(graded.draft, key, name)
        assert renamed is not None
        graded.set_draft(renamed)
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2, 3))
    said = "\n".join(verdict.text() for verdict in page.verdicts).splitlines()
    pairs = combinations(names, 2)
    assert [s.split(":")[0] for s in said] == [f"{a} and {b}" for a, b in pairs]
    page.hide()


def test_a_rejected_sperm_is_not_compared(qtbot: QtBot, graded: Session) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2))
    graded.set_draft(drafts.judged(graded.draft, 2, Verdict.REJECTED))
    page.table.refresh()
    assert names(page) == ["1", "2: track rejected"]
    assert page.table.model().index(1, 2).data() == "–"
    qtbot.waitUntil(lambda: titles(page) == ["Sperm 1"])
    assert not page.verdicts[0].text()
    page.hide()


def test_another_theme_is_taken_over(qtbot: QtBot, graded: Session) -> None:
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    palette, light = page.palette(), QColor("#102030")
    palette.setColor(QPalette.ColorRole.WindowText, light)
    page.setPalette(palette)
    page.recolour()
    axes = [c.histogram.plot.getAxis("left") for c in side_by_side(page)]
    qtbot.waitUntil(lambda: all(axis.textPen().color() == light for axis in axes))
    page.hide()


def test_the_empty_place_says_why_it_is_empty(qtbot: QtBot, graded: Session) -> None:
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=1.0, y_px=1.0))
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    assert page._why_empty.text() == "No sperm is chosen: choose rows of the table above."
    graded.set_compared((3,))
    assert page._why_empty.text() == "None of the chosen sperm has a grade."


def test_the_heading_over_short_names_is_not_cut(qtbot: QtBot, graded: Session) -> None:
    table = CompareTable(graded)
    qtbot.addWidget(table)
    table.refresh()
    assert table.columnWidth(0) >= table.horizontalHeader().sectionSizeHint(0)


def test_other_sperm_come_into_the_same_places(qtbot: QtBot, graded: Session) -> None:
    """To build a place takes longer than a picture of the films may."""
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    assert page._empty.isVisible()
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    before = side_by_side(page)
    assert not page._empty.isVisible()
    graded.set_compared((2,))
    qtbot.waitUntil(lambda: titles(page) == ["Sperm 2"])
    graded.set_compared((2, 1))
    qtbot.waitUntil(lambda: titles(page) == ["Sperm 2", "Sperm 1"])
    assert side_by_side(page) == before
    page.hide()
    graded.set_compared((1, 2))
    page.show()
    qtbot.waitUntil(lambda: titles(page) == ["Sperm 1", "Sperm 2"])
    page.hide()


def test_what_stands_side_by_side_has_one_scale(qtbot: QtBot, graded: Session) -> None:
    """Bars of equal height must mean equal shares."""
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.show()
    graded.set_compared((1, 2))
    qtbot.waitUntil(lambda: len(side_by_side(page)) == 2)
    tops = {round(c.histogram.top, 6) for c in page.findChildren(Candidate)}
    assert len(tops) == 1
    assert tops.pop() > 0.6  # the largest share of the two
    page.hide()


def test_a_long_name_leaves_room_and_is_whole_in_its_tool_tip(
    qtbot: QtBot, graded: Session
) -> None:
    long = "a name that somebody typed at great length " * 4
    renamed = drafts.renamed(graded.draft, 1, long)
    assert renamed is not None
    graded.set_draft(renamed)
    page = ComparePage(graded)
    qtbot.addWidget(page)
    page.resize(1160, 600)
    page.show()
    page.table.refresh()
    model = page.table.model()
    tips = [model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole) for row in range(2)]
    assert sorted(tips) == ["2", long.strip()]
    assert page.table.columnWidth(0) <= WIDEST_NAME_PX
    assert page.table.columnWidth(1) > 100
