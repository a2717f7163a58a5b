"""Signing in to the case store, also after the window was locked."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.views.panel import muted, title


class SignInDialog(QDialog):
    """Login and passphrase; it closes when the store has let somebody in.

    Signals:
        submitted(str, str): login and passphrase; ``show_refusal`` or ``accept`` answers.
    """

    submitted = Signal(str, str)

    def __init__(self, login: str = "", parent: QWidget | None = None, *, is_locked: bool) -> None:
        """Args: ``login`` of who was here before; ``is_locked`` says why it asks again."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Sign in"))
        self.setMinimumWidth(420)
        self.login, self.passphrase = QLineEdit(login), QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.refusal = muted()
        self.refusal.setObjectName("warning")
        form = QFormLayout()
        form.addRow(self._labelled(self.tr("Login"), self.login), self.login)
        form.addRow(self._labelled(self.tr("Passphrase"), self.passphrase), self.passphrase)
        buttons = QDialogButtonBox()
        self.enter = buttons.addButton(self.tr("Sign in"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.leave = buttons.addButton(self.tr("Quit"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(
            title(self.tr("The window is locked") if is_locked else self.tr("Sign in"))
        )
        layout.addLayout(form)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)
        for field in (self.login, self.passphrase):
            field.textChanged.connect(self._show_button)
        self._show_button()
        (self.passphrase if login else self.login).setFocus()

    def _labelled(self, text: str, field: QLineEdit) -> QLabel:
        label = QLabel(text)
        field.setAccessibleName(text)
        return label

    @Slot()
    def _show_button(self) -> None:
        self.enter.setEnabled(bool(self.login.text().strip() and self.passphrase.text()))

    @Slot()
    def _submit(self) -> None:
        self.enter.setEnabled(False)
        self.refusal.setText("")
        self.submitted.emit(self.login.text(), self.passphrase.text())

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why nobody was let in, and ask for the passphrase again."""
        self.refusal.setText(sentence)
        self.passphrase.clear()
        self.passphrase.setFocus()


class StoreKeyDialog(QDialog):
    """The passphrase of an encrypted store.

    Signals:
        submitted(str): the passphrase; a new dialog opens if it is wrong.
    """

    submitted = Signal(str)

    def __init__(self, sentence: str, parent: QWidget | None = None) -> None:
        """Args: ``sentence`` says why it is asked for."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Case store"))
        self.setMinimumWidth(460)
        reason = QLabel(sentence)
        reason.setTextFormat(Qt.TextFormat.PlainText)
        reason.setWordWrap(True)
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setAccessibleName(self.tr("Passphrase"))
        buttons = QDialogButtonBox()
        self.enter = buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.leave = buttons.addButton(self.tr("Quit"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(title(self.tr("The case store is encrypted")))
        layout.addWidget(reason)
        layout.addWidget(self.passphrase)
        layout.addWidget(buttons)
        self.passphrase.textChanged.connect(lambda text: self.enter.setEnabled(bool(text)))
        self.enter.setEnabled(False)

    @Slot()
    def _submit(self) -> None:
        self.enter.setEnabled(False)
        self.submitted.emit(self.passphrase.text())


class PassphraseDialog(QDialog):
    """A new passphrase for who is signed in.

    Signals:
        submitted(str, str): the old passphrase and the new one; ``show_refusal`` or ``accept``
            answers.
    """

    submitted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Change my passphrase"))
        self.setMinimumWidth(440)
        self.old, self.new, self.again = QLineEdit(), QLineEdit(), QLineEdit()
        form = QFormLayout()
        for text, field in (
            (self.tr("Old passphrase"), self.old),
            (self.tr("New passphrase"), self.new),
            (self.tr("The same again"), self.again),
        ):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setAccessibleName(text)
            field.textChanged.connect(self._show_button)
            form.addRow(text, field)
        self.refusal = muted()
        self.refusal.setObjectName("warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.change = buttons.addButton(self.tr("Change"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addLayout(form)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)
        self._show_button()

    @Slot()
    def _show_button(self) -> None:
        new = self.new.text()
        self.change.setEnabled(bool(self.old.text() and new) and new == self.again.text())

    @Slot()
    def _submit(self) -> None:
        self.refusal.setText("")
        self.submitted.emit(self.old.text(), self.new.text())

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why the passphrase stays as it was."""
        self.refusal.setText(sentence)
