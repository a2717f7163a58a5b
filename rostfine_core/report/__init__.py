"""Writes what a lab keeps of its assessments: the PDF report, the table and the explanation."""

from rostfine_core.report.csv_table import write_report_csv
from rostfine_core.report.explanation import explanation_figure, write_explanation
from rostfine_core.report.pdf import write_report_pdf
from rostfine_core.report.style import DEFAULT_STYLE, ReportStyle

__all__ = [
    "DEFAULT_STYLE",
    "ReportStyle",
    "explanation_figure",
    "write_explanation",
    "write_report_csv",
    "write_report_pdf",
]
