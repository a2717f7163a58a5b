"""Writes the PDF report: A4, notes on every page, the same bytes for the same records."""

import re
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.catalogue import saying_in
from rostfine_core.domain import DISCLAIMER_AI_GRADE, Assessment, LeftOut
from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message, Say
from rostfine_core.report.charts import LINE
from rostfine_core.report.fonts import (
    cut_to_width,
    one_line,
    pdf_width,
    prepare_reportlab,
    shortened,
)
from rostfine_core.report.layout import LONGEST_NAME, SPERM_STYLE, WIDTH_PT, distinct
from rostfine_core.report.notice import NoticeBand, write_line
from rostfine_core.report.sample_pages import (
    left_out_block,
    sample_block,
    signature_block,
    summary_table,
)
from rostfine_core.report.sperm_pages import sperm_section
from rostfine_core.report.wording import (
    NOT_GIVEN,
    NOTHING_TO_REPORT,
    PROGRAM,
    REPORT_TITLE,
    model_notice,
    required_notices,
    sperm_in_words,
    time_in_words,
)

SOFT = HexColor("#5A6470")
MARGIN_PT = 15 * mm
HEADER_PT, BANNER_PT, FOOTER_PT = 18 * mm, 7 * mm, 19 * mm
TOTAL_WIDTH_PT = 5 * mm
TOTAL_PAGES = "total-pages"


def write_report_pdf(
    path: Path,
    assessments: Sequence[Assessment],
    *,
    left_out: Sequence[LeftOut] = (),
    paint: Paint = DEFAULT_PAINT,
    language: str = "en",
) -> None:
    """Write the report on the sperm of a sample, naming those that it leaves out.

    ``language`` is one of ``catalogue.LANGUAGES``. The file contains no time other than those of
    the records, so the same records give the same bytes.

    Raises:
        StoreError: there is nothing to report, or the file cannot be written.
    """
    if not assessments:
        raise StoreError(NOTHING_TO_REPORT)
    prepare_reportlab()
    say = saying_in(language)
    story: list[Flowable] = [
        *sample_block(assessments, say),
        *summary_table(assessments, say),
        *left_out_block(left_out, say),
        signature_block(assessments, say),
    ]
    for assessment in assessments:
        story += sperm_section(assessment, say, paint=paint)
    with atomic_write(path) as temporary:
        report = _Report(temporary, assessments, language=language)
        report.build(story, canvasmaker=_NumberedCanvas)


class _Report(BaseDocTemplate):
    """An A4 document with the program's header and footer, and an outline entry per sperm."""

    def __init__(self, path: Path, assessments: Sequence[Assessment], *, language: str) -> None:
        self._say = say = saying_in(language)
        samples = _samples(assessments, say)
        title = Message("{title}, sample {sample}", title=REPORT_TITLE, sample=samples)
        super().__init__(
            str(path),
            pagesize=A4,
            invariant=1,
            lang=language,
            title=f"{PROGRAM}: {say(title)}",
            author=one_line(assessments[0].sample.operator),
            subject=" ".join(map(say, required_notices(assessments))),
            creator=_program(assessments),
        )
        self._assessments = assessments
        sample = shortened(say(Message("Sample {name}", name=samples)), LONGEST_NAME)
        self._sample = cut_to_width(sample, size_pt=9, width_pt=WIDTH_PT / 2)
        self._unlisted = iter(assessments)
        self._notice = model_notice(assessments)
        height = A4[1] - HEADER_PT - FOOTER_PT - BANNER_PT
        frame = Frame(MARGIN_PT, FOOTER_PT, WIDTH_PT, height, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPage=self._decorate))

    def beforeDocument(self) -> None:
        """Date the file by its records, not by the clock."""
        digits = re.sub(r"\D", "", max(a.provenance.created_utc for a in self._assessments))
        self.canv.setDateFormatter(lambda *_: f"D:{digits[:14]}Z")

    def afterFlowable(self, flowable: Flowable) -> None:
        """Add each sperm's heading to the outline."""
        if isinstance(flowable, Paragraph) and flowable.style.name == SPERM_STYLE:
            assessment = next(self._unlisted)
            key = f"sperm-{self.page}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(one_line(self._say(sperm_in_words(assessment))), key)

    def _decorate(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        """Draw the header and footer of a page."""
        canvas.saveState()
        self._draw_header(canvas)
        self._draw_footer(canvas, document.page)
        canvas.restoreState()

    def _draw_header(self, canvas: Canvas) -> None:
        right, y = MARGIN_PT + WIDTH_PT, A4[1] - 13 * mm
        write_line(canvas, MARGIN_PT, y, f"{PROGRAM} · {self._say(REPORT_TITLE)}", bold=True)
        write_line(canvas, right - pdf_width(self._sample, size_pt=9), y, self._sample)
        canvas.setStrokeColor(black)
        canvas.line(MARGIN_PT, y - 2 * mm, right, y - 2 * mm)
        NoticeBand(self._notice, self._say).drawOn(canvas, MARGIN_PT, y - 9 * mm)

    def _draw_footer(self, canvas: Canvas, page: int) -> None:
        y = FOOTER_PT - 7 * mm
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN_PT, y + 4 * mm, MARGIN_PT + WIDTH_PT, y + 4 * mm)
        disclaimer = self._say(Message(DISCLAIMER_AI_GRADE))
        write_line(canvas, MARGIN_PT, y, disclaimer, size_pt=7.5, bold=True)
        last = max(a.provenance.created_utc for a in self._assessments)
        made = f"{_program(self._assessments)} · {time_in_words(last)}"
        canvas.setFillColor(SOFT)
        write_line(canvas, MARGIN_PT, y - 4 * mm, made, size_pt=7)
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


def _samples(assessments: Sequence[Assessment], say: Say) -> str:
    return say(distinct(one_line(a.sample.sample) or NOT_GIVEN for a in assessments))


def _program(assessments: Sequence[Assessment]) -> str:
    return f"{PROGRAM} {assessments[0].provenance.software_version}"
