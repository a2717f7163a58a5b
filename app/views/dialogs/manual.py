"""The manual in a window of its own: chapters, search, the browser, and a PDF."""

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

CONTENTS_PX = 230
PDF_NAME = "RoSTFine-Assist.pdf"


class ManualDialog(QDialog):
    """Shows one page of ``resources/manual``.

    Signals:
        pdf_requested(str): write the manual as PDF to the file of this name.
    """

    pdf_requested = Signal(str)

    def __init__(self, page: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Manual"))
        self.resize(1080, 720)
        self._page = page
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setSource(QUrl.fromLocalFile(str(page)))
        self.text.setAccessibleName(self.tr("Manual"))
        self.contents = QListWidget()
        self.contents.setFixedWidth(CONTENTS_PX)
        self.contents.setAccessibleName(self.tr("Chapters"))
        self.contents.addItems(chapters(self.text.document()))
        self.contents.currentRowChanged.connect(self.show_chapter)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.returnPressed.connect(self.find_next)
        self._lay_out()

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.contents, 1)
        middle = QHBoxLayout()
        middle.addLayout(left)
        middle.addWidget(self.text, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        action_role = QDialogButtonBox.ButtonRole.ActionRole
        pdf = buttons.addButton(self.tr("Save as PDF …"), action_role)
        browser = buttons.addButton(self.tr("Open in the browser"), action_role)
        pdf.clicked.connect(self._ask_pdf)
        browser.clicked.connect(self._open_in_browser)
        buttons.rejected.connect(self.reject)
        for button in buttons.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter searches
        layout = QVBoxLayout(self)
        layout.addLayout(middle, 1)
        layout.addWidget(buttons)

    @property
    def is_whole(self) -> bool:
        """Whether the page has chapters, and all of its pictures are there."""
        pictures = list(_pictures(self.text.document()))
        kind = QTextDocument.ResourceType.ImageResource
        found = [self.text.loadResource(kind, QUrl(name)) for name in pictures]
        return self.contents.count() > 0 and bool(found) and all(found)

    @Slot(int)
    def show_chapter(self, number: int) -> None:
        """Scroll to a chapter, from 0 on."""
        self.text.scrollToAnchor(f"chapter-{number + 1}")

    @Slot()
    def find_next(self) -> None:
        """Select the next place of what is searched, from the start after the last one."""
        words = self.search.text()
        if words and not self.text.find(words):
            self.text.moveCursor(self.text.textCursor().MoveOperation.Start)
            self.text.find(words)

    @Slot()
    def _ask_pdf(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save as PDF"), PDF_NAME, "PDF (*.pdf)")
        if name:
            self.pdf_requested.emit(name)

    @Slot()
    def _open_in_browser(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._page)))


def chapters(document: QTextDocument) -> list[str]:
    """The headings of the second level, which are the chapters."""
    blocks = []
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel() == 2:
            blocks.append(block.text())
        block = block.next()
    return blocks


def _pictures(document: QTextDocument) -> Iterator[str]:
    """The names of a document's pictures."""
    block = document.begin()
    while block.isValid():
        fragments = block.begin()
        while not fragments.atEnd():
            shape = fragments.fragment().charFormat()
            if shape.isImageFormat():
                yield shape.toImageFormat().name()
            fragments += 1
        block = block.next()
