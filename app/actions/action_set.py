"""Qt's actions made from the table, put into menus and bars, enabled by what is known now."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QComboBox,
    QMainWindow,
    QMenu,
    QTableView,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.actions.facts import Facts, current_facts
from app.actions.spec import MENUS, TOOL_BAR, ActionSpec, Bar, Handlers
from app.actions.table import ACTIONS
from app.presentation.theme import Theme, icon

SPACE = "Space"


class ActionSet(QObject):
    """The window's actions by id."""

    def __init__(
        self,
        window: QMainWindow,
        handlers: Handlers,
        theme: Theme,
        *,
        before: Callable[[], None],
    ) -> None:
        """Args: ``before`` is called before any action is run."""
        super().__init__(window)
        self._window, self._handlers, self._before = window, handlers, before
        self._theme = theme
        self._groups: dict[str, QActionGroup] = {}
        self._actions = {spec.id: self._made(spec) for spec in ACTIONS}
        self.recolour(theme)
        self.refresh()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus_changed)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def fill_menus(self, recent: QMenu) -> None:
        """Fill the menu bar, with the recent videos after Open."""
        menus = {name: self._window.menuBar().addMenu(_translated(name)) for name in MENUS}
        for spec in ACTIONS:
            if spec.separator:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.id])
            if spec.id == "open":
                menus[spec.menu].addMenu(recent)

    def fill_tool_bar(self, bar: QToolBar) -> None:
        """Fill the tool bar, with words beside most icons."""
        for row in TOOL_BAR:
            if row is not TOOL_BAR[0]:
                bar.addSeparator()
            for spec in specs_of(row):
                bar.addAction(self._actions[spec.id])
                button = bar.widgetForAction(self._actions[spec.id])
                if isinstance(button, QToolButton):
                    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                    if row is Bar.HISTORY:
                        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def fill_buttons(self, bar: Bar, layout: QBoxLayout) -> None:
        """Add the small buttons of one row to a panel."""
        for spec in specs_of(bar):
            button = QToolButton()
            button.setDefaultAction(self._actions[spec.id])
            button.setAccessibleName(_translated(spec.text))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setObjectName("small")
            button.setFixedSize(32, 28)
            layout.addWidget(button)

    def recolour(self, theme: Theme) -> None:
        """Draw all icons in a theme's colours."""
        self._theme = theme
        for spec in ACTIONS:
            self._draw_icon(spec)

    @Slot()
    def refresh(self) -> None:
        """Show which actions are possible now and which states are on."""
        facts = current_facts(self._handlers.controller)
        for spec in ACTIONS:
            self._refresh(spec, facts)

    def _refresh(self, spec: ActionSpec, facts: Facts) -> None:
        action, is_enabled = self._actions[spec.id], spec.enabled(facts)
        if action.isEnabled() != is_enabled:
            action.setEnabled(is_enabled)
        if spec.checked is not None and action.isChecked() != spec.checked(facts):
            action.setChecked(spec.checked(facts))
        if spec.checked_icon:
            self._draw_icon(spec)

    def _draw_icon(self, spec: ActionSpec) -> None:
        action, colours = self._actions[spec.id], self._theme.colours
        name = spec.checked_icon if spec.checked_icon and action.isChecked() else spec.icon
        action.setIcon(icon(name, colours["text"], colours["disabled"]))

    def _made(self, spec: ActionSpec) -> QAction:
        action = QAction(_translated(spec.text), self._window)
        action.setObjectName(spec.id)
        sequence = QKeySequence(spec.shortcut)
        action.setShortcuts(_keys(spec))
        keys = sequence.toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{_translated(spec.tip)} ({keys})")
        action.setStatusTip(_translated(spec.tip))
        action.setCheckable(spec.checked is not None)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self._window))
            group.addAction(action)
        action.triggered.connect(lambda _: self._run(spec))
        return action

    @Slot(QWidget, QWidget)
    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Leave the space bar to a widget that it presses, opens or chooses rows with."""
        is_taken = isinstance(now, QAbstractButton | QComboBox | QTableView)
        for spec in ACTIONS:
            if spec.shortcut == SPACE:
                keys = [k for k in _keys(spec) if not (is_taken and k == QKeySequence(SPACE))]
                self._actions[spec.id].setShortcuts(keys)

    def _run(self, spec: ActionSpec) -> None:
        self._before()
        spec.run(self._handlers)


def _keys(spec: ActionSpec) -> list[QKeySequence]:
    """The keys of an action, the one that is shown first."""
    return [QKeySequence(keys) for keys in (spec.shortcut, spec.other_shortcut) if keys]


def specs_of(bar: Bar) -> list[ActionSpec]:
    """The actions with a button in a row, in its order."""
    placed = [(s.button.position, s) for s in ACTIONS if s.button and s.button.bar is bar]
    return [spec for _, spec in sorted(placed, key=lambda p: p[0])]


def _translated(text: str) -> str:
    """A text of the table in the user's language."""
    return QCoreApplication.translate("Actions", text)
