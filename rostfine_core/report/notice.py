"""The model's notice as a band across the page, and single lines of text."""

from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus.flowables import Flowable

from rostfine_core.domain import DISCLAIMER_DEMONSTRATION
from rostfine_core.messages import Message, Say
from rostfine_core.report.fonts import pdf_width, runs
from rostfine_core.report.layout import WIDTH_PT

SIZE_PT = 9.0


class NoticeBand(Flowable):
    """The notice required with every result; white on black for a demonstration model."""

    def __init__(self, notice: str, say: Say) -> None:
        super().__init__()
        self.width, self.height = WIDTH_PT, 5.5 * mm
        self._is_demonstration = notice == DISCLAIMER_DEMONSTRATION
        self._words = say(Message(notice))

    def draw(self) -> None:
        """Draw at the flowable's place."""
        is_demonstration = self._is_demonstration
        self.canv.setStrokeColor(black)
        self.canv.setFillColor(black)
        self.canv.rect(
            0, 0, self.width, self.height, stroke=not is_demonstration, fill=is_demonstration
        )
        self.canv.setFillColor(white if is_demonstration else black)
        left = (self.width - pdf_width(self._words, size_pt=SIZE_PT, bold=True)) / 2
        write_line(self.canv, left, 1.6 * mm, self._words, bold=True)
        self.canv.setFillColor(black)


def write_line(
    canvas: Canvas, x: float, y: float, text: str, *, size_pt: float = SIZE_PT, bold: bool = False
) -> None:
    """Write one line of text, each character in a face that has it."""
    for name, stretch in runs(text, bold=bold):
        canvas.setFont(name, size_pt)
        canvas.drawString(x, y, stretch)
        x += canvas.stringWidth(stretch, name, size_pt)
