"""The versions of a sample's report: signing the newest, or amending it once it is signed."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.presentation.wording import plain, say_word
from app.views.panel import muted
from rostfine_core.domain import Meaning, StoredReport

SIZE = (720, 480)
NOTHING, SIGN, AMEND = range(3)


class ReportsDialog(QDialog):
    """All versions in a table; below it what can be done with the newest.

    Signals:
        sign_wanted(StoredReport, str, Meaning, str): with the passphrase, what is declared, and the
            passphrase of the certificate ("" without one).
        amendment_wanted(StoredReport, str): with the reason.
    """

    sign_wanted = Signal(object, str, object, str)
    amendment_wanted = Signal(object, str)

    def __init__(self, parent: QWidget | None = None, *, certificate: str = "") -> None:
        """Args: ``certificate`` is the name of the file that seals the PDF, "" for none."""
        super().__init__(parent)
        self._certificate = certificate
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Sign report"))
        self.resize(*SIZE)
        self._newest: StoredReport | None = None
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.nothing = muted(self.tr("This sample has no report yet: export it first."))
        for page in (self.nothing, self._sign_page(), self._amend_page()):
            self.pages.addWidget(page)
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.pages)
        layout.addWidget(self.outcome)
        layout.addWidget(buttons)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setHorizontalHeaderLabels([self.tr("Version"), self.tr("State"), self.tr("Folder")])
        table.setAccessibleName(self.tr("Versions of the report"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return table

    def _sign_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, 6, 0, 0)
        self.meaning = QComboBox()
        for meaning in Meaning:
            self.meaning.addItem(say_word(meaning.wording), meaning)
        self.meaning.setAccessibleName(self.tr("Meaning"))
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setAccessibleName(self.tr("Passphrase"))
        self.sign = QPushButton(self.tr("Sign and lock"))
        self.sign.setEnabled(False)
        self.passphrase.textChanged.connect(lambda text: self.sign.setEnabled(bool(text)))
        self.sign.clicked.connect(self._on_sign)
        form.addRow(
            muted(
                self.tr(
                    "The newest version is a draft. Look at its PDF, then sign it with your "
                    "passphrase: it cannot be changed any more."
                )
            )
        )
        form.addRow(self.tr("Meaning"), self.meaning)
        form.addRow(self.tr("Passphrase"), self.passphrase)
        self.certificate_passphrase = QLineEdit()
        self.certificate_passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        if self._certificate:
            self.certificate_passphrase.setAccessibleName(self.tr("Certificate's passphrase"))
            self.certificate_passphrase.setToolTip(plain(self._certificate))
            form.addRow(self.tr("Certificate's passphrase"), self.certificate_passphrase)
        form.addRow("", self.sign)
        return page

    def _amend_page(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, 6, 0, 0)
        self.reason = QLineEdit()
        self.reason.setAccessibleName(self.tr("Reason"))
        self.amend = QPushButton(self.tr("Write an amendment"))
        self.amend.setEnabled(False)
        self.reason.textChanged.connect(lambda text: self.amend.setEnabled(bool(text.strip())))
        self.amend.clicked.connect(self._on_amend)
        form.addRow(
            muted(
                self.tr(
                    "The newest version is signed and locked. An amendment is a new version that "
                    "names it and says why it was made; it is a draft until it is signed."
                )
            )
        )
        form.addRow(self.tr("Reason"), self.reason)
        form.addRow("", self.amend)
        return page

    @Slot(tuple)
    def show_reports(self, reports: Sequence[StoredReport]) -> None:
        """Show all versions, the newest first."""
        self._newest = reports[-1] if reports else None
        self.table.setRowCount(len(reports))
        for row, report in enumerate(reversed(reports)):
            texts = (str(report.identity.version), self._state(report), report.folder)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text if column else "")
                self.table.setItem(row, column, item)
        if self._newest is None:
            self.pages.setCurrentIndex(NOTHING)
        else:
            is_signed = self._newest.identity.signature is not None
            self.pages.setCurrentIndex(AMEND if is_signed else SIGN)
        for field in (self.passphrase, self.certificate_passphrase, self.reason):
            field.clear()

    def _state(self, report: StoredReport) -> str:
        identity = report.identity
        signature = identity.signature
        state = (
            self.tr("draft")
            if signature is None
            else self.tr("signed by {name}: {meaning}").format(
                name=signature.name, meaning=say_word(signature.meaning.wording)
            )
        )
        if identity.amends is None:
            return state
        return self.tr("{state}; amends version {version}: {reason}").format(
            state=state, version=identity.amends, reason=identity.reason
        )

    @Slot(str)
    def tell(self, sentence: str) -> None:
        """Say what was done."""
        self._say(sentence, "")

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why something was not done."""
        self._say(sentence, "warning")
        self.passphrase.clear()

    def _say(self, sentence: str, name: str) -> None:
        self.outcome.setObjectName(name)
        self.outcome.setText(sentence)
        self.outcome.style().polish(self.outcome)

    @Slot()
    def _on_sign(self) -> None:
        if self._newest is not None:
            meaning = Meaning(self.meaning.currentData())  # Qt keeps it as plain text
            self._say("", "")
            self.sign_wanted.emit(
                self._newest, self.passphrase.text(), meaning, self.certificate_passphrase.text()
            )

    @Slot()
    def _on_amend(self) -> None:
        if self._newest is not None:
            self._say("", "")
            self.amendment_wanted.emit(self._newest, self.reason.text())
