"""What a lab keeps of its assessments: the PDF report, the table and the explanation figure."""

from rostfine_core.report.figures import explanation_figure, write_explanation
from rostfine_core.report.pdf import write_report_pdf
from rostfine_core.report.table import write_report_csv

__all__ = ["explanation_figure", "write_explanation", "write_report_csv", "write_report_pdf"]
