"""Draws the pages of a PDF as pictures, and reads their text and what is attached, with PDFium.

PDFium must not be called by two threads at once, but a preview and an export may run together, so
every call takes a lock.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rostfine_core.errors import StoreError, parsing
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

POINTS_PER_INCH = 72
DPI = 132
"""An A4 page is then 1,091 pixels wide: sharp on a full HD screen, 5 MB of memory."""
_pdfium = Lock()


def draw_pages(path: Path, *, dpi: int = DPI) -> Iterator[NDArray[np.uint8]]:
    """Each page of a PDF as (H, W, 3) uint8 RGB, drawn on demand.

    Raises:
        StoreError: the file cannot be drawn.
    """
    with _opened(path) as document:
        with _pdfium:
            count = len(document)
        for place in range(count):
            with _pdfium:
                picture = _drawn(document[place], scale=dpi / POINTS_PER_INCH)
            yield picture


def draw_page(pdf: bytes, *, scale: float, cut_pt: float) -> NDArray[np.uint8]:
    """The first page of a PDF without its lowest ``cut_pt``, (H, W, 3) uint8 RGB.

    Args:
        pdf: the whole file.
        scale: pixels per point.
        cut_pt: the height to leave out at the bottom of the page.
    """
    import pypdfium2

    with _pdfium, closing(pypdfium2.PdfDocument(pdf)) as document:
        return _drawn(document[0], scale=scale, cut_pt=cut_pt)


def read_pdf(path: Path) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """The text of each page of a PDF, and its attached files by name.

    Raises:
        StoreError: the file cannot be read.
    """
    with _opened(path) as document, _pdfium, parsing(lambda error: _unreadable(path, error)):
        attached = (document.get_attachment(i) for i in range(document.count_attachments()))
        files = {file.get_name(): bytes(file.get_data()) for file in attached}
        return tuple(_text(document[place]) for place in range(len(document))), files


def _text(page: "PdfPage") -> str:
    with closing(page), closing(page.get_textpage()) as text:
        return str(text.get_text_range())


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        Message(
            "{name} cannot be read as a PDF ({reason}): export the report again.",
            name=path.name,
            reason=str(error),
        )
    )


@contextmanager
def _opened(path: Path) -> Iterator["PdfDocument"]:
    import pypdfium2

    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(path)
        except (pypdfium2.PdfiumError, OSError) as error:
            raise _unreadable(path, error) from error
    try:
        yield document
    finally:
        with _pdfium:
            document.close()


def _drawn(page: "PdfPage", *, scale: float, cut_pt: float = 0.0) -> NDArray[np.uint8]:
    with closing(page):
        bitmap = page.render(scale=scale, rev_byteorder=True, crop=(0, cut_pt, 0, 0))
        return np.array(bitmap.to_numpy(), dtype=np.uint8)[..., :3]
