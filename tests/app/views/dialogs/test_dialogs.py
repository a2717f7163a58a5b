"""The small dialogs: errors one at a time and without blocking, and the list of shortcuts."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.state.records import Leaving, Saving
from app.views.dialogs.dialogs import Errors, MessageBoxes, ShortcutsDialog

# The offscreen platform says this of every dialog; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def shown(window: QWidget) -> list[str]:
    return [b.text() for b in window.findChildren(QMessageBox) if b.isVisible()]


def test_errors_wait_for_those_before_them_and_are_not_repeated(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    errors = Errors(window)
    first = errors.tell("The disk is full.")
    for _ in range(20):
        assert errors.tell("The disk is full.") is first
        assert errors.tell("The file is locked.") is first
    assert shown(window) == ["The disk is full."]
    first.close()
    assert shown(window) == ["The file is locked."]
    errors.tell("The disk is full.").close()  # closes the one that is open
    assert shown(window) == ["The disk is full."]
    errors.tell("The disk is full.").close()
    assert shown(window) == []


def test_a_mistake_of_the_program_says_where_the_details_are(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    errors = Errors(window)
    box = errors.tell("Something went wrong.", is_bug=True)
    assert "the log has the details" in box.informativeText()
    assert box.icon() is QMessageBox.Icon.Critical
    box.close()
    box = errors.tell("The disk is full.")
    assert box.informativeText() == ""
    box.close()


def test_every_action_is_in_the_list_of_shortcuts(qtbot: QtBot) -> None:
    actions = [QAction(a.text, shortcut=QKeySequence(a.shortcut)) for a in ACTIONS]
    dialog = ShortcutsDialog(actions)
    qtbot.addWidget(dialog)
    assert dialog.table.rowCount() == len(ACTIONS)
    keys = [dialog.table.item(row, 1) for row in range(len(ACTIONS))]
    assert all(item is not None and item.text() for item in keys)


@pytest.mark.parametrize(
    ("can_export", "offered"),
    [
        (True, {"Export and go on": Leaving.EXPORT, "Continue without them": Leaving.DISCARD}),
        (False, {"Continue without them": Leaving.DISCARD}),
    ],
)
def test_an_export_is_offered_only_where_it_can_be_done(
    qtbot: QtBot, can_export: bool, offered: dict[str, Leaving]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    saving = Saving(unsaved=2, problem="The disk is full.")

    def click(name: str) -> None:
        (box,) = (b for b in window.findChildren(QMessageBox) if b.isVisible())
        buttons = {button.text(): button for button in box.buttons()}
        assert set(buttons) == {*offered, "Cancel"}
        assert ("To keep them, cancel" in box.informativeText()) is not can_export
        buttons[name].click()

    for name, choice in {**offered, "Cancel": Leaving.STAY}.items():
        QTimer.singleShot(0, window, lambda name=name: click(name))
        assert MessageBoxes(window).before_leaving(saving, can_export=can_export) is choice
