"""The Edit menu: undo and redo, and the list of sperm."""

from app.actions.spec import EDIT, ActionSpec, Bar, Handlers, Place
from app.state.records import Page
from rostfine_core.marking import QT_TRANSLATE_NOOP


def _rename(to: Handlers) -> None:
    """Type another name for the selected sperm, in the list."""
    to.controller.show_page(Page.REVIEW)
    to.sperm_list.edit_name()


EDIT_ACTIONS = (
    ActionSpec(
        id="undo",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Undo"),
        tip=QT_TRANSLATE_NOOP("Actions", "Undo the last edit"),
        icon="undo",
        shortcut="Ctrl+Z",
        run=lambda to: to.editor.undo(),
        enabled=lambda now: now.can_undo,
        button=Place(Bar.HISTORY, 0),
    ),
    ActionSpec(
        id="redo",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Redo"),
        tip=QT_TRANSLATE_NOOP("Actions", "Redo the edit that was undone"),
        icon="redo",
        shortcut="Ctrl+Shift+Z",
        run=lambda to: to.editor.redo(),
        enabled=lambda now: now.can_redo,
        button=Place(Bar.HISTORY, 1),
    ),
    ActionSpec(
        id="copy_numbers",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Copy numbers"),
        tip=QT_TRANSLATE_NOOP("Actions", "Copy the numbers of the selected sperm as text"),
        icon="copy",
        shortcut="Ctrl+C",
        run=lambda to: to.window.copy_numbers(),
        enabled=lambda now: now.has_selected_grade,
        separator=True,
    ),
    ActionSpec(
        id="next_sperm",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Next sperm"),
        tip=QT_TRANSLATE_NOOP("Actions", "Select the next sperm in the list"),
        icon="down",
        shortcut="Ctrl+Down",
        run=lambda to: to.editor.select_next(),
        enabled=lambda now: now.has_sperm,
        separator=True,
    ),
    ActionSpec(
        id="previous_sperm",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Previous sperm"),
        tip=QT_TRANSLATE_NOOP("Actions", "Select the previous sperm in the list"),
        icon="up",
        shortcut="Ctrl+Up",
        run=lambda to: to.editor.select_previous(),
        enabled=lambda now: now.has_sperm,
    ),
    ActionSpec(
        id="rename",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Rename"),
        tip=QT_TRANSLATE_NOOP("Actions", "Give the selected sperm another name"),
        icon="rename",
        shortcut="F2",
        run=_rename,
        enabled=lambda now: now.has_selection,
    ),
    ActionSpec(
        id="move_up",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Move up"),
        tip=QT_TRANSLATE_NOOP("Actions", "Move the selected sperm up in the list"),
        icon="move_up",
        shortcut="Ctrl+Shift+Up",
        run=lambda to: to.editor.move_up(),
        enabled=lambda now: now.shows_selection,
    ),
    ActionSpec(
        id="move_down",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Move down"),
        tip=QT_TRANSLATE_NOOP("Actions", "Move the selected sperm down in the list"),
        icon="move_down",
        shortcut="Ctrl+Shift+Down",
        run=lambda to: to.editor.move_down(),
        enabled=lambda now: now.shows_selection,
    ),
    ActionSpec(
        id="remove",
        menu=EDIT,
        text=QT_TRANSLATE_NOOP("Actions", "Remove"),
        tip=QT_TRANSLATE_NOOP("Actions", "Remove the selected sperm; undo brings it back"),
        icon="remove",
        shortcut="Del",
        run=lambda to: to.editor.remove_selected(),
        enabled=lambda now: now.shows_selection,
        button=Place(Bar.CANVAS, 6),
    ),
)
