"""Qt's actions made from the table, put into menus and bars, shown as on or off."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QBoxLayout, QMainWindow, QMenu, QToolBar, QToolButton

from app.actions import ACTIONS, MENUS, TOOLBAR, ActionSpec
from app.presentation.theme import Theme, icon


class ActionSet:
    """The window's actions by id."""

    def __init__(
        self, window: QMainWindow, owners: Mapping[str, QObject], *, before: Callable[[], None]
    ) -> None:
        """Args: ``before`` is called before the handler of any action."""
        self._window, self._before = window, before
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        for spec in ACTIONS:
            self._actions[spec.id] = self._made(spec, owners)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def fill_menus(self, recent: QMenu) -> None:
        """The menu bar, with the recent videos after Open."""
        menus = {name: self._window.menuBar().addMenu(translated(name)) for name in MENUS}
        for spec in ACTIONS:
            if spec.separator:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.id])
            if spec.id == "open":
                menus[spec.menu].addMenu(recent)

    def fill_tool_bar(self, bar: QToolBar) -> None:
        """The tool bar in the order of the work, with words beside the icons."""
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for id in TOOLBAR:
            if not id:
                bar.addSeparator()
                continue
            bar.addAction(self._actions[id])
            button = bar.widgetForAction(self._actions[id])
            if isinstance(button, QToolButton):
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                if id in ("undo", "redo"):
                    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def add_buttons(self, layout: QBoxLayout, *ids: str) -> None:
        """Small buttons in a panel."""
        for id in ids:
            button = QToolButton()
            button.setDefaultAction(self._actions[id])
            button.setAccessibleName(translated(_spec(id).text))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setObjectName("small")
            button.setFixedSize(32, 28)
            layout.addWidget(button)

    def recolour(self, theme: Theme) -> None:
        """Draw all icons in a theme's colours."""
        for spec in ACTIONS:
            self.set_icon(spec.id, spec.icon, theme)

    def set_icon(self, id: str, name: str, theme: Theme) -> None:
        """Give one action another icon."""
        self._actions[id].setIcon(icon(name, theme.colours["text"], theme.colours["disabled"]))

    def _made(self, spec: ActionSpec, owners: Mapping[str, QObject]) -> QAction:
        action = QAction(translated(spec.text), self._window)
        action.setObjectName(spec.id)
        sequence = QKeySequence(spec.shortcut)
        action.setShortcut(sequence)
        keys = sequence.toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{translated(spec.tip)} ({keys})")
        action.setStatusTip(translated(spec.tip))
        action.setCheckable(spec.checkable)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self._window))
            group.addAction(action)
        owner, method = spec.handler.split(".")
        handle = getattr(owners[owner], method)
        arguments = () if spec.argument is None else (spec.argument,)

        def act(_checked: bool) -> None:
            self._before()
            handle(*arguments)

        action.triggered.connect(act)
        return action


def translated(text: str) -> str:
    """A text of the table in the user's language."""
    return QCoreApplication.translate("Actions", text)


def _spec(id: str) -> ActionSpec:
    return next(a for a in ACTIONS if a.id == id)
