"""What all parts of the PDF share: its width, paragraph styles, table styles and captions."""

from collections.abc import Iterable
from functools import cache

from reportlab.lib.colors import HexColor, black
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable, KeepTogether

from rostfine_core.marking import marked
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.charts import LINE
from rostfine_core.report.fonts import BOLD, REGULAR, is_wide, markup, shortened
from rostfine_core.report.wording import Rows, Words, in_words

WIDTH_PT = 180 * mm
LONGEST_TEXT, LONGEST_CELL, LONGEST_NAME = 3000, 600, 200
"""Characters; a cell is in a narrow column, and a row is never higher than a page."""
SPERM_STYLE = "sperm"
STRONG = ("title", "heading", SPERM_STYLE, "label")
SHADE, FAINT = HexColor("#EEF1F4"), HexColor("#8A929B")
Cell = str | Flowable | list[Flowable]
FLUSH = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *((side, (0, 0), (-1, -1), 0) for side in ("LEFTPADDING", "TOPPADDING", "BOTTOMPADDING")),
    ]
)
TIGHT = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0.6),
    ]
)
LINES = TableStyle(
    [
        *TIGHT.getCommands(),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, LINE),
        ("LINEABOVE", (0, 0), (-1, 0), 0.7, black),
    ]
)
GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LINEABOVE", (0, 0), (-1, 0), 0.7, black),
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
        *((side, (0, 0), (-1, -1), 2) for side in ("LEFTPADDING", "RIGHTPADDING")),
        *((side, (0, 0), (-1, -1), 2.2) for side in ("TOPPADDING", "BOTTOMPADDING")),
    ]
)


@cache
def _style(name: str, *, breaks_anywhere: bool) -> ParagraphStyle:
    """A paragraph style by name; ``breaks_anywhere`` lets lines break next to any character."""
    sizes = {
        "title": 16,
        "heading": 12.5,
        "doubtful": 12.5,
        "small doubtful": 8.5,
        SPERM_STYLE: 14,
        "label": 8.5,
        "body": 8.5,
        "small": 7,
        "cell doubtful": 7,
        "tiny": 6.2,
    }
    size = sizes[name]
    return ParagraphStyle(
        name,
        fontName=BOLD if name in STRONG else REGULAR,
        fontSize=size,
        leading=1.28 * size,
        splitLongWords=1,
        textColor=FAINT if name.endswith("doubtful") else black,
        wordWrap="CJK" if breaks_anywhere else None,
    )


def text(
    content: str, style: str = "body", *, bold: bool = False, limit: int = LONGEST_TEXT
) -> Paragraph:
    """A paragraph of plain text: escaped, in fonts that have its characters.

    Text longer than ``limit`` characters ends in an ellipsis, so that every row fits on a page;
    the CSV table and ``assessment.json`` hold the whole text.
    """
    strong = bold or style in STRONG
    shown = shortened(content, limit)
    style_used = _style(style, breaks_anywhere=any(map(is_wide, shown)))
    return Paragraph(markup(shown, bold=strong), style_used)


def titled(title: str, *parts: Flowable) -> KeepTogether:
    """A title kept on one page with its parts, if they fit on a page."""
    return KeepTogether([text(title, "label"), Spacer(1, 1 * mm), *parts])


def pairs(rows: Rows, say: Say, *, widths: tuple[float, float]) -> Table:
    """Names and values as a table; values are in body size, cut to ``LONGEST_NAME``."""
    cells = [
        [text(in_words(name, say), "small"), text(in_words(value, say), limit=LONGEST_NAME)]
        for name, value in rows
    ]
    return Table(cells, colWidths=list(widths), style=TIGHT)


def tiny_pairs(
    rows: Rows, say: Say, *, widths: tuple[float, float], limit: int = LONGEST_TEXT
) -> Table:
    """Names and values as a table in the smallest size, values cut to ``limit``."""
    cells = [
        [
            text(in_words(name, say), "tiny", bold=True),
            text(in_words(value, say), "tiny", limit=limit),
        ]
        for name, value in rows
    ]
    return Table(cells, colWidths=list(widths), style=TIGHT)


def signature_line(name: str, role: str, say: Say) -> Flowable:
    """Room for a person's signature and date; the name may be empty."""
    below, signature, date = (
        text(words, "small")
        for words in (role, say(Message(marked("Signature"))), say(Message(marked("Date"))))
    )
    table = Table(
        [[text(name or " ", limit=LONGEST_NAME), "", "", "", ""], [below, "", signature, "", date]],
        colWidths=[62 * mm, 6 * mm, 66 * mm, 6 * mm, 40 * mm],
        rowHeights=[None, 5 * mm],
        style=TableStyle(
            [
                *(("LINEABOVE", (c, 1), (c, 1), 0.7, black) for c in (0, 2, 4)),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
            ]
        ),
    )
    return KeepTogether([Spacer(1, 12 * mm), table])


def distinct(values: Iterable[Words]) -> Message:
    """The distinct values in order of first appearance, as one message."""
    return joined(dict.fromkeys(values))
