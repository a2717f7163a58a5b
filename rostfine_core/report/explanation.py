"""Draws ``explanation.png``: where the network looked at one sperm, its grade and the notes.

The picture is a PDF page made of the report's parts, drawn by PDFium and cut below its last line.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Spacer
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import Pixels
from rostfine_core.certainty import (
    calibration_in_words,
    ranges_in_words,
    spread_in_words,
)
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    Assessment,
    Severity,
    with_micro_sign,
)
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.attention_block import attention_block
from rostfine_core.report.fonts import one_line, prepare_reportlab
from rostfine_core.report.identity import time_in_words
from rostfine_core.report.layout import LONGEST_NAME, WIDTH_PT, text
from rostfine_core.report.notice import NoticeBand
from rostfine_core.report.page_images import draw_page
from rostfine_core.report.pictures import PANEL_PT
from rostfine_core.report.style import DEFAULT_STYLE, ReportStyle
from rostfine_core.report.wording import (
    PROGRAM,
    by_severity,
    entropy_in_words,
    expected_in_words,
    marked_doubtful,
    model_notice,
    reason_in_words,
    required_notices,
    share,
    sperm_in_words,
    votes_in_words,
)

PANEL_PX = 216
PX_PER_PT = PANEL_PX / PANEL_PT
MARGIN_PT = 3 * mm
WIDTH_PX = round((WIDTH_PT + 2 * MARGIN_PT) * PX_PER_PT)
MOST_PX = 56_000  # as high as a PDF page may be
PAGE_PT = ((WIDTH_PX - 0.1) / PX_PER_PT, (MOST_PX - 0.1) / PX_PER_PT)  # PDFium rounds up
GAP_PT = 2 * mm


def write_explanation(
    path: Path, assessment: Assessment, *, style: ReportStyle = DEFAULT_STYLE
) -> None:
    """Write ``explanation_figure`` as PNG; the notes are also in the file's metadata.

    Raises:
        StoreError: the file cannot be written.
    """
    say = style.say
    facts = PngInfo()
    facts.add_itxt("Software", one_line(f"{PROGRAM} {assessment.provenance.software_version}"))
    facts.add_itxt("Title", one_line(say(_title(assessment))))
    of_maps = assessment.provenance.model.attention_notices
    notices = (*required_notices([assessment]), *map(Message, of_maps))
    facts.add_itxt("Disclaimer", " ".join(map(say, notices)))
    figure = explanation_figure(assessment, style=style)
    with atomic_write(path) as temporary:
        figure.save(temporary, format="PNG", pnginfo=facts, compress_level=3)


def explanation_figure(
    assessment: Assessment, *, style: ReportStyle = DEFAULT_STYLE
) -> Image.Image:
    """Draw where the network looked, with the grade, all flags and all notes.

    A band holds at most eight frames; further frames go into bands below it.
    """
    prepare_reportlab()
    say, end, panels = style.say, _End(), _Panels()
    story = [
        *_head(assessment, say),
        *attention_block(
            assessment,
            say,
            paint=style.paint,
            edge_px=PANEL_PX,
            draw_picture=panels.take,
            has_room=True,
        ),
        *_notes(assessment, style),
        end,
    ]
    pdf = _one_page(story)
    page = draw_page(pdf, scale=PX_PER_PT, cut_pt=end.bottom_pt - MARGIN_PT)
    return panels.pasted(Image.fromarray(page))


class _End(Flowable):
    """Records where the last part ends, in points from the bottom of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.width = self.height = 0
        self.bottom_pt = 0.0

    def draw(self) -> None:
        """Record the position."""
        _, self.bottom_pt = self.canv.absolutePosition(0, 0)


class _Panels:
    """Keeps the film's pictures, to paste them into the finished page.

    In a PDF every pixel would be resampled, and compressing them would take most of the time.
    """

    def __init__(self) -> None:
        self._taken: list[tuple[Pixels, int, int]] = []

    def take(
        self, canvas: Canvas, picture: Pixels, area: tuple[float, float, float, float]
    ) -> None:
        """Keep a picture for its area of the page."""
        left, bottom, _, height = area
        x_pt, y_pt = canvas.absolutePosition(left, bottom + height)
        x, y = round(x_pt * PX_PER_PT), MOST_PX - round(y_pt * PX_PER_PT)
        self._taken.append((picture, x, y))

    def pasted(self, page: Image.Image) -> Image.Image:
        """The page with all pictures pasted in."""
        for picture, x, y in self._taken:
            page.paste(Image.fromarray(picture), (x, y))
        return page


def _one_page(story: Sequence[Flowable]) -> bytes:
    """A PDF of one page, filled from the top."""
    written = BytesIO()
    document = BaseDocTemplate(written, pagesize=PAGE_PT, invariant=1)
    height = PAGE_PT[1] - 2 * MARGIN_PT
    frame = Frame(MARGIN_PT, MARGIN_PT, WIDTH_PT, height, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(list(story))
    return written.getvalue()


def _title(assessment: Assessment) -> Message:
    sample = assessment.sample.sample
    parts = [sperm_in_words(assessment)]
    if sample:
        parts.append(Message("sample {name}", name=sample))
    return joined(parts, " · ")


def _head(assessment: Assessment, say: Say) -> list[Flowable]:
    """The grade and all flags, as the picture may be passed on without the report."""
    prediction = assessment.prediction
    grade = prediction.grade
    votes = Message("Predicted votes of the panel: {votes}", votes=votes_in_words(grade))
    votes = marked_doubtful(votes, is_doubtful=assessment.has_warnings)
    numbers = Message(
        "Expected grade {expected}; votes A or B {share}; disagreement {entropy}; {spread}",
        expected=expected_in_words(grade),
        share=share(grade.p_a_or_b),
        entropy=entropy_in_words(grade),
        spread=spread_in_words(prediction),
    )
    sure = Message(
        "Ranges: {ranges}; calibration: {calibration}",
        ranges=ranges_in_words(prediction),
        calibration=calibration_in_words(prediction),
    )
    flags = (
        text(
            with_micro_sign(say(reason_in_words(flag))),
            "small",
            bold=flag.severity is Severity.WARNING,
        )
        for flag in by_severity(assessment.flags)
    )
    return [
        text(say(_title(assessment)), "heading", limit=LONGEST_NAME),
        Spacer(1, GAP_PT / 2),
        text(say(votes), "small"),
        text(say(numbers), "small"),
        text(say(sure), "small"),
        *flags,
        Spacer(1, GAP_PT),
    ]


def _notes(assessment: Assessment, style: ReportStyle) -> list[Flowable]:
    made, say = assessment.provenance, style.say
    facts = joined(
        (
            f"{PROGRAM} {made.software_version}",
            Message("model {name}", name=made.model.file_name),
            Message("video {name}", name=made.video_name),
            time_in_words(made.created_utc, style.zone),
        ),
        " · ",
    )
    return [
        Spacer(1, GAP_PT),
        NoticeBand(model_notice([assessment]), say),
        Spacer(1, GAP_PT / 2),
        text(say(Message(DISCLAIMER_AI_GRADE)), "small", bold=True),
        text(say(facts), "tiny"),
    ]
