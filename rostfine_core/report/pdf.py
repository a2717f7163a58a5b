"""Writes the PDF report: A4, a summary first, notes on every page, its results attached.

The same records and the same style give the same bytes.
"""

import itertools
from pathlib import Path

from reportlab.platypus import Paragraph
from reportlab.platypus.flowables import Flowable

from rostfine_core.domain import LongJob, Progress, SampleReport, shared_flags
from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.report.document import FrontMatter, ReportDocument
from rostfine_core.report.fonts import one_line, prepare_reportlab, shortened
from rostfine_core.report.identity import state_in_words
from rostfine_core.report.layout import LONGEST_NAME, SPERM_STYLE, distinct
from rostfine_core.report.sample_pages import technical_pages
from rostfine_core.report.sperm_pages import sperm_section
from rostfine_core.report.style import DEFAULT_STYLE, ReportStyle
from rostfine_core.report.summary_page import summary_page
from rostfine_core.report.wording import (
    NOT_GIVEN,
    NOTHING_TO_REPORT,
    REPORT_TITLE,
    model_notice,
    required_notices,
    sperm_in_words,
)

CONTENT_NAME = "report.json"


def write_report_pdf(
    path: Path, report: SampleReport, *, content: bytes, style: ReportStyle = DEFAULT_STYLE
) -> LongJob[None]:
    """Write the report on a sample: its summary, then the technical pages of each video.

    Args:
        path: the file to write.
        report: what is shown.
        content: all results as JSON (``result_files.report_json``), which is attached; its SHA-256
            stands on every page.
        style: colours, language and time zone.

    Raises:
        StoreError: there is nothing to report, or the file cannot be written.
    """
    if not report.assessments:
        raise StoreError(NOTHING_TO_REPORT)
    prepare_reportlab()
    front, say = _front_matter(report, content, style), style.say
    story: list[Flowable] = summary_page(
        report, say, zone=style.zone, content_sha256=front.content_sha256
    )
    total = len(report.assessments)
    done = itertools.count()
    for section in report.videos:
        story += technical_pages(section, say)
        shared = shared_flags(section.assessments)
        for assessment in section.assessments:
            yield Progress(stage=marked("drawing"), done=next(done), total=total)
            story += sperm_section(
                assessment, say, paint=style.paint, zone=style.zone, shared=shared
            )
    yield Progress(stage=marked("drawing"), done=total, total=total)
    with atomic_write(path) as temporary:
        _Report(temporary, report, front, style).write(story)


def _front_matter(report: SampleReport, content: bytes, style: ReportStyle) -> FrontMatter:
    assessments, say = report.assessments, style.say
    samples = say(distinct(one_line(a.sample.sample) or NOT_GIVEN for a in assessments))
    return FrontMatter(
        title=say(Message("{title}, sample {sample}", title=REPORT_TITLE, sample=samples)),
        heading=say(REPORT_TITLE),
        corner=shortened(say(Message("Sample {name}", name=samples)), LONGEST_NAME),
        author=one_line(assessments[0].sample.operator),
        subject=" ".join(map(say, required_notices(assessments))),
        notice=model_notice(assessments),
        software_version=one_line(assessments[0].provenance.software_version),
        created_utc=max(a.provenance.created_utc for a in assessments),
        zone=style.zone,
        state=one_line(say(state_in_words(report.identity))),
        content=content,
        content_name=CONTENT_NAME,
    )


class _Report(ReportDocument):
    """The report's document, with an outline entry per sperm, whose name is on all its pages."""

    def __init__(
        self, path: Path, report: SampleReport, front: FrontMatter, style: ReportStyle
    ) -> None:
        super().__init__(path, front, language=style.language)
        self._words = style.say
        self._unlisted = iter(report.assessments)

    def afterFlowable(self, flowable: Flowable) -> None:
        """Add each sperm's heading to the outline, and to the top of its pages."""
        if isinstance(flowable, Paragraph) and flowable.style.name == SPERM_STYLE:
            assessment = next(self._unlisted)
            key = f"sperm-{self.page}"
            self.canv.bookmarkPage(key)
            self.topic = one_line(self._words(sperm_in_words(assessment)))
            self.canv.addOutlineEntry(self.topic, key)
