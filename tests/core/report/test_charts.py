"""The value above a bar is readable however high the bar is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import white

from rostfine_core.domain import GradeDistribution
from rostfine_core.report.charts import HATCH_PT, _add_hatched_bar, histogram
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


@pytest.mark.requirement("R-90")
@given(st.floats(0.5, 60), st.floats(0.1, 90))
def test_the_bars_of_a_doubtful_grade_are_hatched_inside_their_outline(
    width: float, height: float
) -> None:
    drawing = Drawing(200, 200)
    _add_hatched_bar(drawing, 10, 20, width, height)
    (outline,) = (part for part in drawing.contents if isinstance(part, Rect))
    lines = [part for part in drawing.contents if isinstance(part, Line)]
    assert outline.fillColor == white
    assert len(lines) >= (width + height) / HATCH_PT - 1
    for line in lines:
        assert line.x2 - line.x1 == pytest.approx(line.y2 - line.y1)
        for x, y in ((line.x1, line.y1), (line.x2, line.y2)):
            assert 10 - 1e-9 <= x <= 10 + width + 1e-9
            assert 20 - 1e-9 <= y <= 20 + height + 1e-9
