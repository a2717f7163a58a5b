"""The acceptance report as PDF: verdict, plan, every check, cautions, room for two signatures."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table
from reportlab.platypus.flowables import Flowable

from rostfine_core.acceptance.record import NOT_AN_APPROVAL, Acceptance, Check, CheckOutcome, Stage
from rostfine_core.domain import DISCLAIMER_AI_GRADE
from rostfine_core.files import atomic_write
from rostfine_core.report.document import FrontMatter, ReportDocument
from rostfine_core.report.fonts import one_line, prepare_reportlab
from rostfine_core.report.identity import time_in_words
from rostfine_core.report.layout import GRID, WIDTH_PT, pairs, signature_line, text
from rostfine_core.report.wording import PROGRAM, Rows

TITLE = "Acceptance report"
LONGEST_CELL = 700
COLUMNS_PT = (46 * mm, 43 * mm, 73 * mm, 18 * mm)
SHOWN_PACKAGES = ("torch", "numpy", "av")


def write_acceptance_pdf(path: Path, acceptance: Acceptance) -> None:
    """Write the report; the same record gives the same bytes.

    Raises:
        StoreError: the file cannot be written.
    """
    prepare_reportlab()
    lab = one_line(acceptance.plan.lab)
    story = [*_front(acceptance), *_tables(acceptance), *_end(acceptance)]
    with atomic_write(path) as temporary:
        document = ReportDocument(
            temporary,
            FrontMatter(
                title=TITLE,
                heading=TITLE,
                corner=lab,
                author=one_line(acceptance.plan.operator),
                subject=f"{DISCLAIMER_AI_GRADE} {acceptance.notice}",
                notice=acceptance.notice,
                software_version=acceptance.software_version,
                created_utc=acceptance.created_utc,
            ),
            language="en",
        )
        document.write(story)


def _front(acceptance: Acceptance) -> list[Flowable]:
    plan, made_in = acceptance.plan, acceptance.environment
    packages = ", ".join(f"{n} {made_in['packages'].get(n)}" for n in SHOWN_PACKAGES)
    rows: Rows = [
        ("Laboratory", plan.lab),
        ("Performed by", plan.operator),
        ("Time", time_in_words(acceptance.created_utc)),
        ("Software", f"{PROGRAM} {acceptance.software_version}; {packages}"),
        ("Machine", f"{made_in['platform']}, {made_in['processor']}, {made_in['cores']} cores"),
        ("GPU used by PyTorch", made_in["cuda_device"] or "none"),
        ("Model", acceptance.model),
        ("Labelled clips", plan.data),
        ("Plan, SHA-256", acceptance.plan_sha256),
    ]
    return [
        text(TITLE, "title"),
        Spacer(1, 2 * mm),
        text(acceptance.verdict, "heading"),
        Spacer(1, 1 * mm),
        text(NOT_AN_APPROVAL),
        Spacer(1, 3 * mm),
        pairs(rows, str, widths=(38 * mm, WIDTH_PT - 38 * mm)),
    ]


def _tables(acceptance: Acceptance) -> list[Flowable]:
    parts: list[Flowable] = []
    for stage in Stage:
        checks = [c for c in acceptance.checks if c.stage is stage]
        parts += [Spacer(1, 5 * mm), text(stage.heading, "heading"), Spacer(1, 1 * mm)]
        parts.append(_table(checks))
    return parts


def _table(checks: Sequence[Check]) -> Table:
    heads = [text(h, "small", bold=True) for h in ("Check", "Expected", "Measured", "Result")]
    rows = [
        [
            *(text(t, "small", limit=LONGEST_CELL) for t in (c.name, c.expected, c.measured)),
            text(c.outcome.value, bold=c.outcome in (CheckOutcome.FAILED, CheckOutcome.NOT_RUN)),
        ]
        for c in checks
    ]
    return Table([heads, *rows], colWidths=list(COLUMNS_PT), style=GRID, repeatRows=1)


def _end(acceptance: Acceptance) -> list[Flowable]:
    parts: list[Flowable] = [Spacer(1, 5 * mm)]
    if acceptance.cautions:
        parts += [text("What must be said beside the scores", "heading"), Spacer(1, 1 * mm)]
        parts += [text(caution) for caution in acceptance.cautions]
    parts.append(signature_line(acceptance.plan.operator, "Performed by", str))
    parts.append(signature_line("", "Reviewed by", str))
    return parts
