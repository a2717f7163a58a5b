"""Writes the PDF report on the sperm of one video, with the times of UTC."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from rostfine_core.domain import Assessment, LeftOut, VideoSection, finish
from rostfine_core.export import sample_report
from rostfine_core.report import ReportStyle, write_report_pdf
from rostfine_core.result_files import report_json


def write_pdf(
    path: Path,
    assessments: Sequence[Assessment],
    *,
    left_out: Sequence[LeftOut] = (),
    language: str = "en",
) -> None:
    """Write ``path``; without assessments there is nothing to report."""
    videos = [VideoSection.of(assessments, left_out=left_out)] if assessments else []
    report = sample_report(videos)
    style = ReportStyle(language=language, zone=UTC)
    finish(write_report_pdf(path, report, content=report_json(report), style=style))
