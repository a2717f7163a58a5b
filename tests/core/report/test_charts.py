"""The value above a bar is readable however high the bar is."""

import numpy as np
import pytest
from reportlab.graphics.shapes import Drawing, Line, Rect, String

from rostfine_core.domain import GradeDistribution
from rostfine_core.report.charts import histogram
from rostfine_core.report.fonts import pdf_width, prepare_reportlab

WORDS = ("best", "good", "neither", "bad", "worst")


def drawn(share: float, grade: int) -> Drawing:
    rest = (1 - share) / 4
    shares = np.full(5, rest)
    shares[grade] = share
    prepare_reportlab()
    a, b, c, d, e = shares.tolist()
    return histogram(
        GradeDistribution((a, b, c, d, e)), width_pt=227, height_pt=105, size_pt=9, meanings=WORDS
    )


@pytest.mark.parametrize("share", [0.44, 0.86, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("grade", [0, 2, 4])
def test_no_line_of_the_scale_strikes_a_value_through(share: float, grade: int) -> None:
    texts, lines, rects = {}, [], []
    for order, part in enumerate(drawn(share, grade).contents):
        if isinstance(part, String):
            texts[order] = part
        elif isinstance(part, Line):
            lines.append((order, part))
        elif isinstance(part, Rect):
            rects.append((order, part))
    (place,) = (o for o, t in texts.items() if t.text == f"{share:.1%}" and t.fontSize == 9)
    label = texts[place]
    right = label.x + pdf_width(label.text, size_pt=9)
    for drawn_at, line in lines:
        if label.y < line.y1 < label.y + 7:
            assert any(
                drawn_at < order < place
                and rect.x <= label.x
                and rect.x + rect.width >= right
                and rect.y <= line.y1 <= rect.y + rect.height
                for order, rect in rects
            )
    for tick in (t for t in texts.values() if t.fontSize == 6):
        assert right < tick.x - pdf_width(tick.text, size_pt=6)
