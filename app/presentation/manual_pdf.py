"""The manual as PDF: Qt lays out its page as the window shows it."""

import re
from pathlib import Path

from PySide6.QtCore import QBuffer, QMarginsF, QSizeF, QUrl
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from rostfine_core.bundled import bundled_path
from rostfine_core.files import atomic_write

MANUAL = "resources/manual"
DOTS_PER_INCH = 96
MARGIN_MM = 16.0
TEXT_PT = 9


def manual_page(language: str) -> Path:
    """The manual's page in a language.

    Raises:
        StoreError: the installation lacks it.
    """
    return bundled_path(f"{MANUAL}/{language}.html")


def write_manual_pdf(language: str, file: Path, font: QFont) -> None:
    """Write the manual in a language as PDF (A4).

    Raises:
        StoreError: the installation lacks the manual, or the file cannot be written.
    """
    # Given a file's name, Qt does not tell that the disk is full.
    pdf = _laid_out(manual_page(language), font)
    with atomic_write(file) as temporary:
        temporary.write_bytes(pdf)


def _laid_out(page: Path, font: QFont) -> bytes:
    """The page as PDF."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DOTS_PER_INCH)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            margins,
            QPageLayout.Unit.Millimeter,
        )
    )
    writer.setTitle("RoSTFine Assist")
    small = QFont(font)
    small.setPointSize(TEXT_PT)
    document = QTextDocument()
    document.setDefaultFont(small)
    document.setDocumentMargin(0)
    document.setBaseUrl(QUrl.fromLocalFile(f"{page.parent}/"))
    paper = writer.pageLayout().paintRectPixels(DOTS_PER_INCH)
    document.setPageSize(QSizeF(paper.size()))
    text = page.read_text(encoding="utf-8")
    document.setHtml(re.sub(r'width="\d+"', f'width="{paper.width()}"', text))
    document.print_(writer)
    return bytes(buffer.data().data())
