"""The tour: each step stands beside its control and can be left at any time."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.views.tour import STEPS, Spotlight, Tour

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
KEYS = {action.id: action.shortcut for action in ACTIONS}
Shown = tuple[QWidget, dict[str, QWidget], Tour]


@pytest.fixture
def shown(qtbot: QtBot, show: Callable[[QWidget], None]) -> Shown:
    """A tour over a window with a label for each control."""
    window = QWidget()
    column, row = QVBoxLayout(window), QHBoxLayout()
    targets: dict[str, QWidget] = {name: QLabel(name) for name in {s.target for s in STEPS}}
    for widget in targets.values():
        row.addWidget(widget)
    column.addLayout(row)
    column.addStretch(1)
    show(window)
    return window, targets, Tour(window, targets, KEYS)


def area_of(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())


def test_each_step_frames_its_control_and_covers_it_not(shown: Shown) -> None:
    window, targets, tour = shown
    (spotlight,) = window.findChildren(Spotlight)
    for number, step in enumerate(STEPS):
        assert tour.step == number
        target = area_of(targets[step.target], window)
        assert spotlight.geometry().contains(target)
        assert not tour.geometry().intersects(target)
        assert window.rect().contains(tour.geometry())
        labels = " ".join(label.text() for label in tour.findChildren(QLabel))
        assert step.title in labels
        assert step.text.format(**KEYS) in labels
        if number + 1 < len(STEPS):
            tour.next.click()


def test_it_can_go_back_and_be_skipped(qtbot: QtBot, shown: Shown) -> None:
    window, _, tour = shown
    assert not tour.back.isEnabled()
    tour.next.click()
    tour.back.click()
    assert tour.step == 0
    with qtbot.waitSignal(tour.ended):
        tour.skip.click()
    assert not tour.isVisible()
    assert not any(s.isVisible() for s in window.findChildren(Spotlight))


def test_it_ends_after_the_last_step(qtbot: QtBot, shown: Shown) -> None:
    _, _, tour = shown
    for _ in STEPS[1:]:
        tour.next.click()
    assert not tour.skip.isVisible()
    with qtbot.waitSignal(tour.ended):
        tour.next.click()


def test_it_follows_its_control(qtbot: QtBot, shown: Shown) -> None:
    window, targets, tour = shown
    before = tour.pos()
    window.resize(1100, 800)
    qtbot.waitUntil(lambda: tour.pos() != before)
    (spotlight,) = window.findChildren(Spotlight)
    target = area_of(targets[STEPS[0].target], window)
    qtbot.waitUntil(lambda: spotlight.geometry().contains(target))
