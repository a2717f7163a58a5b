"""The pages of a PDF as pictures, drawn by PDFium."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

POINTS_PER_INCH = 72
DPI = 132
"""An A4 page is then 1,091 pixels wide: sharp on a full HD screen, 5 MB of memory."""


def draw_pages(path: Path, *, dpi: int = DPI) -> Iterator[NDArray[np.uint8]]:
    """Each page of a PDF as (H, W, 3) uint8 RGB, drawn when it is asked for.

    Raises:
        StoreError: the file is no PDF that can be drawn.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise StoreError(
            Message(
                "{name} cannot be shown ({reason}): export the report and open it elsewhere.",
                name=path.name,
                reason=str(error),
            )
        ) from error
    with closing(document):
        for page in document:
            bitmap = page.render(scale=dpi / POINTS_PER_INCH, rev_byteorder=True)
            yield np.array(bitmap.to_numpy(), dtype=np.uint8)[..., :3]
            page.close()
