"""Writes the PDF report: A4, notes on every page, the same bytes for the same records."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.platypus import Paragraph
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.catalogue import saying_in
from rostfine_core.domain import Assessment, LeftOut
from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message, Say
from rostfine_core.report.document import FrontMatter, ReportDocument
from rostfine_core.report.fonts import one_line, prepare_reportlab, shortened
from rostfine_core.report.layout import LONGEST_NAME, SPERM_STYLE, distinct
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
    REPORT_TITLE,
    model_notice,
    required_notices,
    sperm_in_words,
)


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
        _Report(temporary, assessments, language=language).write(story)


class _Report(ReportDocument):
    """The report's document, with an outline entry per sperm, whose name is on all its pages."""

    def __init__(self, path: Path, assessments: Sequence[Assessment], *, language: str) -> None:
        say = saying_in(language)
        samples = _samples(assessments, say)
        title = Message("{title}, sample {sample}", title=REPORT_TITLE, sample=samples)
        super().__init__(
            path,
            FrontMatter(
                title=say(title),
                heading=say(REPORT_TITLE),
                corner=shortened(say(Message("Sample {name}", name=samples)), LONGEST_NAME),
                author=one_line(assessments[0].sample.operator),
                subject=" ".join(map(say, required_notices(assessments))),
                notice=model_notice(assessments),
                software_version=assessments[0].provenance.software_version,
                created_utc=max(a.provenance.created_utc for a in assessments),
            ),
            language=language,
        )
        self._words = say
        self._unlisted = iter(assessments)

    def afterFlowable(self, flowable: Flowable) -> None:
        """Add each sperm's heading to the outline, and to the top of its pages."""
        if isinstance(flowable, Paragraph) and flowable.style.name == SPERM_STYLE:
            assessment = next(self._unlisted)
            key = f"sperm-{self.page}"
            self.canv.bookmarkPage(key)
            self.topic = one_line(self._words(sperm_in_words(assessment)))
            self.canv.addOutlineEntry(self.topic, key)


def _samples(assessments: Sequence[Assessment], say: Say) -> str:
    return say(distinct(one_line(a.sample.sample) or NOT_GIVEN for a in assessments))
