"""The pictures of one sperm as parts of the PDF: the crop, the film and its colour scale.

Pictures are rasters; frame numbers, titles and scale bars around them are vectors and text.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image
from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import Pixels, enlarged
from rostfine_core.domain import Assessment
from rostfine_core.report.film import ROW_TITLES, AttentionFilm, frame_label, scale_bar
from rostfine_core.report.fonts import BOLD, REGULAR, pdf_width

COLUMNS = 8
JPEG_QUALITY = 90


class CropPicture(Flowable):
    """The first frame's crop, enlarged, with a scale bar."""

    def __init__(self, assessment: Assessment, *, edge_pt: float) -> None:
        super().__init__()
        self.width = self.height = edge_pt
        image = assessment.clip.images[0]
        self._picture = _jpeg(enlarged(image, edge_px=450))
        self._bar = scale_bar(image.shape[1], assessment.provenance.um_per_px)

    def draw(self) -> None:
        """Draw at the flowable's place."""
        self.canv.drawImage(self._picture, 0, 0, self.width, self.height)
        _draw_scale_bar(self, self._bar, x=2.5 * mm, y=2.5 * mm, edge_pt=self.width, size_pt=7)


class FilmBand(Flowable):
    """Up to eight columns of a film: frame and time above, the rows' titles at the left.

    Eight columns fill ``full_pt``; fewer are as large and leave room beside them.
    """

    def __init__(self, film: AttentionFilm, columns: range, *, full_pt: float) -> None:
        super().__init__()
        self._label_pt, self._gap = 21 * mm, 0.6 * mm
        self._edge = (full_pt - self._label_pt) / COLUMNS - self._gap
        self._labels = [frame_label(film.boxes[c]) for c in columns]
        self._rows = [
            _jpeg(_side_by_side([row[c] for c in columns], gap_share=self._gap / self._edge))
            for row in film.rows
        ]
        self.width = self._label_pt + len(columns) * (self._edge + self._gap)
        self.height = 3 * (self._edge + self._gap) + 9

    def draw(self) -> None:
        """Draw at the flowable's place."""
        edge, step = self._edge, self._edge + self._gap
        for column, label in enumerate(self._labels):
            self._write_label(label, self._label_pt + column * step)
        width = len(self._labels) * step - self._gap
        for row, (title, picture) in enumerate(zip(ROW_TITLES, self._rows, strict=True)):
            bottom = self.height - 9 - (row + 1) * step + self._gap
            self.canv.drawImage(picture, self._label_pt, bottom, width, edge)
            self._write_title(title, bottom + edge / 2)

    def _write_label(self, text: str, x: float) -> None:
        size = min(6.5, 6.5 * self._edge / pdf_width(text, size_pt=6.5))
        self.canv.setFont(REGULAR, size)
        self.canv.setFillColor(black)
        self.canv.drawCentredString(x + self._edge / 2, self.height - 6.5, text)

    def _write_title(self, title: str, middle: float) -> None:
        self.canv.setFont(BOLD, 6.5)
        self.canv.setFillColor(black)
        lines = _broken(title, width_pt=self._label_pt - 4)
        for i, line in enumerate(lines):
            self.canv.drawString(0, middle + 4 * (len(lines) - 1) - 8 * i - 2, line)


class ColourBar(Flowable):
    """The colour scale of a film between the words "lower" and "higher attention"."""

    def __init__(self, film: AttentionFilm) -> None:
        super().__init__()
        self.width, self.height = 70 * mm, 9
        self._picture = _jpeg(np.repeat(film.bar[None], 8, axis=0))

    def draw(self) -> None:
        """Draw at the flowable's place."""
        self.canv.setFont(REGULAR, 6.5)
        self.canv.setFillColor(black)
        self.canv.drawString(0, 2, "lower")
        left, width = 8 * mm, 40 * mm
        self.canv.drawImage(self._picture, left, 1, width, 6)
        self.canv.drawString(left + width + 4, 2, "higher attention")


def _draw_scale_bar(
    flowable: Flowable,
    bar: tuple[float, str],
    *,
    x: float,
    y: float,
    edge_pt: float,
    size_pt: float,
) -> None:
    part, label = bar
    canvas, length = flowable.canv, part * edge_pt
    width = max(length, pdf_width(label, size_pt=size_pt))
    canvas.setFillColor(white)
    canvas.rect(x - 2, y - 2, width + 4, size_pt + 6, stroke=0, fill=1)
    canvas.setFillColor(black)
    canvas.rect(x, y, length, 1.4, stroke=0, fill=1)
    canvas.setFont(REGULAR, size_pt)
    canvas.drawString(x, y + 4, label)


def _broken(text: str, *, width_pt: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if pdf_width(longer, size_pt=6.5, bold=True) <= width_pt:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _side_by_side(panels: Sequence[Pixels], *, gap_share: float) -> Pixels:
    """Panels in a row with white between them: one picture in the PDF instead of eight."""
    edge = panels[0].shape[0]
    gap = np.full((edge, round(gap_share * edge), 3), 255, np.uint8)
    return np.hstack([p for panel in panels for p in (panel, gap)][:-1])


def _jpeg(picture: Pixels) -> ImageReader:
    """A picture as JPEG, which a PDF takes as it is: far smaller, and no different to the eye."""
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(
        buffer, format="JPEG", quality=JPEG_QUALITY, subsampling=0
    )
    buffer.seek(0)
    return ImageReader(buffer)
