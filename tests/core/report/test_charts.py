"""The value above a bar is readable however high the bar is."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import white
from reportlab.platypus import Paragraph, Table

from rostfine_core.attention import DEFAULT_PAINT
from rostfine_core.domain import GradeDistribution, VideoSection
from rostfine_core.report.charts import BAR, HATCH_PT, _add_hatched_bar, histogram
from rostfine_core.report.fonts import pdf_width, prepare_reportlab
from rostfine_core.report.sample_pages import technical_pages
from rostfine_core.report.sperm_pages import sperm_section
from tests.core.report.conftest import build_assessment

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


def test_ranges_are_lines_and_views_dots_at_their_shares_below_the_value() -> None:
    prediction = build_assessment(sure=True).prediction
    prepare_reportlab()
    drawing = histogram(
        prediction.grade, width_pt=227, height_pt=105, size_pt=9, prediction=prediction
    )
    bars = [p for p in drawing.contents if isinstance(p, Rect) and p.fillColor == BAR]
    full = bars[1].height / prediction.grade.probabilities[1]
    foot = bars[0].y
    upright = [p for p in drawing.contents if isinstance(p, Line) and p.x1 == p.x2]
    drawn_ranges = sorted({((p.y1 - foot) / full, (p.y2 - foot) / full) for p in upright})
    np.testing.assert_allclose(drawn_ranges, sorted(prediction.ranges), atol=1e-9)
    dots = sorted((p.cy - foot) / full for p in drawing.contents if isinstance(p, Circle))
    views = sorted(p for view in prediction.views for p in view.probabilities)
    np.testing.assert_allclose(dots, views, atol=1e-9)
    for place, (_, high) in enumerate(prediction.ranges):
        value = f"{prediction.grade.probabilities[place]:.1%}"
        (label,) = (p for p in drawing.contents if isinstance(p, String) and p.text == value)
        assert label.y > foot + high * full


@pytest.mark.requirement("R-90")
def test_every_figure_of_a_doubtful_grade_is_grey_in_the_report() -> None:
    def styles(*, flagged: bool) -> Counter[str]:
        assessment = build_assessment(flagged=flagged, sure=True)
        section = VideoSection.of([assessment])
        pages = [
            *technical_pages(section, str),
            *sperm_section(assessment, str, paint=DEFAULT_PAINT, zone=None, shared=()),
        ]
        return Counter(p.style.name for p in _paragraphs(pages) if "%" in p.text)

    trusted, doubtful = styles(flagged=False), styles(flagged=True)
    assert trusted["cell doubtful"] == trusted["doubtful"] == 0
    assert doubtful["cell doubtful"] == 6
    assert doubtful["doubtful"] == 1


def _paragraphs(parts: Iterable[object]) -> Iterator[Paragraph]:
    for part in parts:
        if isinstance(part, Paragraph):
            yield part
        elif isinstance(part, Table):
            rows = part._cellvalues  # type: ignore[attr-defined]  # no public name for it
            cells = (cell for row in rows for cell in row)
            yield from _paragraphs(
                one for cell in cells for one in (cell if isinstance(cell, list) else [cell])
            )


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
