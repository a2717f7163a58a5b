"""The document of every report: A4, notices on each page, dated by its records."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate
from reportlab.platypus.flowables import Flowable

from rostfine_core.catalogue import saying_in
from rostfine_core.domain import DISCLAIMER_AI_GRADE
from rostfine_core.messages import Message
from rostfine_core.report.attachment import attach
from rostfine_core.report.charts import LINE
from rostfine_core.report.fonts import cut_to_width, pdf_width
from rostfine_core.report.identity import time_in_words
from rostfine_core.report.layout import WIDTH_PT
from rostfine_core.report.notice import NoticeBand, write_line
from rostfine_core.report.wording import PROGRAM

SOFT = HexColor("#5A6470")
MARGIN_PT = 15 * mm
HEADER_PT, BANNER_PT, FOOTER_PT = 18 * mm, 7 * mm, 20.5 * mm
BODY_PT = A4[1] - HEADER_PT - FOOTER_PT - BANNER_PT
"""The height of a page between header and footer."""
TOTAL_WIDTH_PT = 5 * mm
TOTAL_PAGES = "total-pages"


@dataclass(frozen=True, kw_only=True)
class FrontMatter:
    """What a document says of itself.

    ``heading`` and ``corner`` stand at the top of each page, ``notice`` is the model's own and
    ``state`` says which version it is. ``content`` is attached as ``content_name``, and its SHA-256
    stands on each page; empty for none. Times are shown in ``zone``, None being this machine's.
    """

    title: str
    heading: str
    corner: str
    author: str
    subject: str
    notice: str
    software_version: str
    created_utc: str
    zone: tzinfo | None = UTC
    state: str = ""
    content: bytes = b""
    content_name: str = ""

    @cached_property
    def content_sha256(self) -> str:
        """The SHA-256 of the content; "" where there is none."""
        return sha256(self.content).hexdigest() if self.content else ""


class ReportDocument(BaseDocTemplate):
    """An A4 document with the program's header and footer.

    ``topic`` may name what the page is about, beside the corner of each page.
    """

    def __init__(self, path: Path, front: FrontMatter, *, language: str) -> None:
        self._say, self._front = saying_in(language), front
        super().__init__(
            str(path),
            pagesize=A4,
            invariant=1,
            lang=language,
            title=f"{PROGRAM}: {front.title}",
            author=front.author,
            subject=front.subject,
            creator=self._program,
        )
        self.topic = ""
        frame = Frame(MARGIN_PT, FOOTER_PT, WIDTH_PT, BODY_PT, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=self._decorate))

    def write(self, story: Sequence[Flowable]) -> None:
        """Write the file."""
        self.build(list(story), canvasmaker=_NumberedCanvas)

    def beforeDocument(self) -> None:
        """Date the file by its records, not by the clock, and attach what it holds."""
        digits = re.sub(r"\D", "", self._front.created_utc)
        self.canv.setDateFormatter(lambda *_: f"D:{digits[:14]}Z")
        if self._front.content:
            attach(self.canv, self._front.content_name, self._front.content)

    @property
    def _program(self) -> str:
        return f"{PROGRAM} {self._front.software_version}"

    def _decorate(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        """Draw the header and footer of a page, whose topic is known at its end."""
        canvas.saveState()
        self._draw_header(canvas)
        self._draw_footer(canvas, document.page)
        canvas.restoreState()

    def _draw_header(self, canvas: Canvas) -> None:
        right, y = MARGIN_PT + WIDTH_PT, A4[1] - 13 * mm
        write_line(canvas, MARGIN_PT, y, f"{PROGRAM} · {self._front.heading}", bold=True)
        names = [name for name in (self._front.corner, self.topic) if name]
        widest = WIDTH_PT / 2 / max(len(names), 1)
        corner = " · ".join(cut_to_width(name, size_pt=9, width_pt=widest) for name in names)
        write_line(canvas, right - pdf_width(corner, size_pt=9), y, corner)
        canvas.setStrokeColor(black)
        canvas.line(MARGIN_PT, y - 2 * mm, right, y - 2 * mm)
        NoticeBand(self._front.notice, self._say).drawOn(canvas, MARGIN_PT, y - 9 * mm)

    def _draw_footer(self, canvas: Canvas, page: int) -> None:
        y = FOOTER_PT - 7 * mm
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN_PT, y + 4 * mm, MARGIN_PT + WIDTH_PT, y + 4 * mm)
        disclaimer = self._say(Message(DISCLAIMER_AI_GRADE))
        write_line(canvas, MARGIN_PT, y, disclaimer, size_pt=7.5, bold=True)
        made = [self._program, time_in_words(self._front.created_utc, self._front.zone)]
        line = " · ".join([*made, self._front.state] if self._front.state else made)
        canvas.setFillColor(SOFT)
        shown = cut_to_width(line, size_pt=7, width_pt=WIDTH_PT)
        write_line(canvas, MARGIN_PT, y - 4 * mm, shown, size_pt=7)
        if self._front.content:
            hash_line = f"SHA-256 {self._front.content_sha256}"
            write_line(canvas, MARGIN_PT, y - 7.5 * mm, hash_line, size_pt=6.5)
        canvas.setFillColor(black)
        canvas.translate(MARGIN_PT + WIDTH_PT - TOTAL_WIDTH_PT, y)
        counted = self._say(Message("Page {page} of", page=page))
        write_line(canvas, -pdf_width(counted, size_pt=8) - 2, 0, counted, size_pt=8)
        canvas.doForm(TOTAL_PAGES)


class _NumberedCanvas(Canvas):
    """A canvas that fills in the number of pages, known only at the end."""

    def save(self) -> None:
        """Define the form that every footer refers to, then save."""
        self.beginForm(TOTAL_PAGES)
        write_line(self, 0, 0, str(self.getPageNumber() - 1), size_pt=8)
        self.endForm()
        super().save()
