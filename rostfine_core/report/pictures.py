"""The pictures of one sperm as parts of a page: the crop, the film and its colour scale.

Pictures are rasters; the frame numbers, titles and scale bars around them are text and vectors.
"""

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
from PIL import Image
from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import Pixels, enlarged
from rostfine_core.domain import Assessment
from rostfine_core.messages import Say
from rostfine_core.report.film import (
    HIGHER,
    LOWER,
    ROW_TITLES,
    AttentionFilm,
    frame_lines,
    scale_bar,
)
from rostfine_core.report.fonts import REGULAR, pdf_width, wrapped
from rostfine_core.report.layout import WIDTH_PT
from rostfine_core.report.notice import write_line

COLUMNS = 8
LABEL_PT = 21 * mm
STEP_PT = (WIDTH_PT - LABEL_PT) / COLUMNS
PANEL_PT = STEP_PT * 216 / 223  # with gaps of 7 where panels are 216 pixels wide
GAP_PT = STEP_PT - PANEL_PT
LINE_PT = 7
JPEG_QUALITY = 90
DrawPicture = Callable[[Canvas, Pixels, tuple[float, float, float, float]], None]
"""Draws a picture in an area of a page: left, bottom, width and height in points."""


class CropPicture(Flowable):
    """The first frame's crop, enlarged, with a scale bar."""

    def __init__(self, assessment: Assessment, *, edge_pt: float) -> None:
        super().__init__()
        self.width = self.height = edge_pt
        image = assessment.clip.images[0]
        self._picture = _jpeg(enlarged(image, edge_px=450))
        self._bar = scale_bar(assessment.clip.boxes[0].size_px, assessment.provenance.um_per_px)

    def draw(self) -> None:
        """Draw at the flowable's place."""
        self.canv.drawImage(self._picture, 0, 0, self.width, self.height)
        _draw_scale_bar(self, self._bar, x=2.5 * mm, y=2.5 * mm, edge_pt=self.width, size_pt=7)


class FilmBand(Flowable):
    """Up to eight columns of a film: frame and time above, the rows' titles on the left.

    Eight columns fill the width of the page; fewer have the same size and leave room beside them.

    Args:
        film: the pictures.
        say: words the titles and labels.
        columns: which columns of the film to draw.
        scale: the scale bar of the clip's first frame, see ``film.scale_bar``.
        draw_picture: draws a row of pictures on the page.
    """

    def __init__(
        self,
        film: AttentionFilm,
        say: Say,
        columns: range,
        *,
        scale: tuple[float, str],
        draw_picture: DrawPicture,
    ) -> None:
        super().__init__()
        self._draw_picture = draw_picture
        lines = [frame_lines(film.boxes[c]) for c in columns]
        self._labels = [(time, "" if status is None else say(status)) for time, status in lines]
        has_status = any(status is not None for _, status in lines)
        self._head_pt = LINE_PT * (1 + has_status) + 2
        self._titles = [say(title) for title in ROW_TITLES[: len(film.rows)]]
        self._scale = scale if 0 in columns else None
        self._rows = [_side_by_side([row[c] for c in columns]) for row in film.rows]
        self.width = LABEL_PT + len(columns) * STEP_PT
        self.height = len(film.rows) * STEP_PT + self._head_pt

    def draw(self) -> None:
        """Draw at the flowable's place."""
        for column, lines in enumerate(self._labels):
            for row, line in enumerate(lines):
                y = self.height - 6.5 - row * LINE_PT
                self._write_label(line, LABEL_PT + column * STEP_PT, y)
        width = len(self._labels) * STEP_PT - GAP_PT
        for row, (title, picture) in enumerate(zip(self._titles, self._rows, strict=True)):
            bottom = self.height - self._head_pt - (row + 1) * STEP_PT + GAP_PT
            self._draw_picture(self.canv, picture, (LABEL_PT, bottom, width, PANEL_PT))
            self._write_title(title, bottom + PANEL_PT / 2)
        if self._scale is not None:  # beside the first frame, to cover none of it
            y = self.height - self._head_pt - PANEL_PT
            _draw_scale_bar(self, self._scale, x=0, y=y, edge_pt=PANEL_PT, size_pt=6.5)

    def _write_label(self, text: str, x: float, y: float) -> None:
        """Write in the middle of a column, smaller where it would touch the next one's."""
        widest = 0.9 * PANEL_PT
        size = min(6.5, 6.5 * widest / max(pdf_width(text, size_pt=6.5), 1))
        self.canv.setFillColor(black)
        left = x + (PANEL_PT - pdf_width(text, size_pt=size)) / 2
        write_line(self.canv, left, y, text, size_pt=size)

    def _write_title(self, title: str, middle: float) -> None:
        self.canv.setFillColor(black)
        lines = wrapped(title, size_pt=6.5, width_pt=LABEL_PT - 4, bold=True)
        for i, line in enumerate(lines):
            y = middle + 4 * (len(lines) - 1) - 8 * i - 2
            write_line(self.canv, 0, y, line, size_pt=6.5, bold=True)


class ColourBar(Flowable):
    """The colour scale of a film between the words "lower" and "higher attention"."""

    def __init__(self, film: AttentionFilm, say: Say) -> None:
        super().__init__()
        self.width, self.height = 70 * mm, 9
        self._picture = ImageReader(Image.fromarray(np.repeat(film.bar[None], 8, axis=0)))
        self._lower, self._higher = say(LOWER), say(HIGHER)

    def draw(self) -> None:
        """Draw at the flowable's place."""
        self.canv.setFillColor(black)
        write_line(self.canv, 0, 2, self._lower, size_pt=6.5)
        left, width = 8 * mm, 40 * mm
        self.canv.drawImage(self._picture, left, 1, width, 6)
        write_line(self.canv, left + width + 4, 2, self._higher, size_pt=6.5)


def draw_jpeg(canvas: Canvas, picture: Pixels, area: tuple[float, float, float, float]) -> None:
    """Draw a picture on a PDF page, as JPEG."""
    canvas.drawImage(_jpeg(picture), *area)


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


def _side_by_side(panels: Sequence[Pixels]) -> Pixels:
    """Panels in a row with white between them: one picture in the PDF instead of eight."""
    edge = panels[0].shape[0]
    gap = np.full((edge, round(edge * GAP_PT / PANEL_PT), 3), 255, np.uint8)
    return np.hstack([p for panel in panels for p in (panel, gap)][:-1])


def _jpeg(picture: Pixels) -> ImageReader:
    return as_jpeg(Image.fromarray(np.ascontiguousarray(picture)))


def as_jpeg(picture: Image.Image) -> ImageReader:
    """A picture as JPEG, which a PDF embeds as it is: far smaller, with no visible difference."""
    buffer = BytesIO()
    picture.save(buffer, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    buffer.seek(0)
    return ImageReader(buffer)
