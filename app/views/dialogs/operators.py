"""The administrator's list of operators: adding them, their roles, and new passphrases."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import say_word
from app.views.panel import heading, muted
from rostfine_core.domain import Operator, Role

SIZE = (760, 560)
LOGIN, NAME, ROLE, STATE = range(4)


class OperatorsDialog(QDialog):
    """Everybody in a table, and below it a form for one more.

    Signals:
        added(str, str, Role, str): login, name, role and passphrase of somebody new.
        role_chosen(str, Role): for who has an id.
        activity_chosen(str, bool): whether who has an id may sign in.
        passphrase_given(str, str): a new one for who has an id.
    """

    added = Signal(str, str, object, str)
    role_chosen = Signal(str, object)
    activity_chosen = Signal(str, bool)
    passphrase_given = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Operators"))
        self.resize(*SIZE)
        self._operators: tuple[Operator, ...] = ()
        self.note = muted()
        self.table = self._make_table()
        self.toggle_activity = QPushButton()
        self.toggle_activity.clicked.connect(self._on_toggle)
        self.refusal = muted()
        self.refusal.setObjectName("warning")
        self.login, self.name = QLineEdit(), QLineEdit()
        self.passphrase, self.again = QLineEdit(), QLineEdit()
        for field in (self.passphrase, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
        self.role = _role_choice()
        self.add = QPushButton(self.tr("Add operator"))
        self.add.clicked.connect(self._on_add)
        self.renew = QPushButton(self.tr("Give the selected operator this passphrase"))
        self.renew.clicked.connect(self._on_renew)
        self._lay_out()
        for button in (self.toggle_activity, self.renew):
            button.setAutoDefault(False)  # Enter adds
        for field in (self.login, self.name, self.passphrase, self.again):
            field.textChanged.connect(self._show_buttons)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.show_operators(())

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels(
            [self.tr("Login"), self.tr("Name"), self.tr("Role"), self.tr("State")]
        )
        table.setAccessibleName(self.tr("Operators"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        return table

    def _lay_out(self) -> None:
        form = QFormLayout()
        for text, field in (
            (self.tr("Login"), self.login),
            (self.tr("Name"), self.name),
            (self.tr("Role"), self.role),
            (self.tr("Passphrase"), self.passphrase),
            (self.tr("The same again"), self.again),
        ):
            field.setAccessibleName(text)
            form.addRow(text, field)
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.renew)
        row.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.note)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.toggle_activity, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(heading(self.tr("New operator")))
        layout.addLayout(form)
        layout.addLayout(row)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)

    @Slot(tuple)
    def show_operators(self, operators: Sequence[Operator]) -> None:
        """Show who is there now; after a success the form is empty again."""
        selected = self._selected
        self._operators = tuple(operators)
        self.note.setText(
            self.tr("Nobody is deleted, since the audit trail names them: deactivate who has left.")
            if operators
            else self.tr(
                "Nobody signs in yet and everybody may do everything. The first operator is an "
                "administrator; from then on everybody signs in."
            )
        )
        self.role.setEnabled(bool(operators))
        usual = Role.OPERATOR if operators else Role.ADMINISTRATOR
        self.role.setCurrentIndex(self.role.findData(usual))
        self.refusal.setText("")
        for field in (self.login, self.name, self.passphrase, self.again):
            field.clear()
        self._fill(selected)
        self._show_buttons()

    def _fill(self, selected: Operator | None) -> None:
        self.table.setRowCount(len(self._operators))
        for row, operator in enumerate(self._operators):
            state = self.tr("active") if operator.is_active else self.tr("deactivated")
            for column, text in ((LOGIN, operator.login), (NAME, operator.name), (STATE, state)):
                self.table.setItem(row, column, QTableWidgetItem(text))
            self.table.setCellWidget(row, ROLE, self._role_editor(operator))
            if selected is not None and operator.id == selected.id:
                self.table.selectRow(row)

    def _role_editor(self, operator: Operator) -> QComboBox:
        choice = _role_choice()
        choice.setAccessibleName(self.tr("Role"))
        choice.setCurrentIndex(choice.findData(operator.role))
        choice.activated.connect(
            lambda row: self.role_chosen.emit(operator.id, Role(choice.itemData(row)))
        )
        return choice

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why something was not done; the table shows what holds."""
        self._fill(self._selected)
        self.refusal.setText(sentence)

    @property
    def _selected(self) -> Operator | None:
        row = self.table.currentRow()
        return self._operators[row] if 0 <= row < len(self._operators) else None

    @Slot()
    def _show_buttons(self) -> None:
        selected, words = self._selected, self.passphrase.text()
        is_sure = bool(words) and words == self.again.text()  # else a slip would lock everybody out
        is_named = bool(self.login.text().strip() and self.name.text().strip())
        self.add.setEnabled(is_named and is_sure)
        self.renew.setEnabled(selected is not None and is_sure)
        self.renew.setVisible(bool(self._operators))
        self.toggle_activity.setVisible(bool(self._operators))
        self.toggle_activity.setEnabled(selected is not None)
        is_active = selected is None or selected.is_active
        self.toggle_activity.setText(self.tr("Deactivate") if is_active else self.tr("Activate"))

    @Slot()
    def _on_add(self) -> None:
        self.added.emit(
            self.login.text(),
            self.name.text(),
            Role(self.role.currentData()),  # Qt keeps it as plain text
            self.passphrase.text(),
        )

    @Slot()
    def _on_renew(self) -> None:
        if self._selected is not None:
            self.passphrase_given.emit(self._selected.id, self.passphrase.text())

    @Slot()
    def _on_toggle(self) -> None:
        if self._selected is not None:
            self.activity_chosen.emit(self._selected.id, not self._selected.is_active)


def _role_choice() -> QComboBox:
    choice = QComboBox()
    for role in Role:
        choice.addItem(say_word(role.wording), role)
    return choice
